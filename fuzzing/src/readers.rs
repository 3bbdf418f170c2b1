//! The readers of files that come from anywhere.

use std::path::Path;

use rehearsal::repro::Repro;
use rehearsal::scenario::{ColorChoice, Diagnostic, parse, render_all};
use rehearsal_history::jsonl::{JsonlError, judge_history, read_jsonl, write_jsonl};
use rehearsal_history::oracle::{OracleRef, Settings};
use rehearsal_history::wire::{WIRE_PROFILES, check_stream};

/// Bytes of an answer to a wrong file at most, besides a multiple of the file's own.
const ANSWER_MAX: usize = 256 * 1_024;

/// Reads a scenario.
///
/// # Panics
///
/// If the answer is neither a scenario nor a problem, is too long, would reach a terminal as a
/// command, or is another one the second time.
pub fn scenario(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = |text: &str| parse(text, Path::new("scenarios/example.toml"));
    match (read(&text), read(&text)) {
        (Ok(one), Ok(other)) => assert_eq!(one.hash, other.hash),
        (Err(one), Err(other)) => assert_eq!(answer(&one, &text), answer(&other, &text)),
        _ => panic!("two answers"),
    }
}

/// Reads a repro. A valid one is written and read again.
///
/// # Panics
///
/// As [`scenario`], or if what is written is another repro.
pub fn repro(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let path = Path::new("example.repro");
    match Repro::parse(&text, path) {
        Ok(repro) => {
            let written = repro.to_toml();
            let again = Repro::parse(&written, path);
            let again = again.expect("what is written can be read");
            assert_eq!(again.to_toml(), written, "read from {text}");
        }
        Err(problems) => drop(answer(&problems, &text)),
    }
}

/// Returns the answer to a wrong file.
fn answer(problems: &[Diagnostic], text: &str) -> String {
    assert!(!problems.is_empty(), "neither a value nor a problem");
    let shown = render_all(problems, ColorChoice::Plain);
    assert!(!shown.contains('\u{1b}'), "an escape sequence got through");
    let most = ANSWER_MAX + 8 * text.len();
    assert!(shown.len() <= most, "{} bytes of answer", shown.len());
    shown
}

/// Reads a history and judges it by every oracle. A valid one is written and read again.
///
/// # Panics
///
/// If there is no problem and no history, or what is written is another history.
pub fn history(bytes: &[u8]) {
    let history = match read_jsonl(bytes) {
        Ok(history) => history,
        Err(JsonlError::Problems(problems)) => {
            assert!(!problems.is_empty(), "neither a history nor a problem");
            return;
        }
        Err(JsonlError::Io(error)) => panic!("bytes cannot fail to be read: {error}"),
    };
    let mut written = Vec::new();
    write_jsonl(&history, &mut written).expect("memory can be written");
    let again = read_jsonl(written.as_slice()).expect("what is written can be read");
    let mut rewritten = Vec::new();
    write_jsonl(&again, &mut rewritten).expect("memory can be written");
    assert_eq!(
        String::from_utf8_lossy(&rewritten),
        String::from_utf8_lossy(&written)
    );
    let oracles: Vec<(OracleRef, Settings)> = OracleRef::all()
        .map(|oracle| (oracle, Settings::default()))
        .collect();
    assert_eq!(judge_history(&history, &oracles).len(), oracles.len());
}

/// Checks a stream by each wire profile.
///
/// # Panics
///
/// If a violation is on a line that there is not.
pub fn stream(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    for profile in WIRE_PROFILES {
        let finding = check_stream(profile, bytes).expect("bytes cannot fail to be read");
        for violation in &finding.violations {
            // What is missing at the end is missed behind the last line.
            assert!(
                violation.line <= lines + 1,
                "{violation:?} of {lines} lines"
            );
        }
    }
}
