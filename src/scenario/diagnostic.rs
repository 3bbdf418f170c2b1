//! Problems of files, and their drawing.

#[cfg(feature = "scenarios")]
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "scenarios")]
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::code::Code;
use super::source::{FileKind, Source};

use crate::console::Shown;

/// The longest stretch of a line that is underlined, in characters.
const LONGEST_UNDERLINE: usize = 60;
/// Lines longer than this, in bytes, are not shown: to trim them takes too long.
#[cfg(feature = "scenarios")]
const LONGEST_EXCERPT: usize = 1024 * 1024;
/// Lines longer than this, in bytes, are shown in ASCII.
#[cfg(feature = "scenarios")]
const LONG_LINE: usize = 1_000;

/// A stretch of a file, in bytes: `start..end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From `start` up to, and not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A place with a few words about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The remark on it; may be empty.
    pub text: String,
}

/// One problem, with everything that is needed to show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The kind of problem.
    pub code: Code,
    /// The problem, in one line.
    pub message: String,
    /// The place of the problem; none if it concerns the file as a whole.
    pub primary: Option<Label>,
    /// Other places that explain it.
    pub others: Vec<Label>,
    /// The remedy.
    pub help: Option<String>,
    source: Arc<Source>,
}

/// The drawing of diagnostics, with or without colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorChoice {
    /// Text alone: for files, pipes and snapshots.
    Plain,
    /// With ANSI colours: for terminals.
    Coloured,
}

impl Diagnostic {
    /// A problem that concerns the file as a whole, until [`Self::at`] says more.
    /// In a repro, problems that every file can have bear codes of their own.
    pub fn new(code: Code, source: &Arc<Source>, message: impl Into<String>) -> Self {
        Self {
            code: match source.kind() {
                FileKind::Scenario => code,
                FileKind::Repro => code.in_repro(),
                FileKind::Baseline => code.in_baseline(),
                FileKind::Results => code.in_results(),
            },
            message: message.into(),
            primary: None,
            others: Vec::new(),
            help: None,
            source: Arc::clone(source),
        }
    }

    /// Says where, with a few words to stand at the caret.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Points at another place that explains the problem.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.others.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do about it.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The problem in another text, whose places begin at `base`. Labels in the first
    /// text are left out.
    pub(super) fn moved_into(mut self, source: &Arc<Source>, base: usize) -> Self {
        let moved = |label: &mut Label| {
            label.span = Span::new(label.span.start - base, label.span.end.max(base) - base);
        };
        let end = base + source.text().len();
        self.others
            .retain(|label| (base..=end).contains(&label.span.start));
        self.others.iter_mut().for_each(moved);
        if let Some(primary) = &mut self.primary {
            moved(primary);
        }
        self.source = Arc::clone(source);
        self
    }

    /// The file, as the user gave it.
    pub fn file(&self) -> &Path {
        self.source.path()
    }

    /// The place in the file; none if the problem concerns the file as a whole.
    pub fn span(&self) -> Option<Span> {
        self.primary.as_ref().map(|label| label.span)
    }

