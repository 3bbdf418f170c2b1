//! Interruptions of plain tasks, in words.

use std::fmt;
use std::panic::Location;

use crate::schedule::PlainPath;

/// A plain task that was interrupted at an operation of tokio's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interruption {
    /// The choice's index on the tape.
    pub choice: usize,
    /// Its host's name.
    pub host: String,
    /// Spawn site.
    pub spawned_at: &'static Location<'static>,
    /// Its path of spawns.
    pub path: PlainPath,
    /// The poll, from 1.
    pub poll: u32,
    /// The operation in that poll, from 1.
    pub operation: u32,
}

impl Interruption {
    /// Returns the task: `a plain task spawned at src/x.rs:12:5`, or at
    /// `h2-0.4.5/src/x.rs:12:5` if that is a published library.
    pub fn task(&self) -> String {
        format!("a plain task spawned at {}", place(self.spawned_at))
    }
}

/// Returns file, line and column, without the directory of published libraries.
pub(crate) fn place(location: &Location<'_>) -> String {
    let file = rehearsal_hermetic::without_registry(location.file());
    format!("{file}:{}:{}", location.line(), location.column())
}

/// Displayed, it is what happens to the task: `is interrupted at its 3rd operation`.
impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = Ordinal(self.operation);
        match self.poll {
            1 => write!(f, "is interrupted at its {operation} operation"),
            poll => {
                let poll = Ordinal(poll);
                write!(
                    f,
                    "is interrupted at the {operation} operation of its {poll} poll"
                )
            }
        }
    }
}

/// A number as in `2nd`, `3rd`, `11th`.
struct Ordinal(u32);

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 % 10, self.0 % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}
