//! The texts that leave this process for a terminal or a pipe.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Prints to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    anstream::stdout().write_all(visible(text).as_bytes())
}

/// Prints to standard error; a failure to print has no further place to go.
pub(crate) fn print_error(text: &str) {
    let _ = anstream::stderr().write_all(visible(text).as_bytes());
}

/// Returns a text without colours.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Returns a text in which each character that a terminal obeys or does not show stands as
/// its escape: names, paths and payloads come from files without review. Line ends,
/// tabs and colours stay. The escapes are those of JSON, so that a line of JSON keeps its
/// meaning.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_deceptive) {
        let (before, found) = rest.split_at(at);
        shown.push_str(before);
        let kept = colour(found);
        if kept > 0 {
            shown.push_str(&found[..kept]);
            rest = &found[kept..];
            continue;
        }
        let mut characters = found.chars();
        if let Some(character) = characters.next() {
            escape(character, &mut shown);
        }
        rest = characters.as_str();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Returns `true` for the control characters but line ends and tabs, and for those of Unicode
/// that change the direction of a text, end a line, or have no width.
fn is_deceptive(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

/// Returns the length in bytes of the sequence at the beginning of `text` that sets a colour
/// or a weight; 0 if there is none. One that hides what follows is none.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end.map(|end| (end, &parameters[end..=end])) {
        Some((end, "m")) if parameters[..end].split(';').all(|number| number != "8") => end + 3,
        _ => 0,
    }
}

fn escape(character: char, shown: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(shown, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        for (text, expected) in [
            (
                "title \u{1b}]0;x\u{7} and \u{1b}[2J",
                "title \\u001b]0;x\\u0007 and \\u001b[2J",
            ),
            ("8-bit \u{9b}2J", "8-bit \\u009b2J"),
            ("a\rb\u{8}c\u{7f}", "a\\u000db\\u0008c\\u007f"),
            ("\u{202e}drow\u{202c}\u{2028}", "\\u202edrow\\u202c\\u2028"),
            ("zero\u{200b}width\u{feff}", "zero\\u200bwidth\\ufeff"),
            ("tag \u{e0041}", "tag \\udb40\\udc41"),
            ("hidden \u{1b}[8mtext", "hidden \\u001b[8mtext"),
            ("cut off \u{1b}[1", "cut off \\u001b[1"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn ordinary_text_and_colours_stay() {
        for text in [
            "",
            "Ünïcödé 漢字 🦀\n\ttab",
            "\u{1b}[1m\u{1b}[38;5;196mred\u{1b}[0m\u{1b}[m",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(_)) || text.contains('\u{1b}'));
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let claim = "Safe \u{202e}gnihton\u{202c} \u{e0041}\u{9b}";
        let line = serde_json::to_string(claim).expect("a text");
        let shown = visible(&line).into_owned();
        assert!(shown.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&shown).expect("JSON"), claim);
    }
}
