//! Collects what is wrong, so that one pass reports all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::scenario::code::Code;
use crate::scenario::diagnostic::{Diagnostic, Span};
use crate::scenario::source::{FileKind, Source};

/// Problems that are reported; of the others only the number is.
const REPORTED: usize = 50;
/// Problems that are remembered until they are sorted. A hostile file has
/// hundreds of thousands.
const REMEMBERED: usize = 2_000;

/// The problems of one file.
pub(crate) struct Problems {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
    /// Problems beyond those remembered.
    forgotten: usize,
    /// The ends of the lines.
    newlines: Vec<usize>,
    /// Lines that are no TOML.
    broken_lines: BTreeSet<usize>,
    /// Texts that stand behind that of the file, with the position at which their places
    /// begin.
    texts: Vec<(usize, Arc<Source>)>,
}

impl Problems {
    pub(crate) fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            found: Vec::new(),
            forgotten: 0,
            newlines: source
                .text()
                .match_indices('\n')
                .map(|(at, _)| at)
                .collect(),
            broken_lines: BTreeSet::new(),
            texts: Vec::new(),
        }
    }

    /// The kind of file.
    pub(crate) fn kind(&self) -> FileKind {
        self.source.kind()
    }

    /// Returns `true` if no problem has been reported.
    pub(crate) fn none(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns `true` if all of the text is TOML, so that what seems to be missing is.
    pub(crate) fn complete(&self) -> bool {
        self.broken_lines.is_empty()
    }

    /// Begins a problem; [`Self::push`] adds it.
    pub(crate) fn problem(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, &self.source, message)
    }

    /// Adds a problem, unless its line is no TOML: what the parser makes of
    /// such a line says little about what was meant.
    pub(crate) fn push(&mut self, problem: Diagnostic) {
        // The parser puts a value that it could not read at the very start.
        let made_up = !self.complete() && problem.span() == Some(Span::default());
        let line = problem.span().map(|span| self.line(span));
        if made_up || line.is_some_and(|line| self.broken_lines.contains(&line)) {
            return;
        }
        self.remember(problem);
    }

    /// Adds a problem that says that its line is no TOML. The first one of a
    /// line counts; the others follow from it.
    pub(crate) fn push_syntax(&mut self, problem: Diagnostic) {
        let line = problem.span().map_or(0, |span| self.line(span));
        if self.broken_lines.insert(line) {
            self.remember(problem);
        }
    }

    /// Adds a problem with its place and a few words about it.
    pub(crate) fn report(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = self.problem(code, message).at(span, label).help(help);
        self.push(problem);
    }

    /// All problems in the order of the file.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found
            .sort_by_key(|problem| (problem.span(), problem.code));
        let found = std::mem::take(&mut self.found).into_iter();
        self.found = found.map(|problem| self.relocated(problem)).collect();
        let hidden = self.found.len().saturating_sub(REPORTED) + self.forgotten;
        self.found.truncate(REPORTED);
        if hidden > 0 {
            let and_more = Diagnostic::new(
                Code::TooManyProblems,
                &self.source,
                format!("and {hidden} more problems"),
            )
            .help("correct the first ones; the others may have the same cause");
            self.found.push(and_more);
        }
        self.found
    }

    /// The problem, in the text of the change if its place is there.
    fn relocated(&self, problem: Diagnostic) -> Diagnostic {
        let start = problem.span().map_or(0, |span| span.start);
        let texts = self.texts.iter().rev();
        let text = texts.into_iter().find(|(base, _)| *base <= start);
        match text {
            Some((base, source)) => problem.moved_into(source, *base),
            None => problem,
        }
    }

    /// Sets the texts of changes, each with the position at which its places begin.
    pub(crate) fn set_texts(&mut self, texts: &[(usize, Arc<Source>)]) {
        self.texts = texts.to_vec();
    }

    fn remember(&mut self, problem: Diagnostic) {
        if self.found.len() < REMEMBERED {
            self.found.push(problem);
        } else {
            self.forgotten += 1;
        }
    }

    /// The number of the line on which a span starts, from 0.
    pub(crate) fn line(&self, span: Span) -> usize {
        self.newlines
            .partition_point(|newline| *newline < span.start)
    }
}
