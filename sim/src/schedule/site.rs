//! Sites: the places at which a run makes choices.
//!
//! A site is an identity, not a text: a label that a program gives to one of its
//! own sites never means one of the simulator's.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::num::ParseIntError;
use std::str::FromStr;

/// A place that makes choices; the same in every run that makes them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Site {
    /// The scheduling points of a task, where the scheduler may take the turn from it.
    Preempt(SpawnPath),
    /// The points at which a task could not go on, and another one is picked.
    After(SpawnPath),
    /// The turns of a task, at which the scheduler may postpone it. A choice there has the
    /// number of the turn, and only those that postpone it stand on a tape.
    Postpone(SpawnPath),
    /// The `select!`s of a task: the branch that each polls first.
    Select(SpawnPath),
    /// The awaits of a task at which it, or a part of it, may be dropped.
    Cancel(SpawnPath),
    /// The polls of a plain task: the operation at which each is interrupted.
    Interrupt(PlainPath),
    /// The crashes of the host with that name: the fate of each change to its disk that is not
    /// durable.
    Durability(String),
    /// The latency of packets on one link.
    Latency(Link),
    /// The loss and the duplication of packets on one link.
    Loss(Link),
    /// Choices of the program: an agent's behaviour, the time of a fault.
    World(Label),
}

/// A task's place in the tree of spawns: `0.3.1` is the first child of the third
/// child of the program.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct SpawnPath(Vec<u32>);

/// A plain task's place in the tree of spawns: `0.3/1.2` is the second plain task spawned by the
/// first that task `0.3` of the run has spawned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct PlainPath {
    /// The task of the run above it; empty if there is none.
    pub spawner: SpawnPath,
    /// The plain tasks from there to this one, each by its number among those that one spawner
    /// has spawned.
    pub below: SpawnPath,
}

/// One direction between two hosts, by their names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Link {
    /// The host that sends.
    pub from: String,
    /// The host that receives.
    pub to: String,
}

/// The label of a program's site. Two labels of one text are the same label; the family only
/// groups sites.
#[derive(Clone, Debug)]
pub struct Label {
    text: String,
    /// Bytes of the text that name the family.
    family: usize,
}

/// Sites of one purpose: the shrinker resets them together before it looks at each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family<'a> {
    /// All [`Site::Preempt`].
    Preempt,
    /// All [`Site::After`].
    After,
    /// All [`Site::Postpone`].
    Postpone,
    /// All [`Site::Select`].
    Select,
    /// All [`Site::Cancel`].
    Cancel,
    /// All [`Site::Interrupt`].
    Interrupt,
    /// All [`Site::Durability`].
    Durability,
    /// All [`Site::Latency`].
    Latency,
    /// All [`Site::Loss`].
    Loss,
    /// The program's sites of that family.
    World(&'a str),
}

impl Site {
    /// Returns the site of a program with that label, in a family of its own.
    pub fn world(label: impl Into<String>) -> Self {
        Self::World(Label::new(label))
    }

    /// Returns the family that the site belongs to.
    pub fn family(&self) -> Family<'_> {
        match self {
            Self::Preempt(_) => Family::Preempt,
            Self::After(_) => Family::After,
            Self::Postpone(_) => Family::Postpone,
            Self::Select(_) => Family::Select,
            Self::Cancel(_) => Family::Cancel,
            Self::Interrupt(_) => Family::Interrupt,
            Self::Durability(_) => Family::Durability,
            Self::Latency(_) => Family::Latency,
            Self::Loss(_) => Family::Loss,
            Self::World(label) => Family::World(label.family()),
        }
    }

    /// Returns the name of the stream of random numbers from which the site draws. No two sites
    /// share one, and none shares a stream of the simulator.
    pub(crate) fn stream(&self) -> Cow<'_, str> {
        match self {
            Self::World(label) if is_reserved(label.as_str()) => {
                Cow::Owned(format!("{ESCAPE}{label}"))
            }
            Self::World(label) => Cow::Borrowed(label.as_str()),
            site => Cow::Owned(site.to_string()),
        }
    }
}

