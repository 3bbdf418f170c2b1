//! Commands on the target of a repro: a scenario's in this process, a test's in its
//! test binary.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::explore::watch_interrupt;
use super::terminal::Terminal;
use super::test_binary::{self, Packages};
use super::{print_error, select};
use crate::command::{Request, execute};
use crate::exit::Exit;
use crate::repro::Repro;
use crate::target::Origin;

/// Executes the command that `request` makes of the repro's path. A test binary runs in
/// another directory, so it is given an absolute one.
pub(super) fn on_repro(
    root: &Path,
    file: &Path,
    packages: &Packages,
    request: impl FnOnce(PathBuf) -> Request,
) -> io::Result<Exit> {
    let repro = match Repro::read(file) {
        Ok(repro) => repro,
        Err(problems) => {
            select::report(&problems);
            return Ok(Exit::Usage);
        }
    };
    match (&repro.origin, repro.custom_system()) {
        // Without a package, that every test of a workspace is built for this would be a
        // surprise: the repro is refused, with a word about what replays it.
        (Origin::Scenario(_), Some(_)) if packages.are_named() => {
            in_test_binary(&repro.target_name(), packages, &request(absolute(file)?))
        }
        (Origin::Scenario(_), _) => {
            let request = request(file.to_owned());
            match repro.find_scenario(file, &[root.to_owned()]) {
                Ok(scenario) => {
                    let mut terminal = Terminal::new(&scenario.name);
                    execute(&scenario, &request, &stop_of(&request), &mut terminal)
                }
                Err(problems) => {
                    select::report(&problems);
                    Ok(Exit::Usage)
                }
            }
        }
        (Origin::Test(test), _) => {
            let packages = Packages {
                package: packages.package.clone().or(Some(test.package.clone())),
                manifest: packages.manifest.clone(),
            };
            in_test_binary(&test.name, &packages, &request(absolute(file)?))
        }
    }
}

/// Returns the flag that an interruption sets; for a command that cannot end early, one that
/// nothing sets.
fn stop_of(request: &Request) -> Arc<AtomicBool> {
    if request.can_end_early() {
        watch_interrupt()
    } else {
        Arc::default()
    }
}

fn absolute(file: &Path) -> io::Result<PathBuf> {
    std::path::absolute(file)
}

fn in_test_binary(name: &str, packages: &Packages, request: &Request) -> io::Result<Exit> {
    match test_binary::find(packages, name) {
        Ok(test) => test.execute(request, &stop_of(request), &mut Terminal::new(name)),
        Err(problem) => {
            print_error(&format!("error: {}\n", problem.message(name)));
            Ok(problem.exit())
        }
    }
}
