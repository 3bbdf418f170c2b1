//! Texts whose parts are right and contradict each other.

use rehearsal::scenario::Code;

use super::cases::{Case, case, with};

/// A change that removes the goal about the fault.
const NO_GOAL: (&str, &str) = ("reached = [\"fault:partition\"]\n", "");

/// Every such text.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = fault_cases();
    cases.extend(expect_cases());
    cases
}

fn fault_cases() -> Vec<Case> {
    use Code::*;
    let crash = "kinds = [\"partition\", \"bridge-crash\"]";
    vec![
        case(
            "faults_in_process",
            with(&[("\"websocket\"", "\"in-process\"")]),
            &[NeedsNetwork, NeedsNetwork],
        ),
        case(
            "budget_without_kinds",
            with(&[("kinds = [\"partition\"]", "kinds = []"), NO_GOAL]),
            &[FaultPlan],
        ),
        case(
            "kinds_without_budget",
            with(&[("budget = 1\nat_least = 1", "budget = 0"), NO_GOAL]),
            &[FaultPlan],
        ),
        case(
            "more_than_the_budget",
            with(&[("at_least = 1", "at_least = 2")]),
            &[FaultPlan],
        ),
        case(
            "the_same_fault_twice",
            with(&[("[\"partition\"]", "[\"partition\", \"partition\"]")]),
            &[RepeatedEntry],
        ),
        case(
            "a_goal_that_another_fault_may_miss",
            with(&[("kinds = [\"partition\"]", crash)]),
            &[UnreachableGoal],
        ),
        case(
            "a_goal_that_no_fault_leads_to",
            with(&[("\"fault:partition\"", "\"fault:hold\"")]),
            &[UnreachableGoal],
        ),
        case(
            "a_goal_without_its_fault_for_sure",
            with(&[("at_least = 1\n", "")]),
            &[UnreachableGoal],
        ),
        case(
            "a_window_after_the_end",
            with(&[("20ms..300ms", "20ms..11m")]),
            &[TimesOutOfOrder],
        ),
    ]
}

fn expect_cases() -> Vec<Case> {
    use Code::*;
    let defect = "transport = \"websocket\", defect = \"broadcast-to-all\"";
    vec![
        case(
            "nobody_judges",
            with(&[("[\"no-loss\", \"isolation\"]", "[]")]),
            &[EmptyList],
        ),
        case(
            "unknown_verdict",
            with(&[("\"pass\"", "\"passes\"")]),
            &[UnknownName],
        ),
        case(
            "hierarchy_without_a_supervisor",
            with(&[("\"no-loss\"", "\"hierarchy\"")]),
            &[IdleOracle],
        ),
        case(
            "isolation_of_one",
            with(&[("count = 2", "count = 1")]),
            &[IdleOracle],
        ),
        case(
            "a_goal_without_its_agents",
            with(&[(
                "\"fault:partition\"",
                "\"barrier-released\", \"death-noticed\", \"interleaved\"",
            )]),
            &[UnreachableGoal, UnreachableGoal, UnreachableGoal],
        ),
        case(
            "always_and_sometimes",
            with(&[("verdict", "sometimes = [\"fault:partition\"]\nverdict")]),
            &[RepeatedEntry],
        ),
        case(
            "an_oracle_that_does_not_judge",
            with(&[
                ("transport = \"websocket\"", defect),
                ("\"pass\"", "\"violation:fifo\""),
            ]),
            &[AbsentOracle],
        ),
        case(
            "a_defect_that_passes",
            with(&[("transport = \"websocket\"", defect)]),
            &[DefectVerdict],
        ),
        case(
            "a_violation_without_a_defect",
            with(&[("\"pass\"", "\"violation:no-loss\"")]),
            &[DefectVerdict],
        ),
    ]
}
