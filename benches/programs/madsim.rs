//! madsim, which needs a process of its own: `benches/madsim/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peer::{Peer, Seen, Version, Work};

const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/madsim");

/// The binary of madsim's side; none if it could not be built here.
pub(crate) struct Madsim(Option<PathBuf>);

impl Madsim {
    /// Builds the binary, if it is not built yet.
    pub(crate) fn build() -> Self {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--quiet"])
            .current_dir(PACKAGE)
            // Its own configuration sets these; the environment would override it.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .status();
        let binary = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/madsim/release/madsim-peer")
            .with_extension(std::env::consts::EXE_EXTENSION);
        let built = status.is_ok_and(|status| status.success());
        Self(built.then_some(binary))
    }
}

impl Peer for Madsim {
    fn name(&self) -> &'static str {
        "madsim"
    }

    fn run(&self, work: Work<'_>) -> Vec<Seen> {
        let Some(binary) = &self.0 else {
            return Vec::new();
        };
        let version = match work.version {
            Version::Healthy => "healthy",
            Version::Defective => "defective",
        };
        let output = Command::new(binary)
            .args([version, work.program])
            .args([work.size.to_string(), work.runs.to_string()])
            .output();
        let Ok(output) = output else {
            return Vec::new();
        };
        let seen = output.stdout.iter().filter_map(|byte| match byte {
            b'.' => Some(Seen::Nothing),
            b'x' => Some(Seen::Failure),
            _ => None,
        });
        seen.collect()
    }
}
