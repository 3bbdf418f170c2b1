//! The content of a scenario of programs, and the section of its file.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Program;
use super::catalog::PROGRAMS;
use crate::sections::{Name, Named, Part, Settings};
use crate::spec::{Extent, ScenarioSpec};

/// A whole scenario of programs.
pub type ProgramsSpec = ScenarioSpec<ProgramsScenario>;

/// The section of a scenario that only programs have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramsScenario {
    pub(super) program: ProgramSettings,
}

impl ProgramsScenario {
    /// Returns the name of the program.
    pub fn name(&self) -> &'static str {
        self.program.name.0.entry().about.name
    }

    /// Returns its size.
    pub fn size(&self) -> u32 {
        self.program.size
    }
}

/// The program, and its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramSettings {
    /// The program.
    #[schemars(extend("x-example" = "name = \"reorder\""))]
    pub(super) name: Name<ProgramRef>,
    /// The number of its tasks, slots or operations; its file says which.
    #[schemars(range(min = 2, max = 1_000), extend("x-reduce" = 2, "x-example" = "size = 10"))]
    pub(super) size: u32,
}

/// A member of the table of programs, by its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ProgramRef(usize);

impl ProgramRef {
    pub(super) fn entry(self) -> &'static Program {
        &PROGRAMS[self.0]
    }
}

impl Named for ProgramRef {
    const NOUN: &'static str = "program";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let programs = PROGRAMS.iter().enumerate();
        programs
            .map(|(place, program)| (program.about.name.into(), Self(place)))
            .collect()
    }
}

/// The section beside the shared ones.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramsFile {
    /// The program, and its size.
    pub(super) program: Part<ProgramSettings>,
}

impl Settings for ProgramsScenario {
    type File = ProgramsFile;

    const TEMPLATE: &'static str = include_str!("template.toml");

    fn from_file(file: ProgramsFile) -> Option<Self> {
        let program = file.program.into_sound()?;
        Some(Self { program })
    }

    fn actors(&self) -> Extent {
        Extent {
            noun: "program",
            count: 1,
        }
    }

    fn planned(&self) -> Option<Extent> {
        Some(Extent {
            noun: "task or operation",
            count: self.program.size.into(),
        })
    }
}
