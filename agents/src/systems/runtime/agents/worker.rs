//! Workers: they work on their own.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::wire::Task;
use super::Failure;
use super::handling::Handling;

/// The type of workers.
pub(in super::super) const TYPE: &str = "worker";

/// Calls the model, then takes one step after the other, and reports each.
pub(super) async fn handle(handling: Arc<Handling>) -> Result<(), Failure> {
    let Task::Work(effort) = handling.message.task else {
        return Err(format!("{} only works", handling.id()));
    };
    handling.call_model().await;
    for step in 1..=effort.steps {
        time::sleep(Duration::from_millis(effort.step_ms.into())).await;
        handling.step(step);
    }
    Ok(())
}
