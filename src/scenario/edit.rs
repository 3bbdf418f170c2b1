//! Changes of a scenario's document: what `--set` sets, and what the shrinker takes out.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rehearsal_agents::sections::{Path, Step};
use serde_json::Value;
use serde_spanned::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::decode::json;
use super::decode::words::quote;
use super::diagnostic::Span;
use super::source::{FileKind, Source};

/// A change of one value of a scenario's document. Elements of lists are numbered as in
/// the file, from 0, whatever other changes take out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// The place of the value.
    pub path: Path,
    /// The new value.
    pub value: NewValue,
}

/// The value that a [`Edit`] leaves at its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NewValue {
    /// This value, in TOML.
    Toml(String),
    /// None: a list has one element less, a key its default.
    Removed,
    /// The meaning of `path = left` under `cuts` in format 1 of repros.
    Format1(u32),
}

/// The start of the text of a change that takes something out.
const REMOVE: &str = "remove ";

/// The name under which messages show what `--set` sets.
const COMMAND_LINE: &str = "--set";

impl Edit {
    /// The change that sets a number.
    pub fn number(path: Path, number: u64) -> Self {
        let value = NewValue::Toml(number.to_string());
        Self { path, value }
    }

    /// The change that sets a text.
    pub fn text(path: Path, text: &str) -> Self {
        let text = toml::Value::String(text.to_owned()).to_string();
        let value = NewValue::Toml(text);
        Self { path, value }
    }

    /// The change that takes a value out.
    pub fn removed(path: Path) -> Self {
        let value = NewValue::Removed;
        Self { path, value }
    }

    /// Reads `path=value` as the command line has it: a value that is no TOML is a text,
    /// so that it needs no quotes.
    ///
    /// # Errors
    ///
    /// If there is no `=`, or no path before it.
    pub fn from_argument(argument: &str) -> Result<Self, BadEdit> {
        let (path, value) = argument.split_once('=').ok_or(BadEdit)?;
        let path = path.trim().parse().map_err(|_| BadEdit)?;
        let value = value.trim();
        Ok(match DeValue::parse(value) {
            Ok(_) => Self {
                path,
                value: NewValue::Toml(value.to_owned()),
            },
            Err(_) => Self::text(path, value),
        })
    }

    /// Reads a line under `cuts` of a repro of format 1: `path = left`.
    ///
    /// # Errors
    ///
    /// If it is no such line.
    pub(crate) fn from_format_1(line: &str) -> Result<Self, BadEdit> {
        let (path, left) = line.split_once('=').ok_or(BadEdit)?;
        let left = left.trim().parse().map_err(|_| BadEdit)?;
        Ok(Self {
            path: path.trim().parse().map_err(|_| BadEdit)?,
            value: NewValue::Format1(left),
        })
    }

    /// Returns `true` if the edit takes a value out.
    pub(super) fn is_removal(&self) -> bool {
        self.value == NewValue::Removed
    }

    /// The number that the edit sets, if it sets one.
    pub(super) fn as_number(&self) -> Option<u64> {
        let value = self.parsed()?;
        json::plain(value.get_ref()).as_u64()
    }

    /// The text that the edit sets, if it sets one.
    pub(crate) fn as_text(&self) -> Option<String> {
        let value = self.parsed()?;
        value.get_ref().as_str().map(str::to_owned)
    }

    /// Returns `true` if the document has the value already, as it stands or, by
    /// `default`, where it is left out.
    pub(super) fn changes_nothing(&self, document: &DeValue<'_>, default: Option<&Value>) -> bool {
        let Some(value) = self.parsed() else {
            return false;
        };
        let value = json::plain(value.get_ref());
        let parent = self.path.parent().unwrap_or_default();
        match find(document, self.path.steps()) {
            Some(there) => json::plain(there) == value,
            None => default == Some(&value) && find(document, parent.steps()).is_some(),
        }
    }

    /// The value that the change sets, read; `None` if it sets none.
    fn parsed(&self) -> Option<Spanned<DeValue<'_>>> {
        match &self.value {
            // Checked where the change was made.
            NewValue::Toml(text) => DeValue::parse(text).ok(),
            NewValue::Removed | NewValue::Format1(_) => None,
        }
    }

    /// The change as a text that messages can point into.
    pub(super) fn source(&self) -> Arc<Source> {
        Source::of(FileKind::Scenario, COMMAND_LINE, self.to_string())
    }

    /// The place of the path in that text.
    pub(super) fn path_span(&self) -> Span {
        Span::new(0, self.path.to_string().len())
    }
}

/// As a line of a repro: `agents.0.count = 1`, or `remove agents.1`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            NewValue::Toml(text) => write!(f, "{}{EQUALS}{text}", self.path),
            NewValue::Removed => write!(f, "{REMOVE}{}", self.path),
            NewValue::Format1(left) => write!(f, "{}{EQUALS}{left}", self.path),
        }
    }
}

