//! Child processes, for measurements that this process cannot make.

use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;

/// Returns a command for the cargo that runs this bench.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a process that prints one line of JSON, and parses that.
///
/// # Errors
///
/// If it cannot be run, fails, or prints something else; its standard error is passed on.
pub(crate) fn report<R: DeserializeOwned>(command: &mut Command) -> Result<R, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("could not be run here: {error}"))?;
    if !output.status.success() {
        return Err(format!("failed here: {}", output.status));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("printed something other than the expected JSON: {error}"))
}
