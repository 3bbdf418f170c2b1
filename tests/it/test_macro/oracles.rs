//! Oracles and profiles of tests.

use rehearsal::prelude::*;
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::mpsc;
use rehearsal::{Test, TestLocation};

use super::told;
use crate::support::assert_shows;

/// Sends three notes to a reader, with a task for each that delivers it.
async fn notes(world: World) {
    let (writer, reader) = (world.actor("writer"), world.actor("reader"));
    reader.subscribed("notes");
    let (sender, mut receiver) = mpsc::channel(8);
    for _ in 0..3 {
        let sender = sender.clone();
        let deliver = |id| async move {
            spawn(async move { sender.send(id).await.expect("it is open") });
            Ok::<_, String>(())
        };
        let sent = writer.send("notes", "note", deliver).await;
        sent.expect("it is accepted");
    }
    drop(sender);
    while let Some(id) = receiver.recv().await {
        reader.received("notes", id);
    }
    reader.drained();
}

#[rehearsal::test(seeds = 1, strategy = "fifo", oracles = ["no-loss", "exactly-once", "fifo"])]
async fn oracles_pass_a_healthy_history(world: World) {
    notes(world).await;
}

#[test]
fn oracle_names_the_overtaken_message_and_the_timeline_shows_it() {
    let set = |test: Test| test.oracles(["no-loss", "fifo"]);
    let text = told("overtaken", set, notes);
    assert_shows(
        &text,
        &[
            "VIOLATION  it::test_macro::overtaken  seed ",
            "fifo at 0.000s: writer-2 (note) of writer/notes on notes reached reader before writer-1",
            "1 deviation, 1 preemption",
            "emit writer-1 note writer/notes notes",
            "deliver writer-2 note writer/notes notes to reader",
            "Without the deviation marked » the run passes.",
        ],
    );
}

#[test]
fn oracle_without_anything_to_check_in_any_run_fails_the_test() {
    let set = |test: Test| test.seeds(3).oracles(["no-loss"]);
    let text = told("vacuous", set, |_| async {});
    let wanted = "none of 3 seeds gave `no-loss` anything to check";
    let meaning = "nothing is said against the system";
    assert_shows(&text, &[wanted, meaning]);
    // A proof about schedules in which nothing is checked is none.
    let set = |test: Test| test.strategy("exhaustive:1").oracles(["no-loss"]);
    let text = told("vacuous_search", set, |_| async {});
    assert_shows(&text, &["gave `no-loss` anything to check"]);
}

/// About half of the runs record nothing.
#[rehearsal::test(seeds = 32, strategy = "random", oracles = ["no-loss", "fifo"])]
async fn oracle_with_something_to_check_in_some_runs_passes(world: World) {
    if world.draw(world.site("is quiet"), 2) == 0 {
        notes_in_order(world).await;
    }
}

/// Sends a note to a reader.
async fn notes_in_order(world: World) {
    let (writer, reader) = (world.actor("writer"), world.actor("reader"));
    reader.subscribed("notes");
    let sent = writer.send("notes", "note", |id| async move { Ok::<_, String>(id) });
    reader.received("notes", sent.await.expect("it is accepted"));
    reader.drained();
}

#[test]
fn settings_of_oracles_have_their_effect() {
    let program = |world: World| async move {
        let (writer, reader) = (world.actor("writer"), world.actor("reader"));
        reader.subscribed("notes");
        writer.sending("notes", "note").accepted();
        reader.missed("notes", 1);
        reader.drained();
    };
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name: "settings_of_oracles_have_their_effect",
        file: file!(),
    };
    let excused = Test::new(place).seeds(1).oracles(["no-loss,gaps=overflow"]);
    excused.run(program);
    let strict = |test: Test| test.seeds(1).oracles(["no-loss"]);
    assert_shows(&told("strict", strict, program), &["no-loss at ", "lost"]);
}

/// An agent's run on a channel, with or without the last of its events.
async fn agent(world: World, ends: bool) {
    let (agent, client) = (world.actor("agent"), world.actor("client"));
    client.subscribed("thread");
    let run = agent.begin(SpanDraft::new("data").on("thread"));
    let kinds = ["agent_started", "agent_thinking", "agent_completed"];
    for kind in &kinds[..if ends { 3 } else { 2 }] {
        let sending = agent.sending("thread", Draft::new(*kind).in_span(&run));
        client.received("thread", sending.id());
        sending.accepted();
    }
    run.end(SpanEnd::Completed);
    client.drained();
}

#[rehearsal::test(
    seeds = 1,
    profile = "agent-events",
    oracles = ["terminal-exactly-once", "protocol", "no-loss", "fifo"]
)]
async fn profile_passes_a_run_that_follows_it(world: World) {
    agent(world, true).await;
}

#[test]
fn profile_has_its_rules_checked() {
    let set = |test: Test| {
        let test = test.seeds(1).profile("agent-events");
        test.oracles(["terminal-exactly-once"])
    };
    let text = told("no_terminal", set, |world| agent(world, false));
    assert_shows(&text, &["terminal-exactly-once", "has no terminal message"]);
    let unknown = |test: Test| test.profile("luck");
    let text = told("no_profile", unknown, |_| async {});
    let wanted = "profile: there is no profile `luck`; there are agent-events";
    assert_shows(&text, &[wanted]);
}

#[test]
fn unknown_oracles_are_reported_all_at_once_with_suggestions() {
    let set = |test: Test| test.oracles(["no-los", "fifo,gaps=crash", "causal", "causal"]);
    let text = told("unknown", set, |_| async {});
    assert_shows(
        &text,
        &[
            "oracles: there is no oracle `no-los`; did you mean `no-loss`? The oracles are no-loss",
            "oracles: `fifo` has no settings, so no `gaps`",
            "oracles: `causal` is there twice",
        ],
    );
}
