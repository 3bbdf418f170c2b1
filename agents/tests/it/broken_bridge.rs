//! A scenario ends in bounded virtual time whatever the bridge does, and the
//! evidence shows what it did.

use std::future::{pending, ready};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rehearsal_agents::bridge::{
    Bridge, BridgeError, BridgeState, BridgeSystem, MemoryConnection, NewEvent, RunContext,
};
use rehearsal_agents::event::RunId;
use rehearsal_agents::record::{Evidence, Fate, Receipt, Recorder, RegistrySnapshot, RunEnd};
use rehearsal_agents::spec::{AgentKind, Transport};
use rehearsal_agents::system;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::{Config, Verdict, run};

use crate::common::{TRANSPORTS, group, ms, spec};

/// How a bridge is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    /// It does not start.
    Refuses,
    /// It starts, and answers nobody ever after.
    Hangs,
}

struct Broken(Manner);

impl Bridge for Broken {
    fn ensure_integration(&self) -> BoxFuture<'_, Result<(), BridgeError>> {
        ready(match self.0 {
            Manner::Refuses => Err(BridgeError::NotStarted("no licence".to_owned())),
            Manner::Hangs => Ok(()),
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

/// Only what every bridge must have.
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
fn a_bridge_that_is_held_to_what_it_cannot_do_says_so() {
    for (transport, without) in [
        (Transport::InProcess, "`.without(Capability::InProcess)`"),
        (Transport::WebSocket, "`.without(Capability::WebSocket)`"),
    ] {
        let spec = spec(transport, vec![group(AgentKind::Data, 2)]);
        let outcome = run(Config::default(), move |world| {
            let system = BridgeSystem::new(|_| Arc::new(Minimal));
            system::run(world, system, spec, Recorder::new())
        });
        assert!(matches!(outcome.verdict, Verdict::Panic(_)));
        let told = outcome.verdict.to_string();
        assert!(told.contains(without), "{told}");
    }
}

fn play(transport: Transport, manner: Manner) -> Evidence {
    let mut spec = spec(transport, vec![group(AgentKind::Data, 2)]);
    spec.bridge.run_timeout = ms(500);
    let recorder = Recorder::new();
    let notebook = recorder.clone();
    let outcome = run(Config::default(), move |world| {
        let system = BridgeSystem::new(move |_| Arc::new(Broken(manner)));
        system::run(world, system, spec, notebook)
    });
    assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.verdict);
    assert!(outcome.statistics.virtual_time.as_millis() < 600_000);
    recorder.into_evidence()
}

#[test]
fn a_bridge_that_hangs_does_not_hang_the_scenario() {
    for transport in TRANSPORTS {
        let evidence = play(transport, Manner::Hangs);
        assert_eq!(evidence.runs.len(), 2);
        assert!(evidence.runs.values().all(|run| run.end.is_none()));
        let unanswered = |fate: &Fate| *fate == Fate::Unanswered;
        assert!(
            evidence
                .emissions
                .iter()
                .all(|emission| unanswered(&emission.fate))
        );
        assert!(evidence.clients.values().all(|client| !client.finished));
        assert_eq!(evidence.final_registry, None);
        let census = evidence.final_census.expect("somebody counted");
        assert!(!census.tasks.is_empty());
    }
}

#[test]
fn a_bridge_that_does_not_start_leaves_evidence_of_that() {
    for transport in TRANSPORTS {
        let evidence = play(transport, Manner::Refuses);
        assert!(evidence.runs.is_empty());
        assert_eq!(evidence.clients.len(), 2);
        assert!(evidence.clients.values().all(|client| client.connects == 0));
        assert_eq!(evidence.final_registry, None);
        assert!(evidence.final_census.is_some());
    }
}
