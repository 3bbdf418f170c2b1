//! The texts that leave this process for a terminal or a pipe.

mod ascii;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Prints to standard output.
#[cfg(feature = "cli")]
pub(crate) fn print(text: &str) -> io::Result<()> {
    let text = for_stream(text, &io::stdout());
    anstream::stdout().write_all(text.as_bytes())
}

/// Prints to standard error; a failure to print has no further place to go.
pub(crate) fn print_error(text: &str) {
    let text = for_stream(text, &io::stderr());
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Returns a text as that stream shows it: a terminal of a locale without UTF-8 gets ASCII.
/// Files and pipes get UTF-8 in every locale, because programs read them.
fn for_stream<'a>(text: &'a str, stream: &impl IsTerminal) -> Cow<'a, str> {
    let text = visible(text);
    if !text.is_ascii() && stream.is_terminal() && !ascii::locale_has_utf_8() {
        return Cow::Owned(ascii::replaced(&text));
    }
    text
}

/// A text from outside, such as a path or a name, within a line.
pub(crate) trait Shown {
    /// Returns the text on one line: a line end in it would begin a line of its own, which a
    /// reader takes for another message and a runner of workflows for a command.
    fn shown(&self) -> OneLine<'_>;
}

impl Shown for Path {
    fn shown(&self) -> OneLine<'_> {
        OneLine(self.to_string_lossy())
    }
}

impl Shown for str {
    fn shown(&self) -> OneLine<'_> {
        OneLine(Cow::Borrowed(self))
    }
}

/// A text without line ends, tabs and what [`visible`] escapes.
pub(crate) struct OneLine<'a>(Cow<'a, str>);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                _ if is_deceptive(character) => escape(character, f)?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
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
            // Writing to a string cannot fail.
            let _ = escape(character, &mut shown);
        }
        rest = characters.as_str();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Returns `true` for the control characters but line ends and tabs, and for those of Unicode
/// that change the direction of a text, end a line, or have no width. Pages mark the same ones,
/// and tabs (`UNSEEN` in `text.js`).
fn is_deceptive(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{e0000}'..='\u{e0fff}' => true,
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
        Some((end, "m")) if !conceals(&parameters[..end]) => end + 3,
        _ => 0,
    }
}

/// Returns `true` if the parameters of a sequence hide what follows: one of them is the number
/// 8, and no argument of a colour. So does a number that is too large to be read.
fn conceals(parameters: &str) -> bool {
    let mut numbers = parameters.split(';').map(|number| match number {
        "" => Ok(0),
        number => number.parse::<u32>(),
    });
    while let Some(number) = numbers.next() {
        let arguments = match number {
            Ok(8) | Err(_) => return true,
            Ok(EXTENDED_FOREGROUND | EXTENDED_BACKGROUND | EXTENDED_UNDERLINE) => {
                match numbers.next() {
                    Some(Ok(BY_NUMBER)) => 1,
                    Some(Ok(BY_COMPONENTS)) => 3,
                    None => 0,
                    // Terminals differ in what they read here.
                    Some(_) => return true,
                }
            }
            Ok(_) => 0,
        };
        // One by one: an argument that cannot be read is no colour.
        if numbers
            .by_ref()
            .take(arguments)
            .any(|number| number.is_err())
        {
            return true;
        }
    }
    false
}

// Parameters with arguments (ECMA-48, SGR; ISO 8613-6).
const EXTENDED_FOREGROUND: u32 = 38;
const EXTENDED_BACKGROUND: u32 = 48;
const EXTENDED_UNDERLINE: u32 = 58;
/// The next argument is the number of a colour.
const BY_NUMBER: u32 = 5;
/// The next three arguments are red, green and blue.
const BY_COMPONENTS: u32 = 2;

fn escape(character: char, shown: &mut impl fmt::Write) -> fmt::Result {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(shown, "\\u{unit:04x}")?;
    }
    Ok(())
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
            ("hidden \u{1b}[08mtext", "hidden \\u001b[08mtext"),
            ("hidden \u{1b}[0;008mtext", "hidden \\u001b[0;008mtext"),
            (
                "hidden \u{1b}[38;5;1;8mtext",
                "hidden \\u001b[38;5;1;8mtext",
            ),
            (
                "large \u{1b}[4294967304mtext",
                "large \\u001b[4294967304mtext",
            ),
            ("fill \u{3164} \u{115f}", "fill \\u3164 \\u115f"),
            ("cut off \u{1b}[1", "cut off \\u001b[1"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn names_stay_on_one_line() {
        for (name, expected) in [
            ("dir/täst.toml", "dir/täst.toml"),
            ("a\n::warning::x.toml", "a\\n::warning::x.toml"),
            ("a\tb\r\u{202e}\u{1b}[1m", "a\\tb\\u000d\\u202e\\u001b[1m"),
        ] {
            assert_eq!(Path::new(name).shown().to_string(), expected);
        }
    }

    #[test]
    fn ordinary_text_and_colours_stay() {
        for text in [
            "",
            "Ünïcödé 漢字 🦀\n\ttab",
            "\u{1b}[1m\u{1b}[38;5;196mred\u{1b}[0m\u{1b}[m",
            "\u{1b}[38;5;8mgrey\u{1b}[48;2;8;8;8mblack\u{1b}[;1m",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(_)) || text.contains('\u{1b}'));
            assert_eq!(visible(text), text);
        }
    }

    /// Returns the characters of the class of a regular expression: `\u0041`, `\u{e0000}`, and
    /// ranges of them.
    fn members(class: &str) -> Vec<std::ops::RangeInclusive<u32>> {
        let mut ranges: Vec<std::ops::RangeInclusive<u32>> = Vec::new();
        let mut is_end = false;
        for part in class.split("\\u").skip(1) {
            let digits: String = part.chars().filter(char::is_ascii_hexdigit).collect();
            let code = u32::from_str_radix(&digits, 16).expect("a code");
            match (is_end, ranges.pop()) {
                (true, Some(range)) => ranges.push(*range.start()..=code),
                (false, last) => {
                    ranges.extend(last);
                    ranges.push(code..=code);
                }
                (true, None) => panic!("{class}"),
            }
            is_end = part.ends_with('-');
        }
        ranges
    }

    #[test]
    fn pages_mark_the_characters_that_are_escaped_here() {
        let script = include_str!("report/page/assets/text.js");
        let (_, class) = script.split_once("/[").expect("a class of characters");
        let (class, _) = class.split_once("]/gu").expect("its end");
        let ranges = members(class);
        for character in '\0'..=char::MAX {
            let code = u32::from(character);
            let is_marked = ranges.iter().any(|range| range.contains(&code));
            let is_escaped = is_deceptive(character) || character == '\t';
            assert_eq!(is_marked, is_escaped, "U+{code:04X}");
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
