//! Brackets that are opened and never closed.
//!
//! The parser reads on past such a bracket, takes the lines below it for part of the value,
//! and complains there. Found here is the bracket itself, so that it can be named, and the
//! text as it would be with the bracket closed, so that the lines below are read for what
//! they are.

use std::borrow::Cow;

use crate::scenario::diagnostic::Span;

/// The most brackets that are closed in one text.
const CLOSED_MAX: usize = 16;

/// A text with its brackets closed. It is as long as the text that it is made of: places
/// outside of the closed values are those of the file.
pub(super) struct Closed<'t> {
    pub(super) text: Cow<'t, str>,
    /// The brackets that were not closed, in the order of the file.
    pub(super) unclosed: Vec<Unclosed>,
}

/// A bracket that is not closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unclosed {
    pub(super) span: Span,
    is_list: bool,
}

impl Unclosed {
    /// Returns the noun for the value.
    pub(super) fn noun(self) -> &'static str {
        if self.is_list { "list" } else { "table" }
    }

    /// Returns the bracket that is missing.
    pub(super) fn missing(self) -> char {
        if self.is_list { ']' } else { '}' }
    }
}

/// Closes the brackets that a later line shows to be open.
pub(super) fn close(text: &str) -> Closed<'_> {
    let mut closed = Closed {
        text: Cow::Borrowed(text),
        unclosed: Vec::new(),
    };
    while closed.unclosed.len() < CLOSED_MAX {
        let Some(open) = first_open(&closed.text) else {
            break;
        };
        closed.unclosed.push(open.bracket());
        let Some(patched) = patched(&closed.text, &open) else {
            break;
        };
        closed.text = Cow::Owned(patched);
    }
    closed
}

/// A bracket that is open where the next key or table begins.
struct Open {
    start: usize,
    opened_by: u8,
    /// The end of the last text of the value.
    end: usize,
    /// The last blank or line break before the end that is in no string and no comment.
    blank: Option<usize>,
    /// A blank or line break behind the end so far.
    trailing: Option<usize>,
}

impl Open {
    fn closing(&self) -> u8 {
        if self.opened_by == b'{' { b'}' } else { b']' }
    }

    fn bracket(&self) -> Unclosed {
        Unclosed {
            span: Span::new(self.start, self.start + 1),
            is_list: self.opened_by == b'[',
        }
    }
}

/// Returns the text with the bracket closed: a blank of the value is given up for it, so
/// that the text keeps its length. `None` if the value has no blank.
fn patched(text: &str, open: &Open) -> Option<String> {
    let blank = open.blank?;
    let mut patched = String::with_capacity(text.len());
    patched.push_str(&text[..blank]);
    patched.push_str(&text[blank + 1..open.end]);
    patched.push(char::from(open.closing()));
    patched.push_str(&text[open.end..]);
    Some(patched)
}

/// Returns the innermost bracket that is open where a line begins a key or a table.
fn first_open(text: &str) -> Option<Open> {
    let bytes = text.as_bytes();
    let mut stack: Vec<Open> = Vec::new();
    let mut at = 0;
    let mut last = b'\n';
    while at < bytes.len() {
        let begins_line = at == 0 || bytes[at - 1] == b'\n';
        if begins_line && !stack.is_empty() && begins_entry(&bytes[at..], &stack, last) {
            return stack.pop();
        }
        let byte = bytes[at];
        let next = match byte {
            b'#' => end_of_line(bytes, at),
            b'"' | b'\'' => end_of_string(bytes, at),
            _ => at + 1,
        };
        match byte {
            b' ' | b'\t' | b'\n' => {
                if let Some(open) = stack.last_mut() {
                    open.trailing = Some(at);
                }
            }
            b'\r' | b'#' => {}
            b'{' | b'[' if !stack.is_empty() || last == b'=' => {
                stack.push(Open {
                    start: at,
                    opened_by: byte,
                    end: next,
                    blank: None,
                    trailing: None,
                });
                last = byte;
            }
            b'}' | b']' => {
                let closed = stack.pop_if(|open| open.closing() == byte);
                extend(&mut stack, next);
                if let (Some(open), Some(blank)) = (stack.last_mut(), closed.and_then(|c| c.blank))
                {
                    open.blank = Some(blank);
                }
                last = byte;
            }
            _ => {
                extend(&mut stack, next);
                last = byte;
            }
        }
        at = next;
    }
    stack.pop()
}

