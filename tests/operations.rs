//! Bugs between two awaits, as users meet them: `interleave = "operations"` finds them, shrinks
//! them, names the interrupted line, and replays them in another process. What fixes them passes.

use std::env;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;

use rehearsal::prelude::*;
use rehearsal::std::sync::Arc;
use rehearsal::std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::{Mutex, Notify, broadcast, mpsc};
use rehearsal::{Test, TestLocation};

fn test(name: &'static str) -> Test {
    let place = TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name,
        file: file!(),
    };
    Test::new(place).seeds(1_000).interleave("operations")
}

/// Prints the report of a replay, for the process that has begun it.
#[expect(
    clippy::print_stdout,
    reason = "the process that has begun it reads it"
)]
fn replayed(text: &str) {
    println!("{text}");
}

/// Asserts that the bug of a program is found, shrunk and told, and that its repro replays in
/// another process: this test binary, started for the test of that name alone.
fn found<F, Fut>(name: &'static str, operation: &str, program: F)
where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let failed = catch_unwind(AssertUnwindSafe(|| test(name).run(program)));
    let payload = failed.expect_err("the bug is found");
    let text = payload.downcast_ref::<String>().expect("a text");
    if env::var_os("REHEARSAL_REPLAY").is_some() {
        replayed(text);
        return;
    }
    let shrunk = [
        "the whole test; 1 deviation,",
        "the whole test; 2 deviations,",
    ];
    assert!(shrunk.iter().any(|shrunk| text.contains(shrunk)), "{text}");
    let told = format!("before `{operation}` at tests/operations.rs:");
    assert!(text.contains(&told), "`{told}` is missing in\n{text}");
    let repro = repro(text);
    let written = std::fs::read_to_string(&repro).expect("a file");
    assert!(written.contains("format = 4\n"), "{written}");
    assert!(written.contains("interleave = \"operations\""), "{written}");
    let replayed = Command::new(env::current_exe().expect("a test binary"))
        .args(["--exact", name, "--nocapture"])
        .env("REHEARSAL_REPLAY", &repro)
        .output()
        .expect("it starts");
    let output = String::from_utf8_lossy(&replayed.stdout);
    assert!(output.contains("  reproduced: "), "{output}");
}

/// Returns the path of the repro that the text of a failure names.
fn repro(text: &str) -> PathBuf {
    let path = text.split_whitespace().find_map(|word| {
        let path = word.strip_prefix("REHEARSAL_REPLAY=").unwrap_or(word);
        path.ends_with(".repro").then(|| PathBuf::from(path))
    });
    path.unwrap_or_else(|| panic!("no repro is named in\n{text}"))
}

/// Two tasks add one to a number.
async fn add_twice(fixed: bool) {
    let total = Arc::new(AtomicU32::new(0));
    let tasks = [(); 2].map(|()| {
        let total = Arc::clone(&total);
        spawn(async move {
            if fixed {
                total.fetch_add(1, SeqCst);
            } else {
                let seen = total.load(SeqCst);
                total.store(seen + 1, SeqCst);
            }
        })
    });
    for task in tasks {
        task.await.expect("it ends");
    }
    assert_eq!(total.load(SeqCst), 2, "an addition is lost");
}

#[test]
fn load_and_store() {
    found("load_and_store", "store", |_| add_twice(false));
}

/// Two tasks send five values each, which belong together.
async fn send_together(fixed: bool) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let tasks = [1, 2].map(|from| {
        let sender = sender.clone();
        spawn(async move {
            if fixed {
                sender.send([from; 5].to_vec()).expect("it is received");
            } else {
                for _ in 0..5 {
                    sender.send(vec![from]).expect("it is received");
                }
            }
        })
    });
    drop(sender);
    let mut received = Vec::new();
    while let Some(values) = receiver.recv().await {
        received.extend(values);
    }
    for task in tasks {
        task.await.expect("it ends");
    }
    received.dedup();
    assert_eq!(received.len(), 2, "they are interleaved");
}

#[test]
fn unbounded_sends() {
    found("unbounded_sends", "send", |_| send_together(false));
}

/// A sequence of the README: each event gets the next number, and is sent to all. Two tasks, and
/// the numbers arrive in their order?
async fn number_and_send(fixed: bool) {
    let (events, mut subscriber) = broadcast::channel(8);
    let next = Arc::new(AtomicU32::new(0));
    let one_by_one = Arc::new(Mutex::new(()));
    let tasks = [(); 2].map(|()| {
        let (events, next) = (events.clone(), Arc::clone(&next));
        let one_by_one = Arc::clone(&one_by_one);
        spawn(async move {
            let guard = one_by_one.lock().await;
            if !fixed {
                drop(guard);
            }
            let number = next.fetch_add(1, SeqCst);
            events.send(number).expect("there is a subscriber");
        })
    });
    for task in tasks {
        task.await.expect("it ends");
    }
    for expected in 0..2 {
        assert_eq!(subscriber.recv().await, Ok(expected), "out of order");
    }
}

#[test]
fn number_then_broadcast() {
    found("number_then_broadcast", "send", |_| number_and_send(false));
}

/// A task that waits for a flag, and one that sets it.
async fn check_and_wait(fixed: bool) {
    let (flag, notify) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let waits = {
        let (flag, notify) = (Arc::clone(&flag), Arc::clone(&notify));
        spawn(async move {
            let registered = fixed.then(|| notify.notified());
            if flag.load(SeqCst) {
                return;
            }
            match registered {
                Some(notified) => notified.await,
                None => notify.notified().await,
            }
        })
    };
    let sets = spawn(async move {
        flag.store(true, SeqCst);
        notify.notify_waiters();
    });
    sets.await.expect("it ends");
    waits.await.expect("it ends");
}

#[test]
fn check_then_notified() {
    found("check_then_notified", "notified", |_| check_and_wait(false));
}

#[rehearsal::test(seeds = 1_000, interleave = "operations")]
async fn one_addition_is_not_interrupted() {
    add_twice(true).await;
}

#[rehearsal::test(seeds = 1_000, interleave = "operations")]
async fn one_send_is_not_interrupted() {
    send_together(true).await;
}

#[rehearsal::test(seeds = 1_000, interleave = "operations")]
async fn number_and_send_under_a_lock() {
    number_and_send(true).await;
}

#[rehearsal::test(seeds = 1_000, interleave = "operations")]
async fn registered_before_the_check() {
    check_and_wait(true).await;
}

/// Without it, no task is interrupted between two awaits.
#[rehearsal::test(seeds = 300)]
async fn awaits_alone_find_none_of_them() {
    add_twice(false).await;
    send_together(false).await;
    check_and_wait(false).await;
}

#[test]
fn unknown_points_are_refused() {
    let failed = catch_unwind(|| {
        test("unknown_points")
            .interleave("threads")
            .run(|_| async {})
    });
    let payload = failed.expect_err("it is refused");
    let text = payload.downcast_ref::<String>().expect("a text");
    assert!(
        text.contains("`threads` is neither `awaits` nor `operations`"),
        "{text}"
    );
}
