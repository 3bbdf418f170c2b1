//! Holds a document against the schema, and reports every problem.

use std::borrow::Cow;

use rehearsal_history::metrics::Selector;
use toml::de::DeValue;

use super::item::Item;
use super::json;
use super::problems::Problems;
use super::section::Section;
use super::words::{list, quote};
use crate::scenario::amounts::{self, BadAmount, Written};
use crate::scenario::code::Code;
use crate::scenario::diagnostic::Span;
use crate::scenario::schema::{Node, Shape};

/// The limits that hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Limits {
    /// Those of files.
    File,
    /// Those of the shrinker, which may go below them.
    Reduced,
}

/// Reads values as the schema has them.
pub(super) struct Walk<'p> {
    pub(super) problems: &'p mut Problems,
    pub(super) limits: Limits,
    /// The name of the file without its extension.
    pub(super) stem: &'p str,
}

impl Walk<'_> {
    /// Returns `true` if the value is as the schema has it. `title` names it if it is a
    /// table.
    pub(super) fn value(&mut self, item: &Item<'_>, node: Node<'static>, title: &str) -> bool {
        let problems = &mut *self.problems;
        match node.shape() {
            Shape::Integer(limits) => {
                let least = match (self.limits, node.reduces_to()) {
                    (Limits::Reduced, Some(least)) => least.min(*limits.start()),
                    _ => *limits.start(),
                };
                item.number(least..=*limits.end(), problems).is_some()
            }
            Shape::Text => item.text(problems).is_some(),
            Shape::Boolean => item.boolean(problems).is_some(),
            Shape::Duration(times) => item.duration(times, problems).is_some(),
            Shape::DurationRange(times) => item.range(times, problems).is_some(),
            Shape::Choice(names) => self.choice(item, node, &names),
            Shape::List {
                items,
                least,
                distinct,
            } => self.list(item, node, items, least, distinct, title),
            Shape::Table => {
                let name = node.noun().unwrap_or(title);
                let section = item.section(name, problems);
                section.is_some_and(|section| self.table(section, node))
            }
            Shape::Amounts => self.amounts(item),
            Shape::Short(key, table) => self.short(item, key, table, title),
        }
    }

    fn choice(&mut self, item: &Item<'_>, node: Node<'static>, names: &[&str]) -> bool {
        let names: Vec<(&str, ())> = names.iter().map(|name| (*name, ())).collect();
        let noun = node.noun().unwrap_or(&item.name);
        item.one_of(noun, &names, self.problems).is_some()
    }

    fn list(
        &mut self,
        item: &Item<'_>,
        node: Node<'static>,
        items: Node<'static>,
        least: usize,
        distinct: bool,
        title: &str,
    ) -> bool {
        let Some(entries) = item.list(self.problems) else {
            return false;
        };
        let may_be_empty = self.limits == Limits::Reduced && node.reduces_to() == Some(0);
        if entries.len() < least && !may_be_empty {
            self.empty(item, node, items);
            return false;
        }
        let title = format!("`[[{}]]`", title.trim_matches('`'));
        let mut sound = true;
        for entry in &entries {
            sound &= self.value(entry, items, &title);
        }
        if sound && distinct {
            sound = self.distinct(item, &entries, items);
        }
        sound
    }

    fn empty(&mut self, item: &Item<'_>, node: Node<'static>, items: Node<'static>) {
        let help = match items.shape() {
            Shape::Choice(names) => format!("there are {}", list(names)),
            _ => node.example().map_or_else(
                || "add an entry".to_owned(),
                |example| format!("write for example {}", shown(example)),
            ),
        };
        let message = format!("{} is empty", item.name);
        let label = "at least one entry is needed";
        self.problems
            .report(Code::EmptyList, item.span, message, label, help);
    }

    /// Reports entries that name the same thing.
    fn distinct(&mut self, item: &Item<'_>, entries: &[Item<'_>], items: Node<'static>) -> bool {
        let (key, named) = match items.shape() {
            Shape::Short(key, table) => (Some(key), table.field(key)),
            _ => (None, Some(items)),
        };
        let noun = named.and_then(|named| named.noun()).unwrap_or("thing");
        let names: Vec<&str> = entries
            .iter()
            .filter_map(|entry| match entry.value {
                DeValue::String(text) => Some(text.as_ref()),
                table => table.get(key?)?.get_ref().as_str(),
            })
            .collect();
        let mut distinct = true;
        for (position, (name, entry)) in names.iter().zip(entries).enumerate() {
            let earlier = names.iter().take(position).position(|other| other == name);
            let Some(earlier) = earlier else { continue };
            distinct = false;
            let message = format!("{} names the same {noun} twice", item.name);
            let problem = self
                .problems
                .problem(Code::RepeatedEntry, message)
                .at(entry.span, "named again")
                .also(entries[earlier].span, "first named here")
                .help("name each only once");
            self.problems.push(problem);
        }
        distinct
    }

    /// Reads a table of metrics with their amounts.
    fn amounts(&mut self, item: &Item<'_>) -> bool {
        let DeValue::Table(table) = item.value else {
            let wrong: Option<()> = item.wrong_type("a table", self.problems);
            return wrong.is_some();
        };
        if table.is_empty() {
            let message = format!("{} is empty", item.name);
            let (label, help) = (
                "no metric has a limit",
                "write for example `success = \"100%\"`",
            );
            self.problems
                .report(Code::EmptyList, item.span, message, label, help);
            return false;
        }
        let mut sound = true;
        for (key, value) in table.iter() {
            let place = Span::from(key.span());
            sound &= self.amount(key.get_ref(), place, value.get_ref(), value.span().into());
        }
        sound
    }

    fn amount(&mut self, key: &str, place: Span, value: &DeValue<'_>, span: Span) -> bool {
        let selector = match Selector::parse(key) {
            Ok(selector) => selector,
            Err(bad) => {
                let (message, help) = (amounts::message(&bad), amounts::help(&bad));
                self.problems
                    .report(Code::UnknownName, place, message, "selects no metric", help);
                return false;
            }
        };
        let value = json::plain(value);
        let bad = match Written::of(&value) {
            Some(written) => match amounts::parse(selector.metric.unit, written) {
                Ok(_) => return true,
                Err(bad) => bad,
            },
            None => BadAmount {
                message: "no amount".to_owned(),
                help: "write a whole number, or a text with a unit".to_owned(),
            },
        };
        let message = format!("the limit of `{}` is no amount of it", quote(key));
        self.problems
            .report(Code::BadAmount, span, message, bad.message, bad.help);
        false
    }

    /// Reads a table that may be written as the value of one key.
    fn short(&mut self, item: &Item<'_>, key: &str, table: Node<'static>, title: &str) -> bool {
        if item.is_table() {
            return self.value(item, table, title);
        }
        let Some(named) = table.field(key) else {
            return false;
        };
        if !self.value(item, named, title) {
            return false;
        }
        let name = item.value.as_str().unwrap_or_default();
        let missing: Vec<&str> = table
            .fields()
            .filter(|(_, field)| belongs(*field, |_| Some(name.to_owned())) == Belongs::Yes)
            .filter(|(_, field)| !field.is_optional())
            .map(|(field, _)| field)
            .collect();
        if missing.is_empty() {
            return true;
        }
        self.problems.report(
            Code::MissingKey,
            item.span,
            format!("a {name} needs {}", list(&missing)),
            "a name alone does not say enough",
            format!(
                "write a table: {{ {key} = \"{name}\", {} = … }}",
                missing.join(" = …, ")
            ),
        );
        false
    }

    /// Returns `true` if every key of the table is as the schema has it.
    pub(super) fn table(&mut self, mut section: Section<'_>, node: Node<'static>) -> bool {
        let mut sound = true;
        for (key, field) in node.fields() {
            sound &= self.field(key, field, node, &mut section);
        }
        let decided: Vec<(&str, Option<String>)> = node
            .fields()
            .filter_map(|(_, field)| field.belongs_to())
            .map(|(sibling, _)| (sibling, decided(sibling, node, &section)))
            .collect();
        let value_of = |sibling: &str| {
            let known = decided.iter().find(|(name, _)| *name == sibling);
            known.and_then(|(_, value)| value.clone())
        };
        let known = section.finish_except(|key| foreign(key, node, value_of), self.problems);
        sound & known
    }

    /// Reads one key of a table.
    pub(super) fn field(
        &mut self,
        key: &'static str,
        field: Node<'static>,
        table: Node<'static>,
        section: &mut Section<'_>,
    ) -> bool {
        let required = match belongs(field, |sibling| decided(sibling, table, section)) {
            Belongs::No => return true,
            Belongs::Unknown => {
                section.get(key);
                return true;
            }
            Belongs::Yes => !field.is_optional(),
            Belongs::Always => table.requires(key),
        };
        let Some(item) = section.get(key) else {
            if required && self.problems.complete() {
                self.missing(key, field, section);
            }
            return !required;
        };
        let title = match field.shape() {
            Shape::Table => format!("`[{key}]`"),
            _ => item.name.clone(),
        };
        self.value(&item, field, &title)
    }

    fn missing(&mut self, key: &str, field: Node<'static>, section: &Section<'_>) {
        let example = field.example();
        let example = example.map(|example| example.replace("{stem}", &quote(self.stem)));
        let help = match (example.as_deref(), field.summary()) {
            (Some(example), Some(summary)) => {
                format!("add {}: {}", shown(example), uncapitalized(&summary))
            }
            (Some(example), None) => format!("add {}", shown(example)),
            (None, summary) => {
                let table = match field.shape() {
                    Shape::Table => format!("add a table `[{key}]`{}", with_required(field)),
                    _ => format!("add `{key}`"),
                };
                match summary {
                    Some(summary) => format!("{table}: {}", uncapitalized(&summary)),
                    None => table,
                }
            }
        };
        let message = format!("`{key}` is missing in {}", section.name());
        self.problems
            .report(Code::MissingKey, section.span, message, "", help);
    }
}