/// Notes that the open values reach to this place.
fn extend(stack: &mut [Open], end: usize) {
    if let Some(open) = stack.last_mut() {
        open.end = end;
        open.blank = open.trailing.take().or(open.blank);
    }
}

/// Returns `true` if a line begins a key, or a table, that cannot be part of the innermost
/// open value: `last` is the last sign before it.
fn begins_entry(line: &[u8], stack: &[Open], last: u8) -> bool {
    let is_list = stack.last().is_some_and(|open| open.opened_by == b'[');
    let line = &line[..end_of_line(line, 0)];
    let line = line.trim_ascii();
    match line.first() {
        Some(b'[') => {
            let name = line.trim_ascii_start();
            let name = name.strip_prefix(b"[[").or_else(|| name.strip_prefix(b"["));
            let key = key_length(name.unwrap_or_default());
            let rest = &name.unwrap_or_default()[key..];
            key > 0 && !is_value(&name.unwrap_or_default()[..key]) && rest.starts_with(b"]")
        }
        Some(_) => {
            let key = key_length(line);
            let is_entry = key > 0 && line[key..].trim_ascii_start().starts_with(b"=");
            // In a table, keys may follow on lines of their own, behind a comma.
            is_entry && (is_list || !matches!(last, b',' | b'{'))
        }
        None => false,
    }
}

/// Returns `true` for what is a value where a list is open, and could be a key elsewhere.
fn is_value(word: &[u8]) -> bool {
    word == b"true" || word == b"false" || word.iter().all(u8::is_ascii_digit)
}

/// Returns the length of the bare or dotted key at the start.
fn key_length(line: &[u8]) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    line.iter().take_while(is_part).count()
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    let newline = bytes[from..].iter().position(|byte| *byte == b'\n');
    newline.map_or(bytes.len(), |length| from + length)
}

/// Returns the end of the string that begins at a quote. One that is not closed ends with
/// its line, or with the text.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let quote = bytes[from];
    let is_long = bytes[from..].starts_with(&[quote; 3]);
    let width = if is_long { 3 } else { 1 };
    let mut at = from + width;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if !is_long => return at,
            _ if bytes[at..].starts_with(&[quote; 3][..width]) => return at + width,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the closed text, and the bytes at which the brackets stand.
    fn closed(text: &str) -> (String, Vec<usize>) {
        let closed = close(text);
        let starts = closed.unclosed.iter().map(|open| open.span.start);
        let starts = starts.collect();
        (closed.text.into_owned(), starts)
    }

    #[test]
    fn table_is_closed_before_the_next_key() {
        let (text, open) = closed("a = { b = \"c\"\nd = 1\n");
        assert_eq!((text.as_str(), open), ("a = { b =\"c\"}\nd = 1\n", vec![4]));
        assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
    }

    #[test]
    fn list_is_closed_before_the_next_key_or_table() {
        for next in ["b = 1\n", "[b]\nc = 1\n", "[[b]]\nc = 1\n"] {
            let before = format!("a = [\n    \"x\", # [\n    \"y\",\n{next}");
            let (text, open) = closed(&before);
            assert_eq!((text.len(), open), (before.len(), vec![4]), "{text}");
            let read: toml::Table = toml::from_str(&text).expect("it is closed");
            assert_eq!(read["a"].as_array().map(Vec::len), Some(2));
            assert!(read.contains_key("b"), "{text}");
        }
    }

    #[test]
    fn sound_texts_are_left_alone() {
        let texts = [
            "a = { b = 1 }\nc = [1, 2]\n",
            "a = [\n  [1],\n  [true],\n  { b = 1 },\n]\n",
            "a = {\n  b = 1,\n  c = 2,\n}\n",
            "a = \"{\"\nb = '['\nc = \"\"\"\n[\nd = {\n\"\"\"\n",
            "[a]\nb = 1\n[[c]]\nd = \"\\\"{\"\n",
            "a = 1 # {\nb = 2\n",
        ];
        for text in texts {
            assert_eq!(closed(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn bracket_at_the_end_of_the_file_is_found() {
        let (text, open) = closed("a = 1\nb = [ 2,");
        assert_eq!(open, [10]);
        assert_eq!(text, "a = 1\nb = [2,]");
        assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
    }

    #[test]
    fn several_brackets_are_closed() {
        let (text, open) = closed("a = [ 1\nb = { c = 2\nd = 3\n");
        assert_eq!(open, [4, 12]);
        assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
    }
}
