//! Wrong files of every system, each made of the file that `rehearsal new` writes.

use rehearsal::scenario::{Code, new};

use super::cases::{Case, case};

/// The file of a system with each first text replaced by the second.
fn of(system: &str, changes: &[(&str, &str)]) -> String {
    let mut text = new::text("example", system).expect("a system of the table");
    for (old, new) in changes {
        assert!(text.contains(old), "{old} is not in the text");
        text = text.replacen(old, new, 1);
    }
    text
}

/// Every such text.
pub(super) fn all() -> Vec<Case> {
    let mut cases = shared_cases();
    cases.extend(bridge_cases());
    cases.extend(bus_cases());
    cases.extend(decisions_cases());
    cases.extend(gateway_cases());
    cases.extend(programs_cases());
    cases.extend(registry_cases());
    cases.extend(runtime_cases());
    cases.extend(sessions_cases());
    cases.extend(store_cases());
    cases.extend(workflow_cases());
    cases
}

/// Problems that are found before it is known for which system the file is.
fn shared_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "system_that_does_not_exist",
            of("bus", &[("kind = \"bus\"", "kind = \"bux\"")]),
            &[UnknownName],
        ),
        case(
            "system_as_a_name_alone",
            of(
                "bus",
                &[("system = { kind = \"bus\" }", "system = \"bus\"")],
            ),
            &[WrongType],
        ),
        case(
            "system_without_a_kind",
            of("bus", &[("{ kind = \"bus\" }", "{}")]),
            &[MissingKey],
        ),
        case(
            "defect_of_another_system",
            of(
                "bus",
                &[(
                    "kind = \"bus\"",
                    "kind = \"bus\", defect = \"double-terminal\"",
                )],
            ),
            &[UnknownName],
        ),
        case(
            "inline_table_that_is_not_closed",
            of("bus", &[("{ kind = \"bus\" }", "{ kind = \"bus\"")]),
            &[Syntax],
        ),
        case(
            "list_that_is_not_closed",
            of("bus", &[("    \"deadlock\",\n]", "    \"deadlock\",\n")]),
            &[Syntax],
        ),
        case(
            "text_that_is_not_closed",
            of("bus", &[("\"10ms\"", "\"10ms")]),
            &[Syntax],
        ),
        case(
            "key_without_a_value",
            of("bus", &[("mailbox = 64", "mailbox")]),
            &[Syntax],
        ),
        case(
            "value_without_quotes",
            of("bus", &[("kind = \"broadcaster\"", "kind = broadcaster")]),
            &[Syntax],
        ),
        case(
            "seeds_beyond_their_limit",
            of("bus", &[("seeds = 64", "seeds = 10_000_000")]),
            &[OutOfRange],
        ),
        case(
            "seeds_as_a_fraction",
            of("bus", &[("seeds = 64", "seeds = 6.4")]),
            &[WrongType],
        ),
        case(
            "loss_of_every_packet",
            of("bus", &[("loss = 0", "loss = 1_000")]),
            &[OutOfRange],
        ),
        case(
            "latency_without_an_end",
            of("bus", &[("1ms..10ms", "1ms..")]),
            &[BadDuration],
        ),
        case(
            "latency_with_three_dots",
            of("bus", &[("1ms..10ms", "1ms...10ms")]),
            &[BadDuration],
        ),
        case(
            "duration_with_a_fraction",
            of("bus", &[("\"20ms\"", "\"1.5s\"")]),
            &[BadDuration],
        ),
        case(
            "duration_with_a_long_unit",
            of("bus", &[("\"20ms\"", "\"20 milliseconds\"")]),
            &[BadDuration],
        ),
        case(
            "list_of_oracles_as_a_text",
            of(
                "programs",
                &[("[\"invariants\", \"deadlock\"]", "\"invariants\"")],
            ),
            &[WrongType],
        ),
        case(
            "number_among_the_oracles",
            of("programs", &[("\"deadlock\"]", "7]")]),
            &[WrongType],
        ),
        case(
            "oracle_named_twice",
            of("programs", &[("\"deadlock\"]", "\"invariants\"]")]),
            &[RepeatedEntry],
        ),
        case(
            "claim_of_two_lines",
            of(
                "bus",
                &[(
                    "One sentence that is true in every run.",
                    "One line.\\nAnother.",
                )],
            ),
            &[BadText],
        ),
        case(
            "claim_as_long_as_a_page",
            of(
                "bus",
                &[(
                    "One sentence that is true in every run.",
                    &"word ".repeat(80),
                )],
            ),
            &[BadText],
        ),
    ]
}

