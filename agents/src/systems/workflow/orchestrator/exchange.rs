//! The exchange with a worker over one task: a connection of its own, made anew when it is
//! lost, until the worker has answered or the time for the task is over.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::net::tcp::OwnedWriteHalf;
use rehearsal_sim::tokio::{select, time};

use super::super::defects;
use super::super::marks::TASK_SENT_AGAIN;
use super::super::wire::{
    Disconnected, FrameReader, FrameWriter, FromWorker, PORT, Task, TaskEnd, ToWorker,
};
use super::run::Run;

/// The time before a lost connection is made anew.
const RECONNECT_AFTER: Duration = Duration::from_millis(20);

/// The signs of life that may be missing before a connection counts as lost.
const MISSED_MAX: u32 = 4;

/// The answer to a task, with the id of the message that it is.
type Answered = (TaskEnd, Arc<str>);

/// The state of one task's exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    UnderWay,
    Stopping,
}

impl Run {
    /// Gives a task to the worker on that host. Returns its answer; none if it did not come
    /// in time.
    pub(super) async fn exchange(&self, host: &str, task: Task) -> Option<Answered> {
        let exchange = async {
            loop {
                match self.connection(host, &task).await {
                    Ok(answered) => return answered,
                    Err(Disconnected) => time::sleep(RECONNECT_AFTER).await,
                }
                self.telemetry.reached(TASK_SENT_AGAIN);
            }
        };
        let limit = self.scenario.workflow.task_timeout;
        time::timeout(limit, exchange).await.ok()
    }

    async fn connection(&self, host: &str, task: &Task) -> Result<Answered, Disconnected> {
        let silence = self.scenario.workflow.heartbeat * MISSED_MAX;
        let connecting = time::timeout(silence, TcpStream::connect((host, PORT)));
        let stream = connecting.await.map_err(|_| Disconnected)??;
        let (reading, writing) = stream.into_split();
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        writer.send_one(&ToWorker::Do(task.clone())).await?;
        let mut phase = Phase::UnderWay;
        loop {
            let frame = select! {
                frame = reader.next_within(silence) => frame?,
                () = self.stop.cancelled(), if phase == Phase::UnderWay => {
                    phase = Phase::Stopping;
                    writer.send_one(&ToWorker::Stop).await?;
                    continue;
                }
            };
            match frame {
                FromWorker::Taken => self.telemetry.task_accepted(task.id),
                FromWorker::Busy => {}
                FromWorker::Tokens(tokens) => self.pay(tokens, &mut phase, &mut writer).await?,
                FromWorker::Ended { end, message } => {
                    writer.close().await;
                    return Ok((end, message));
                }
            }
        }
    }

    /// Pays for a step, or stops the workflow.
    async fn pay(
        &self,
        tokens: u32,
        phase: &mut Phase,
        writer: &mut FrameWriter<OwnedWriteHalf>,
    ) -> Result<(), Disconnected> {
        // Seeded: only the task that was refused is stopped.
        if self.carries(defects::SIBLINGS_OUTLIVE_BUDGET) {
            if self.budget.take_or_forget(tokens) {
                return writer.send_one(&ToWorker::Granted).await;
            }
            self.telemetry.refused(self.id);
            *phase = Phase::Stopping;
            return writer.send_one(&ToWorker::Stop).await;
        }
        if self.budget.take(tokens) {
            return writer.send_one(&ToWorker::Granted).await;
        }
        self.telemetry.refused(self.id);
        self.stop.cancel();
        Ok(())
    }
}
