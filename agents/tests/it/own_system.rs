//! Systems and agents of other crates on the driver of this one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use rehearsal_agents::agent::{Agent, AgentContext, AgentError};
use rehearsal_agents::bridge::Reference;
use rehearsal_agents::driver::{
    ClientCommand, ClientHost, ClientNode, Deployment, Node, Planner, Population, WorkId,
    run_agents,
};
use rehearsal_agents::event::{EventKind, RunId, ThreadId};
use rehearsal_agents::fault::{Fault, LinkAction, NodeAction};
use rehearsal_agents::port::{EventPort, NewEvent, PortError, RunContext};
use rehearsal_agents::record::{Epoch, MODEL, Offset, Receipt, Recorder, RunEnd};
use rehearsal_agents::sections::Settings;
use rehearsal_agents::spec::{
    AgentGroup, AgentKind, Extent, FailureMode, FaultPlan, OnFailure, Opening, ScenarioSpec,
    ThreadPolicy,
};
use rehearsal_agents::system::{self, Facet, Role, System, SystemInfo};
use rehearsal_history::Phase;
use rehearsal_history::oracle::OracleRef;
use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::{Census, Config, Verdict, VirtualTime};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::common::{TestRun, run_system, violations};

const CRASH: Fault = NodeAction::Crash.of("echo");
const RECONNECT: Fault = NodeAction::Reconnect.of("caller");
const PARTITION: Fault = LinkAction::Partition.between("caller", "echo");

// A system of one server and several callers ----------------------------------

static INFO: SystemInfo = SystemInfo {
    name: "echo",
    summary: "Sends back every message.",
    roles: &[Role::server("echo"), Role::client("caller")],
    faults: &[CRASH, RECONNECT, PARTITION],
    records: &[Facet::Engine],
    needed: &[],
    defects: &[],
    marks: &[],
    model: &MODEL,
};

/// The events of a run, by name.
type Seen = Arc<Mutex<BTreeMap<&'static str, Vec<VirtualTime>>>>;

fn note(seen: &Seen, name: &'static str, at: VirtualTime) {
    let mut seen = seen.lock().expect("it is not poisoned");
    seen.entry(name).or_default().push(at);
}