/// The stream from which strategies draw.
pub(crate) const STRATEGY_STREAM: &str = "strategy";

/// The stream of the random bytes of a hermetic run's code.
pub(crate) const AMBIENT_STREAM: &str = "ambient";

/// The stream of the branches that `select!` polls first.
pub(crate) const BRANCH_STREAM: &str = "branches";

/// The stream of cancellations.
pub(crate) const CANCELLATION_STREAM: &str = "cancellations";

/// The stream of interruptions of plain tasks.
pub(crate) const INTERRUPTION_STREAM: &str = "interruptions";

/// The stream of what crashes leave on disks.
pub(crate) const DURABILITY_STREAM: &str = "durabilities";

/// The prefix that escapes labels which would name another stream.
const ESCAPE: &str = "world ";

/// Returns `true` if a label is, or could be, the name of a stream of the simulator.
fn is_reserved(label: &str) -> bool {
    const NAMES: [&str; 6] = [
        STRATEGY_STREAM,
        AMBIENT_STREAM,
        BRANCH_STREAM,
        CANCELLATION_STREAM,
        INTERRUPTION_STREAM,
        DURABILITY_STREAM,
    ];
    const PREFIXES: [&str; 10] = [
        PREEMPT, AFTER, POSTPONE, SELECT, CANCEL, INTERRUPT, DURABILITY, LATENCY, LOSS, ESCAPE,
    ];
    NAMES.contains(&label) || PREFIXES.iter().any(|prefix| label.starts_with(prefix))
}

const PREEMPT: &str = "preempt ";
const AFTER: &str = "after ";
const POSTPONE: &str = "postpone ";
const SELECT: &str = "select ";
const CANCEL: &str = "cancel ";
const INTERRUPT: &str = "interrupt ";
const DURABILITY: &str = "durability ";
const LATENCY: &str = "latency ";
const LOSS: &str = "loss ";

/// Returns the name, for people and for the order in which families are tried.
impl fmt::Display for Family<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preempt => PREEMPT.trim_end(),
            Self::After => AFTER.trim_end(),
            Self::Postpone => POSTPONE.trim_end(),
            Self::Select => SELECT.trim_end(),
            Self::Cancel => CANCEL.trim_end(),
            Self::Interrupt => INTERRUPT.trim_end(),
            Self::Durability => DURABILITY.trim_end(),
            Self::Latency => LATENCY.trim_end(),
            Self::Loss => LOSS.trim_end(),
            Self::World(name) => name,
        })
    }
}

/// `preempt 0.3.1`, `latency client-1 -> bus`, or the label; for people, because two
/// sites may look the same.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preempt(path) => write!(f, "{PREEMPT}{path}"),
            Self::After(path) => write!(f, "{AFTER}{path}"),
            Self::Postpone(path) => write!(f, "{POSTPONE}{path}"),
            Self::Select(path) => write!(f, "{SELECT}{path}"),
            Self::Cancel(path) => write!(f, "{CANCEL}{path}"),
            Self::Interrupt(path) => write!(f, "{INTERRUPT}{path}"),
            Self::Durability(host) => write!(f, "{DURABILITY}{host}"),
            Self::Latency(link) => write!(f, "{LATENCY}{link}"),
            Self::Loss(link) => write!(f, "{LOSS}{link}"),
            Self::World(label) => f.write_str(label.as_str()),
        }
    }
}

impl SpawnPath {
    /// Returns the path of the task's child with that number.
    #[must_use]
    pub fn child(&self, number: u32) -> Self {
        let mut path = Vec::with_capacity(self.0.len() + 1);
        path.extend_from_slice(&self.0);
        path.push(number);
        Self(path)
    }

    /// Returns `true` if the path is empty, as where paths are not recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for SpawnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, number) in self.0.iter().enumerate() {
            if depth > 0 {
                f.write_char('.')?;
            }
            write!(f, "{number}")?;
        }
        Ok(())
    }
}

impl FromStr for SpawnPath {
    type Err = ParseIntError;

    /// Parses `0.3.1`, as `Display` writes it; every other text is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split('.').map(canonical_number);
        numbers.collect::<Result<_, _>>().map(Self)
    }
}

