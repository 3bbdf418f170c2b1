//! Broken bridges: the scenario ends in bounded virtual time, and the history shows the
//! fault.

use std::future::{pending, ready};
use std::io;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_agents::bridge::Transport;
use rehearsal_agents::bridge::{
    Bridge, BridgeDeps, BridgeError, BridgeState, BridgeSystem, Listener, MemoryConnection,
    NewEvent, ReferenceBridge, RunContext,
};
use rehearsal_agents::event::RunId;
use rehearsal_agents::record::{Receipt, RegistrySnapshot, RunEnd};
use rehearsal_agents::spec::AgentKind;
use rehearsal_history::Phase;
use rehearsal_history::facets::messages::SendOutcome;
use rehearsal_history::oracle::OracleRef;
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::spawn;
use rehearsal_sim::tokio::task::JoinHandle;
use rehearsal_sim::{Census, Config, LiveTask, Verdict};

use crate::common::{
    TRANSPORTS, TestRun, assert_flawless, flaws, group, ms, run_system, spec, violations,
};

/// The fault of a bridge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// It does not start.
    Refuses,
    /// It starts, and answers nothing after that.
    Hangs,
}

struct Broken(Fault);

impl Bridge for Broken {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        ready(match self.0 {
            Fault::Refuses => Err(BridgeError::NotStarted("no licence".to_owned())),
            Fault::Hangs => Ok(()),
        })
        .boxed()
    }

    fn state(&self) -> BridgeState {
        BridgeState::Active
    }

    fn register_run(&self, _: RunContext) -> BoxFuture<'_, Result<(), BridgeError>> {
        ready(Ok(())).boxed()
    }

    fn emit(&self, _: RunId, _: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        pending().boxed()
    }

    fn finish_run(&self, _: RunId, _: RunEnd) -> BoxFuture<'_, ()> {
        pending().boxed()
    }

    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        pending().boxed()
    }

    fn serve(&self, _: TcpListener) -> BoxFuture<'_, ()> {
        pending().boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        pending().boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        pending().boxed()
    }
}

/// A bridge without any capability.
struct Minimal;

impl Bridge for Minimal {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        ready(Ok(())).boxed()
    }

    fn state(&self) -> BridgeState {
        BridgeState::Active
    }

    fn register_run(&self, _: RunContext) -> BoxFuture<'_, Result<(), BridgeError>> {
        ready(Ok(())).boxed()
    }

    fn emit(&self, run: RunId, _: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        ready(Err(BridgeError::UnknownRun(run))).boxed()
    }

    fn finish_run(&self, _: RunId, _: RunEnd) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

#[test]
fn unsupported_transport_fails_with_the_missing_declaration() {
    for (transport, without) in [
        (Transport::InProcess, "`.without(Capability::InProcess)`"),
        (Transport::WebSocket, "`.without(Capability::WebSocket)`"),
    ] {
        let run = run_bridge(transport, |_| Arc::new(Minimal));
        assert!(matches!(run.outcome.verdict, Verdict::Panic(_)));
        let message = run.outcome.verdict.to_string();
        assert!(message.contains(without), "{message}");
    }
}

/// Runs two agents on a bridge.
fn run_bridge(
    transport: Transport,
    make: impl Fn(BridgeDeps) -> Arc<dyn Bridge> + Send + Sync + 'static,
) -> TestRun {
    let mut spec = spec(transport, vec![group(AgentKind::Data, 2)]);
    spec.settings.bridge.run_timeout = ms(500);
    run_system(Config::default(), BridgeSystem::new(make), spec)
}

fn run_broken(transport: Transport, fault: Fault) -> TestRun {
    let run = run_bridge(transport, move |_| Arc::new(Broken(fault)));
    let outcome = &run.outcome;
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert!(outcome.statistics.virtual_time.as_millis() < 600_000);
    run
}

#[test]
fn hanging_bridge_does_not_hang_the_scenario() {
    for transport in TRANSPORTS {
        let run = run_broken(transport, Fault::Hangs);
        assert_eq!(run.ends(), [None, None]);
        let view = run.view();
        let messages = view.messages();
        let mut sendings = messages.sendings().iter();
        assert!(sendings.all(|sending| sending.outcome == SendOutcome::Indeterminate));
        assert!(messages.subscribers().all(|client| !client.drained));
        assert_eq!(view.resources().held(Phase::Quiescent), None);
        let census = view.resources().census(Phase::ShutDown);
        assert!(!census.expect("a census").tasks.is_empty());
    }
}

