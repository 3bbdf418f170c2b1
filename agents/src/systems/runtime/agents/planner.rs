//! Planners: they hand their work on to the agents below, and wait for all of them.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::super::wire::Task;
use super::handling::Handling;
use super::{Failure, WORKER};

/// The type of planners.
pub(in super::super) const TYPE: &str = "planner";

/// Makes as many requests at once as the task is wide: of planners as long as it is deep,
/// then of workers.
pub(super) async fn handle(handling: Arc<Handling>) -> Result<(), Failure> {
    let Task::Delegate {
        depth,
        width,
        effort,
    } = handling.message.task
    else {
        return Err(format!("{} only plans", handling.id()));
    };
    handling.step(0);
    let (kind, task) = match depth {
        0 | 1 => (WORKER, Task::Work(effort)),
        _ => {
            let depth = depth - 1;
            let below = Task::Delegate {
                depth,
                width,
                effort,
            };
            (TYPE, below)
        }
    };
    let below = (1..=width).map(|number| {
        let name = format!("{}.{number}", handling.id().name);
        handling.request(handling.id().beside(kind, name), task)
    });
    try_join_all(below).await.map(drop)
}
