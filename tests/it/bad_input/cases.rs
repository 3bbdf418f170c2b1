//! Texts that are wrong in one way, or in several.

use rehearsal::scenario::Code;

use super::{contradictions, limits, systems};

/// A scenario that is right; cases change it.
pub(crate) const HEALTHY: &str = r#"format = 1
name = "example"
claim = "Everything arrives."
system = { kind = "bridge", transport = "websocket" }
seeds = 8

[bridge]
run_timeout = "5s"

[network]
latency = "1ms..5ms"

[[agents]]
kind = "data"
count = 2
thread = "own"

[faults]
budget = 1
at_least = 1
kinds = ["partition"]
window = "20ms..300ms"

[expect]
oracles = ["no-loss", "isolation"]
reached = ["fault:partition"]
verdict = "pass"
"#;

/// One wrong text.
pub(crate) struct Case {
    /// The problem, as a name for a snapshot.
    pub(crate) name: &'static str,
    /// The text.
    pub(crate) text: String,
    /// The expected codes, in order.
    pub(crate) wrong: Vec<Code>,
}

/// A case with that name, text and outcome.
pub(crate) fn case(name: &'static str, text: impl Into<String>, wrong: &[Code]) -> Case {
    Case {
        name,
        text: text.into(),
        wrong: wrong.to_vec(),
    }
}

/// The healthy text with each first string replaced by the second.
pub(crate) fn with(changes: &[(&str, &str)]) -> String {
    let mut text = HEALTHY.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the text");
        text = text.replacen(old, new, 1);
    }
    text
}

/// The healthy text with other agents.
fn with_agents(agents: &str) -> String {
    let data = "kind = \"data\"\ncount = 2\nthread = \"own\"";
    with(&[(data, agents)])
}

/// Every wrong text.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = text_cases();
    cases.extend(key_cases());
    cases.extend(value_cases());
    cases.extend(agent_cases());
    cases.extend(contradictions::all());
    cases.extend(limits::all());
    cases.extend(systems::all());
    cases
}

fn text_cases() -> Vec<Case> {
    use Code::*;
    let later = "format = 2\nsomething = \"new\"\n";
    vec![
        case("empty", "", &[FileEmpty]),
        case("only_a_comment", "# nothing\n\n", &[FileEmpty]),
        case(
            "syntax_error",
            with(&[("count = 2", "count = = 2")]),
            &[Syntax],
        ),
        case("garbage", "\u{1}\u{2}\u{3}", &[Syntax]),
        case(
            "duplicate_key",
            with(&[("seeds = 8", "seeds = 8\nseeds = 9")]),
            &[DuplicateKey],
        ),
        case(
            "duplicate_table",
            format!("{HEALTHY}[bridge]\n"),
            &[DuplicateKey],
        ),
        case(
            "nested_too_deep",
            format!("a = {}", "[".repeat(1_000)),
            &[TooDeep],
        ),
        case("later_format", later, &[UnknownFormat]),
        case(
            "name_of_another_file",
            with(&[("\"example\"", "\"exampel\"")]),
            &[NameMismatch],
        ),
        case(
            "impossible_name",
            with(&[("\"example\"", "\"An Example\"")]),
            &[BadText],
        ),
        case(
            "empty_claim",
            with(&[("Everything arrives.", " ")]),
            &[BadText],
        ),
    ]
}

fn key_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "unknown_key",
            with(&[("count = 2", "cuont = 2")]),
            &[UnknownKey],
        ),
        case(
            "unknown_table",
            format!("{HEALTHY}[weather]\n"),
            &[UnknownKey],
        ),
        case("missing_keys", "seeds = 8\n", &[MissingKey; 5]),
        case(
            "two_errors_at_once",
            with(&[
                ("count = 2", "count = \"two\""),
                ("\"no-loss\"", "\"noloss\""),
            ]),
            &[WrongType, UnknownName],
        ),
        case(
            "a_syntax_error_hides_nothing_else",
            with(&[("count = 2", "count = = 2"), ("\"no-loss\"", "\"noloss\"")]),
            &[Syntax, UnknownName],
        ),
    ]
}

