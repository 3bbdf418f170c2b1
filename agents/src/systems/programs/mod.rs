//! Programs: some tasks that share locks, channels and variables, each with one promise.
//!
//! They are the small defects of the literature on concurrency and of public bug reports,
//! without a protocol and a network around them: nearly all need a certain schedule, and so
//! they measure strategies where the other systems measure oracles.
//!
//! | module | contents |
//! |---|---|
//! | `catalog/` | a file for each program: its entry, and the code of both versions |
//! | `parts` | tasks, locks, channels and variables, all that the catalog names |
//! | `runtime` | what the parts need of the simulator |
//! | `settings` | the section of a scenario file |
//! | `system` | the host, and the record of what comes of a run |
//!
//! A program is a file of `catalog/` and a line of the table there. Its defect has the name
//! of the program, and is the line in which its two versions differ.
//!
//! # Promises
//!
//! - The promise of each program is an invariant of its own name.
//! - Each program ends: the invariant `ends`.

/// Declares the module of each program of the catalog, and lists it.
macro_rules! programs {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// Every program.
        pub(super) static PROGRAMS: &[super::Program] = &[$(super::Program {
            about: $module::ABOUT,
            defect: super::defect(&$module::ABOUT),
            run: |size, version| Box::pin($module::run(size, version)),
        },)*];

        /// The defect of each program, in the order of the programs.
        pub(super) static DEFECTS: &[super::Defect] = &[$(super::defect(&$module::ABOUT),)*];
    };
}

mod catalog;
mod parts;
mod runtime;
mod settings;
mod system;

use futures_util::future::BoxFuture;

use self::parts::{About, Outcome, Version};
use crate::defect::Defect;

pub use settings::{ProgramsFile, ProgramsScenario, ProgramsSpec};
pub use system::{INFO, Programs, SYSTEM};

/// A program of the table.
struct Program {
    about: About,
    defect: Defect,
    /// Runs that version with that size.
    run: fn(u32, Version) -> BoxFuture<'static, Outcome>,
}

/// Returns the defect of a program.
const fn defect(about: &About) -> Defect {
    Defect::new(about.name, about.idea)
}
