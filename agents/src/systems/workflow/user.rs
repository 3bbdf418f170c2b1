//! Users: each submits the workflow, and receives its progress and its report.

use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpStream;

use super::faults::ORCHESTRATOR;
use super::telemetry::Telemetry;
use super::wire::{Disconnected, FrameReader, FrameWriter, FromUser, PORT, ToUser, WorkflowId};
use crate::driver::{ClientNode, WorkId};

/// Runs a user until it is asked to leave.
pub(super) async fn run(
    mut node: ClientNode,
    workflow: WorkflowId,
    work: WorkId,
    telemetry: Arc<Telemetry>,
) {
    let actor = telemetry.user(workflow);
    actor.subscribed_from_start(&workflow.progress());
    node.ready();
    node.started().await;
    node.work().begin(work);
    // A user whose connection breaks never sees the rest; the record shows that.
    let _ = submit(workflow, &telemetry).await;
    node.work().done(work);
    node.leave().await;
    actor.drained();
}

async fn submit(workflow: WorkflowId, telemetry: &Telemetry) -> Result<(), Disconnected> {
    let stream = TcpStream::connect((ORCHESTRATOR, PORT)).await?;
    let (reading, writing) = stream.into_split();
    let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
    writer.send_one(&FromUser::Submit { workflow }).await?;
    let actor = telemetry.user(workflow);
    loop {
        match reader.next().await? {
            ToUser::Progress { message } => actor.received(&workflow.progress(), message),
            ToUser::Report(report) => {
                telemetry.reported(workflow, &report);
                return Ok(());
            }
        }
    }
}
