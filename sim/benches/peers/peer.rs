//! Peers that need a process of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::child;
use crate::measure::Side;

/// A binary that does work when it is named, or the reason for which it could not be built.
pub(crate) struct Peer(Result<PathBuf, String>);

/// The output of the process.
#[derive(Deserialize)]
struct Report {
    /// The mean time of one unit.
    nanoseconds: u64,
}

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

impl Peer {
    /// Builds the binary of madsim, if it is not built yet.
    pub(crate) fn madsim() -> Self {
        let mut cargo = child::cargo();
        cargo
            .args(["build", "--release", "--locked", "--quiet"])
            .current_dir(Path::new(ROOT).join("benches/madsim"))
            // Its own configuration sets these; the environment would override it.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR");
        Self::build(cargo, "target/madsim/release/madsim-peer")
    }

    /// Builds the binary of a program on plain tokio with the shim, if it is not built yet.
    pub(crate) fn shim() -> Self {
        let target = Path::new(ROOT).join("target/shim-peer");
        let mut cargo = child::cargo();
        cargo
            .args(["run", "--locked", "--quiet", "--manifest-path"])
            .arg(Path::new(ROOT).join("Cargo.toml"))
            .args(["-p", "cargo-rehearsal", "--"])
            .args(["rehearsal", "build", "--release", "--locked", "--quiet"])
            .current_dir(Path::new(ROOT).join("benches/shim"))
            .env("CARGO_TARGET_DIR", target);
        Self::build(
            cargo,
            "target/shim-peer/rehearsal/shim/build/release/shim-peer",
        )
    }

    fn build(mut cargo: Command, binary: &str) -> Self {
        let binary = Path::new(ROOT).join(binary);
        let binary = binary.with_extension(std::env::consts::EXE_EXTENSION);
        Self(match cargo.status() {
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
