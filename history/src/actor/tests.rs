use std::time::Duration;

use rehearsal_sim::tokio::time::{sleep, timeout};
use rehearsal_sim::{Config, Statistics, Verdict, run};

use super::*;
use crate::oracle::{Finding, OracleRef, SettingValue, Settings};
use crate::{CheckedRun, GapPolicy};

/// Returns the history of a program.
fn recorded<F: Future<Output = ()> + 'static>(program: impl FnOnce(World) -> F) -> History {
    let outcome = run(Config::default(), |world| {
        let program = program(world);
        async move {
            program.await;
            world.history()
        }
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("the program returns")
}

fn judged(history: &History, oracle: &str, settings: &Settings) -> Finding {
    let statistics = Statistics::default();
    let run =
        CheckedRun::new(history, &Verdict::Pass, &statistics).with_gaps(GapPolicy::of(settings));
    OracleRef::parse(oracle)
        .expect("an oracle")
        .judge(&run, settings)
}

/// Returns the rules that the history breaks, as `oracle/rule`.
fn broken(history: &History, settings: &Settings) -> Vec<String> {
    let oracles = ["no-loss", "exactly-once", "fifo", "causal", "isolation"];
    let mut broken = Vec::new();
    for oracle in oracles {
        let finding = judged(history, oracle, settings);
        let rules = finding.violations.iter().map(|found| &found.rule);
        broken.extend(rules.map(|rule| format!("{oracle}/{rule}")));
    }
    broken
}

fn strictly_broken(history: &History) -> Vec<String> {
    broken(history, &Settings::default())
}

fn overflow() -> Settings {
    let mut settings = Settings::default();
    let words = vec!["overflow".to_owned()];
    settings.set("gaps", SettingValue::Words(words));
    settings
}

/// Ann sends three messages to a room in which Ben is, and the program does the rest.
fn three_messages(rest: impl FnOnce(&Actor, &Actor)) -> History {
    recorded(|world| {
        let (ann, ben) = (world.actor("ann"), world.actor("ben"));
        ben.subscribed("room");
        for _ in 0..3 {
            ann.sending("room", "said").accepted();
        }
        rest(&ann, &ben);
        async {}
    })
}

#[test]
fn a_system_without_numbers_is_judged_by_the_order_of_sending() {
    let history = three_messages(|_, ben| {
        for message in ["ann-1", "ann-2", "ann-3"] {
            ben.received("room", message);
        }
        ben.drained();
    });
    assert!(strictly_broken(&history).is_empty());
    for oracle in ["no-loss", "exactly-once", "fifo", "causal", "isolation"] {
        assert!(
            judged(&history, oracle, &Settings::default()).is_pass(),
            "{oracle}"
        );
    }
}

#[test]
fn each_fault_of_a_system_without_numbers_is_found() {
    let received = |messages: &'static [&'static str]| {
        three_messages(move |_, ben| {
            for message in messages {
                ben.received("room", *message);
            }
            ben.drained();
        })
    };
    for (messages, rules) in [
        (&["ann-1", "ann-3"][..], &["no-loss/lost", "fifo/hole"][..]),
        (&["ann-1", "ann-2"], &["no-loss/lost"]),
        (
            &["ann-1", "ann-3", "ann-2"],
            &["fifo/overtaken", "causal/effect-first"],
        ),
        (
            &["ann-1", "ann-2", "ann-2", "ann-3"],
            &["exactly-once/twice"],
        ),
        (&["ann-1", "ann-2", "ann-3", "ann-4"], &["no-loss/phantom"]),
    ] {
        let found = strictly_broken(&received(messages));
        assert_eq!(found, rules, "{messages:?}");
    }
}

#[test]
fn a_number_of_missed_messages_excuses_exactly_that_many_if_the_cause_is_named() {
    let missed = |count| {
        three_messages(move |_, ben| {
            ben.received("room", "ann-1");
            ben.missed("room", count);
            ben.drained();
        })
    };
    assert!(broken(&missed(2), &overflow()).is_empty());
    assert_eq!(broken(&missed(1), &overflow()), ["no-loss/lost"]);
    let too_many = broken(&missed(3), &overflow());
    assert_eq!(
        too_many,
        ["no-loss/lost", "no-loss/lost", "no-loss/false-gap"]
    );
    let nothing = broken(&missed(0), &overflow());
    assert!(
        nothing.contains(&"no-loss/empty-gap".to_owned()),
        "{nothing:?}"
    );
    let unnamed = strictly_broken(&missed(2));
    assert_eq!(unnamed, ["no-loss/lost", "no-loss/lost", "no-loss/gap"]);
}

