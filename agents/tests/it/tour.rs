//! A portable scenario on plain tokio, over streams that are no sockets.

use std::io;

use rehearsal_agents::bridge::portable::{ClientPart, NotPortable, PortableScenario};
use rehearsal_agents::bridge::{Listener, faults};
use rehearsal_agents::client::{ClientConnection, ConnectionLost, Connector};
use rehearsal_agents::record::{Evidence, RunEnd};
use rehearsal_agents::spec::{AgentKind, BridgeSpec, FailureMode, Transport};
use rehearsal_sim::VirtualTime;
use rehearsal_sim::tokio::io::{DuplexStream, duplex};
use rehearsal_sim::tokio::runtime::{Builder, Runtime};
use rehearsal_sim::tokio::sync::mpsc;
use rehearsal_sim::tokio::{join, time};

use crate::common::{failure, group, ms, spec, stress, supervisor, with_fault};

/// Accepts what the callers send.
struct Exchange(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Exchange {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[derive(Clone)]
struct Caller(mpsc::UnboundedSender<DuplexStream>);

impl Connector for Caller {
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

/// The behaviour of the clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Clients {
    /// All of them join.
    Join,
    /// None of them joins.
    StayAway,
    /// They join and receive nothing: each connects to another server.
    ConnectElsewhere,
}

fn run_portable(spec: BridgeSpec, clients: Clients) -> Evidence {
    let runtime = runtime();
    let start = runtime.block_on(async { time::Instant::now() });
    let clock = move || VirtualTime::ZERO + start.elapsed();
    let scenario = PortableScenario::new(spec, 0, clock).expect("it is portable");
    let recorder = scenario.recorder.clone();
    runtime.block_on(async move {
        let (caller, calls) = mpsc::unbounded_channel();
        let (elsewhere, _unheard) = mpsc::unbounded_channel();
        let connector = match clients {
            Clients::ConnectElsewhere => Caller(elsewhere),
            Clients::Join | Clients::StayAway => Caller(caller.clone()),
        };
        let coming = match clients {
            Clients::StayAway => Vec::new(),
            Clients::Join | Clients::ConnectElsewhere => scenario.clients,
        };
        let run_client = |client: ClientPart| client.run(connector.clone());
        let audience = futures_util::future::join_all(coming.into_iter().map(run_client));
        let settled = async || time::sleep(ms(1)).await;
        join!(scenario.server.run(Exchange(calls), settled), audience);
    });
    recorder.into_evidence()
}

fn everybody() -> BridgeSpec {
    let mut spec = spec(
        Transport::WebSocket,
        vec![
            group(supervisor(), 1),
            group(stress(20), 2),
            group(failure(FailureMode::Timeout), 1),
            group(AgentKind::Burst, 1),
        ],
    );
    spec.bridge.run_timeout = ms(900);
    spec
}

#[test]
fn every_event_is_delivered_on_plain_tokio() {
    let evidence = run_portable(everybody(), Clients::Join);
    assert_eq!(evidence.emissions.len(), 24 + 2 * 22 + 3 + 9);
    assert_eq!(evidence.deliveries.len(), evidence.emissions.len());
    assert_eq!(evidence.clients.len(), 5);
    assert!(evidence.clients.values().all(|client| client.finished));
    assert!(evidence.registry_checks > 0);
    assert_eq!(evidence.broken_registry, []);
    assert_eq!(evidence.final_registry, Some(Default::default()));
    let ends: Vec<_> = evidence.runs.values().map(|run| run.end).collect();
    let timed_out = ends.iter().filter(|end| **end == Some(RunEnd::TimedOut));
    assert_eq!(timed_out.count(), 1);
    let completed = ends.iter().filter(|end| **end == Some(RunEnd::Completed));
    assert_eq!(completed.count(), ends.len() - 1);
}

/// Random delays are those that were planned.
#[test]
fn a_portable_scenario_uses_the_runtime_clock() {
    let evidence = run_portable(everybody(), Clients::Join);
    let times: Vec<VirtualTime> = evidence.emissions.iter().map(|event| event.at).collect();
    assert!(times.is_sorted());
    let stress = evidence.runs.values().find(|run| run.kind == "stress");
    let stress = stress.expect("a stress agent").run;
    let mut instants: Vec<VirtualTime> = evidence
        .emissions
        .iter()
        .filter(|event| event.run == stress)
        .map(|event| event.at)
        .collect();
    instants.dedup();
    let (first, last) = (instants[0], instants[instants.len() - 1]);
    assert!(instants.len() > 10, "{instants:?}");
    assert!(last.since(first) <= ms(20 * 10), "{instants:?}");
    let last = times[times.len() - 1].since(times[0]);
    assert_eq!(last, ms(900), "the deadline of the agent that hangs");
}

/// The driver waits for no client for ever.
#[test]
fn absent_and_misconnected_clients_do_not_block_the_run() {
    for clients in [Clients::StayAway, Clients::ConnectElsewhere] {
        let evidence = run_portable(everybody(), clients);
        assert_eq!(evidence.emissions.len(), 24 + 2 * 22 + 3 + 9);
        assert_eq!(evidence.deliveries.len(), 0);
        assert!(evidence.clients.values().all(|client| !client.finished));
        assert!(evidence.final_registry.is_some());
    }
}

#[test]
fn unportable_scenarios_are_refused() {
    let clock = || VirtualTime::ZERO;
    let faulty = with_fault(everybody(), faults::CLIENT_RECONNECT, 10, 20);
    let refused = PortableScenario::new(faulty, 0, clock).expect_err("faults are not portable");
    assert_eq!(refused, NotPortable::Faults);
    let refused = runtime().block_on(async { PortableScenario::new(everybody(), 0, clock).err() });
    assert_eq!(refused, Some(NotPortable::InsideRuntime));
}
