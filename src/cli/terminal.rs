//! The console of this process: results on standard output, the rest on standard error.

use std::io::{self, ErrorKind};

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
        match self.display.aside(|| print(text)) {
            // The reader has read enough; the result is in the exit code.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            printed => printed,
        }
    }

    fn warn(&mut self, text: &str) {
        self.display.aside(|| print_error(text));
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.display.update(progress);
        Ok(())
    }
}
