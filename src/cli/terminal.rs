//! The console of this process: results on standard output, the rest on standard error.

use std::io;

use super::progress::Display;
use super::{print, print_error};
use crate::command::Console;
use crate::explore::Progress;

/// The terminal, with a display of the progress of `name`.
pub(super) struct Terminal {
    display: Display,
}

impl Terminal {
    pub(super) fn new(name: &str) -> Self {
        Self {
            display: Display::new(name),
        }
    }
}

impl Console for Terminal {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.display.aside(|| print(text))
    }

    fn warn(&mut self, text: &str) {
        self.display.aside(|| print_error(text));
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.display.update(progress);
        Ok(())
    }
}
