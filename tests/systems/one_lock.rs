//! A bridge that has nothing in common with the reference but the trait: one lock
//! around everything, clients in the process only, and no registry to show.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StepMutex};

use rehearsal::agents::bridge::{
    BoxFuture, Bridge, BridgeDeps, BridgeError, BridgeState, ClientFrame, MemoryConnection,
    NewEvent, Position, RunContext, ServerFrame,
};
use rehearsal::agents::event::{ClientId, Event, RunId, ThreadId, UserId};
use rehearsal::agents::record::{Epoch, Offset, Receipt, RegistrySnapshot, RunEnd};
use rehearsal::tokio::spawn;
use rehearsal::tokio::sync::{Mutex, mpsc};
use rehearsal::tokio::task::JoinHandle;

/// Its flaw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    None,
    /// Every seventh event is accepted, and sent to no client.
    DropsEverySeventh,
    /// Every listener is sent everything.
    SendsToAll,
}

/// More frames than any scenario here has for one client.
const LINE: usize = 1 << 14;

pub(crate) struct OneLock {
    hall: Arc<Hall>,
    started: AtomicBool,
    tasks: StepMutex<Vec<JoinHandle<()>>>,
}

struct Hall {
    deps: BridgeDeps,
    flaw: Flaw,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    epoch: Option<Epoch>,
    runs: BTreeMap<RunId, (RunContext, u64)>,
    logs: BTreeMap<ThreadId, Vec<Arc<Event>>>,
    connections: u64,
    seats: Vec<Seat>,
    emitted: u64,
}

struct Seat {
    connection: u64,
    client: ClientId,
    thread: ThreadId,
    line: mpsc::Sender<ServerFrame>,
}

impl OneLock {
    pub(crate) fn new(deps: BridgeDeps, flaw: Flaw) -> Self {
        Self {
            hall: Arc::new(Hall {
                deps,
                flaw,
                state: Mutex::new(State::default()),
            }),
            started: AtomicBool::new(false),
            tasks: StepMutex::new(Vec::new()),
        }
    }
}

impl Bridge for OneLock {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        Box::pin(async {
            let mut state = self.hall.state.lock().await;
            if state.epoch.is_none() {
                let opened = self.hall.deps.journal.open();
                let epoch = opened.map_err(|busy| BridgeError::NotStarted(busy.to_string()))?;
                state.epoch = Some(epoch);
                self.started.store(true, Ordering::Relaxed);
            }
            Ok(())
        })
    }

    fn state(&self) -> BridgeState {
        match self.started.load(Ordering::Relaxed) {
            true => BridgeState::Active,
            false => BridgeState::Uninitialized,
        }
    }

    fn register_run(&self, context: RunContext) -> BoxFuture<'_, Result<(), BridgeError>> {
        Box::pin(async move {
            let (run, thread, user) = (context.run, context.thread, context.user);
            if !self.hall.deps.directory.owns(user, thread) {
                return Err(BridgeError::NotOwner(thread, user));
            }
            let mut state = self.hall.state.lock().await;
            if state.runs.contains_key(&run) {
                return Err(BridgeError::AlreadyRegistered(run));
            }
            state.runs.insert(run, (context, 0));
            Ok(())
        })
    }

    fn emit(&self, run: RunId, new: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        Box::pin(async move {
            let mut state = self.hall.state.lock().await;
            state.emit(run, new, self.hall.flaw)
        })
    }

    fn finish_run(&self, run: RunId, _end: RunEnd) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.hall.state.lock().await.runs.remove(&run);
        })
    }

    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        Box::pin(async {
            let (frames_out, from_client) = mpsc::channel(8);
            let (line, frames_in) = mpsc::channel(LINE);
            let serving = spawn(serve(Arc::clone(&self.hall), from_client, line));
            self.tasks.lock().expect("no holder panics").push(serving);
            Ok(MemoryConnection {
                frames_out,
                frames_in,
            })
        })
    }

    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        Box::pin(async {
            let state = self.hall.state.lock().await;
            let mut snapshot = RegistrySnapshot::default();
            for (run, (context, _)) in &state.runs {
                snapshot.forward.insert(*run, context.thread);
            }
            for seat in &state.seats {
                snapshot.connections.push(seat.client);
                snapshot.subscriptions.push((seat.thread, seat.client));
            }
            snapshot
        })
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.started.store(false, Ordering::Relaxed);
            let tasks = std::mem::take(&mut *self.tasks.lock().expect("no holder panics"));
            for task in tasks {
                task.abort();
                let _ = task.await;
            }
            let mut state = self.hall.state.lock().await;
            if state.epoch.take().is_some() {
                self.hall.deps.journal.release();
            }
        })
    }
}

