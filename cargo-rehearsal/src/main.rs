//! `cargo rehearsal test`: builds and tests a project with the shim in the place of tokio.
//!
//! Every dependency of the project that uses tokio gets the facade of `rehearsal-sim` instead,
//! so that its operations are scheduling points of a run. The project's manifest, lock file and
//! build output are left as they are:
//!
//! 1. [`project`] reads the project's packages.
//! 2. [`mirror`] makes a directory of links to the project's files, in the build output. Cargo
//!    is run on that, with a lock file of its own.
//! 3. [`packages`] writes a manifest for the shim, and one for each package that the shim is
//!    built on. Their sources stay where cargo has unpacked them: a manifest names the file.
//! 4. [`patch`] has cargo take those packages, by `[patch]`.

mod arguments;
mod cargo;
mod error;
mod files;
mod layout;
mod manifest;
mod mirror;
mod packages;
mod patch;
mod project;

use std::env;
use std::process::ExitCode;

use crate::arguments::{Arguments, Command};
use crate::error::Error;
use crate::layout::Layout;
use crate::patch::Patched;
use crate::project::Project;

fn main() -> ExitCode {
    // Cargo passes the name of the subcommand as the first argument.
    let arguments = env::args_os()
        .skip(1)
        .skip_while(|word| word == "rehearsal");
    match Arguments::parse(arguments).and_then(|arguments| execute(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            error.print();
            ExitCode::from(2)
        }
    }
}

fn execute(arguments: &Arguments) -> Result<ExitCode, Error> {
    if let Command::Help = arguments.command {
        return Ok(arguments::print_help());
    }
    let project = Project::read(arguments)?;
    let layout = Layout::new(&project)?;
    let patched = prepare(&layout, &project, arguments)?;
    match &arguments.command {
        Command::Cargo(words) => cargo::run(words, &patched, &project, arguments),
        Command::Help => Ok(arguments::print_help()),
    }
}

/// Brings what cargo is run on up to date, which one command at a time does.
fn prepare(layout: &Layout, project: &Project, arguments: &Arguments) -> Result<Patched, Error> {
    let _locked = files::lock(&layout.mirror_lock())?;
    mirror::update(layout, project)?;
    patch::resolve(layout, project, arguments)
}