fn bridge_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "times_beyond_the_end",
            of(
                "bridge",
                &[(
                    "[[agents]]",
                    "[budget]\nvirtual_time = \"1s\"\n\n[[agents]]\nstart_within = \"24h\"",
                )],
            ),
            &[TimesOutOfOrder; 3],
        ),
        case(
            "budget_of_no_steps",
            of(
                "bridge",
                &[("[[agents]]", "[budget]\nsteps = 0\n\n[[agents]]")],
            ),
            &[OutOfRange],
        ),
    ]
}

fn bus_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "bus_kind_with_a_slip",
            of("bus", &[("kind = \"requester\"", "kind = \"requestor\"")]),
            &[UnknownName],
        ),
        case(
            "bus_section_with_a_slip",
            of(
                "bus",
                &[(
                    "[[members]]\nkind = \"broadcaster\"",
                    "[[member]]\nkind = \"broadcaster\"",
                )],
            ),
            &[UnknownKey],
        ),
        case(
            "bus_request_timeout_after_the_end",
            of("bus", &[("\"2s\"", "\"1h\"")]),
            &[TimesOutOfOrder],
        ),
        case(
            "bus_more_members_than_fit",
            of("bus", &[("count = 2", "count = 900")]),
            &[TooBig],
        ),
        case(
            "bus_more_deliveries_than_fit",
            of(
                "bus",
                &[("count = 2\nmessages = 10", "count = 90\nmessages = 10_000")],
            ),
            &[TooBig],
        ),
        case(
            "bus_requests_without_a_requester",
            of(
                "bus",
                &[(
                    "\"requester\"\ncount = 2\nmessages = 10\ndelay = \"5ms\"\neffort = \"20ms\"",
                    "\"responder\"\ncount = 2",
                )],
            ),
            &[IdleOracle],
        ),
        case(
            "bus_fault_of_another_role",
            of(
                "bus",
                &[("[\"reconnect:member\"]", "[\"reconnect:members\"]")],
            ),
            &[UnknownName],
        ),
    ]
}

fn decisions_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "decisions_rule_with_a_slip",
            of(
                "decisions",
                &[("rule = \"consensus\"", "rule = \"concensus\"")],
            ),
            &[UnknownName],
        ),
        case(
            "decisions_deadline_after_the_end",
            of("decisions", &[("\"200ms\"", "\"2h\"")]),
            &[TimesOutOfOrder],
        ),
        case(
            "decisions_votes_for_a_rule_of_recommendations",
            of(
                "decisions",
                &[("rule = \"consensus\"", "rule = \"conflict\"")],
            ),
            &[UnreachableGoal],
        ),
        case(
            "decisions_threshold_beyond_a_hundred",
            of("decisions", &[("threshold = 60", "threshold = 160")]),
            &[OutOfRange],
        ),
    ]
}

fn gateway_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "gateway_stream_as_a_text",
            of("gateway", &[("stream = false", "stream = \"no\"")]),
            &[WrongType],
        ),
        case(
            "gateway_timeout_after_the_end",
            of("gateway", &[("\"120s\"", "\"20m\"")]),
            &[TimesOutOfOrder],
        ),
        case(
            "gateway_hierarchy_without_a_delegation",
            of("gateway", &[("delegates_to = \"worker-1\"\n", "")]),
            &[IdleOracle],
        ),
        case(
            "gateway_agent_without_a_key",
            of("gateway", &[("key = \"worker-1\"\n", "")]),
            &[MissingKey],
        ),
        case(
            "gateway_order_with_a_slip",
            of("gateway", &[("order = \"drawn\"", "order = \"random\"")]),
            &[UnknownName],
        ),
    ]
}

fn programs_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "programs_name_with_a_slip",
            of("programs", &[("name = \"reorder\"", "name = \"reoder\"")]),
            &[UnknownName],
        ),
        case(
            "programs_without_a_program",
            of(
                "programs",
                &[("[program]\nname = \"reorder\"\nsize = 10\n", "")],
            ),
            &[MissingKey],
        ),
        case(
            "programs_oracle_of_messages",
            of("programs", &[("\"deadlock\"]", "\"no-loss\"]")]),
            &[IdleOracle],
        ),
        case(
            "programs_defect_of_another_program",
            of(
                "programs",
                &[(
                    "{ kind = \"programs\" }",
                    "{ kind = \"programs\", defect = \"twostage\" }",
                )],
            ),
            &[DefectVerdict, DefectVerdict],
        ),
    ]
}

