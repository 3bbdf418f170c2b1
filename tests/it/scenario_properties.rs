//! Laws of reading scenario files: whatever the text, there is an answer.

use std::path::Path;

use proptest::prelude::*;
use rehearsal::scenario::{Code, ColorChoice, Diagnostic, Scenario, load, parse, render_all};

/// A scenario that uses every table.
const HEALTHY: &str = r#"format = 1
name = "example"
claim = "Everything arrives."
system = { kind = "bridge", transport = "websocket" }
seeds = 8

[bridge]
buffer = 64
ttl = "10s"

[clients]
read_delay = "1ms"

[network]
latency = "1ms..5ms"
loss = 5

[budget]
steps = 1_000_000
virtual_time = "5m"

[[agents]]
kind = "supervisor"
children = ["data", { kind = "hammer", events = 3 }]

[[agents]]
kind = "collision"
count = 6
party = 3
thread = "shared"
start_within = "5ms"

[faults]
budget = 2
at_least = 1
kinds = ["partition", "hold"]
window = "20ms..300ms"
lasting = "2s"

[expect]
oracles = ["no-loss", "hierarchy", "isolation"]
reached = ["barrier-released"]
sometimes = ["fault:hold"]
"#;

/// Pieces that mean something to the reader.
const PIECES: [&str; 24] = [
    "[[agents]]",
    "[expect]",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "'",
    "=",
    ".",
    ",",
    "\n",
    "#",
    "-1",
    "0",
    "4000000000",
    "1e999",
    "\"50ms\"",
    "true",
    "1979-05-27",
    "\u{0}",
    "\u{feff}",
    "é",
];

fn read(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    parse(text, Path::new("scenarios/example.toml"))
}

/// The properties of every answer.
fn assert_sound(text: &str, answer: &Result<Scenario, Vec<Diagnostic>>) {
    let Err(problems) = answer else { return };
    assert!(!problems.is_empty(), "neither a scenario nor a problem");
    let shown = render_all(problems, ColorChoice::Plain);
    assert!(!shown.contains('\u{1b}'), "an escape sequence got through");
    for problem in problems {
        let Some((line, column)) = problem.line_column() else {
            continue;
        };
        assert!(line <= text.matches('\n').count() + 1, "line {line}");
        assert!(column <= text.len() + 1, "column {column}");
        assert!(shown.contains("scenarios/example.toml"));
    }
    let places: Vec<_> = problems
        .iter()
        .filter(|problem| problem.code != Code::TooManyProblems)
        .map(Diagnostic::span)
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

/// The healthy text with a stretch replaced.
fn mutated() -> impl Strategy<Value = String> {
    let replacement = prop_oneof![
        prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        "\\PC{0,8}",
        Just(String::new()),
    ];
    let change = (0..HEALTHY.len(), 0..40_usize, replacement);
    prop::collection::vec(change, 1..5).prop_map(|changes| {
        let mut text = HEALTHY.to_owned();
        for (at, length, replacement) in changes {
            let start = boundary(&text, at);
            let end = boundary(&text, at + length);
            text.replace_range(start..end, &replacement);
        }
        text
    })
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}

/// The lines of the healthy text in another order, some of them twice.
fn shuffled() -> impl Strategy<Value = String> {
    let lines: Vec<&str> = HEALTHY.lines().collect();
    prop::collection::vec(prop::sample::select(lines), 0..40).prop_map(|lines| lines.join("\n"))
}

#[test]
fn the_text_that_is_mutated_is_right() {
    let answer = read(HEALTHY);
    assert!(answer.is_ok(), "{answer:?}");
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let plain = read(HEALTHY).map(|scenario| (scenario.spec, scenario.expect));
    let windows = format!("\u{feff}{}", HEALTHY.replace('\n', "\r\n"));
    let other = read(&windows).map(|scenario| (scenario.spec, scenario.expect));
    assert!(plain.is_ok());
    assert_eq!(plain, other);
    let wrong = windows.replace("seeds = 8", "seeds = 0");
    let place = read(&wrong).map_err(|problems| {
        problems
            .iter()
            .map(Diagnostic::line_column)
            .collect::<Vec<_>>()
    });
    assert_eq!(place.err(), Some(vec![Some((5, 9))]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,200}") {
        assert_sound(&text, &read(&text));
    }

    #[test]
    fn any_pieces_get_an_answer(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        let text = pieces.concat();
        assert_sound(&text, &read(&text));
    }

    #[test]
    fn a_mutated_scenario_gets_an_answer(text in mutated()) {
        assert_sound(&text, &read(&text));
    }

    #[test]
    fn shuffled_lines_get_an_answer(text in shuffled()) {
        assert_sound(&text, &read(&text));
    }

    #[test]
    fn the_answer_depends_on_the_text_alone(text in mutated()) {
        prop_assert_eq!(read(&text), read(&text));
    }

    #[test]
    fn any_bytes_in_a_file_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("any-bytes.toml");
        std::fs::write(&file, &bytes)?;
        if let Err(problems) = load(&file) {
            prop_assert!(!problems.is_empty());
            prop_assert!(!render_all(&problems, ColorChoice::Coloured).is_empty());
        }
    }
}
