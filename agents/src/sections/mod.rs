//! Sections of scenario files: the tables and lists that a file consists of.
//!
//! A section is one struct. Key, type, default, limits, help (the doc comment) and
//! whether the shrinker may lower a value stand at the field, and nowhere else: the
//! JSON schema that is derived from the struct carries them, and reading, diagnostics,
//! `rehearsal schema`, `rehearsal new` and the shrinker's reductions follow the schema.
//!
//! Beside JSON Schema's own keywords, a schema has these extensions:
//!
//! | keyword | meaning |
//! |---|---|
//! | `x-noun` | the noun for a value, in messages: `fault`, `a sub-agent` |
//! | `x-example` | lines of TOML that set a required field; `{stem}` stands for the file's name |
//! | `x-reduce` | the shrinker may lower the number to this, take elements out of the list until so many are left, or (0) leave the section out |
//! | `x-duration`, `x-duration-range` | [`times::Times`]: limits and resolution |
//! | `x-short` | a table that may be written as the value of this key alone |
//! | `x-of` | a sibling with those of its values that the field belongs to; for these it is required |
//! | `x-elsewhere` | keys that belong to another table, with the reason |
//! | `x-at-most`, `x-multiple-of` | the sibling that bounds or divides the number |

pub mod name;
mod part;
pub mod path;
mod short;
pub mod words;

pub use crate::units::{durations, times};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use crate::goal::Goal;
use crate::spec::{AnySettings, Extent, Fault};

pub use self::name::{Name, Named};
pub use self::part::Part;
pub use self::path::{BadPath, Path, Step};
pub use self::short::{Abbreviated, Short};

/// The settings of one system: the sections of a scenario file that only this system
/// gives meaning to.
///
/// The root of a file has those that every system shares (`format`, `name`, `claim`,
/// `system.kind`, `system.defect`, `seeds`, `network`, `faults`, `budget`, `expect`).
pub trait Settings: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The sections as a file has them: a struct whose fields are the sections. `Self`,
    /// unless it reads better otherwise. Fields are whole numbers, texts, `bool`, enums
    /// without data, [`Name`]s, durations (see [`times`]), lists and structs of these;
    /// numbers and texts may be optional. A section in a [`Part`] can be compared with the
    /// others even if one of them has problems.
    type File: DeserializeOwned + JsonSchema + 'static;

    /// A new scenario from the key `system` on, as TOML with comments.
    const TEMPLATE: &'static str;

    /// Returns the settings; `None` if a section has problems.
    fn from_file(file: Self::File) -> Option<Self>;

    /// Returns every contradiction between sections that are right by themselves.
    fn contradictions(_file: &Self::File, _shared: &Shared<'_>) -> Vec<Contradiction> {
        Vec::new()
    }

    /// The number of actors that use the system.
    fn actors(&self) -> Extent;

    /// The number of messages or operations that they plan, if that is known.
    fn planned(&self) -> Option<Extent> {
        None
    }

    /// Returns the changes that each line `path = left` under `cuts` of a repro stands
    /// for, as format 1 of repros had them; `None` for a line that there never was.
    /// `document` is the whole scenario.
    fn format_1_cuts(
        cuts: &[(Path, u32)],
        _document: &serde_json::Value,
    ) -> Vec<Option<Vec<Lowered>>> {
        vec![None; cuts.len()]
    }
}

impl<S: Settings> AnySettings for S {
    fn actors(&self) -> Extent {
        Settings::actors(self)
    }

    fn planned(&self) -> Option<Extent> {
        Settings::planned(self)
    }

    fn equals(&self, other: &dyn AnySettings) -> bool {
        let other: &dyn std::any::Any = other;
        other.downcast_ref::<S>() == Some(self)
    }
}

/// The reader of the sections of one system.
pub trait SystemSections {
    /// Returns the schema of an object whose properties are the system's sections.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;

    /// Reads the sections. A section that is `null` has problems, which have been
    /// reported.
    ///
    /// # Errors
    ///
    /// If the sections do not match the schema, which the caller has ruled out, or if one
    /// of them is `null` and is not a [`Part`].
    fn read(&self, sections: serde_json::Value) -> Result<Box<dyn Sections>, serde_json::Error>;

    /// As [`Settings::format_1_cuts`].
    fn format_1_cuts(
        &self,
        cuts: &[(Path, u32)],
        document: &serde_json::Value,
    ) -> Vec<Option<Vec<Lowered>>>;

    /// A new scenario from the key `system` on, as TOML with comments.
    fn template(&self) -> &'static str;
}

/// A change that makes a scenario smaller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lowered {
    /// The number at this place becomes lower.
    Number(Path, u64),
    /// The value at this place is taken out.
    Removed(Path),
}

/// The sections of one system, read.
pub trait Sections {
    /// As [`Settings::contradictions`].
    fn contradictions(&self, shared: &Shared<'_>) -> Vec<Contradiction>;

    /// Returns the settings; `None` if a section has problems.
    fn settings(self: Box<Self>) -> Option<Arc<dyn AnySettings>>;
}

/// Reads the sections of systems with these settings.
pub(crate) struct Reader<S>(std::marker::PhantomData<S>);

impl<S> Reader<S> {
    pub(crate) const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<S: Settings> SystemSections for Reader<S> {
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        S::File::json_schema(generator)
    }

