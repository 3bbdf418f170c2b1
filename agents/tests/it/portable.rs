//! A portable scenario on plain tokio, over in-memory streams.

use std::io;
use std::sync::LazyLock;

use rehearsal_agents::bridge::portable::{ClientPart, NotPortable, PortableScenario};
use rehearsal_agents::bridge::{BridgeSpec, Transport};
use rehearsal_agents::bridge::{Listener, faults};
use rehearsal_agents::client::{ClientConnection, ConnectionLost, Connector};
use rehearsal_agents::record::RunEnd;
use rehearsal_agents::spec::{AgentKind, FailureMode, Opening};
use rehearsal_history::oracle::OracleRef;
use rehearsal_history::{CheckedRun, Facet, History, Phase};
use rehearsal_sim::tokio::io::{DuplexStream, duplex};
use rehearsal_sim::tokio::runtime::{Builder, Runtime};
use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::{join, time};
use rehearsal_sim::{Statistics, Verdict, VirtualTime};

use crate::common::{
    failure, group, invariant_checks, ms, spec, stress, supervisor, violations, with_fault,
};

/// Accepts the streams that the connectors make.
struct StreamListener(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for StreamListener {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[derive(Clone)]
struct StreamConnector(mpsc::UnboundedSender<DuplexStream>);

impl Connector for StreamConnector {
    type Stream = DuplexStream;

    async fn connect(&self) -> Result<ClientConnection<DuplexStream>, ConnectionLost> {
        let (mine, theirs) = duplex(64);
        self.0.send(theirs).map_err(|_| ConnectionLost)?;
        ClientConnection::over(mine, "bridge").await
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// The behaviour of all clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Clients {
    /// They connect to the bridge.
    Connect,
    /// They never run.
    Absent,
    /// They connect to another server, and receive nothing.
    Misconnected,
}

fn run_portable(spec: BridgeSpec, clients: Clients) -> History {
    let runtime = runtime();
    let start = runtime.block_on(async { time::Instant::now() });
    let clock = move || VirtualTime::ZERO + start.elapsed();
    let scenario = PortableScenario::new(spec, 0, clock).expect("it is portable");
    let recorder = scenario.recorder.clone();
    runtime.block_on(async move {
        let (connect, connections) = mpsc::unbounded_channel();
        let (elsewhere, _unserved) = mpsc::unbounded_channel();
        let connector = match clients {
            Clients::Misconnected => StreamConnector(elsewhere),
            Clients::Connect | Clients::Absent => StreamConnector(connect.clone()),
        };
        let running = match clients {
            Clients::Absent => Vec::new(),
            Clients::Connect | Clients::Misconnected => scenario.clients,
        };
        let run_client = |client: ClientPart| client.run(connector.clone());
        let ended = futures_util::future::join_all(running.into_iter().map(run_client));
        let settled = async || time::sleep(ms(1)).await;
        join!(
            scenario.server.run(StreamListener(connections), settled),
            ended
        );
    });
    recorder.into_history()
}

fn mixed_population() -> BridgeSpec {
    let mut spec = spec(
        Transport::WebSocket,
        vec![
            group(supervisor(), 1),
            group(stress(20), 2),
            group(failure(FailureMode::Timeout), 1),
            group(
                AgentKind::Burst {
                    opening: Opening::First,
                },
                1,
            ),
        ],
    );
    spec.settings.bridge.run_timeout = ms(900);
    spec
}

/// Returns the run as oracles read it. Nothing is known of the engine.
fn checked(history: &History) -> CheckedRun<'_> {
    static PASS: Verdict = Verdict::Pass;
    static STATISTICS: LazyLock<Statistics> = LazyLock::new(Statistics::default);
    CheckedRun::new(history, &PASS, &STATISTICS)
}

const EVENTS: usize = 24 + 2 * 22 + 3 + 9;

#[test]
fn every_event_is_delivered_on_plain_tokio() {
    let history = run_portable(mixed_population(), Clients::Connect);
    let run = checked(&history);
    let messages = run.messages();
    assert_eq!(messages.sendings().len(), EVENTS);
    assert_eq!(messages.deliveries().len(), EVENTS);
    assert_eq!(messages.subscribers().len(), 5);
    assert!(messages.subscribers().all(|client| client.drained));
    let (checks, broken) = invariant_checks(&history);
    assert!(checks > 0);
    assert_eq!(broken, Vec::<&str>::new());
    assert_eq!(run.resources().held(Phase::Quiescent), Some([].as_slice()));
    let ends: Vec<_> = run.spans().iter().map(|record| record.end()).collect();
    let timed_out = ends.iter().filter(|end| **end == Some(RunEnd::TimedOut));
    assert_eq!(timed_out.count(), 1);
    let completed = ends.iter().filter(|end| **end == Some(RunEnd::Completed));
    assert_eq!(completed.count(), ends.len() - 1);
}

/// The oracles that read nothing of the engine judge a history from any runtime.
#[test]
fn oracles_pass_on_plain_tokio() {
    let history = run_portable(mixed_population(), Clients::Connect);
    let run = checked(&history);
    let unread = [Facet::Engine, Facet::Operations];
    let reads_none =
        |oracle: &OracleRef| !unread.iter().any(|facet| oracle.reads().contains(facet));
    let oracles = OracleRef::all().filter(reads_none);
    let judged = oracles.map(|oracle| assert_eq!(violations(&run, oracle), [], "{oracle}"));
    assert_eq!(judged.count(), 14);
}

/// Random delays are those that were planned.
#[test]
fn portable_scenario_uses_the_runtime_clock() {
    let history = run_portable(mixed_population(), Clients::Connect);
    let run = checked(&history);
    let sendings = run.messages().sendings().iter();
    let times: Vec<VirtualTime> = sendings.map(|sending| sending.at).collect();
    assert!(times.is_sorted());
    let mut spans = run.spans().iter();
    let stress = spans.find(|record| record.began.kind == "stress");
    let stress = stress.expect("a stress agent").began.span;
    let of_stress = run.messages().of_span(stress);
    let mut instants: Vec<VirtualTime> = of_stress.map(|sending| sending.at).collect();
    instants.dedup();
    let (first, last) = (instants[0], instants[instants.len() - 1]);
    assert!(instants.len() > 10, "{instants:?}");
    assert!(last.since(first) <= ms(20 * 10), "{instants:?}");
    let last = times[times.len() - 1].since(times[0]);
    assert_eq!(last, ms(900), "the deadline of the agent that hangs");
}

#[test]
fn absent_and_misconnected_clients_do_not_block_the_run() {
    for clients in [Clients::Absent, Clients::Misconnected] {
        let history = run_portable(mixed_population(), clients);
        let run = checked(&history);
        let messages = run.messages();
        assert_eq!(messages.sendings().len(), EVENTS);
        assert_eq!(messages.deliveries().len(), 0);
        assert!(messages.subscribers().all(|client| !client.drained));
        assert!(run.resources().held(Phase::Quiescent).is_some());
    }
}

#[test]
fn unportable_scenario_is_refused() {
    let clock = || VirtualTime::ZERO;
    let faulty = with_fault(mixed_population(), faults::CLIENT_RECONNECT, 10, 20);
    let refused = PortableScenario::new(faulty, 0, clock).expect_err("faults are not portable");
    assert_eq!(refused, NotPortable::Faults);
    let refused =
        runtime().block_on(async { PortableScenario::new(mixed_population(), 0, clock).err() });
    assert_eq!(refused, Some(NotPortable::InsideRuntime));
}
