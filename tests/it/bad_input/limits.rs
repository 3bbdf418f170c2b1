//! Limits of metrics that are wrong.

use rehearsal::scenario::Code;

use super::cases::{Case, case, with};

/// The healthy text with one more oracle.
fn with_oracle(oracle: &str) -> String {
    let oracles = format!("\"isolation\", {oracle}]");
    with(&[("\"isolation\"]", &oracles)])
}

fn with_limits(limits: &str) -> String {
    with_oracle(&format!("{{ name = \"limits\", {limits} }}"))
}

/// Wrong limits.
pub(super) fn all() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "limits_of_nothing",
            with_oracle("\"limits\""),
            &[IdleOracle],
        ),
        case(
            "an_empty_table_of_limits",
            with_limits("at_most = {}"),
            &[EmptyList],
        ),
        case(
            "limits_that_are_no_table",
            with_limits("at_most = \"10ms\""),
            &[WrongType],
        ),
        case(
            "limits_of_another_oracle",
            with_oracle("{ name = \"fifo\", at_most = { sent = 1 } }"),
            &[ForeignParameter],
        ),
        case(
            "a_metric_that_the_system_does_not_record",
            with_limits("at_most = { \"latency:get\" = \"10ms\" }"),
            &[IdleOracle],
        ),
        case(
            "limits_in_other_units",
            with_limits("equal = { sent = \"5\", success = 1, duration = 10, throughput = \"1\" }"),
            &[BadAmount; 4],
        ),
        case(
            "limits_that_are_no_amounts",
            with_limits("equal = { sent = [5], success = \"101%\", duration = true }"),
            &[BadAmount; 3],
        ),
        case(
            "limits_of_no_metric",
            with_limits(
                "equal = { \"durations:data\" = \"1ms\", \"success/p50\" = \"1%\", \"duration/p95\" = \"1ms\" }",
            ),
            &[UnknownName; 3],
        ),
    ]
}