/// Parses a number without sign and leading zeros.
fn canonical_number(text: &str) -> Result<u32, ParseIntError> {
    let is_canonical = text == "0" || !text.starts_with(['0', '+']);
    // An empty text gives an error that cannot be made otherwise.
    if is_canonical { text } else { "" }.parse()
}

impl fmt::Display for PlainPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.spawner, self.below)
    }
}

impl FromStr for PlainPath {
    type Err = ParseIntError;

    /// Parses `0.3/1.2`, or `/1.2` without a spawner, as `Display` writes it; every other text
    /// is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Without a slash the second part is empty, which is an error.
        let (spawner, below) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self {
            spawner: match spawner {
                "" => SpawnPath::default(),
                path => path.parse()?,
            },
            below: below.parse()?,
        })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

impl Label {
    /// Creates a label in a family of its own.
    pub fn new(label: impl Into<String>) -> Self {
        let text = label.into();
        Self {
            family: text.len(),
            text,
        }
    }

    /// Creates the label `family member`, for one of several sites of one purpose.
    pub fn in_family(family: &str, member: impl fmt::Display) -> Self {
        Self {
            text: format!("{family} {member}"),
            family: family.len(),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the name of the family.
    pub fn family(&self) -> &str {
        &self.text[..self.family]
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&str> for Label {
    fn from(label: &str) -> Self {
        Self::new(label)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn spawn_paths_are_read_as_they_are_written() {
        for text in ["0", "0.3.1", "4294967295.10"] {
            assert_eq!(text.parse::<SpawnPath>().expect(text).to_string(), text);
        }
        for wrong in [
            "",
            ".",
            "0.",
            "lunch",
            "00",
            "0.01",
            "+1",
            "-1",
            "4294967296",
        ] {
            assert!(wrong.parse::<SpawnPath>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_of_plain_tasks_are_read_as_they_are_written() {
        for text in ["0/1", "0.3/1.2", "/1"] {
            assert_eq!(text.parse::<PlainPath>().expect(text).to_string(), text);
        }
        for wrong in ["", "/", "0", "0/", "0.3", "0/1/2", "0/01", "a/1"] {
            assert!(wrong.parse::<PlainPath>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_two_sites_share_a_stream() {
        let path: SpawnPath = "0.1".parse().expect("a path");
        let link = Link {
            from: "a".to_owned(),
            to: "b".to_owned(),
        };
        let own = [
            Site::Preempt(path.clone()),
            Site::After(path.clone()),
            Site::Postpone(path.clone()),
            Site::Select(path.clone()),
            Site::Cancel(path.clone()),
            Site::Interrupt(PlainPath {
                spawner: path.clone(),
                below: path,
            }),
            Site::Durability("a".to_owned()),
            Site::Latency(link.clone()),
            Site::Loss(link),
        ];
        let mut streams: BTreeSet<String> = own.iter().map(|site| site.stream().into()).collect();
        streams.insert(STRATEGY_STREAM.to_owned());
        streams.insert(AMBIENT_STREAM.to_owned());
        streams.insert(BRANCH_STREAM.to_owned());
        streams.insert(CANCELLATION_STREAM.to_owned());
        streams.insert(INTERRUPTION_STREAM.to_owned());
        streams.insert(DURABILITY_STREAM.to_owned());
        // Every stream name in use, as a label; and the escaped labels too.
        for _ in 0..3 {
            for taken in streams.clone() {
                let stream = Site::world(taken.clone()).stream().into_owned();
                assert_ne!(stream, taken);
                streams.insert(stream);
            }
        }
        assert_eq!(streams.len(), 15 * 4);
        assert_eq!(Site::world("start agent-1").stream(), "start agent-1");
    }

    #[test]
    fn family_is_not_part_of_a_labels_identity() {
        let (alone, member) = (Label::new("start a"), Label::in_family("start", "a"));
        assert_eq!(alone, member);
        assert_eq!(alone.cmp(&member), Ordering::Equal);
        assert_eq!((alone.family(), member.family()), ("start a", "start"));
    }
}
