//! Texts that are made to exhaust the reader.

use rehearsal::scenario::{Code, ColorChoice, render_all};

use super::problems;
use crate::support::codes;

/// Length of a hostile text. What grows with its square is noticed: it would
/// take minutes.
const LENGTH: usize = 300_000;

/// `part` again and again, up to the length.
fn flood(part: &str) -> String {
    part.repeat(LENGTH / part.len())
}

/// Each number by itself is within its limit.
#[test]
fn product_of_counts_is_limited() {
    let scenario = |events: u32| {
        format!(
            "format = 1\nname = \"example\"\nclaim = \"Much.\"\nsystem = {{ kind = \"bridge\" }}\n\
             [clients]\nper_thread = 1000\n[[agents]]\nkind = \"stress\"\ncount = 10\n\
             events = {events}\ndelay = \"0ms\"\nthread = \"own\"\n[expect]\noracles = [\"no-loss\"]\n"
        )
    };
    assert!(rehearsal::scenario::parse(&scenario(10), "scenarios/example.toml".as_ref()).is_ok());
    assert_eq!(codes(&problems(&scenario(10_000))), [Code::TooBig]);
}

#[test]
fn floods_get_a_short_answer() {
    let supervisor = "[[agents]]\nkind = \"supervisor\"\nchildren = ";
    let texts = [
        flood("="),
        flood("\""),
        flood("]"),
        flood("\u{0}"),
        flood("\t"),
        flood("a = 1\n"),
        flood("[[agents]]\n"),
        flood("[bridge]\n"),
        flood("[[a]]\n[[a.b]]\n"),
        flood("\u{301}"),
        (0..LENGTH / 12).map(|n| format!("key_{n} = 1\n")).collect(),
        format!("{supervisor}[{}]", flood("\"dta\",")),
        format!("{supervisor}[{}]", flood("\"supervisor\",")),
        format!("[expect]\noracles = [{}]", flood("\"fifo\",")),
        format!("claim = \"{}\" kount", flood("\u{301}")),
        format!("claim = \"{}\"", flood("\\q")),
        format!("claim = \"{}\"", flood("\\u0000")),
        format!("name = \"{}\"", flood("n")),
        format!("{} = 1", flood("key")),
        format!("seeds = {}", flood("9")),
    ];
    for text in texts {
        let shown = render_all(&problems(&text), ColorChoice::Plain);
        let start: String = text.chars().take(40).collect();
        assert!(shown.len() < 50_000, "{} bytes on {start}", shown.len());
        let longest = shown.lines().map(str::len).max().unwrap_or_default();
        assert!(longest < 1_000, "a line of {longest} bytes on {start}");
    }
}

#[test]
fn thousands_of_problems_are_counted_and_not_printed() {
    let unknown: String = (0..5_000).map(|n| format!("key_{n} = 1\n")).collect();
    let unknown = format!("system = {{ kind = \"bridge\" }}\n{unknown}");
    let found = codes(&problems(&unknown));
    assert_eq!(found.len(), 51);
    assert_eq!(found.last(), Some(&Code::TooManyProblems));
}

#[test]
fn nesting_is_refused_at_any_depth() {
    for opening in ["[", "{ a = ", "{ a.a.a.a.a.a.a.a.a.a.a.a = ["] {
        let found = codes(&problems(&format!("a = {}", flood(opening))));
        assert!(found.contains(&Code::TooDeep), "{opening}: {found:?}");
    }
    for text in [
        format!("{}a = 1", flood("a.")),
        format!("[{}a]", flood("a.")),
    ] {
        assert!(codes(&problems(&text)).contains(&Code::TooDeep));
    }
}