#[test]
fn a_message_that_a_buffer_still_holds_is_not_missed() {
    let mut settings = overflow();
    settings.set("buffer", SettingValue::Number(2));
    let history = three_messages(|_, ben| {
        ben.missed("room", 2);
        ben.received("room", "ann-3");
        ben.drained();
    });
    let found = broken(&history, &settings);
    assert!(found.contains(&"no-loss/false-gap".to_owned()), "{found:?}");
    settings.set("buffer", SettingValue::Number(1));
    assert!(broken(&history, &settings).is_empty());
}

#[test]
fn a_crash_explains_what_was_sent_before_it_and_nothing_else() {
    let mut settings = Settings::default();
    settings.set("gaps", SettingValue::Words(vec!["crash".to_owned()]));
    let missed = |count, crashes: bool| {
        recorded(move |world| async move {
            let (ann, ben) = (world.actor("ann"), world.actor("ben"));
            ben.subscribed("room");
            ann.sending("room", "said").accepted();
            sleep(Duration::from_secs(1)).await;
            if crashes {
                world.record_crash(1);
            }
            sleep(Duration::from_secs(1)).await;
            ann.sending("room", "said").accepted();
            ben.missed("room", count);
            ben.drained();
        })
    };
    assert_eq!(broken(&missed(1, true), &settings), ["no-loss/lost"]);
    let both = broken(&missed(2, true), &settings);
    assert_eq!(both, ["no-loss/lost", "no-loss/lost", "no-loss/gap"]);
    let none = broken(&missed(1, false), &settings);
    assert_eq!(none, ["no-loss/lost", "no-loss/lost", "no-loss/gap"]);
}

#[test]
fn a_subscriber_is_owed_nothing_that_was_sent_before() {
    let history = three_messages(|ann, ben| {
        for message in ["ann-1", "ann-2", "ann-3"] {
            ben.received("room", message);
        }
        let cleo = ann.actors.actor("cleo");
        cleo.subscribed("room");
        ann.sending("room", "said").accepted();
        for actor in [ben, &cleo] {
            actor.received("room", "ann-4");
            actor.drained();
        }
    });
    assert!(strictly_broken(&history).is_empty());
    let from_start = three_messages(|ann, ben| {
        for message in ["ann-1", "ann-2", "ann-3"] {
            ben.received("room", message);
        }
        ben.drained();
        let cleo = ann.actors.actor("cleo");
        cleo.subscribed_from_start("room");
        cleo.drained();
    });
    assert_eq!(strictly_broken(&from_start), ["no-loss/lost"; 3]);
}

#[test]
fn an_error_is_a_refusal_and_a_dropped_future_no_answer() {
    let history = recorded(|world| async move {
        let (ann, ben) = (world.actor("ann"), world.actor("ben"));
        ben.subscribed("room");
        let refused = ann.send("room", "said", |_| async { Err::<(), _>("full") });
        assert_eq!(refused.await, Err("full"));
        let slow = ann.send("room", "said", |_| async {
            sleep(Duration::from_secs(9)).await;
            Ok::<_, String>(())
        });
        assert!(timeout(Duration::from_secs(1), slow).await.is_err());
        ann.sending("room", "said").unanswered();
        ben.received("room", "ann-2");
        ben.drained();
    });
    assert!(strictly_broken(&history).is_empty());
    let kinds: Vec<&str> = history
        .entries
        .iter()
        .map(|entry| entry.kind.name())
        .collect();
    let wanted = [
        "subscribed",
        "sent",
        "rejected",
        "sent",
        "sent",
        "received",
        "drained",
    ];
    assert_eq!(kinds, wanted);
}

#[test]
fn a_refused_message_must_not_arrive() {
    let history = recorded(|world| async move {
        let (ann, ben) = (world.actor("ann"), world.actor("ben"));
        ben.subscribed("room");
        ann.sending("room", "said").rejected("full");
        ben.received("room", "ann-1");
        ben.drained();
    });
    assert_eq!(strictly_broken(&history), ["no-loss/phantom"]);
}

