//! The size of a repro in memory, before it is parsed: a table of eight bytes of text takes a
//! kilobyte.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::scenario::MAX_BYTES;

/// The most tables: more than there are deviations in any repro of the largest size.
pub(super) const TABLES_MAX: usize = 400_000;

/// The most keys, and the most commas: as many as so many deviations have.
const VALUES_MAX: usize = 5 * TABLES_MAX;

/// Returns `true` if the text has more tables or values than a repro can have. A text of the
/// size of a scenario cannot have too many.
pub(super) fn has_too_many_parts(text: &str) -> bool {
    if text.len() <= MAX_BYTES {
        return false;
    }
    let (mut tables, mut keys, mut commas) = (0, 0, 0);
    for token in Source::new(text).lex() {
        match token.kind() {
            // A dotted key makes a table of each part before a dot.
            TokenKind::LeftCurlyBracket | TokenKind::LeftSquareBracket | TokenKind::Dot => {
                tables += 1;
            }
            TokenKind::Equals => keys += 1,
            TokenKind::Comma => commas += 1,
            _ => {}
        }
        if tables > TABLES_MAX || keys.max(commas) > VALUES_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_repro_has_few_enough_and_one_of_tables_too_many() {
        let most = 16 * MAX_BYTES;
        let filled = |part: &str| format!("x = [{}]", part.repeat(most / part.len()));
        // The shortest line of a deviation.
        assert!(!has_too_many_parts(&filled(
            "    { pick = \"0\", nth = 0, of = 2, take = 1 },\n"
        )));
        // What stands within a text or a comment is no part.
        assert!(!has_too_many_parts(&filled(
            "\"{.,[{.,[{.,[\",#{.,[{.,[{.,\n"
        )));
        for part in ["{a=1},", "{a.b.c.d.e=1},", "[],", "1,", "a=1\n"] {
            assert!(has_too_many_parts(&filled(part)), "{part}");
            let short = part.repeat(MAX_BYTES / part.len());
            assert!(!has_too_many_parts(&short), "{part}");
        }
    }
}
