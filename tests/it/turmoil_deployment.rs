//! Systems that take their sockets from a `Network`, on classic turmoil: a host for each
//! server and for each client, the director beside one server, and the assertions that hold
//! for every such system.
//!
//! The scenario file, the plan of the seed, the programs of the system and the record are
//! those of our simulator. Hosts, network, schedule and clock are turmoil's.

use std::any::Any;
use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::agents::portable::{NotPortable, PortableDeployment};
use rehearsal::agents::spec::ScenarioSpec;
use rehearsal::history::facets::marks::derived_marks;
use rehearsal::history::{CheckedRun, EntryKind, History, Mark, Phase, Sent};
use rehearsal::run::{self, RunOptions, StrategyName};
use rehearsal::scenario::{ExpectedVerdict, Goal, Scenario, discover, load};
use rehearsal::sim::{Statistics, Verdict};

use crate::support::scenario;
use crate::two_simulators::{build_sim, complaints, count, judge};

/// A kind of system that runs on turmoil.
pub(crate) struct PortableSystem {
    /// The name of the kind in scenario files.
    pub(crate) kind: &'static str,
    /// The host of the server beside which the director runs.
    pub(crate) director: &'static str,
    /// Plans the deployment of a scenario with a seed.
    pub(crate) plan: fn(&Scenario, u64) -> Result<PortableDeployment, NotPortable>,
}

/// Returns what a scenario of one kind of system asks for.
#[track_caller]
pub(crate) fn spec<S: Any + Clone>(scenario: &Scenario) -> ScenarioSpec<S> {
    let spec = scenario.spec.typed();
    spec.expect("a scenario of that kind")
}

impl PortableSystem {
    /// Runs a scenario on turmoil.
    pub(crate) fn run(&self, scenario: &Scenario, seed: u64) -> History {
        let PortableDeployment {
            servers,
            clients,
            director,
            recorder,
        } = (self.plan)(scenario, seed).expect("it is portable");
        let mut sim = build_sim(scenario, seed);
        let quiet = 10 * scenario.spec.network.latency_max;
        let parts = servers.iter().chain(&clients);
        let hosts: Vec<String> = parts.map(|part| part.host.clone()).collect();
        assert!(hosts.iter().any(|host| host == self.director));
        let mut director = Some(director);
        for part in servers.into_iter().chain(clients) {
            let (host, at) = (part.host.clone(), self.director);
            let director = (host == at).then(|| director.take().expect("one such server"));
            let (handle, hosts) = (recorder.clone(), hosts.clone());
            sim.client(host, async move {
                let Some(director) = director else {
                    part.run().await;
                    return Ok(());
                };
                let settled = async || tokio::time::sleep(quiet).await;
                tokio::join!(part.run(), director.run(settled));
                handle.counted(count(at, &hosts), Phase::ShutDown);
                Ok(())
            });
        }
        sim.run().expect("the run ends");
        drop(sim);
        recorder.into_history()
    }

    /// Asserts that the oracles of these scenarios pass on turmoil, and that each run reaches
    /// what it must.
    #[track_caller]
    pub(crate) fn assert_healthy(&self, names: &[&str], seeds: u64) {
        for name in names {
            let scenario = scenario(name);
            for seed in 0..seeds {
                let history = self.run(&scenario, seed);
                let findings = judge(&scenario, &history);
                assert_eq!(complaints(findings), [], "{name} {seed}");
                assert_reached(&scenario, &history);
            }
        }
    }

    /// Asserts that these are the healthy scenarios of the kind that have no faults.
    #[track_caller]
    pub(crate) fn assert_lists_every_healthy_scenario(&self, names: &[&str]) {
        let files = discover::find(Path::new("scenarios")).expect("scenario files are found");
        let scenarios = files.iter().map(|file| load(file).expect("it is valid"));
        let found: BTreeSet<String> = scenarios
            .filter(|scenario| scenario.kind.name() == self.kind)
            .filter(|scenario| scenario.spec.faults.is_empty() && scenario.spec.defect.is_none())
            .map(|scenario| scenario.name)
            .collect();
        let listed = names.iter().copied().map(str::to_owned);
        assert_eq!(found, listed.collect());
    }

    /// Asserts that a seed gives the same on both simulators, so far as `shown` shows it.
    #[track_caller]
    pub(crate) fn assert_one_plan(&self, names: &[&str], shown: fn(&History) -> Vec<String>) {
        for name in names {
            let scenario = scenario(name);
            let theirs = shown(&self.run(&scenario, 3));
            let ours = run::run_once(&scenario, RunOptions::new(3, StrategyName::FIFO));
            let ours = shown(&ours.judged.expect("a scenario is judged").history);
            assert_ne!(ours, [""; 0], "{name} shows nothing");
            assert_eq!(theirs, ours, "{name}");
        }
    }

    /// Asserts that a seed gives one run on turmoil, and another seed another one.
    #[track_caller]
    pub(crate) fn assert_one_run(&self, name: &str) {
        let scenario = scenario(name);
        let [first, again, other] = [1, 1, 2].map(|seed| self.run(&scenario, seed));
        assert_eq!(first, again);
        assert_ne!(again, other);
    }

    /// Asserts that every seed of these defects is caught on turmoil by the oracle that
    /// catches it here.
    #[track_caller]
    pub(crate) fn assert_catches(&self, defects: &[&str], seeds: u64) {
        for name in defects {
            let scenario = scenario(name);
            let ExpectedVerdict::Violation(expected) = scenario.expect.verdict else {
                panic!("{name} expects no violation");
            };
            for seed in 0..seeds {
                let history = self.run(&scenario, seed);
                let complaints = complaints(judge(&scenario, &history));
                let mut broken = complaints
                    .iter()
                    .filter(|(_, finding)| finding.broken() > 0);
                let caught = broken.any(|(oracle, _)| *oracle == expected);
                assert!(caught, "{name} {seed}: {complaints:?}");
            }
        }
    }
}

/// Asserts that a run came by every mark that its scenario must reach.
#[track_caller]
fn assert_reached(scenario: &Scenario, history: &History) {
    let statistics = Statistics::default();
    let run = CheckedRun::new(history, &Verdict::Pass, &statistics);
    let derived = derived_marks(&run);
    let recorded = history.marks().cloned();
    let reached: BTreeSet<Mark> = recorded.chain(derived).collect();
    for goal in &scenario.expect.reached {
        // Only our engine sees which task waits for a lock.
        let Goal::Mark(mark) = goal else { continue };
        let met = reached.contains(&Mark::new(mark.name()));
        assert!(met, "{}: {goal}", scenario.name);
    }
}

/// Returns the messages without their times, in an order that no schedule disturbs.
pub(crate) fn sent(history: &History) -> Vec<String> {
    let sent = history
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Sent(sent) => Some(sent),
            _ => None,
        });
    let text = |sent: &Sent| format!("{:?} {:?}", sent.envelope.stream, sent.body);
    let mut sent: Vec<String> = sent.map(text).collect();
    sent.sort();
    sent
}