const EQUALS: &str = " = ";

/// The error of a text that is no change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadEdit;

impl fmt::Display for BadEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path and a value are needed, as in `agents.0.count=1`")
    }
}

impl std::error::Error for BadEdit {}

impl FromStr for Edit {
    type Err = BadEdit;

    fn from_str(line: &str) -> Result<Self, BadEdit> {
        if let Some(path) = line.strip_prefix(REMOVE) {
            let path = path.trim().parse().map_err(|_| BadEdit)?;
            return Ok(Self::removed(path));
        }
        let (path, value) = line.split_once('=').ok_or(BadEdit)?;
        let value = value.trim();
        DeValue::parse(value).map_err(|_| BadEdit)?;
        Ok(Self {
            path: path.trim().parse().map_err(|_| BadEdit)?,
            value: NewValue::Toml(value.to_owned()),
        })
    }
}

/// A change that its scenario has no place for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CutError {
    /// The change.
    pub cut: Edit,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.cut, self.reason)
    }
}

impl std::error::Error for CutError {}

/// Replaces the changes of `all` that `change` makes superfluous, and adds it.
pub(crate) fn add(all: &mut Vec<Edit>, change: Edit) {
    let is_gone = |path: &Path| {
        let removed = all.iter().filter(|other| other.value == NewValue::Removed);
        removed.into_iter().any(|other| path.is_within(&other.path))
    };
    if is_gone(&change.path) {
        return;
    }
    match change.value {
        NewValue::Removed => all.retain(|other| !other.path.is_within(&change.path)),
        NewValue::Toml(_) | NewValue::Format1(_) => all.retain(|other| other.path != change.path),
    }
    all.push(change);
}

/// A document and the changes that were made to it.
pub(super) struct Edited<'a> {
    root: Spanned<DeValue<'a>>,
    /// For each change that sets a value: the first position of its text, behind the
    /// file's text and those of the changes before.
    bases: Vec<(usize, Arc<Source>)>,
    end: usize,
    removed: Vec<&'a Edit>,
}

impl<'a> Edited<'a> {
    /// A document without changes; `length` is that of its text.
    pub(super) fn new(table: DeTable<'a>, length: usize) -> Self {
        Self {
            root: Spanned::new(0..0, DeValue::Table(table)),
            bases: Vec::new(),
            // The very end of the text is a place in the file.
            end: length + 1,
            removed: Vec::new(),
        }
    }

    /// The document.
    pub(super) fn table(&self) -> &DeTable<'a> {
        match self.root.get_ref() {
            DeValue::Table(table) => table,
            _ => unreachable!("a document is a table, and no change has an empty path"),
        }
    }

    /// The document as one value.
    pub(super) fn value(&self) -> &DeValue<'a> {
        self.root.get_ref()
    }

    /// The texts of the changes, each with the position at which its places begin.
    pub(super) fn texts(&self) -> &[(usize, Arc<Source>)] {
        &self.bases
    }

    /// Makes a change. What it takes out stays until [`Edited::settle`], so that the
    /// elements of lists keep their numbers.
    pub(super) fn make(&mut self, change: &'a Edit) -> Result<(), NoPlace> {
        let base = self.end;
        let source = change.source();
        self.end += source.text().len() + 1;
        self.bases.push((base, source));
        let Some(value) = change.parsed() else {
            let there = find(self.root.get_ref(), change.path.steps()).is_some();
            self.removed.push(change);
            return there.then_some(()).ok_or_else(|| NoPlace {
                reason: format!("there is no `{}`", change.path),
                span: shifted_span(change.path_span(), base),
            });
        };
        let offset = base + change.path_span().end + EQUALS.len();
        let path_span = shifted_span(change.path_span(), base);
        let value = shifted(value, offset);
        set(&mut self.root, change.path.steps(), value, path_span).map_err(|reason| NoPlace {
            reason,
            span: path_span,
        })
    }

    /// Takes out what the changes take out.
    pub(super) fn settle(&mut self) {
        let mut removed = std::mem::take(&mut self.removed);
        // The last element of a list first.
        removed.sort_by(|one, other| other.path.cmp(&one.path));
        for change in removed {
            remove(&mut self.root, change.path.steps());
        }
    }
}

/// The reason for which a change cannot be made, with its place.
pub(super) struct NoPlace {
    pub(super) reason: String,
    pub(super) span: Span,
}