/// The keys that a table must have, for a sentence.
fn with_required(table: Node<'static>) -> String {
    let keys = table.fields().map(|(key, _)| key);
    let required: Vec<&str> = keys.filter(|key| table.requires(key)).collect();
    if required.is_empty() {
        return String::new();
    }
    format!(" with {}", list(required))
}

/// The relation of a field to the table that it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Belongs {
    /// Whatever the table says.
    Always,
    /// As the table stands; then it is required, unless it is optional.
    Yes,
    /// Not as the table stands.
    No,
    /// The table does not say.
    Unknown,
}

fn belongs(field: Node<'static>, value_of: impl FnOnce(&str) -> Option<String>) -> Belongs {
    let Some((sibling, owners)) = field.belongs_to() else {
        return Belongs::Always;
    };
    match value_of(sibling) {
        Some(value) if owners.contains(&value.as_str()) => Belongs::Yes,
        Some(_) => Belongs::No,
        None => Belongs::Unknown,
    }
}

/// The name that a key of the table has, if it is one that the schema knows.
fn decided(key: &str, table: Node<'static>, section: &Section<'_>) -> Option<String> {
    let Shape::Choice(names) = table.field(key)?.shape() else {
        return None;
    };
    let name = section.text(key)?;
    names.contains(&name).then(|| name.to_owned())
}

/// The place to which a key belongs that the table, as it stands, does not have.
fn foreign(
    key: &str,
    table: Node<'static>,
    value_of: impl FnOnce(&str) -> Option<String>,
) -> Option<String> {
    if let Some(reason) = table.elsewhere(key) {
        return Some(format!("`{key}` {reason}"));
    }
    let (sibling, owners) = table.field(key)?.belongs_to()?;
    let value = value_of(sibling)?;
    let own: Vec<&str> = table
        .fields()
        .filter(|(_, field)| belongs(*field, |_| Some(value.clone())) == Belongs::Yes)
        .map(|(field, _)| field)
        .collect();
    let own = match own.as_slice() {
        [] => format!("{value} has no parameters"),
        own => format!("{value} has {}", list(own)),
    };
    Some(format!("`{key}` is a parameter of {}; {own}", list(owners)))
}

/// Lines of TOML within a sentence.
fn shown(example: &str) -> String {
    let lines: Vec<String> = example.lines().map(|line| format!("`{line}`")).collect();
    lines.join(" with ")
}

fn uncapitalized(text: &str) -> Cow<'_, str> {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => (first.to_lowercase().to_string() + letters.as_str()).into(),
        None => text.into(),
    }
}
