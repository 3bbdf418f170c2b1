//! The command of cargo.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::arguments::Arguments;
use crate::error::Error;
use crate::patch::Patched;
use crate::project::Project;

/// The variable with the command that the lines of a failed test have in the place of `cargo`.
const COMMAND: &str = "REHEARSAL_CARGO";

/// The variable with the project's directory for build output, for the files that a test writes.
const TARGET_DIRECTORY: &str = "REHEARSAL_TARGET_DIR";

/// The variable with the directory below which a test's own directory has the path that it has
/// on the machine, for the commands that its lines show.
const MIRROR: &str = "REHEARSAL_MIRROR_DIR";

/// Runs a command of cargo on the patched project. Returns its exit code.
pub(crate) fn run(
    words: &[OsString],
    patched: &Patched,
    project: &Project,
    arguments: &Arguments,
) -> Result<ExitCode, Error> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let (options, rest) = split(words);
    let status = Command::new(cargo)
        .args(options)
        .arg("--manifest-path")
        .arg(&patched.manifest)
        .arg("--config")
        .arg(&patched.config)
        .args(&arguments.restrictions)
        .args(rest)
        // Not every command of cargo has an option for it.
        .env("CARGO_TARGET_DIR", &patched.build)
        .env(COMMAND, "cargo rehearsal")
        .env(TARGET_DIRECTORY, project.target())
        .env(MIRROR, &patched.mirror)
        .status()
        .map_err(Error::Start)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Returns the platform for which this machine compiles.
pub(crate) fn host() -> Result<String, Error> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("-vV").output();
    let output = output.map_err(Error::Start)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or(Error::NoHost)
}

/// Splits the words where those for the program begin.
fn split(words: &[OsString]) -> (&[OsString], &[OsString]) {
    let end = words.iter().position(|word| word == "--");
    words.split_at(end.unwrap_or(words.len()))
}
