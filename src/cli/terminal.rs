//! The console of this process: results on standard output, the rest on standard error.

use std::io::{self, ErrorKind};

use super::layout::Width;
use super::progress::Display;
use super::{print, print_error};
use crate::command::Console;
use crate::exit::Exit;
use crate::explore::{Exploration, Progress};

/// Takes the result of an exploration, and its exit code.
type Results<'a> = dyn FnMut(&Exploration, Exit) + 'a;

/// The terminal, with a display of the progress of `name`.
pub(super) struct Terminal<'a> {
    display: Display,
    /// Takes the results of explorations.
    results: Option<&'a mut Results<'a>>,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(name: &str) -> Self {
        Self {
            display: Display::new(name),
            results: None,
        }
    }

    /// As [`Terminal::new`]; the results of explorations are also given to `results`.
    pub(super) fn with_results(name: &str, results: &'a mut dyn FnMut(&Exploration, Exit)) -> Self {
        Self {
            results: Some(results),
            ..Self::new(name)
        }
    }
}

impl Console for Terminal<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        match self.display.aside(|| print(text)) {
            // The reader has read enough; the result is in the exit code.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            printed => printed,
        }
    }

    fn print_text(&mut self, text: &str) -> io::Result<()> {
        self.print(&Width::of_stdout().fitted(text))
    }

    fn warn(&mut self, text: &str) {
        self.display.aside(|| print_error(text));
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.display.update(progress);
        Ok(())
    }

    fn explored(&mut self, found: &Exploration, exit: Exit) {
        if let Some(results) = &mut self.results {
            results(found, exit);
        }
    }
}
