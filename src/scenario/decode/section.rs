//! One table of a file, and the keys of it that have been read: the others are
//! unknown.

use toml::de::DeTable;

use super::item::Item;
use super::problems::Problems;
use super::words::{list, quote};
use crate::scenario::code::Code;
use crate::scenario::diagnostic::Span;
use crate::scenario::suggest;

/// A table with its place and the name that messages give it.
pub(crate) struct Section<'a> {
    name: String,
    pub(crate) span: Span,
    table: &'a DeTable<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(name: &str, span: Span, table: &'a DeTable<'a>) -> Self {
        Self {
            name: name.to_owned(),
            span,
            table,
            asked: Vec::new(),
        }
    }

    /// The value of a key that may be absent.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        self.table.get(key).map(|value| Item {
            name: format!("`{key}`"),
            span: value.span().into(),
            value: value.get_ref(),
        })
    }

    /// The value of a key that must be there. `example` shows how it is written.
    pub(crate) fn need(
        &mut self,
        key: &'static str,
        example: &str,
        problems: &mut Problems,
    ) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() && problems.complete() {
            problems.report(
                Code::MissingKey,
                self.span,
                format!("`{key}` is missing in {}", self.name),
                "",
                format!("add {example}"),
            );
        }
        item
    }

    /// The name that messages give the table.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The text of a key, if it has one. The key still counts as not asked for.
    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// The keys that have not been read, with their places.
    fn unknown(&self) -> Vec<(&'a str, Span)> {
        self.table
            .keys()
            .map(|key| (key.get_ref().as_ref(), Span::from(key.span())))
            .filter(|(key, _)| !self.asked.contains(key))
            .collect()
    }

    /// Reports every key that has not been read. Returns `false` if there is one.
    pub(crate) fn finish(self, problems: &mut Problems) -> bool {
        self.finish_except(|_| None, problems)
    }

    /// As [`Self::finish`], but a key for which `foreign` returns a help text is not
    /// unknown: it belongs elsewhere.
    pub(crate) fn finish_except(
        self,
        foreign: impl Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) -> bool {
        let unknown = self.unknown();
        let sound = unknown.is_empty();
        for (key, span) in unknown {
            if let Some(where_it_belongs) = foreign(key) {
                problems.report(
                    Code::ForeignParameter,
                    span,
                    format!("`{key}` has no effect in {}", self.name),
                    "belongs elsewhere",
                    where_it_belongs,
                );
                continue;
            }
            let known = format!("the keys here are {}", list(&self.asked));
            let help = match suggest::nearest(key, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {known}"),
                None => known,
            };
            problems.report(
                Code::UnknownKey,
                span,
                format!("unknown key `{}` in {}", quote(key), self.name),
                "unknown",
                help,
            );
        }
        sound
    }
}
