//! The small programs of `agents/src/systems/programs/` on madsim.

/// Declares the module of each program of the catalog, and lists it.
macro_rules! programs {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// The name of every program, and the program by its size, with its defect or without.
        pub(super) static PROGRAMS: &[(&str, fn(u32, bool) -> super::Program)] = &[$((
            $module::ABOUT.name,
            |size, is_healthy| {
                let version = match is_healthy {
                    true => parts::Version::Healthy,
                    false => parts::Version::Defective,
                };
                Box::pin($module::run(size, version))
            },
        ),)*];
    };
}

#[expect(dead_code, reason = "peers need no texts about the programs")]
#[path = "../../../../agents/src/systems/programs/parts.rs"]
mod parts;
mod runtime;

#[path = "../../../../agents/src/systems/programs/catalog/mod.rs"]
mod catalog;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use madsim::runtime::Runtime;
use madsim::{Config, task, time};

/// A program with its defect.
type Program = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The time after which a program will not end any more.
const LONGEST: Duration = Duration::from_secs(1);

/// Runs a program under so many seeds. Returns a character for each run: `x` if the promise
/// is broken or the program does not end, else `.`; none if there is no such program.
pub(crate) fn runs(name: &str, size: u32, runs: u64, is_healthy: bool) -> Option<String> {
    let mut programs = catalog::PROGRAMS.iter();
    let (_, program) = *programs.find(|(known, _)| *known == name)?;
    let run = |seed| {
        let runtime = Runtime::with_seed_and_config(seed, Config::default());
        let outcome = runtime.block_on(async move {
            let task = task::spawn(program(size, is_healthy));
            time::timeout(LONGEST, task).await
        });
        match outcome {
            Ok(Ok(Ok(()))) => '.',
            Ok(_) | Err(_) => 'x',
        }
    };
    Some((0..runs).map(run).collect())
}
