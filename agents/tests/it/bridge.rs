//! The reference bridge by itself: its states, its doors, its promises to those
//! who hold it directly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rehearsal_agents::bridge::{
    Bridge, BridgeDeps, BridgeError, BridgeState, ClientFrame, Directory, Journal,
    MemoryConnection, NewEvent, Observer, Position, ReferenceBridge, Registry, RunContext,
    ServerFrame,
};
use rehearsal_agents::event::{ClientId, EventId, EventKind, Payload, RunId, ThreadId, UserId};
use rehearsal_agents::record::{Epoch, Gap, Offset, RegistrySnapshot, RunEnd};
use rehearsal_agents::spec::BridgeSettings;
use rehearsal_sim::tokio::{spawn, time};
use rehearsal_sim::{Config, Random, Verdict, run};

#[derive(Default)]
struct Watch {
    starts: AtomicU32,
    swept: AtomicU32,
}

impl Observer for Watch {
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

/// Alice owns thread 1, Bob thread 2.
fn parts(journal: &Journal, watch: &Arc<Watch>) -> BridgeDeps {
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
        observer: Arc::clone(watch) as Arc<dyn Observer>,
    }
}

fn bridge(journal: &Journal) -> Arc<ReferenceBridge> {
    Arc::new(ReferenceBridge::new(parts(journal, &Arc::default())))
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

fn draft(id: u64) -> NewEvent {
    NewEvent {
        id: EventId(id),
        kind: EventKind::Progress,
        at_ms: 0,
        payload: Payload::default(),
    }
}

async fn enter(bridge: &dyn Bridge, user: UserId, token: &str) -> MemoryConnection {
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

/// Plays a program under a few seeds; what it asserts fails the run.
fn play<F, Fut>(program: F)
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
fn many_callers_start_it_once() {
    play(|| async {
        let (journal, watch) = (Journal::new(), Arc::new(Watch::default()));
        let bridge = Arc::new(ReferenceBridge::new(parts(&journal, &watch)));
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
        assert_eq!(watch.starts.load(Ordering::Relaxed), 1);
        assert_eq!(bridge.state(), BridgeState::Active);
        bridge.shutdown().await;
        assert_eq!(bridge.state(), BridgeState::Uninitialized);
    });
}

#[test]
fn a_start_that_fails_may_be_tried_again() {
    play(|| async {
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
fn it_refuses_strangers() {
    play(|| async {
        let bridge = active(&Journal::new()).await;
        let foreign = RunContext {
            user: BOB,
            ..alices(1)
        };
        let refused = bridge.register_run(foreign).await;
        assert_eq!(refused, Err(BridgeError::NotOwner(ThreadId(1), BOB)));
        let refused = bridge.emit(RunId(1), draft(0)).await;
        assert_eq!(refused, Err(BridgeError::UnknownRun(RunId(1))));
        assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
        let again = bridge.register_run(alices(1)).await;
        assert_eq!(again, Err(BridgeError::AlreadyRegistered(RunId(1))));

        let mut liar = enter(&*bridge, ALICE, "b").await;
        let answer = liar.frames_in.recv().await;
        assert!(
            matches!(answer, Some(ServerFrame::Rejected { .. })),
            "{answer:?}"
        );
        assert_eq!(liar.frames_in.recv().await, None);

        let mut bob = enter(&*bridge, BOB, "b").await;
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
fn a_client_that_is_lost_degrades_it_until_it_comes_back() {
    play(|| async {
        let bridge = active(&Journal::new()).await;
        let mut alice = enter(&*bridge, ALICE, "a").await;
        assert!(alice.frames_in.recv().await.is_some());
        drop(alice);
        time::sleep(Duration::from_millis(1)).await;
        assert_eq!(bridge.state(), BridgeState::Degraded);
        let mut alice = enter(&*bridge, ALICE, "a").await;
        assert!(alice.frames_in.recv().await.is_some());
        assert_eq!(bridge.state(), BridgeState::Active);
        bridge.shutdown().await;
        assert_eq!(alice.frames_in.recv().await, None);
    });
}

#[test]
fn a_subscriber_gets_what_is_kept_and_a_marker_for_the_rest() {
    play(|| async {
        let bridge = active(&Journal::new()).await;
        assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
        for id in 0..6 {
            let receipt = bridge.emit(RunId(1), draft(id)).await.expect("accepted");
            assert_eq!((receipt.seq, receipt.offset), (id + 1, Offset(id + 1)));
        }
        let mut alice = enter(&*bridge, ALICE, "a").await;
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
fn a_new_life_marks_the_old_ones_and_goes_on_with_the_numbers_of_a_run() {
    play(|| async {
        let journal = Journal::new();
        for life in 1..=3 {
            let bridge = active(&journal).await;
            assert_eq!(bridge.register_run(alices(1)).await, Ok(()));
            let receipt = bridge.emit(RunId(1), draft(life)).await.expect("accepted");
            assert_eq!((receipt.seq, receipt.offset), (life, Offset(1)));
            if life < 3 {
                bridge.shutdown().await;
                continue;
            }
            let mut alice = enter(&*bridge, ALICE, "a").await;
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
fn an_idle_run_is_swept_and_a_busy_one_is_not() {
    play(|| async {
        let (journal, watch) = (Journal::new(), Arc::new(Watch::default()));
        let bridge = Arc::new(ReferenceBridge::new(parts(&journal, &watch)));
        bridge.ensure_integration().await.expect("it starts");
        for run in [1, 2] {
            assert_eq!(bridge.register_run(alices(run)).await, Ok(()));
        }
        for id in 0..10 {
            time::sleep(Duration::from_millis(60)).await;
            assert!(bridge.emit(RunId(1), draft(id)).await.is_ok());
        }
        assert!(watch.swept.load(Ordering::Relaxed) > 0);
        let registered: Vec<RunId> = bridge.snapshot().await.forward.into_keys().collect();
        assert_eq!(registered, [RunId(1)]);
        bridge.finish_run(RunId(1), RunEnd::Completed).await;
        bridge.finish_run(RunId(2), RunEnd::Failed).await;
        assert_eq!(bridge.snapshot().await, RegistrySnapshot::default());
    });
}
