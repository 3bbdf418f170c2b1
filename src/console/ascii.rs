//! Text for terminals that show ASCII only.

use super::escape;

/// The variables that name the locale of texts, the one that decides first (POSIX, XBD 8.2).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// Returns `true` unless the environment names a locale whose texts are not in UTF-8.
pub(super) fn locale_has_utf_8() -> bool {
    has_utf_8(LOCALE.map(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into())))
}

/// The first of the values that is not empty decides. Without one nothing is known of the
/// terminal, and those of today show UTF-8.
fn has_utf_8(values: [Option<String>; 3]) -> bool {
    let value = values.into_iter().flatten().find(|value| !value.is_empty());
    value.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Returns a text in ASCII: marks and punctuation of reports have a look-alike, all else stands
/// as an escape of JSON.
pub(super) fn replaced(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '»' => shown.push('*'),
            '×' => shown.push('x'),
            '–' | '—' => shown.push('-'),
            '…' => shown.push_str("..."),
            '‘' | '’' => shown.push('\''),
            '→' => shown.push_str("->"),
            _ if character.is_ascii() => shown.push(character),
            _ => {
                // Writing to a string cannot fail.
                let _ = escape(character, &mut shown);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_variable_with_a_value_decides() {
        let decides = |values: [&str; 3]| {
            has_utf_8(values.map(|value| (value != "unset").then(|| value.to_owned())))
        };
        assert!(decides(["unset", "unset", "unset"]));
        assert!(decides(["", "unset", ""]));
        assert!(decides(["unset", "unset", "C.UTF-8"]));
        assert!(decides(["unset", "de_DE.utf8", "C"]));
        assert!(!decides(["C", "de_DE.utf8", "C.UTF-8"]));
        assert!(!decides(["", "POSIX", "C.UTF-8"]));
        assert!(!decides(["unset", "unset", "de_DE.ISO-8859-1"]));
    }

    #[test]
    fn each_character_is_ascii() {
        let text = replaced("» × – … ’ → é 漢 🦀 \u{1b}[1m\n");
        assert_eq!(
            text,
            "* x - ... ' -> \\u00e9 \\u6f22 \\ud83e\\udd80 \u{1b}[1m\n"
        );
    }
}