#[test]
fn a_reply_happens_after_the_message_that_its_sender_received() {
    let history = recorded(|world| async move {
        let (ann, ben, cleo) = (world.actor("ann"), world.actor("ben"), world.actor("cleo"));
        for actor in [&ben, &cleo] {
            actor.subscribed("room");
        }
        ann.sending("room", "asked").accepted();
        ben.received("room", "ann-1");
        ben.sending("room", "answered").accepted();
        cleo.received("room", "ben-1");
        cleo.received("room", "ann-1");
        ben.received("room", "ben-1");
        for actor in [&ben, &cleo] {
            actor.drained();
        }
    });
    assert_eq!(strictly_broken(&history), ["causal/effect-first"]);
}

#[test]
fn tenants_and_contents_are_compared() {
    let history = recorded(|world| async move {
        let ann = world.actor("ann").of("acme");
        let ben = world.actor("ben").of("umbrella");
        ben.subscribed("room");
        ann.sending("room", Draft::new("said").with("text", "hello"))
            .accepted();
        let altered = Body::new("said").with("text", "goodbye");
        ben.received("room", Receipt::of("ann-1").with_body(altered));
        ben.drained();
    });
    let found = strictly_broken(&history);
    assert_eq!(found, ["no-loss/altered", "isolation/foreign-tenant"]);
}

#[test]
#[should_panic(expected = "a message `job` was sent already")]
fn a_message_is_sent_once() {
    let actors = Actors::default();
    for _ in 0..2 {
        let draft = Draft::new("job").named("job");
        actors.actor("ann").sending("jobs", draft).accepted();
    }
}

#[test]
fn a_subscriber_says_that_it_waited() {
    let history = three_messages(|_, ben| {
        for message in ["ann-1", "ann-2", "ann-3"] {
            ben.received("room", message);
        }
    });
    assert_eq!(strictly_broken(&history), ["no-loss/not-drained"]);
}

#[test]
fn spans_resources_and_invariants_are_recorded() {
    let history = recorded(|world| async move {
        let server = world.actor("server");
        let session = server.begin(SpanDraft::new("session").labelled("ann"));
        let call = server.begin(SpanDraft::new("call").within(&session));
        call.end(SpanEnd::Completed);
        server.holds(Phase::Quiescent, ["session"]);
        server.invariant("two at most", Err("there are three".to_owned()));
        server.reached("silence");
        session.end(SpanEnd::Completed);
        world.record_census(Phase::ShutDown);
    });
    let strict = Settings::default();
    assert!(judged(&history, "hierarchy", &strict).is_pass());
    assert!(judged(&history, "terminal-exactly-once", &strict).is_pass());
    let cleanup = judged(&history, "cleanup", &strict);
    assert_eq!(cleanup.violations.len(), 1);
    assert_eq!(cleanup.violations[0].rule, "resource");
    let invariants = judged(&history, "invariants", &strict);
    assert_eq!(invariants.violations[0].rule, "two at most");
    assert!(history.marks().any(|mark| mark.0 == "silence"));
}

#[test]
fn the_context_of_a_span_stands_for_it_in_another_process() {
    let history = recorded(|world| async move {
        let (caller, server) = (world.actor("caller"), world.actor("server"));
        caller.subscribed("replies");
        let call = caller.begin(SpanDraft::new("call"));
        let context = SpanContext::from(&call);
        let part = server.begin(SpanDraft::new("part").within(context));
        let draft = Draft::new("progress").in_span(SpanContext::from(&part));
        let message = server.sending("replies", draft);
        caller.received("replies", message.id());
        message.accepted();
        part.end(SpanEnd::Completed);
        call.end(SpanEnd::Completed);
        caller.drained();
    });
    let strict = Settings::default();
    let spans: Vec<_> = CheckedRun::new(&history, &Verdict::Pass, &Statistics::default())
        .spans()
        .iter()
        .map(|record| (record.began.span, record.began.parent))
        .collect();
    let [(call, None), (part, Some(parent))] = spans[..] else {
        panic!("not a call and its part: {spans:?}");
    };
    assert_eq!(parent, call);
    let envelope = history.entries.iter().find_map(|entry| match &entry.kind {
        EntryKind::Sent(sent) => Some((sent.envelope.span, sent.envelope.parent)),
        _ => None,
    });
    assert_eq!(envelope, Some((Some(part), Some(call))));
    assert!(judged(&history, "hierarchy", &strict).is_pass());
    assert!(judged(&history, "no-loss", &strict).is_pass());
}
