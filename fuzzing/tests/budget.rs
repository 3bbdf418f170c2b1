//! Every fuzz target with a fixed budget and the same inputs each time; `PROPTEST_CASES` and
//! `PROPTEST_RNG_SEED` set others.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rehearsal_fuzzing::differential::{on_tokio, simulate};
use rehearsal_fuzzing::program::{End, Event, Joined, Outcome, Program, Sent, Step};
use rehearsal_fuzzing::{TARGETS, find, mutation, specification};
use rehearsal_sim::StrategyName;

fn run(name: &str, decisions: &[u8]) {
    let target = find(name).expect("a target");
    (target.run)(&mutation::mutated(&(target.corpus)(), decisions));
}

fn decisions() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..64)
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scenarios_get_an_answer(decisions in decisions()) {
        run("scenario", &decisions);
    }

    #[test]
    fn repros_get_an_answer(decisions in decisions()) {
        run("repro", &decisions);
    }

    #[test]
    fn histories_get_an_answer(decisions in decisions()) {
        run("history", &decisions);
    }

    #[test]
    fn streams_get_an_answer(decisions in decisions()) {
        run("stream", &decisions);
    }

    #[test]
    fn changed_schedules_are_replayed(decisions in decisions()) {
        run("playback", &decisions);
    }

    #[test]
    fn tokio_is_among_the_outcomes(decisions in decisions()) {
        run("differential", &decisions);
    }
}

#[test]
fn every_input_of_a_corpus_is_valid() {
    for target in TARGETS {
        for input in (target.corpus)() {
            (target.run)(&input);
        }
    }
    for (text, file) in mutation::scenarios()
        .iter()
        .zip(["bridge_crash", "store_retries"])
    {
        let text = std::str::from_utf8(text).expect("UTF-8");
        let path = format!("{file}.toml");
        rehearsal::scenario::parse(text, path.as_ref()).expect("a scenario");
    }
    for text in mutation::repros() {
        let text = std::str::from_utf8(&text).expect("UTF-8");
        rehearsal::repro::Repro::parse(text, "x.repro".as_ref()).expect("a repro");
    }
    for text in mutation::histories() {
        rehearsal_history::jsonl::read_jsonl(text.as_slice()).expect("a history");
    }
}

/// Two tasks, one of which sends twice to the other.
fn sender_and_receiver() -> Program {
    Program {
        tasks: vec![
            vec![Step::Send(1), Step::Send(1)],
            vec![Step::Receive, Step::Receive, Step::Sleep(2)],
        ],
    }
}

#[test]
fn both_interpreters_do_what_the_steps_say() {
    let program = sender_and_receiver();
    let event = |began, ended, end| Event { began, ended, end };
    let received = |step| event(0, 0, End::Received(Sent { task: 0, step }));
    let expected = Outcome {
        events: vec![
            vec![event(0, 0, End::Done); 2],
            vec![received(0), received(1), event(0, 2, End::Done)],
        ],
        joined: vec![Joined::Finished; 2],
        broken: Vec::new(),
    };
    assert_eq!(on_tokio(&program), expected);
    assert_eq!(simulate(&program, 0, StrategyName::FIFO), expected);
    assert_eq!(specification::check(&program, &expected), Ok(()));
}

/// Changes an outcome to one that no schedule has.
type Spoil = fn(&mut Outcome);

/// Each is the outcome of a primitive that does not keep its promise.
#[test]
fn broken_promises_are_found() {
    let program = sender_and_receiver();
    let healthy = on_tokio(&program);
    let spoil: [(&str, Spoil); 8] = [
        ("received twice", |it| it.events[1][1] = it.events[1][0]),
        ("overtake", |it| it.events[1].swap(0, 1)),
        ("no task sends", |it| {
            it.events[1][0].end = End::Received(Sent { task: 1, step: 0 });
        }),
        ("behind the end", |it| it.events[1][0].end = End::Closed),
        ("a sleep of 2 ms takes 3 ms", |it| it.events[1][2].ended = 3),
        ("time goes back", |it| it.events[1][0].began = 5),
        ("before its last step", |it| {
            it.events[1].pop();
        }),
        ("aborted by no task", |it| it.joined[0] = Joined::Aborted),
    ];
    for (promise, spoil) in spoil {
        let mut outcome = healthy.clone();
        spoil(&mut outcome);
        let found = specification::check(&program, &outcome);
        let problem = found.expect_err(promise);
        assert!(problem.contains(promise), "{problem}");
    }
}