fn count(seen: &Seen, name: &str) -> usize {
    let seen = seen.lock().expect("it is not poisoned");
    seen.get(name).map_or(0, Vec::len)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Behaviour {
    Healthy,
    /// The server never reports that it is ready, callers never finish nor leave.
    Stuck,
}

#[derive(Clone, Debug)]
struct EchoScenario {
    behaviour: Behaviour,
    callers: u32,
    messages: u32,
    seen: Seen,
}

/// The sections of a file; no test here reads one.
#[derive(Deserialize, JsonSchema)]
struct EchoFile {
    callers: u32,
    messages: u32,
}

impl PartialEq for EchoScenario {
    fn eq(&self, other: &Self) -> bool {
        let of = |scenario: &Self| (scenario.behaviour, scenario.callers, scenario.messages);
        of(self) == of(other)
    }
}

impl Settings for EchoScenario {
    type File = EchoFile;
    const TEMPLATE: &'static str = "callers = 1\nmessages = 1";

    fn from_file(file: EchoFile) -> Option<Self> {
        Some(Self {
            behaviour: Behaviour::Healthy,
            callers: file.callers,
            messages: file.messages,
            seen: Seen::default(),
        })
    }

    fn actors(&self) -> Extent {
        Extent {
            noun: "caller",
            count: self.callers.into(),
        }
    }
}

struct Echo;

impl System for Echo {
    type Settings = EchoScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    fn deploy(&self, spec: &ScenarioSpec<EchoScenario>, planner: &mut Planner) -> Deployment {
        let settings = &spec.settings;
        let mut deployment = Deployment::new();
        let (seen, behaviour) = (settings.seen.clone(), settings.behaviour);
        let recorder = planner.recorder().clone();
        deployment
            .server("echo", "echo", {
                let seen = seen.clone();
                move |node| serve(node, seen.clone(), behaviour)
            })
            .on_crash(move || note(&seen, "crashed", recorder.now()));
        for number in 1..=settings.callers {
            let (work, settings) = (deployment.work(), settings.clone());
            let host = ClientHost::Own(format!("caller-{number}"));
            deployment.client("caller", host, move |node| call(node, work, settings));
        }
        deployment.longest_work(Duration::from_secs(20));
        let (seen, recorder) = (settings.seen.clone(), planner.recorder().clone());
        deployment.on_shutdown(move || {
            note(&seen, "shut down", recorder.now());
            ready(())
        });
        deployment
    }
}

async fn serve(node: Node, seen: Seen, behaviour: Behaviour) {
    note(&seen, "booted", node.recorder().now());
    if behaviour == Behaviour::Stuck {
        return std::future::pending().await;
    }
    let listener = TcpListener::bind("0.0.0.0:7").await.expect("a free port");
    node.ready();
    note(&seen, "started", node.started().await);
    while let Ok((mut stream, _)) = listener.accept().await {
        rehearsal_sim::tokio::spawn(async move {
            while let Ok(message) = stream.read_u32().await {
                if stream.write_u32(message).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn call(mut node: ClientNode, work: WorkId, settings: EchoScenario) {
    let seen = &settings.seen;
    node.ready();
    note(seen, "started", node.started().await);
    if settings.behaviour == Behaviour::Stuck {
        return std::future::pending().await;
    }
    node.work().begin(work);
    for message in 0..settings.messages {
        select! {
            biased;
            command = node.command() => {
                assert_eq!(command, ClientCommand::Reconnect, "the work is under way");
                note(seen, "reconnect", node.recorder().now());
            }
            () = time::sleep(Duration::from_millis(10)) => {}
        }
        while exchange(message).await.is_none() {
            time::sleep(Duration::from_millis(50)).await;
        }
    }
    note(seen, "done", node.recorder().now());
    node.work().done(work);
    node.leave().await;
    note(seen, "left", node.recorder().now());
}

/// Sends one message and waits for its echo, over a connection of its own.
async fn exchange(message: u32) -> Option<()> {
    let attempt = async {
        let mut stream = TcpStream::connect("echo:7").await.ok()?;
        stream.write_u32(message).await.ok()?;
        let echo = stream.read_u32().await.ok()?;
        assert_eq!(echo, message);
        Some(())
    };
    time::timeout(Duration::from_millis(300), attempt)
        .await
        .ok()?
}

fn echo(behaviour: Behaviour, faults: &[Fault]) -> (TestRun, Seen) {
    let seen = Seen::default();
    let mut spec = ScenarioSpec::new(EchoScenario {
        behaviour,
        callers: 3,
        messages: 20,
        seen: seen.clone(),
    });
    if !faults.is_empty() {
        spec.faults = FaultPlan {
            budget: 1,
            at_least: 1,
            kinds: faults.to_vec(),
            from: Duration::from_millis(40),
            until: Duration::from_millis(100),
            lasting: Duration::from_millis(500),
            ..FaultPlan::default()
        };
    }
    (run_system(Config::default(), Echo, spec), seen)
}

/// Returns what was alive at that moment.
fn census(run: &TestRun, phase: Phase) -> Census {
    let census = run.view().resources().census(phase).cloned();
    census.expect("a census")
}

#[test]
fn healthy_run_passes_through_all_phases() {
    let (run, seen) = echo(Behaviour::Healthy, &[]);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    for (name, times) in [("booted", 1), ("crashed", 0), ("done", 3), ("left", 3)] {
        assert_eq!(count(&seen, name), times, "{name}");
    }
    let seen = seen.lock().expect("it is not poisoned");
    assert_eq!(seen["shut down"].len(), 1);
    assert!(
        seen["left"]
            .iter()
            .all(|left| *left <= seen["shut down"][0])
    );
    census(&run, Phase::ShutDown);
    assert_eq!(run.history.marks().count(), 0);
}

/// The server is never shut down: its task and its socket are there before and after the
/// work, and so no leak; after the shutdown they are.
#[test]
fn census_is_taken_before_the_work_before_the_shutdown_and_after_it() {
    let (run, _) = echo(Behaviour::Healthy, &[]);
    let [ready, quiescent, shut_down] =
        [Phase::Ready, Phase::Quiescent, Phase::ShutDown].map(|phase| census(&run, phase));
    assert_eq!(ready.tasks.len(), 1 + 3, "server and callers: {ready:?}");
    for census in [&quiescent, &shut_down] {
        assert_eq!(census.tasks.len(), 1, "the server: {census:?}");
        assert_eq!(census.sockets.len(), 1, "its listener: {census:?}");
    }
    let cleanup = OracleRef::parse("cleanup").expect("an oracle of that name");
    let rules: Vec<_> = violations(&run.view(), cleanup)
        .into_iter()
        .map(|broken| broken.rule)
        .collect();
    assert_eq!(rules, ["task", "socket"]);
}

/// The server and the three callers wait for one signal.
#[test]
fn work_starts_for_every_waiter_at_the_same_time() {
    let (_, seen) = echo(Behaviour::Healthy, &[]);
    let seen = seen.lock().expect("it is not poisoned");
    assert_eq!(seen["started"].len(), 4);
    assert!(seen["started"].windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn crashed_server_boots_again() {
    let (run, seen) = echo(Behaviour::Healthy, &[CRASH]);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    assert_eq!((count(&seen, "crashed"), count(&seen, "booted")), (1, 2));
    assert_eq!(count(&seen, "done"), 3);
    assert_eq!(run.marks(CRASH), 1);
}

#[test]
fn reconnect_reaches_one_client() {
    let (run, seen) = echo(Behaviour::Healthy, &[RECONNECT]);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    assert_eq!(count(&seen, "reconnect"), 1);
    assert_eq!(run.marks(RECONNECT), 1);
}

#[test]
fn partition_delays_one_caller() {
    let (run, seen) = echo(Behaviour::Healthy, &[PARTITION]);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    assert_eq!(run.marks(PARTITION), 1);
    let seen = seen.lock().expect("it is not poisoned");
    let (first, last) = (seen["done"][0], seen["done"][2]);
    assert!(last.since(first) > Duration::from_millis(200));
}

#[test]
fn stuck_system_ends_in_bounded_time() {
    let (run, seen) = echo(Behaviour::Stuck, &[]);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    assert!(run.outcome.statistics.virtual_time.as_millis() < 600_000);
    assert_eq!(count(&seen, "shut down"), 1);
    let census = census(&run, Phase::ShutDown);
    assert_eq!(census.tasks.len(), 1, "the server's task: {census:?}");
}

#[test]
fn scenario_of_another_system_is_refused() {
    let outcome = rehearsal_sim::run(Config::default(), |world| async move {
        let spec = ScenarioSpec::new(LogScenario { groups: Vec::new() }).erased();
        system::run_any(world, &Reference, &spec, Recorder::new()).await;
    });
    assert!(matches!(outcome.verdict, Verdict::Panic(_)));
    let message = outcome.verdict.to_string();
    assert!(message.contains("cannot be run with `bridge`"), "{message}");
}

// A system that takes events from agents ---------------------------------------

static LOG_INFO: SystemInfo = SystemInfo {
    name: "log",
    summary: "Accepts every event.",
    roles: &[Role::server("log")],
    faults: &[],
    records: &[Facet::Spans],
    needed: &[],
    defects: &[],
    marks: &[],
    model: &MODEL,
};

/// The accepted events of each run, with its thread.
#[derive(Default)]
struct Log(Mutex<BTreeMap<RunId, (ThreadId, Vec<EventKind>)>>);

impl EventPort for Log {
    fn begin(&self, context: RunContext) -> BoxFuture<'_, Result<(), PortError>> {
        let mut log = self.0.lock().expect("it is not poisoned");
        log.insert(context.run, (context.thread, Vec::new()));
        ready(Ok(())).boxed()
    }

    fn emit(&self, run: RunId, event: NewEvent) -> BoxFuture<'_, Result<Receipt, PortError>> {
        let mut log = self.0.lock().expect("it is not poisoned");
        let Some((thread, events)) = log.get_mut(&run) else {
            return ready(Err(PortError(format!("{run} has not begun")))).boxed();
        };
        events.push(event.kind);
        let seq = events.len() as u64;
        let (thread, epoch) = (*thread, Epoch(1));
        let offset = Offset(event.id.0 + 1);
        ready(Ok(Receipt {
            thread,
            epoch,
            offset,
            seq,
        }))
        .boxed()
    }

    fn end(&self, _run: RunId, _end: RunEnd) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}

/// A user's own agent.
#[derive(Debug)]
struct Greeter;

impl Agent for Greeter {
    fn name(&self) -> &'static str {
        "greeter"
    }

    fn planned_events(&self) -> u64 {
        2
    }

    fn run<'a>(&'a self, context: &'a AgentContext) -> BoxFuture<'a, Result<(), AgentError>> {
        async {
            context.started().await?;
            context.completed().await
        }
        .boxed()
    }
}

struct LogSystem;

#[derive(Clone, PartialEq, Debug)]
struct LogScenario {
    groups: Vec<AgentGroup>,
}

/// The sections of a file; no test here reads one.
#[derive(Deserialize, JsonSchema)]
struct LogFile {}

impl Settings for LogScenario {
    type File = LogFile;
    const TEMPLATE: &'static str = "";

    fn from_file(LogFile {}: LogFile) -> Option<Self> {
        Some(Self { groups: Vec::new() })
    }

    fn actors(&self) -> Extent {
        let groups = self.groups.iter();
        Extent {
            noun: "agent",
            count: groups.map(|group| u64::from(group.count)).sum(),
        }
    }
}

impl System for LogSystem {
    type Settings = LogScenario;

    fn info(&self) -> &'static SystemInfo {
        &LOG_INFO
    }

    fn deploy(&self, spec: &ScenarioSpec<LogScenario>, planner: &mut Planner) -> Deployment {
        let mut deployment = Deployment::new();
        let mut runs: Vec<_> = spec
            .settings
            .groups
            .iter()
            .flat_map(|group| planner.group(group))
            .collect();
        let tenant = planner.tenant();
        let greeter: Arc<dyn Agent> = Arc::new(Greeter);
        runs.push(Arc::new(planner.run(&greeter, &tenant, None, None)));
        let population = Arc::new(Population {
            runs: runs
                .into_iter()
                .map(|run| (run, deployment.work()))
                .collect(),
            defect: None,
            run_timeout: Duration::from_secs(2),
        });
        deployment.longest_work(population.longest_work());
        deployment.server("log", "log", move |node| {
            let population = Arc::clone(&population);
            async move {
                node.ready();
                run_agents(&node, &population, Arc::new(Log::default())).await;
            }
        });
        deployment
    }
}

#[test]
fn every_mock_agent_and_a_custom_one_run_on_any_port() {
    let delay = Duration::from_millis(3);
    let mode = FailureMode::SilentDeath;
    let kinds = [
        AgentKind::Data,
        AgentKind::Optimization,
        AgentKind::Reporting,
        AgentKind::Supervisor {
            children: vec![AgentKind::Fast],
            on_failure: OnFailure::Ignore,
        },
        AgentKind::Fast,
        AgentKind::Slow,
        AgentKind::Burst {
            opening: Opening::First,
        },
        AgentKind::Streaming,
        AgentKind::Hammer { events: 3 },
        AgentKind::Success,
        AgentKind::Failure { mode },
        AgentKind::Collision { party: 1 },
        AgentKind::Stress { events: 3, delay },
    ];
    let groups = kinds.into_iter().map(|kind| AgentGroup {
        kind,
        count: 1,
        thread: ThreadPolicy::Own,
        start_within: Duration::ZERO,
    });
    let spec = ScenarioSpec::new(LogScenario {
        groups: groups.collect(),
    });
    let run = run_system(Config::default(), LogSystem, spec);
    assert_eq!(run.outcome.verdict, Verdict::Pass);
    let view = run.view();
    assert_eq!(view.spans().iter().len(), 13 + 1 + 1);
    for record in view.spans().iter() {
        let began = record.began;
        let expected = if began.kind == "failure" {
            RunEnd::DiedSilently
        } else {
            RunEnd::Completed
        };
        assert_eq!(record.end(), Some(expected), "{}", began.label);
        let sendings: Vec<_> = view.messages().of_span(began.span).collect();
        assert_eq!(
            Some(sendings.len() as u64),
            began.planned,
            "{}",
            began.label
        );
        for sending in sendings {
            let filed = sending
                .accepted()
                .and_then(|accepted| Some(accepted.position?.channel));
            assert_eq!(filed, began.channel, "{}", began.label);
        }
    }
}
