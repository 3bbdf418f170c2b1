//! The content of a scenario of programs, and the section of its file.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Program;
use super::catalog::PROGRAMS;
use crate::sections::{Contradiction, Name, Named, Part, Path, Rule, Settings, Shared};
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

    fn contradictions(file: &ProgramsFile, shared: &Shared<'_>) -> Vec<Contradiction> {
        let program = file.program.sound().map(|program| program.name.0.entry());
        let (Some(program), Some(defect)) = (program, shared.defect) else {
            return Vec::new();
        };
        let (name, own) = (program.about.name, program.defect.name());
        if defect == own {
            return Vec::new();
        }
        let message = format!("the program `{name}` does not have the defect `{defect}`");
        let place = Path::of("system").key("defect");
        let problem = Contradiction::new(Rule::ForeignDefect, message, place)
            .label("has no place in the program")
            .also(Path::of("program").key("name"), "the program")
            .help(format!("its defect is `{own}`"));
        vec![problem]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn program_has_no_defect_but_its_own() {
        let file = json!({ "program": { "name": "reorder", "size": 3 } });
        let file: ProgramsFile = serde_json::from_value(file).expect("it matches the schema");
        let found = |defect| {
            let shared = Shared {
                defect,
                ..Shared::default()
            };
            let found = ProgramsScenario::contradictions(&file, &shared).into_iter();
            found.map(|problem| problem.rule).collect::<Vec<_>>()
        };
        assert_eq!(found(None), []);
        assert_eq!(found(Some("reorder")), []);
        assert_eq!(found(Some("twostage")), [Rule::ForeignDefect]);
    }
}
