//! Reading lines of a limited length.

use std::io::{self, BufRead, Read};

use super::JsonlProblem;

/// A line without its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line<'l> {
    /// The number of the line, from 1.
    pub(crate) number: u64,
    /// The text.
    pub(crate) text: &'l str,
    /// `true` unless the file ends before the line does.
    pub(crate) is_ended: bool,
}

/// A reader of lines that keeps one of them in memory.
pub(crate) struct Lines<R> {
    reader: R,
    bytes_max: usize,
    bytes: Vec<u8>,
    number: u64,
    /// `true` once a line was too long, because its rest is no line.
    is_lost: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, bytes_max: usize) -> Self {
        Self {
            reader,
            bytes_max,
            bytes: Vec::new(),
            number: 0,
            is_lost: false,
        }
    }

    /// Returns the next line, or the problem with it; none at the end of the file, and after
    /// a line that is too long.
    ///
    /// # Errors
    ///
    /// Fails if the reader does.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Result<Line<'_>, JsonlProblem>>> {
        self.bytes.clear();
        if self.is_lost {
            return Ok(None);
        }
        let limit = self.bytes_max as u64 + 1;
        let mut limited = (&mut self.reader).take(limit);
        if limited.read_until(b'\n', &mut self.bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let problem = |column, message: String| JsonlProblem {
            line: number,
            column,
            message,
        };
        let without_end = self.bytes.strip_suffix(b"\n");
        let is_ended = without_end.is_some();
        let bytes = without_end.unwrap_or(&self.bytes);
        if bytes.len() > self.bytes_max {
            self.is_lost = true;
            let bytes_max = self.bytes_max;
            let message = format!("the line is longer than {bytes_max} bytes");
            return Ok(Some(Err(problem(bytes_max + 1, message))));
        }
        let line = std::str::from_utf8(bytes).map(|text| Line {
            number,
            text,
            is_ended,
        });
        Ok(Some(line.map_err(|error| {
            problem(error.valid_up_to() + 1, "the line is not UTF-8".to_owned())
        })))
    }
}
