//! On tour: the whole play on plain tokio, over streams that are no sockets.

use std::io;

use rehearsal_agents::bridge::{Guest, Listener, NotOnTour, Tour};
use rehearsal_agents::client::{Dial, Link, LinkLost};
use rehearsal_agents::record::{Evidence, RunEnd};
use rehearsal_agents::spec::{AgentKind, BridgeSpec, FailureMode, FaultKind, Transport};
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

impl Dial for Caller {
    type Stream = DuplexStream;

    async fn dial(&self) -> Result<Link<DuplexStream>, LinkLost> {
        let (mine, theirs) = duplex(64);
        self.0.send(theirs).map_err(|_| LinkLost)?;
        Link::over(mine, "bridge").await
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// What guests do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Guests {
    /// All of them come.
    Attend,
    /// None of them does.
    StayAway,
    /// They come and hear nothing: each calls somebody else.
    CallElsewhere,
}

fn play(spec: BridgeSpec, guests: Guests) -> Evidence {
    let runtime = runtime();
    let start = runtime.block_on(async { time::Instant::now() });
    let clock = move || VirtualTime::ZERO + start.elapsed();
    let tour = Tour::new(spec, 0, clock).expect("it can go on tour");
    let recorder = tour.recorder.clone();
    runtime.block_on(async move {
        let (caller, calls) = mpsc::unbounded_channel();
        let (elsewhere, _unheard) = mpsc::unbounded_channel();
        let dial = match guests {
            Guests::CallElsewhere => Caller(elsewhere),
            Guests::Attend | Guests::StayAway => Caller(caller.clone()),
        };
        let coming = match guests {
            Guests::StayAway => Vec::new(),
            Guests::Attend | Guests::CallElsewhere => tour.guests,
        };
        let attend = |guest: Guest| guest.attend(dial.clone());
        let audience = futures_util::future::join_all(coming.into_iter().map(attend));
        let settled = async || time::sleep(ms(1)).await;
        join!(tour.company.play(Exchange(calls), settled), audience);
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
fn everything_arrives_on_plain_tokio() {
    let evidence = play(everybody(), Guests::Attend);
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

/// The clock is the house's, and random delays are those that were planned.
#[test]
fn time_passes_on_tour() {
    let evidence = play(everybody(), Guests::Attend);
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

/// The director waits for nobody for ever.
#[test]
fn guests_who_stay_away_or_are_not_heard_do_not_hold_up_the_play() {
    for guests in [Guests::StayAway, Guests::CallElsewhere] {
        let evidence = play(everybody(), guests);
        assert_eq!(evidence.emissions.len(), 24 + 2 * 22 + 3 + 9);
        assert_eq!(evidence.deliveries.len(), 0);
        assert!(evidence.clients.values().all(|client| !client.finished));
        assert!(evidence.final_registry.is_some());
    }
}

#[test]
fn what_cannot_go_on_tour_says_so() {
    let clock = || VirtualTime::ZERO;
    let faulty = with_fault(everybody(), FaultKind::ClientReconnect, 10, 20);
    let refused = Tour::new(faulty, 0, clock).expect_err("faults do not travel");
    assert_eq!(refused, NotOnTour::Faults);
    let refused = runtime().block_on(async { Tour::new(everybody(), 0, clock).err() });
    assert_eq!(refused, Some(NotOnTour::InsideRuntime));
}
