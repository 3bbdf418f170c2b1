//! One table of a file. It remembers what was asked for, and so knows which of
//! its keys nobody knows.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeTable;

use super::item::{At, Item, Times};
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

    /// A number, or its default; `None` if it is there and wrong.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        default: u64,
        limits: RangeInclusive<u64>,
        problems: &mut Problems,
    ) -> Option<At<u64>> {
        match self.get(key) {
            Some(item) => item.number(limits, problems),
            None => Some(At::default(default)),
        }
    }

    /// A number that fits 32 bits, or its default; `None` if it is there and wrong.
    pub(crate) fn small(
        &mut self,
        key: &'static str,
        default: u32,
        limits: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<At<u32>> {
        match self.get(key) {
            Some(item) => item.small(limits, problems),
            None => Some(At::default(default)),
        }
    }

    /// A duration, or its default; `None` if it is there and wrong.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        times: Times,
        problems: &mut Problems,
    ) -> Option<At<Duration>> {
        match self.get(key) {
            Some(item) => item.duration(times, problems),
            None => Some(At::default(default)),
        }
    }

    /// A range of durations, or its default; `None` if it is there and wrong.
    pub(crate) fn range(
        &mut self,
        key: &'static str,
        default: (Duration, Duration),
        times: Times,
        problems: &mut Problems,
    ) -> Option<At<(Duration, Duration)>> {
        match self.get(key) {
            Some(item) => item.range(times, problems),
            None => Some(At::default(default)),
        }
    }

    /// One of a fixed set of names, or its default; `None` if it is there and wrong.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        what: &str,
        default: T,
        names: &[(&str, T)],
        problems: &mut Problems,
    ) -> Option<At<T>> {
        match self.get(key) {
            Some(item) => item.one_of(what, names, problems),
            None => Some(At::default(default)),
        }
    }

    /// Keys that are there and were not asked for, with their places.
    fn strangers(&self) -> Vec<(&'a str, Span)> {
        self.table
            .keys()
            .map(|key| (key.get_ref().as_ref(), Span::from(key.span())))
            .filter(|(key, _)| !self.asked.contains(key))
            .collect()
    }

    /// Reports every key that was not asked for. False if one of them looks like
    /// a slip of the finger, so that a key seems absent which is not.
    pub(crate) fn finish(self, problems: &mut Problems) -> bool {
        self.finish_except(|_| None, problems)
    }

    /// As [`Self::finish`], but where `foreign` has something to say about a key,
    /// it is no unknown key but one that belongs elsewhere.
    pub(crate) fn finish_except(
        self,
        foreign: impl Fn(&str) -> Option<String>,
        problems: &mut Problems,
    ) -> bool {
        let mut reliable = true;
        for (key, span) in self.strangers() {
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
                Some(near) => {
                    reliable = false;
                    format!("did you mean `{near}`? {known}")
                }
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
        reliable
    }
}