fn registry_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "registry_window_of_nothing",
            of("registry", &[("window = 16", "window = 0")]),
            &[OutOfRange],
        ),
        case(
            "registry_more_users_than_fit",
            of("registry", &[("count = 3", "count = 2_000")]),
            &[OutOfRange],
        ),
        case(
            "registry_class_with_a_slip",
            of("registry", &[("class = \"triage\"", "class = \"triaje\"")]),
            &[UnknownName],
        ),
        case(
            "registry_goal_with_a_slip",
            of(
                "registry",
                &[("\"fault:reconnect:user\"]", "\"fault:reconect:user\"]")],
            ),
            &[UnknownName],
        ),
    ]
}

fn runtime_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "runtime_depth_of_a_caller",
            of(
                "runtime",
                &[("step = \"5ms\"", "step = \"5ms\"\ndepth = 2")],
            ),
            &[ForeignParameter],
        ),
        case(
            "runtime_hierarchy_without_a_delegator",
            of(
                "runtime",
                &[(
                    "kind = \"delegator\"\nmessages = 3\ndelay = \"10ms\"\nsteps = 3\nstep = \"10ms\"\ndepth = 2\nwidth = 2\ncancel_within = \"80ms\"",
                    "kind = \"caller\"\nmessages = 3\nstep = \"5ms\"",
                )],
            ),
            &[IdleOracle],
        ),
        case(
            "runtime_more_requests_than_fit",
            of(
                "runtime",
                &[("count = 2\nmessages = 5", "count = 90\nmessages = 1_000")],
            ),
            &[TooBig],
        ),
    ]
}

fn sessions_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "sessions_share_beyond_a_hundred",
            of("sessions", &[("healing = 30", "healing = 130")]),
            &[OutOfRange],
        ),
        case(
            "sessions_more_modules_than_fit",
            of(
                "sessions",
                &[(
                    "count = 2\nsessions = 2\nagents = 2\nmodules = 2",
                    "count = 100\nsessions = 20\nagents = 10\nmodules = 10",
                )],
            ),
            &[TooBig],
        ),
        case(
            "sessions_goal_that_nothing_leads_to",
            of(
                "sessions",
                &[
                    ("healing = 30", "healing = 0"),
                    ("\"token-refreshed\"", "\"healed\""),
                ],
            ),
            &[UnreachableGoal],
        ),
    ]
}

fn store_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "store_oracles_of_tasks_without_tasks",
            of(
                "store",
                &[("[tasks]\ncount = 12\nworkers = 4\neffort = \"20ms\"\n", "")],
            ),
            &[IdleOracle, IdleOracle, IdleOracle],
        ),
        case(
            "store_more_operations_than_fit",
            of(
                "store",
                &[(
                    "count = 3\noperations = 10",
                    "count = 100\noperations = 10_000",
                )],
            ),
            &[TooBig],
        ),
        case(
            "store_goal_without_replicas",
            of(
                "store",
                &[(
                    "sometimes = [\"fault:crash:store\"]",
                    "sometimes = [\"replica-behind\"]",
                )],
            ),
            &[UnreachableGoal],
        ),
        case(
            "store_keys_of_a_counter",
            of(
                "store",
                &[("delay = \"5ms\"", "delay = \"5ms\"\nparts = 2")],
            ),
            &[UnknownKey],
        ),
    ]
}

fn workflow_cases() -> Vec<Case> {
    use Code::*;
    vec![
        case(
            "workflow_process_with_a_slip",
            of("workflow", &[("\"fan-out\"\nusers", "\"fanout\"\nusers")]),
            &[UnknownName],
        ),
        case(
            "workflow_task_timeout_after_the_end",
            of(
                "workflow",
                &[("users = 2", "users = 2\ntask_timeout = \"11m\"")],
            ),
            &[TimesOutOfOrder],
        ),
        case(
            "workflow_answers_as_a_text",
            of(
                "workflow",
                &[(
                    "answers = ['{ \"findings\": [{ \"severity\": \"low\", \"line\": 89 }] }']",
                    "answers = 'none'",
                )],
            ),
            &[WrongType],
        ),
        case(
            "workflow_users_beyond_their_limit",
            of("workflow", &[("users = 2", "users = 2_000")]),
            &[OutOfRange],
        ),
    ]
}
