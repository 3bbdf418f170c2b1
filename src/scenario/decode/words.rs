//! The words of messages.

pub(crate) use rehearsal_agents::sections::words::grouped;

/// Longest quotation from a file, in characters.
const LONGEST_QUOTE: usize = 40;

/// A text from a file as a message may show it: short, and without control
/// characters.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LONGEST_QUOTE)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        shown.push('…');
    }
    shown
}

/// `a`, `b` and `c`.
pub(crate) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list([""; 0]), "");
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b"]), "`a` and `b`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }

    #[test]
    fn quotes_are_short_and_tame() {
        assert_eq!(quote("a\u{1b}b"), "a\\u{1b}b");
        assert_eq!(quote(&"x".repeat(100)), format!("{}…", "x".repeat(40)));
    }
}
