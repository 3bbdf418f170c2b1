//! Tests outside a run, with tokio's own attributes.

use std::time::Duration;

use desk::Counter;

#[tokio::test]
async fn one_task_counts() {
    let counter = Counter::default();
    counter.add(1).await;
    assert_eq!(counter.value().await, 1);
}

#[test]
fn runtime_of_several_threads_spawns() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build();
    let runtime = runtime.expect("a runtime");
    let handle = runtime.handle().clone();
    let task = handle.spawn(async { tokio::task::yield_now().await });
    runtime.block_on(task).expect("the task ends");
    runtime.shutdown_timeout(Duration::from_secs(1));
}