impl State {
    fn emit(&mut self, run: RunId, new: NewEvent, flaw: Flaw) -> Result<Receipt, BridgeError> {
        let closed = BridgeError::NotServing(BridgeState::Uninitialized);
        let epoch = self.epoch.ok_or(closed)?;
        let (context, seq) = self
            .runs
            .get_mut(&run)
            .ok_or(BridgeError::UnknownRun(run))?;
        *seq += 1;
        let (thread, seq) = (context.thread, *seq);
        let event = Arc::new(Event {
            id: new.id,
            kind: new.kind,
            user: context.user,
            thread,
            run,
            parent_run: context.parent,
            agent: Arc::clone(&context.agent),
            seq,
            at_ms: new.at_ms,
            payload: new.payload,
        });
        let log = self.logs.entry(thread).or_default();
        log.push(Arc::clone(&event));
        let offset = Offset(log.len() as u64);
        self.emitted += 1;
        let dropped = flaw == Flaw::DropsEverySeventh && self.emitted.is_multiple_of(7);
        let hears = |seat: &&Seat| seat.thread == thread || flaw == Flaw::SendsToAll;
        for seat in self.seats.iter().filter(hears).filter(|_| !dropped) {
            seat.send(epoch, offset, &event);
        }
        Ok(Receipt {
            thread,
            epoch,
            offset,
            seq,
        })
    }

    fn subscribe(&mut self, seat: Seat, epoch: Epoch, after: Option<Position>) {
        let seen = after.map_or(0, |position| position.offset.0);
        let _ = seat.line.try_send(ServerFrame::Subscribed {
            thread: seat.thread,
        });
        let log = self.logs.entry(seat.thread).or_default();
        for (event, offset) in log.iter().zip(1..).skip(seen as usize) {
            seat.send(epoch, Offset(offset), event);
        }
        self.seats.push(seat);
    }
}

impl Seat {
    fn send(&self, epoch: Epoch, offset: Offset, event: &Arc<Event>) {
        // A listener that is gone is sent nothing.
        let _ = self.line.try_send(ServerFrame::Event {
            epoch,
            offset,
            event: Arc::clone(event),
        });
    }
}

async fn serve(
    hall: Arc<Hall>,
    mut from_client: mpsc::Receiver<ClientFrame>,
    line: mpsc::Sender<ServerFrame>,
) {
    let connection = {
        let mut state = hall.state.lock().await;
        state.connections += 1;
        state.connections
    };
    let mut guest: Option<(ClientId, UserId)> = None;
    while let Some(frame) = from_client.recv().await {
        let mut state = hall.state.lock().await;
        let Some(epoch) = state.epoch else { return };
        let answer = match (frame, guest) {
            (
                ClientFrame::Hello {
                    client,
                    user,
                    token,
                },
                None,
            ) if hall.deps.directory.knows(user, &token) => {
                guest = Some((client, user));
                ServerFrame::Welcome { epoch }
            }
            (ClientFrame::Subscribe { thread, after }, Some((client, user)))
                if hall.deps.directory.owns(user, thread) =>
            {
                let seat = Seat {
                    connection,
                    client,
                    thread,
                    line: line.clone(),
                };
                state.subscribe(seat, epoch, after);
                continue;
            }
            (ClientFrame::Bye, Some(_)) => {
                state.seats.retain(|seat| seat.connection != connection);
                ServerFrame::Bye
            }
            _ => ServerFrame::Rejected {
                reason: "not like this".to_owned(),
            },
        };
        let _ = line.try_send(answer);
    }
    let mut state = hall.state.lock().await;
    state.seats.retain(|seat| seat.connection != connection);
}