    fn read(&self, sections: serde_json::Value) -> Result<Box<dyn Sections>, serde_json::Error> {
        let file: S::File = serde_json::from_value(sections)?;
        Ok(Box::new(Read::<S>(file)))
    }

    fn format_1_cuts(
        &self,
        cuts: &[(Path, u32)],
        document: &serde_json::Value,
    ) -> Vec<Option<Vec<Lowered>>> {
        S::format_1_cuts(cuts, document)
    }

    fn template(&self) -> &'static str {
        S::TEMPLATE
    }
}

struct Read<S: Settings>(S::File);

impl<S: Settings> Sections for Read<S> {
    fn contradictions(&self, shared: &Shared<'_>) -> Vec<Contradiction> {
        S::contradictions(&self.0, shared)
    }

    fn settings(self: Box<Self>) -> Option<Arc<dyn AnySettings>> {
        let settings: Arc<dyn AnySettings> = Arc::new(S::from_file(self.0)?);
        Some(settings)
    }
}

/// The sections that every system shares; a section is `None` if it has problems.
#[derive(Clone, Debug, Default)]
pub struct Shared<'a> {
    /// The name of the defect, if there is one.
    pub defect: Option<&'a str>,
    /// Set if the file has `[network]`.
    pub has_network: bool,
    /// The kinds of faults, in the order of the file.
    pub faults: Option<&'a [Fault]>,
    /// The virtual time after which a run ends.
    pub virtual_time: Option<Duration>,
    /// The names of the oracles, in the order of the file. Empty for a scenario that
    /// has been reduced: an oracle may then have nothing left to check.
    pub oracles: &'a [&'a str],
    /// The goals, with their places. Empty for a scenario that has been reduced.
    pub goals: &'a [(Path, Goal)],
}

/// The rule that a contradiction breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The members of a barrier do not divide their group.
    UnevenParty,
    /// An agent cannot be a sub-agent.
    BadChild,
    /// Supervisors are nested too deep.
    SupervisorsTooDeep,
    /// A run would be larger than the tool can hold.
    TooBig,
    /// A setting has no effect without a network.
    NeedsNetwork,
    /// Two times are in the wrong order.
    TimesOutOfOrder,
    /// An oracle would have nothing to check.
    IdleOracle,
    /// A goal cannot be reached.
    UnreachableGoal,
    /// The defect has no place in the part of the system that the scenario runs.
    ForeignDefect,
}

/// A contradiction between values that are right by themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contradiction<R = Rule> {
    /// The rule that is broken.
    pub rule: R,
    /// The problem, in one line.
    pub message: String,
    /// The place of the problem, and a second one for a file that leaves the first to
    /// its default.
    pub places: Vec<Path>,
    /// A few words that stand at the place.
    pub label: String,
    /// Places that explain the problem, each with a few words.
    pub others: Vec<(Path, String)>,
    /// The remedy.
    pub help: String,
}

impl<R> Contradiction<R> {
    /// Begins a contradiction at a place.
    pub fn new(rule: R, message: impl Into<String>, place: Path) -> Self {
        Self {
            rule,
            message: message.into(),
            places: vec![place],
            label: String::new(),
            others: Vec::new(),
            help: String::new(),
        }
    }

    /// Sets the words that stand at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds a place that explains the problem.
    #[must_use]
    pub fn also(mut self, place: Path, label: impl Into<String>) -> Self {
        self.others.push((place, label.into()));
        self
    }

    /// Adds the place to point at if the file leaves the first one to its default.
    #[must_use]
    pub fn or_at(mut self, place: Path) -> Self {
        self.places.push(place);
        self
    }

    /// Returns the contradiction with its rule replaced.
    pub fn map_rule<S>(self, of: impl FnOnce(R) -> S) -> Contradiction<S> {
        Contradiction {
            rule: of(self.rule),
            message: self.message,
            places: self.places,
            label: self.label,
            others: self.others,
            help: self.help,
        }
    }
}

impl Contradiction {
    /// The contradiction of an oracle, given by its place in the list, that would have
    /// nothing to check: `label` says why.
    pub fn idle_oracle(index: usize, oracle: &str, label: impl Into<String>) -> Self {
        let place = Path::of("expect").key("oracles").index(index);
        let message = format!("the oracle `{oracle}` has nothing to check");
        Self::new(Rule::IdleOracle, message, place).label(label)
    }

    /// The contradiction of a goal that no run can reach: `label` says why.
    pub fn unreachable_goal(place: Path, goal: Goal, label: impl Into<String>) -> Self {
        let message = format!("the goal `{goal}` is out of reach");
        Self::new(Rule::UnreachableGoal, message, place)
            .label(label)
            .help("remove the goal, or add what leads to it")
    }

    /// Returns the contradiction of a time that is not before the end of the run.
    pub fn after_the_end(
        what: &str,
        time: Duration,
        place: Path,
        virtual_time: Duration,
    ) -> Option<Self> {
        if time < virtual_time {
            return None;
        }
        let end = Path::of("budget").key("virtual_time");
        let message = format!(
            "{what} ({}) is not before the end of the run ({})",
            durations::show(time),
            durations::show(virtual_time)
        );
        let problem = Self::new(Rule::TimesOutOfOrder, message, place)
            .or_at(end.clone())
            .label("the run may end first")
            .also(end, "ends here")
            .help("lower it, or raise `virtual_time` in `[budget]`");
        Some(problem)
    }
}