fn shifted_span(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// The value with all of its places moved.
fn shifted(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let moved = |span: std::ops::Range<usize>| span.start + by..span.end + by;
    let span = moved(value.span());
    let value = match value.into_inner() {
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|value| shifted(value, by)).collect())
        }
        DeValue::Table(table) => DeValue::Table(
            table
                .into_iter()
                .map(|(key, value)| {
                    let span = moved(key.span());
                    (Spanned::new(span, key.into_inner()), shifted(value, by))
                })
                .collect(),
        ),
        plain => plain,
    };
    Spanned::new(span, value)
}

/// The value at a place.
pub(super) fn find<'v, 'a>(value: &'v DeValue<'a>, steps: &[Step]) -> Option<&'v DeValue<'a>> {
    steps.iter().try_fold(value, |value, step| {
        let next = match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(*index),
        };
        next.map(Spanned::get_ref)
    })
}

/// The place of the value at a path.
pub(super) fn span_of(value: &DeValue<'_>, path: &Path) -> Option<Span> {
    let (last, above) = path.steps().split_last()?;
    let value = find(value, above)?;
    let found = match last {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(*index),
    };
    found.map(|value| value.span().into())
}

fn set<'a>(
    root: &mut Spanned<DeValue<'a>>,
    steps: &'a [Step],
    value: Spanned<DeValue<'a>>,
    span: Span,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *root = value;
        return Ok(());
    };
    match (step, root.get_mut()) {
        (Step::Key(key), DeValue::Table(table)) => {
            if !table.contains_key(key.as_str()) {
                let key = Spanned::new(span.start..span.end, key.as_str().into());
                let empty = DeValue::Table(DeTable::new());
                table.insert(key, Spanned::new(span.start..span.end, empty));
            }
            let next = table.get_mut(key.as_str());
            set(next.expect("it was put there"), rest, value, span)
        }
        (Step::Index(index), DeValue::Array(array)) => {
            let length = array.len();
            match array.get_mut(*index) {
                Some(element) => set(element, rest, value, span),
                None => Err(match length {
                    0 => "the list is empty".to_owned(),
                    _ => format!("the last element is number {}", length - 1),
                }),
            }
        }
        (Step::Key(key), _) => Err(format!("`{}` is a key of no table here", quote(key))),
        (Step::Index(index), _) => Err(format!("{index} is a position in no list here")),
    }
}

fn remove<'a>(root: &mut Spanned<DeValue<'a>>, steps: &[Step]) {
    match (steps, root.get_mut()) {
        ([Step::Key(key)], DeValue::Table(table)) => {
            table.remove(key.as_str());
        }
        ([Step::Index(index)], DeValue::Array(array)) => {
            let elements = std::mem::replace(array, DeArray::new())
                .into_iter()
                .enumerate();
            let kept: DeArray<'a> = elements
                .filter(|(position, _)| position != index)
                .map(|(_, element)| element)
                .collect();
            *array = kept;
        }
        ([Step::Key(key), rest @ ..], DeValue::Table(table)) => {
            if let Some(next) = table.get_mut(key.as_str()) {
                remove(next, rest);
            }
        }
        ([Step::Index(index), rest @ ..], DeValue::Array(array)) => {
            if let Some(next) = array.get_mut(*index) {
                remove(next, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_changes_are_read_back() {
        let count = Path::of("agents").index(0).key("count");
        for change in [
            Edit::number(count.clone(), 1),
            Edit::text(Path::of("faults").key("window"), "0ms..1ms"),
            Edit::removed(Path::of("agents").index(1)),
        ] {
            assert_eq!(change.to_string().parse(), Ok(change));
        }
        assert_eq!(Edit::number(count, 1).to_string(), "agents.0.count = 1");
        for line in [
            "", "a", "a =", "= 1", "a..b = 1", "remove ", "a = b", "a = [1",
        ] {
            assert_eq!(line.parse::<Edit>(), Err(BadEdit), "{line}");
        }
    }

    #[test]
    fn arguments_need_no_quotes() {
        let transport = Path::of("system").key("transport");
        assert_eq!(
            Edit::from_argument("system.transport=in-process"),
            Ok(Edit::text(transport, "in-process"))
        );
        let seeds = Path::of("seeds");
        assert_eq!(Edit::from_argument("seeds = 3"), Ok(Edit::number(seeds, 3)));
        assert_eq!(Edit::from_argument("seeds"), Err(BadEdit));
    }

    #[test]
    fn removal_takes_the_parts_of_a_value_with_it() {
        let agents = |index| Path::of("agents").index(index);
        let mut all = vec![
            Edit::number(agents(0).key("count"), 2),
            Edit::number(agents(1).key("count"), 2),
        ];
        add(&mut all, Edit::number(agents(1).key("count"), 1));
        add(&mut all, Edit::removed(agents(0)));
        add(&mut all, Edit::number(agents(0).key("count"), 1));
        let expected = [
            Edit::number(agents(1).key("count"), 1),
            Edit::removed(agents(0)),
        ];
        assert_eq!(all, expected);
    }
}