    /// Line and column, both from 1, the column in characters.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let text = self.source.text();
        let span = clamped(text, self.span()?);
        let before = &text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        Some((line, before[line_start..].chars().count() + 1))
    }

    /// Draws the problem as the Rust compiler would: code and message, file,
    /// line and column, the line with a caret, and the help. No line break at
    /// the end.
    #[cfg(feature = "scenarios")]
    pub fn render(&self, look: ColorChoice) -> String {
        let renderer = match look {
            ColorChoice::Plain => Renderer::plain(),
            ColorChoice::Coloured => Renderer::styled(),
        };
        let path = self.file().shown().to_string();
        let mut group = Group::with_title(
            Level::ERROR
                .primary_title(&self.message)
                .id(self.code.name()),
        );
        group = match self.excerpt() {
            Some(excerpt) if excerpt.text.len() <= LONGEST_EXCERPT => {
                group.element(excerpt.snippet().path(path))
            }
            Some(_) => {
                let (line, column) = self.line_column().unwrap_or_default();
                group.element(Origin::path(path).line(line).char_column(column))
            }
            None => group.element(Origin::path(path)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }

    /// Returns the problem without an excerpt of the file: code and message, file, line and
    /// column, and the help. No line break at the end.
    #[cfg(not(feature = "scenarios"))]
    pub fn render(&self, _look: ColorChoice) -> String {
        let shown = |text: &str| text.replace(|c: char| c.is_control() && c != '\n', "\u{FFFD}");
        let place = match self.line_column() {
            Some((line, column)) => format!(":{line}:{column}"),
            None => String::new(),
        };
        let path = self.file().shown().to_string();
        let help = self.help.as_deref();
        let help = help.map(|help| format!("\n  = help: {}", shown(help)));
        format!(
            "error[{}]: {}\n --> {}{place}{}",
            self.code.name(),
            shown(&self.message),
            shown(&path),
            help.unwrap_or_default()
        )
    }

    /// The lines from the first label to the last; none without a place.
    #[cfg(feature = "scenarios")]
    fn excerpt(&self) -> Option<Excerpt<'_>> {
        let text = self.source.text();
        let primary = self.primary.as_ref()?;
        let labels: Vec<_> = std::iter::once((AnnotationKind::Primary, primary))
            .chain(
                self.others
                    .iter()
                    .map(|label| (AnnotationKind::Context, label)),
            )
            .map(|(kind, label)| (kind, clamped(text, label.span), label.text.as_str()))
            .collect();
        let first = labels.iter().map(|(_, span, _)| span.start).min()?;
        let last = labels.iter().map(|(_, span, _)| span.end).max()?;
        let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[last..]
            .find('\n')
            .map_or(text.len(), |newline| last + newline);
        let relative = |(kind, span, label): (AnnotationKind, Span, _)| {
            (kind, span.start - start..span.end - start, label)
        };
        let excerpt = Excerpt {
            text: Cow::Borrowed(&text[start..end]),
            first_line: text[..start].matches('\n').count() + 1,
            labels: labels.into_iter().map(relative).collect(),
        };
        Some(excerpt.tamed())
    }
}

/// Draws all of them, with an empty line in between and a line break at the end.
pub fn render_all(diagnostics: &[Diagnostic], look: ColorChoice) -> String {
    let mut text = String::new();
    for (position, diagnostic) in diagnostics.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        text.push_str(&diagnostic.render(look));
        text.push('\n');
    }
    text
}

/// The part of a file that a diagnostic shows.
#[cfg(feature = "scenarios")]
struct Excerpt<'a> {
    text: Cow<'a, str>,
    first_line: usize,
    /// Places in the text, in bytes.
    labels: Vec<(AnnotationKind, Range<usize>, &'a str)>,
}

#[cfg(feature = "scenarios")]
impl<'a> Excerpt<'a> {
    /// Long lines are trimmed to what fits a terminal, but characters without a
    /// width always fit: in long lines, only ASCII is shown.
    fn tamed(mut self) -> Self {
        let long = self.text.lines().any(|line| line.len() > LONG_LINE);
        if !long || self.text.is_ascii() {
            return self;
        }
        let position = |at: usize| self.text[..at].chars().count();
        for (_, range, _) in &mut self.labels {
            *range = position(range.start)..position(range.end);
        }
        let ascii = |c: char| if c.is_ascii() { c } else { '?' };
        self.text = self.text.chars().map(ascii).collect::<String>().into();
        self
    }

    fn snippet(self) -> Snippet<'a, Annotation<'a>> {
        let annotations = self.labels.into_iter().map(|(kind, range, text)| {
            let label = (!text.is_empty()).then_some(text);
            kind.span(range).label(label)
        });
        Snippet::source(self.text)
            .line_start(self.first_line)
            .annotations(annotations)
    }
}

