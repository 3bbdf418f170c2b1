//! Rows of columns, the last of which is a long text, on terminals of any width.

use std::io::{self, IsTerminal};

use console::Term;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use crate::console::plain;

/// The least width at which a column of text is easier to read than lines below the first column.
const TEXT_MIN: usize = 32;

/// The indent of a text that stands below its first column.
const BELOW: &str = "  ";

/// The width that lines may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    /// That of a terminal.
    Columns(usize),
    /// None: programs read files and pipes line by line.
    Unlimited,
}

impl Width {
    /// Returns the width of standard output.
    pub(super) fn of_stdout() -> Self {
        let size = io::stdout().is_terminal().then(Term::stdout);
        let size = size.and_then(|terminal| terminal.size_checked());
        size.map_or(Self::Unlimited, |(_, columns)| {
            Self::Columns(columns.into())
        })
    }

    /// Returns a row whose first column has that width: one line, or as many as the width takes.
    /// Where the second column would be narrow, it stands below the first.
    pub(super) fn row(self, first: &str, first_width: usize, text: &str) -> String {
        let beside = format!("{first:first_width$}  ");
        let indent = " ".repeat(first_width + 2);
        match self {
            Self::Unlimited => format!("{beside}{text}\n"),
            Self::Columns(columns) if indent.len() + TEXT_MIN <= columns => {
                filled(text, columns, &beside, &indent)
            }
            Self::Columns(_) if first.is_empty() => self.paragraph(text, BELOW),
            Self::Columns(_) => self.paragraph(first, "") + &self.paragraph(text, BELOW),
        }
    }

    /// Returns a text for people with its longer lines broken. What does not fit goes on below
    /// the last column of its line that is wide enough; columns are two spaces apart.
    pub(super) fn fitted(self, text: &str) -> String {
        let Self::Columns(columns) = self else {
            return text.to_owned();
        };
        let fitted = |line: &str| match line.strip_suffix('\n') {
            _ if display_width(line) <= columns => line.to_owned(),
            Some(line) => filled(line, columns, "", &" ".repeat(hang(line, columns))),
            None => line.to_owned(),
        };
        text.split_inclusive('\n').map(fitted).collect()
    }

    /// Returns a text on one line, or on as many as the width takes.
    pub(super) fn paragraph(self, text: &str, indent: &str) -> String {
        match self {
            Self::Unlimited => format!("{indent}{text}\n"),
            Self::Columns(columns) => filled(text, columns, indent, indent),
        }
    }
}

/// Returns the indent of what does not fit on a line.
fn hang(line: &str, columns: usize) -> usize {
    let line = plain(line);
    let indent = line.len() - line.trim_start_matches(' ').len();
    let letters = line.char_indices().filter(|(_, letter)| *letter != ' ');
    let starts = letters.filter(|(at, _)| line[..*at].ends_with("  "));
    let starts = starts.map(|(at, _)| display_width(&line[..at]));
    let wide = starts.take_while(|start| start + TEXT_MIN <= columns);
    wide.last().unwrap_or(indent + BELOW.len())
}

fn filled(text: &str, columns: usize, first: &str, others: &str) -> String {
    // Names and paths are copied as they stand: the terminal breaks what is too long for it.
    let options = Options::new(columns)
        .initial_indent(first)
        .subsequent_indent(others)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Two agents share one bridge, and every event reaches its own thread.";

    #[test]
    fn row_is_one_line_without_a_width() {
        let row = Width::Unlimited.row("shared", 10, TEXT);
        assert_eq!(row, format!("shared      {TEXT}\n"));
    }

    #[test]
    fn long_text_stays_in_its_column() {
        assert_eq!(
            Width::Columns(48).row("shared", 10, TEXT),
            "shared      Two agents share one bridge, and\n\
             \x20           every event reaches its own thread.\n"
        );
    }

    #[test]
    fn text_stands_below_where_its_column_would_be_narrow() {
        assert_eq!(
            Width::Columns(40).row("shared", 10, TEXT),
            "shared\n  Two agents share one bridge, and every\n  event reaches its own thread.\n"
        );
    }

    #[test]
    fn line_goes_on_below_its_last_column() {
        let text = "  locks     Mutex of src/bus.rs:68:26: 4 waits for 1 lock, 0ms in all\n\
                    \u{1b}[1mfifo\u{1b}[0m  one reached client-1\n";
        assert_eq!(
            Width::Columns(48).fitted(text),
            "  locks     Mutex of src/bus.rs:68:26: 4 waits\n\
             \x20           for 1 lock, 0ms in all\n\
             \u{1b}[1mfifo\u{1b}[0m  one reached client-1\n"
        );
        assert_eq!(Width::Unlimited.fitted(text), text);
    }

    #[test]
    fn narrow_column_is_left_for_the_one_before() {
        let text = "  »     86     0.008s  burst-1  is postponed before it uses the Mutex\n";
        assert_eq!(
            Width::Columns(60).fitted(text),
            "  »     86     0.008s  burst-1  is postponed before it uses\n\
             \x20                      the Mutex\n"
        );
        assert_eq!(
            Width::Columns(30).fitted(text),
            "  »     86     0.008s  burst-1\n    is postponed before it\n    uses the Mutex\n"
        );
    }

    /// Returns true if every word stands whole, and each line fits that can be broken.
    fn is_whole_and_fits(text: &str, words: &str, columns: usize) -> bool {
        let lines = text.lines();
        let mut breakable = lines.filter(|line| line.split_whitespace().count() > 1);
        breakable.all(|line| line.len() <= columns)
            && text.split_whitespace().eq(words.split_whitespace())
    }

    #[test]
    fn fitted_text_has_the_same_words() {
        let text = "VIOLATION  shared  seed 21  random  fingerprint 3831c7498fb08e97\n  \
                    repro target/rehearsal/shared-seed-21.repro\n  run  0.1s\n\n";
        for columns in 1..120 {
            let fitted = Width::Columns(columns).fitted(text);
            assert!(
                is_whole_and_fits(&fitted, text, columns),
                "{columns}:\n{fitted}"
            );
        }
    }

    #[test]
    fn row_has_the_same_words() {
        let name = "sequence-apart-from-send";
        for columns in 1..120 {
            let row = Width::Columns(columns).row(name, 30, TEXT);
            let words = format!("{name} {TEXT}");
            assert!(
                is_whole_and_fits(&row, &words, columns),
                "{columns}:\n{row}"
            );
        }
    }
}
