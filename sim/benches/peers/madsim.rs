//! madsim, which needs a process of its own: `benches/madsim/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::child;
use crate::measure::Side;

const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/madsim");

/// The binary of madsim's side, or the reason for which it could not be built.
pub(crate) struct Madsim(Result<PathBuf, String>);

/// The output of the process.
#[derive(Deserialize)]
struct Report {
    /// The mean time of one unit.
    nanoseconds: u64,
}

impl Madsim {
    /// Builds the binary, if it is not built yet.
    pub(crate) fn build() -> Self {
        let status = child::cargo()
            .args(["build", "--release", "--locked", "--quiet"])
            .current_dir(PACKAGE)
            // Its own configuration sets these; the environment would override it.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .status();
        let binary = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../target/madsim/release/madsim-peer")
            .with_extension(std::env::consts::EXE_EXTENSION);
        Self(match status {
            Ok(status) if status.success() => Ok(binary),
            Ok(_) => Err("could not be built here".to_owned()),
            Err(error) => Err(format!("could not be built here: {error}")),
        })
    }

    /// Returns a side that does `work` of these sizes, `times` times at each turn.
    pub(crate) fn side(&self, work: &'static str, sizes: [u32; 2], times: u32) -> Side<'_> {
        Box::new(move || {
            let mut command = Command::new(self.0.as_ref().map_err(String::clone)?);
            command
                .arg(work)
                .args(sizes.map(|size| size.to_string()))
                .arg(times.to_string());
            let report: Report = child::report(&mut command)?;
            Ok(Duration::from_nanos(report.nanoseconds))
        })
    }
}