/// The span as it can be drawn: inside of the text, between characters, on its
/// first line, and not too long.
fn clamped(text: &str, span: Span) -> Span {
    let start = boundary_at_or_before(text, span.start);
    let end = boundary_at_or_before(text, span.end.max(start));
    let end = text[start..end]
        .char_indices()
        .take_while(|(_, c)| *c != '\n' && *c != '\r')
        .take(LONGEST_UNDERLINE)
        .last()
        .map_or(start, |(at, c)| start + at + c.len_utf8());
    Span::new(start, end)
}

fn boundary_at_or_before(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(all(test, feature = "scenarios"))]
mod tests {
    use super::*;

    fn problem(text: &str, span: Span) -> Diagnostic {
        let source = Source::new("some/file.toml", text);
        Diagnostic::new(Code::UnknownKey, &source, "unknown key").at(span, "here")
    }

    #[test]
    fn shows_file_line_column_and_caret() {
        let text = "format = 1\nkount = 2\n";
        let shown = problem(text, Span::new(11, 16))
            .help("did you mean `count`?")
            .render(ColorChoice::Plain);
        assert!(shown.starts_with("error[S0010]: unknown key\n"), "{shown}");
        assert!(shown.contains("--> some/file.toml:2:1\n"), "{shown}");
        assert!(shown.contains("2 | kount = 2\n  | ^^^^^ here"), "{shown}");
        assert!(shown.contains("help: did you mean `count`?"), "{shown}");
    }

    #[test]
    fn colours_only_where_asked_for() {
        let problem = problem("kount = 2\n", Span::new(0, 5));
        assert!(!problem.render(ColorChoice::Plain).contains('\u{1b}'));
        assert!(problem.render(ColorChoice::Coloured).contains('\u{1b}'));
    }

    #[test]
    fn terminal_escapes_in_a_file_are_defused() {
        let text = "a = \"\u{1b}[31m\"\n";
        let shown = problem(text, Span::new(0, 1))
            .help("not \u{1b}[31m")
            .render(ColorChoice::Plain);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn impossible_spans_are_drawn_all_the_same() {
        for text in ["", "\n", "ä", "ab\r\ncd"] {
            for span in [(0, 0), (1, 1), (1, 9), (9, 1), (99, 100)] {
                let problem = problem(text, Span::new(span.0, span.1));
                assert!(
                    problem
                        .render(ColorChoice::Plain)
                        .contains("some/file.toml")
                );
                assert!(problem.line_column().is_some());
            }
        }
    }

    #[test]
    fn long_lines_are_trimmed_and_keep_their_column() {
        let text = format!(
            "x = \"{}\" kount {}",
            "a".repeat(500_000),
            "b".repeat(500_000)
        );
        let start = 500_007;
        let diagnostic = problem(&text, Span::new(start, start + 5));
        let shown = diagnostic.render(ColorChoice::Plain);
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
        assert!(shown.contains("kount"), "{shown}");
        assert!(shown.contains(":1:500008"), "{shown}");
        assert_eq!(diagnostic.line_column(), Some((1, 500_008)));
    }

    #[test]
    fn lines_of_characters_without_a_width_are_trimmed_too() {
        let text = format!("x = \"{}\" kount", "\u{301}".repeat(100_000));
        let start = text.len() - 5;
        let shown = problem(&text, Span::new(start, text.len())).render(ColorChoice::Plain);
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
        assert!(shown.contains(":1:100008"), "{shown}");
        assert!(shown.contains("kount"), "{shown}");
    }

    #[test]
    fn long_spans_are_shortened() {
        let text = format!("x = \"{}\"", "a".repeat(100_000));
        let shown = problem(&text, Span::new(4, text.len())).render(ColorChoice::Plain);
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
    }
}
