//! The reference bridge without driver and agents: its states, its connections, its
//! answers to direct calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rehearsal_agents::bridge::BridgeSettings;
use rehearsal_agents::bridge::{
    Bridge, BridgeDeps, BridgeError, BridgeState, ClientFrame, Directory, Journal,
    MemoryConnection, NewEvent, Observer, Position, ReferenceBridge, Registry, RunContext,
    ServerFrame,
};
use rehearsal_agents::event::{ClientId, EventId, EventKind, Payload, RunId, ThreadId, UserId};
use rehearsal_agents::record::{Epoch, Gap, Offset, RegistrySnapshot, RunEnd};
use rehearsal_sim::tokio::{spawn, time};
use rehearsal_sim::{Config, Random, Verdict, run};

#[derive(Default)]
struct CountingObserver {
    starts: AtomicU32,
    swept: AtomicU32,
}

impl Observer for CountingObserver {
    fn initialised(&self) {
        self.starts.fetch_add(1, Ordering::Relaxed);
    }

    fn registry_changed(&self, _: &dyn Registry) {}

    fn swept(&self, found: usize) {
        if found > 0 {
            self.swept.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);

/// The dependencies of a bridge: Alice owns thread 1, Bob thread 2.
fn deps(journal: &Journal, observer: &Arc<CountingObserver>) -> BridgeDeps {
    let mut directory = Directory::new();
    for (user, thread, token) in [(ALICE, ThreadId(1), "a"), (BOB, ThreadId(2), "b")] {
        directory.add_user(user, token.to_owned());
        directory.add_thread(thread, user);
    }
    BridgeDeps {
        settings: BridgeSettings {
            buffer: 4,
            ttl: Duration::from_millis(100),
            sweep_every: Duration::from_millis(50),
            ..BridgeSettings::default()
        },
        directory: Arc::new(directory),
        journal: journal.clone(),
        observer: Arc::clone(observer) as Arc<dyn Observer>,
    }
}

fn bridge(journal: &Journal) -> Arc<ReferenceBridge> {
    Arc::new(ReferenceBridge::new(deps(journal, &Arc::default())))
}

async fn active(journal: &Journal) -> Arc<ReferenceBridge> {
    let bridge = bridge(journal);
    bridge.ensure_integration().await.expect("it starts");
    bridge
}

fn alices(run: u32) -> RunContext {
    RunContext {
        run: RunId(run),
        thread: ThreadId(1),
        user: ALICE,
        parent: None,
        agent: Arc::from("data-1"),
    }
}

fn event(id: u64) -> NewEvent {
    NewEvent {
        id: EventId(id),
        kind: EventKind::Progress,
        at_ms: 0,
        payload: Payload::default(),
    }
}

async fn connect(bridge: &dyn Bridge, user: UserId, token: &str) -> MemoryConnection {
    let connection = bridge.connect().await.expect("it serves");
    let hello = ClientFrame::Hello {
        client: ClientId(user.0),
        user,
        token: token.to_owned(),
    };
    connection.frames_out.send(hello).await.expect("it listens");
    connection
}

async fn subscribe(connection: &MemoryConnection, thread: u32, after: Option<Position>) {
    let thread = ThreadId(thread);
    let subscribe = ClientFrame::Subscribe { thread, after };
    connection
        .frames_out
        .send(subscribe)
        .await
        .expect("it listens");
}

/// Runs a program under a few seeds; a failed assertion fails the run.
fn run_under_seeds<F, Fut>(program: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    for seed in 0..8 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = run(config, |_| program());
        assert_eq!(
            outcome.verdict,
            Verdict::Pass,
            "seed {seed}: {}",
            outcome.verdict
        );
    }
}

#[test]
fn concurrent_start_ups_initialise_once() {
    run_under_seeds(|| async {
        let (journal, observer) = (Journal::new(), Arc::new(CountingObserver::default()));
        let bridge = Arc::new(ReferenceBridge::new(deps(&journal, &observer)));
        assert_eq!(bridge.state(), BridgeState::Uninitialized);
        let callers: Vec<_> = (0..5)
            .map(|_| {
                let bridge = Arc::clone(&bridge);
                spawn(async move { bridge.ensure_integration().await })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.expect("it does not fail"), Ok(()));
        }
        assert_eq!(observer.starts.load(Ordering::Relaxed), 1);
        assert_eq!(bridge.state(), BridgeState::Active);
        bridge.shutdown().await;
        assert_eq!(bridge.state(), BridgeState::Uninitialized);
    });
}

#[test]
fn failed_start_up_can_be_retried() {
    run_under_seeds(|| async {
        let journal = Journal::new();
        let first = active(&journal).await;
        let second = bridge(&journal);
        let failed = second.ensure_integration().await;
        assert!(
            matches!(failed, Err(BridgeError::NotStarted(_))),
            "{failed:?}"
        );
        assert_eq!(second.state(), BridgeState::Failed);
        let refused = second.register_run(alices(1)).await;
        assert_eq!(refused, Err(BridgeError::NotServing(BridgeState::Failed)));
        first.shutdown().await;
        assert_eq!(second.ensure_integration().await, Ok(()));
        assert_eq!(journal.epoch(), Some(Epoch(2)));
    });
}

#[test]
fn foreign_users_are_refused() {
    run_under_seeds(|| async {
        let bridge = active(&Journal::new()).await;
        let foreign = RunContext {
            user: BOB,
            ..alices(1)
        };
        let refused = bridge.register_run(foreign).await;
        assert_eq!(refused, Err(BridgeError::NotOwner(ThreadId(1), BOB)));
        let refused = bridge.emit(RunId(1), event(0)).await;
        assert_eq!(refused, Err(BridgeError::UnknownRun(RunId(1))));
        assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
        let again = bridge.register_run(alices(1)).await;
        assert_eq!(again, Err(BridgeError::AlreadyRegistered(RunId(1))));

        let mut impostor = connect(&*bridge, ALICE, "b").await;
        let answer = impostor.frames_in.recv().await;
        assert!(
            matches!(answer, Some(ServerFrame::Rejected { .. })),
            "{answer:?}"
        );
        assert_eq!(impostor.frames_in.recv().await, None);

        let mut bob = connect(&*bridge, BOB, "b").await;
        let welcome = ServerFrame::Welcome { epoch: Epoch(1) };
        assert_eq!(bob.frames_in.recv().await, Some(welcome));
        subscribe(&bob, 1, None).await;
        let answer = bob.frames_in.recv().await;
        assert!(
            matches!(answer, Some(ServerFrame::Rejected { .. })),
            "{answer:?}"
        );
        assert!(bridge.snapshot().await.subscriptions.is_empty());
    });
}

#[test]
fn lost_client_degrades_the_bridge_until_it_reconnects() {
    run_under_seeds(|| async {
        let bridge = active(&Journal::new()).await;
        let mut alice = connect(&*bridge, ALICE, "a").await;
        assert!(alice.frames_in.recv().await.is_some());
        drop(alice);
        time::sleep(Duration::from_millis(1)).await;
        assert_eq!(bridge.state(), BridgeState::Degraded);
        let mut alice = connect(&*bridge, ALICE, "a").await;
        assert!(alice.frames_in.recv().await.is_some());
        assert_eq!(bridge.state(), BridgeState::Active);
        bridge.shutdown().await;
        assert_eq!(alice.frames_in.recv().await, None);
    });
}

#[test]
fn new_subscriber_receives_a_gap_marker_and_the_kept_events() {
    run_under_seeds(|| async {
        let bridge = active(&Journal::new()).await;
        assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
        for id in 0..6 {
            let receipt = bridge.emit(RunId(1), event(id)).await.expect("accepted");
            assert_eq!((receipt.seq, receipt.offset), (id + 1, Offset(id + 1)));
        }
        let mut alice = connect(&*bridge, ALICE, "a").await;
        subscribe(&alice, 1, None).await;
        assert!(alice.frames_out.send(ClientFrame::Bye).await.is_ok());
        let mut frames = Vec::new();
        while let Some(frame) = alice.frames_in.recv().await {
            frames.push(frame);
        }
        let gap = Gap {
            thread: ThreadId(1),
            epoch: Epoch(1),
            from: Offset(1),
            to: Some(Offset(2)),
        };
        assert_eq!(frames[0], ServerFrame::Welcome { epoch: Epoch(1) });
        assert_eq!(
            frames[1],
            ServerFrame::Subscribed {
                thread: ThreadId(1)
            }
        );
        assert_eq!(frames[2], ServerFrame::Gap(gap));
        let ids: Vec<u64> = frames
            .iter()
            .filter_map(|frame| match frame {
                ServerFrame::Event { event, .. } => Some(event.id.0),
                _ => None,
            })
            .collect();
        assert_eq!(ids, [2, 3, 4, 5]);
        assert_eq!(frames.last(), Some(&ServerFrame::Bye));
    });
}

#[test]
fn new_incarnation_marks_earlier_ones_and_continues_sequence_numbers() {
    run_under_seeds(|| async {
        let journal = Journal::new();
        for incarnation in 1..=3 {
            let bridge = active(&journal).await;
            assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
            let receipt = bridge
                .emit(RunId(1), event(incarnation))
                .await
                .expect("accepted");
            assert_eq!((receipt.seq, receipt.offset), (incarnation, Offset(1)));
            if incarnation < 3 {
                bridge.shutdown().await;
                continue;
            }
            let mut alice = connect(&*bridge, ALICE, "a").await;
            let after = Position {
                epoch: Epoch(1),
                offset: Offset(1),
            };
            subscribe(&alice, 1, Some(after)).await;
            let mut gaps = Vec::new();
            while let Some(frame) = alice.frames_in.recv().await {
                match frame {
                    ServerFrame::Gap(gap) => gaps.push((gap.epoch.0, gap.from.0, gap.to)),
                    ServerFrame::Event { epoch, offset, .. } => {
                        assert_eq!((epoch, offset), (Epoch(3), Offset(1)));
                        break;
                    }
                    _ => {}
                }
            }
            assert_eq!(gaps, [(1, 2, None), (2, 1, None)]);
        }
    });
}

#[test]
fn idle_run_is_swept_and_busy_run_is_kept() {
    run_under_seeds(|| async {
        let (journal, observer) = (Journal::new(), Arc::new(CountingObserver::default()));
        let bridge = Arc::new(ReferenceBridge::new(deps(&journal, &observer)));
        bridge.ensure_integration().await.expect("it starts");
        for run in [1, 2] {
            assert_eq!(bridge.register_run(alices(run)).await, Ok(()));
        }
        for id in 0..10 {
            time::sleep(Duration::from_millis(60)).await;
            assert!(bridge.emit(RunId(1), event(id)).await.is_ok());
        }
        assert!(observer.swept.load(Ordering::Relaxed) > 0);
        let registered: Vec<RunId> = bridge.snapshot().await.forward.into_keys().collect();
        assert_eq!(registered, [RunId(1)]);
        bridge.finish_run(RunId(1), RunEnd::Completed).await;
        bridge.finish_run(RunId(2), RunEnd::Failed).await;
        assert_eq!(bridge.snapshot().await, RegistrySnapshot::default());
    });
}
