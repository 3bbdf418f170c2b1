//! The server: connections, and the runs of tools.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::sync::SetOnce;
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use super::super::defects;
use super::super::wire::{FrameReader, FrameWriter};
use super::{Disk, Key, Tool, ToolCall, ToolResult};
use crate::defect::Defect;
use crate::record::recorder::lock;

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(10);

/// The world that tools act on.
pub(in super::super) trait Effects: Send + Sync {
    /// The tool of a call has its effect.
    fn apply(&self, call: &ToolCall);

    /// An executor died.
    fn died(&self);
}

/// The end of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RunEnd {
    Result(ToolResult),
    /// The executor died, and there is no result.
    Died,
}

/// One incarnation of the tools.
pub(in super::super) struct Tools {
    disk: Disk,
    effects: Arc<dyn Effects>,
    /// The time after which an executor is stopped.
    limit: Duration,
    running: Mutex<BTreeMap<Key, Arc<SetOnce<RunEnd>>>>,
    /// The number of times that the executor of a call was started.
    deaths: Mutex<BTreeMap<Key, u32>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    defect: Option<Defect>,
}

impl Tools {
    pub(in super::super) fn new(
        disk: Disk,
        effects: Arc<dyn Effects>,
        limit: Duration,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            disk,
            effects,
            limit,
            running: Mutex::default(),
            deaths: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            defect,
        }
    }

    /// Serves connections until the tools are shut down. Each carries one call.
    pub(in super::super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let tools = Arc::clone(&self);
                    self.tasks.spawn(async move {
                        let stop = tools.stop.clone();
                        let _ = stop.run_until_cancelled(tools.answer(stream)).await;
                    });
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Returns the number of runs and connections.
    pub(in super::super) fn held(&self) -> usize {
        self.tasks.len()
    }

    /// Ends every run and connection.
    pub(in super::super) async fn shut_down(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Answers the call of a connection. The caller repeats one that has no answer.
    async fn answer(self: Arc<Self>, stream: TcpStream) {
        let (reading, writing) = stream.into_split();
        let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
        let Ok(call) = reader.next::<ToolCall>().await else {
            return;
        };
        if let RunEnd::Result(result) = self.result(call).await
            && writer.send(&[result]).await.is_ok()
        {
            writer.close().await;
        }
    }

    /// Returns the result of a call: the one on the disk, that of the run under way, or that
    /// of a new run.
    async fn result(self: &Arc<Self>, call: ToolCall) -> RunEnd {
        let known = lock(&self.disk.0).get(&call.key).copied();
        if let Some(result) = known {
            return RunEnd::Result(result);
        }
        let running = lock(&self.running).get(&call.key).cloned();
        let run = running.unwrap_or_else(|| self.start(call));
        *run.wait().await
    }

    /// Starts a run. It goes on if the connection breaks.
    fn start(self: &Arc<Self>, call: ToolCall) -> Arc<SetOnce<RunEnd>> {
        let run = Arc::new(SetOnce::new());
        lock(&self.running).insert(call.key.clone(), Arc::clone(&run));
        let (tools, ended) = (Arc::clone(self), Arc::clone(&run));
        self.tasks.spawn(async move {
            let stop = tools.stop.clone();
            let running = async {
                let end = tools.run(&call).await;
                lock(&tools.running).remove(&call.key);
                // There is one run for each entry.
                let _ = ended.set(end);
            };
            let _ = stop.run_until_cancelled(running).await;
        });
        run
    }

    async fn run(self: &Arc<Self>, call: &ToolCall) -> RunEnd {
        match call.tool {
            Tool::Search { time_ms } => {
                time::sleep(Duration::from_millis(time_ms.into())).await;
                self.commit(call)
            }
            Tool::Code { time_ms, deaths } => {
                if self.dies(&call.key, deaths) {
                    self.effects.died();
                    return RunEnd::Died;
                }
                let time = Duration::from_millis(time_ms.into());
                if time <= self.limit {
                    time::sleep(time).await;
                    return self.commit(call);
                }
                time::sleep(self.limit).await;
                self.stop_executor(call, time);
                lock(&self.disk.0).insert(call.key.clone(), ToolResult::Stopped);
                RunEnd::Result(ToolResult::Stopped)
            }
        }
    }

    /// Writes effect and key to the disk.
    fn commit(&self, call: &ToolCall) -> RunEnd {
        self.effects.apply(call);
        lock(&self.disk.0).insert(call.key.clone(), ToolResult::Done);
        RunEnd::Result(ToolResult::Done)
    }

    /// Stops an executor that would take so much time.
    fn stop_executor(self: &Arc<Self>, call: &ToolCall, time: Duration) {
        // Seeded: the shell is stopped, and not the program that it has started.
        if self.defect == Some(defects::EXECUTOR_RUNS_ON) {
            let (tools, call, left) = (Arc::clone(self), call.clone(), time - self.limit);
            self.tasks.spawn(async move {
                time::sleep(left).await;
                tools.effects.apply(&call);
            });
        }
    }

    fn dies(&self, key: &Key, deaths: u32) -> bool {
        let mut died = lock(&self.deaths);
        let died = died.entry(key.clone()).or_default();
        *died += 1;
        *died <= deaths
    }
}
