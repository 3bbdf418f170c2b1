//! Tasks of plain tokio, as a library spawns them: what a failure says of their interruptions.
#![cfg(tokio_unstable)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rehearsal::{Test, TestLocation};
use tokio::sync::Mutex;

/// Adds one, twice at once, in a library that reads and writes in two critical sections.
async fn add_twice() {
    let counter = Arc::new(Mutex::new(0));
    let tasks = [(); 2].map(|()| {
        let counter = Arc::clone(&counter);
        tokio::spawn(async move {
            let read = *counter.lock().await;
            *counter.lock().await = read + 1;
        })
    });
    for task in tasks {
        task.await.expect("it does not fail");
    }
    assert_eq!(*counter.lock().await, 2, "an update is lost");
}

#[test]
fn interruption_of_a_plain_task_is_shrunk_and_told() {
    let test = Test::new(TestLocation {
        package: "rehearsal",
        module: module_path!(),
        name: "add_twice",
        file: file!(),
    });
    let failed = catch_unwind(AssertUnwindSafe(|| test.run(|_| add_twice())));
    let payload = failed.expect_err("the test fails");
    let text = payload.downcast_ref::<String>().expect("a text");
    for part in [
        "an update is lost",
        "the whole test; 1 deviation, 0 preemptions, of ",
        "a plain task spawned at tests/it/plain_tasks.rs:",
        "is interrupted at its 1st operation",
        "Without the deviation marked » the run passes.",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}
