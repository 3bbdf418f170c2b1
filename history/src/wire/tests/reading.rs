//! Texts that are no stream, or only almost one.

use std::io::{self, BufReader, Read};

use super::*;
use crate::wire::{LINE_BYTES_MAX, OPEN_MAX, Stop};

const MESSAGE: &str = r#"{"span":"s","kind":"response"}"#;

fn read(text: &[u8]) -> StreamFinding {
    let profile = wire_profile("request-response").expect("a profile");
    check_stream(profile, text).expect("a text can be read")
}

#[track_caller]
fn unreadable(text: &[u8], line: u64, column: usize, message: &str) {
    let finding = read(text);
    let Some(Stop::Unreadable(problem)) = &finding.stop else {
        panic!("{finding:?}");
    };
    assert_eq!((problem.line, problem.column), (line, column), "{problem}");
    assert!(problem.message.contains(message), "{problem}");
    assert!(!finding.is_pass());
}

#[test]
fn lines_that_are_no_message_are_named_with_line_and_byte() {
    let second = |line: &[u8]| [MESSAGE.as_bytes(), b"\n", line].concat();
    unreadable(&second(b"nonsense\n"), 2, 2, "not JSON");
    unreadable(&second(b"{\"span\" 1}\n"), 2, 9, "not JSON");
    unreadable(&second(b"\xff\xfe\x00\n"), 2, 1, "not UTF-8");
    unreadable(&second(b"\x00\x00\n"), 2, 1, "no text");
    unreadable(&second(b"{\"span\":\"s\",\n"), 2, 12, "one line");
    unreadable(&second(b"{\"span\":\"s"), 2, 10, "cut off");
    unreadable(&second(b"data: {\"span\":\"s"), 2, 16, "cut off");
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    unreadable(&second(&deep), 2, 128, "recursion limit");
}

#[test]
fn streams_without_a_message_are_no_pass() {
    for text in ["", "\n\n", "event: end\n: comment\n"] {
        let finding = read(text.as_bytes());
        assert_eq!(finding.messages, 0, "{text:?}");
        assert!(!finding.is_pass(), "{text:?}");
    }
}

#[test]
fn last_line_needs_no_end() {
    assert!(read(MESSAGE.as_bytes()).is_pass());
}

#[test]
fn server_sent_events_are_read_as_they_are_recorded() {
    let text = format!("id: 1\nevent: message\ndata: {MESSAGE}\nretry: 5\n: ping\r\n\r\n");
    let finding = read(text.as_bytes());
    assert!(finding.is_pass(), "{finding:?}");
    assert_eq!(finding.messages, 1);
}

#[test]
fn lines_of_the_greatest_length_are_read_and_longer_ones_refused() {
    let mut line = MESSAGE.as_bytes().to_vec();
    line.resize(LINE_BYTES_MAX, b' ');
    assert!(read(&line).is_pass());
    line.push(b' ');
    unreadable(&line, 1, LINE_BYTES_MAX + 1, "longer than");
}

/// A reader that repeats one byte for ever.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

#[test]
fn a_line_without_an_end_is_not_read_to_its_end() {
    let profile = wire_profile("request-response").expect("a profile");
    let finding = check_stream(profile, BufReader::new(Endless)).expect("readable");
    assert!(matches!(finding.stop, Some(Stop::Unreadable(_))));
}

#[test]
fn violations_before_a_bad_line_are_kept() {
    let text = format!("{MESSAGE}\n{MESSAGE}\nnonsense\n{MESSAGE}\n");
    let finding = read(text.as_bytes());
    assert_eq!(finding.messages, 2);
    assert_eq!(finding.violations.len(), 1);
    assert_eq!(finding.violations[0].line, 2);
}

#[test]
fn violations_beyond_the_list_are_counted() {
    let finding = read(format!("{MESSAGE}\n").repeat(1_001).as_bytes());
    assert_eq!(finding.violations.len(), crate::wire::LISTED_MAX);
    assert_eq!(finding.unlisted, 1_000 - finding.violations.len() as u64);
}

/// A reader of lines that are made when they are read.
fn spans(kind: &'static str, count: usize) -> impl io::BufRead {
    let line = move |number| format!("{{\"span\":{number},\"kind\":\"{kind}\"}}\n");
    BufReader::new(Lines {
        lines: (0..count).map(line),
        rest: io::Cursor::default(),
    })
}

struct Lines<I> {
    lines: I,
    rest: io::Cursor<Vec<u8>>,
}

impl<I: Iterator<Item = String>> Read for Lines<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.rest.read(buffer)?;
            match (read, self.lines.next()) {
                (0, Some(line)) => self.rest = io::Cursor::new(line.into_bytes()),
                (0, None) => return Ok(0),
                (read, Some(line)) => {
                    // What was not read yet comes before the next line.
                    let place = self.rest.position() as usize;
                    let mut rest = self.rest.get_ref()[place..].to_vec();
                    rest.extend(line.into_bytes());
                    self.rest = io::Cursor::new(rest);
                    return Ok(read);
                }
                (read, None) => return Ok(read),
            }
        }
    }
}

#[test]
fn more_open_ids_than_the_limit_are_no_pass() {
    let profile = wire_profile("agent-events").expect("a profile");
    let check = |count| check_stream(profile, spans("agent_started", count)).expect("readable");
    assert_eq!(check(OPEN_MAX).stop, None);
    let finding = check(OPEN_MAX + 2);
    let Some(Stop::Limit { line, message }) = &finding.stop else {
        panic!("{finding:?}");
    };
    assert_eq!(*line, OPEN_MAX as u64 + 1);
    assert!(message.contains("spans are open"), "{message}");
}

#[test]
fn ids_that_ended_need_no_memory() {
    let profile = wire_profile("request-response").expect("a profile");
    let finding = check_stream(profile, spans("response", 4 * OPEN_MAX)).expect("readable");
    assert!(finding.is_pass(), "{finding:?}");
}