fn value_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "wrong_type",
            with(&[("count = 2", "count = \"2\"")]),
            &[WrongType],
        ),
        case(
            "agents_as_one_table",
            with(&[("[[agents]]", "[agents]")]),
            &[WrongType],
        ),
        case(
            "impossible_count",
            with(&[("count = 2", "count = 0")]),
            &[OutOfRange],
        ),
        case(
            "negative_count",
            with(&[("count = 2", "count = -1")]),
            &[OutOfRange],
        ),
        case(
            "count_of_four_billion",
            with(&[("count = 2", "count = 4000000000")]),
            &[OutOfRange],
        ),
        case(
            "count_beyond_64_bits",
            with(&[(
                "count = 2",
                "count = 99999999999999999999999999999999999999999",
            )]),
            &[OutOfRange],
        ),
        case(
            "duration_without_unit",
            with(&[("\"5s\"", "\"5\"")]),
            &[BadDuration],
        ),
        case("duration_as_number", with(&[("\"5s\"", "5")]), &[WrongType]),
        case(
            "no_time_at_all",
            with(&[("\"5s\"", "\"0s\"")]),
            &[DurationOutOfRange],
        ),
        case(
            "longer_than_a_day",
            with(&[("\"5s\"", "\"25h\"")]),
            &[DurationOutOfRange],
        ),
        case(
            "finer_than_the_timers",
            with(&[("\"5s\"", "\"1500us\"")]),
            &[TooFine],
        ),
        case(
            "latency_ends_first",
            with(&[("1ms..5ms", "5ms..1ms")]),
            &[ReversedRange],
        ),
        case(
            "run_timeout_after_the_end",
            with(&[("\"5s\"", "\"20m\"")]),
            &[TimesOutOfOrder],
        ),
        case(
            "unknown_transport",
            with(&[("\"websocket\"", "\"websockets\"")]),
            &[UnknownName],
        ),
    ]
}

fn agent_cases() -> Vec<Case> {
    use Code::*;
    let nested = "kind = \"supervisor\"\nchildren = [{ kind = \"supervisor\", children = [\
                  { kind = \"supervisor\", children = [{ kind = \"supervisor\", children = [\"data\"] }] }] }]";
    let nested = format!("{nested}\ncount = 2");
    vec![
        case(
            "unknown_agent_kind",
            with(&[("\"data\"", "\"dta\"")]),
            &[UnknownName],
        ),
        case(
            "no_agents",
            "agents = []\n".to_owned() + &without_agents(),
            &[EmptyList],
        ),
        case(
            "events_of_a_data_agent",
            with_agents("kind = \"data\"\ncount = 2\nevents = 5"),
            &[ForeignParameter],
        ),
        case(
            "hammer_without_events",
            with_agents("kind = \"hammer\"\ncount = 2"),
            &[MissingKey],
        ),
        case(
            "uneven_party",
            with_agents("kind = \"collision\"\ncount = 7\nparty = 5"),
            &[UnevenParty],
        ),
        case(
            "child_that_collides",
            with_agents(
                "kind = \"supervisor\"\ncount = 2\nchildren = [{ kind = \"collision\", party = 2 }]",
            ),
            &[BadChild],
        ),
        case(
            "child_with_a_count",
            with_agents(
                "kind = \"supervisor\"\ncount = 2\nchildren = [{ kind = \"data\", count = 2 }]",
            ),
            &[ForeignParameter],
        ),
        case(
            "child_without_parameters",
            with_agents("kind = \"supervisor\"\ncount = 2\nchildren = [\"hammer\"]"),
            &[MissingKey],
        ),
        case(
            "childless",
            with_agents("kind = \"supervisor\"\ncount = 2\nchildren = []"),
            &[EmptyList],
        ),
        case(
            "supervisors_all_the_way_down",
            with_agents(&nested),
            &[SupervisorsTooDeep],
        ),
        case(
            "more_events_than_fit",
            with_agents("kind = \"hammer\"\ncount = 1000\nevents = 1000"),
            &[TooBig],
        ),
        case(
            "more_agents_than_fit",
            with_agents("kind = \"supervisor\"\ncount = 9000\nchildren = [\"fast\"]"),
            &[TooBig],
        ),
    ]
}

fn without_agents() -> String {
    with(&[(
        "[[agents]]\nkind = \"data\"\ncount = 2\nthread = \"own\"\n",
        "",
    )])
}
