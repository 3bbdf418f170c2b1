//! What a failure is, apart from its accidents: two seeds that fail alike have
//! one signature.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::oracle::Oracle;
use crate::run::{Failure, Judge, RunReport};
use crate::scenario::Scenario;

/// Who found something wrong, and the first line of what it is with all numbers
/// taken out. Failures with one signature are taken for one bug.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Signature {
    /// The oracle's name, or the engine's verdict, as in `violations` of the JSON.
    pub judge: String,
    /// The message's first line, with `#` for each number.
    pub message: String,
}

impl Signature {
    /// The signature of a run's first failure; none for a run that passed.
    pub fn of(report: &RunReport) -> Option<Self> {
        report.failures.first().map(Self::of_failure)
    }

    /// The signature of a failure.
    pub fn of_failure(failure: &Failure) -> Self {
        let line = failure.message.lines().next().unwrap_or_default();
        Self {
            judge: failure.judge.name().to_owned(),
            message: without_numbers(line),
        }
    }

    /// Sixteen hexadecimal digits that stand for it, for example in file names.
    pub fn digest(&self) -> String {
        format!("{:016x}", xxh3_64(self.to_string().as_bytes()))
    }
}

/// `fifo: # arrives before #`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.judge, self.message)
    }
}

/// The text with `#` for each number, decimal or hexadecimal, with its unit of
/// time if it has one.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || (character == '.' && is_decimal(&word)) {
            word.push(character);
        } else {
            flush(&mut word, &mut out);
            out.push(character);
        }
    }
    flush(&mut word, &mut out);
    out
}

fn is_decimal(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}

/// Ends a word: one with a digit in it loses its number.
fn flush(word: &mut String, out: &mut String) {
    let ended = std::mem::take(word);
    let (number, stop) = match ended.strip_suffix('.') {
        Some(number) => (number, "."),
        None => (ended.as_str(), ""),
    };
    let has_digit = number.contains(|c: char| c.is_ascii_digit());
    let hexadecimal = number.len() >= 8 && number.chars().all(|c| c.is_ascii_hexdigit());
    if !has_digit {
        out.push_str(number);
    } else if hexadecimal || number.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('#');
    } else {
        // `run12` and the like.
        out.push_str(number.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
        out.push('#');
    }
    out.push_str(stop);
}

impl Scenario {
    /// The same scenario, judged for that signature alone: other oracles keep
    /// silent, and nothing else must be reached. The run is the same, because
    /// oracles never change one. A deadlock oracle that comes after the judge
    /// judges on: where none is, the engine tells of a deadlock itself, and first.
    #[must_use]
    pub fn focused(&self, signature: &Signature) -> Scenario {
        let mut scenario = self.clone();
        let mut judged = false;
        scenario.expect.oracles.retain(|oracle| {
            let judge = Judge::Oracle(*oracle).name() == signature.judge;
            judged |= judge;
            judge || (judged && *oracle == Oracle::Deadlock)
        });
        scenario.expect.sometimes.clear();
        if signature.judge != REACHED {
            scenario.expect.reached.clear();
        }
        scenario
    }
}

/// The name of the judge of goals.
pub(crate) const REACHED: &str = "reached";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_units_go() {
        for (text, stripped) in [
            ("run-3 of thread-12 at 0.004213s", "run-# of thread-# at #"),
            (
                "canary-user-1-00c0ffee reached client-2",
                "canary-user-#-# reached client-#",
            ),
            (
                "2 tasks wait for each other at 12ms",
                "# tasks wait for each other at #",
            ),
            ("it ends twice.", "it ends twice."),
            ("at 1.5s. Then", "at #. Then"),
            ("nothing at 3.", "nothing at #."),
            ("run12 lost", "run# lost"),
            ("", ""),
        ] {
            assert_eq!(without_numbers(text), stripped, "{text}");
        }
    }
}