#[test]
fn bridge_that_does_not_start_leaves_a_history_of_that() {
    for transport in TRANSPORTS {
        let run = run_broken(transport, Fault::Refuses);
        assert_eq!(run.ends(), []);
        let view = run.view();
        let messages = view.messages();
        assert_eq!(messages.subscribers().len(), 2);
        assert!(messages.subscribers().all(|client| client.connects == 0));
        assert_eq!(view.resources().held(Phase::Quiescent), None);
        assert!(view.resources().census(Phase::ShutDown).is_some());
    }
}

// A bridge whose shutdown hides its leaks ---------------------------------------

/// Tasks that serve no connection any more.
type Leaked = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// Starts a task that never ends.
fn leak(leaked: &Leaked) {
    let task = spawn(async {
        if let Some(world) = rehearsal_sim::current() {
            world.name_task("keeper of a connection");
        }
        pending().await
    });
    leaked.lock().expect("it is not poisoned").push(task);
}

/// The reference bridge with a task for each connection that outlives the connection and
/// that only the shutdown aborts.
struct LeakingUntilShutdown {
    bridge: ReferenceBridge,
    leaked: Leaked,
}

impl LeakingUntilShutdown {
    fn new(deps: BridgeDeps) -> Self {
        Self {
            bridge: ReferenceBridge::new(deps),
            leaked: Leaked::default(),
        }
    }
}

/// A listener that leaks a task for each connection.
struct LeakingListener {
    listener: TcpListener,
    leaked: Leaked,
}

impl Listener for LeakingListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = self.listener.accept().await?;
        leak(&self.leaked);
        Ok(stream)
    }
}

impl Bridge for LeakingUntilShutdown {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        self.bridge.ensure_integration()
    }

    fn state(&self) -> BridgeState {
        self.bridge.state()
    }

    fn register_run(&self, context: RunContext) -> BoxFuture<'_, Result<(), BridgeError>> {
        self.bridge.register_run(context)
    }

    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, BridgeError>> {
        self.bridge.emit(run, event)
    }

    fn finish_run(&self, run: RunId, end: RunEnd) -> BoxFuture<'_, ()> {
        self.bridge.finish_run(run, end)
    }

    fn connect(&self) -> BoxFuture<'_, Result<MemoryConnection, BridgeError>> {
        leak(&self.leaked);
        self.bridge.connect()
    }

    fn serve(&self, listener: TcpListener) -> BoxFuture<'_, ()> {
        let leaked = Arc::clone(&self.leaked);
        let listener = LeakingListener { listener, leaked };
        self.bridge.serve_on(listener).boxed()
    }

    fn snapshot(&self) -> BoxFuture<'_, RegistrySnapshot> {
        self.bridge.snapshot()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        let leaked = std::mem::take(&mut *self.leaked.lock().expect("it is not poisoned"));
        leaked.iter().for_each(JoinHandle::abort);
        self.bridge.shutdown()
    }
}

#[test]
fn tasks_that_the_shutdown_aborts_are_reported_as_leaked() {
    let cleanup = OracleRef::parse("cleanup").expect("an oracle of that name");
    for transport in TRANSPORTS {
        let run = run_bridge(transport, |deps| Arc::new(LeakingUntilShutdown::new(deps)));
        let view = run.view();
        let census = |phase| view.resources().census(phase).expect("a census");
        let is_keeper = |task: &&LiveTask| task.name == "keeper of a connection";
        let keepers = |phase| census(phase).tasks.iter().filter(is_keeper).count();
        let [ready, quiescent] = [Phase::Ready, Phase::Quiescent].map(keepers);
        assert_eq!((ready, quiescent), (0, 2), "{transport:?}");
        assert_eq!(*census(Phase::ShutDown), Census::default(), "{transport:?}");
        let violations = violations(&view, cleanup);
        let rules: Vec<_> = violations.iter().map(|broken| &broken.rule).collect();
        assert_eq!(rules, ["task", "task"], "{violations:#?}");
    }
}

#[test]
fn custom_bridge_without_leaks_has_no_flaws() {
    for transport in TRANSPORTS {
        let run = run_bridge(transport, |deps| Arc::new(ReferenceBridge::new(deps)));
        assert_flawless("custom bridge", &run, flaws(&run));
    }
}
