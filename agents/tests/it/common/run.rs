//! Runs, and readers of their histories.

use rehearsal_agents::bridge::{BridgeSpec, Reference};
use rehearsal_agents::goal::Goal;
use rehearsal_agents::record::{Epoch, Recorder, RunEnd};
use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::system::{self, System};
use rehearsal_history::{CheckedRun, EntryKind, GapPolicy, History, SpanId, Symbol};
use rehearsal_sim::{Config, Fifo, NetConfig, Outcome, Random, Recording, Strategy, run};

/// The order in which ready tasks run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Fifo,
    Random,
}

pub const ORDERS: [Order; 2] = [Order::Fifo, Order::Random];

/// One finished run with its history.
#[derive(Debug)]
pub struct TestRun {
    pub outcome: Outcome<()>,
    pub history: History,
}

impl TestRun {
    /// Returns the run as oracles read it, with the gaps that the policy allows.
    pub fn checked(&self, gaps: GapPolicy) -> CheckedRun<'_> {
        let Outcome {
            verdict,
            statistics,
            ..
        } = &self.outcome;
        CheckedRun::new(&self.history, verdict, statistics).with_gaps(gaps)
    }

    /// Returns the run as oracles read it, without any gaps allowed.
    pub fn view(&self) -> CheckedRun<'_> {
        self.checked(GapPolicy::default())
    }

    /// Returns the ends of the agent runs, in the order of their ids.
    pub fn ends(&self) -> Vec<Option<RunEnd>> {
        let view = self.view();
        view.spans().iter().map(|record| record.end()).collect()
    }

    /// Returns the agent runs, in order of declaration.
    pub fn spans(&self) -> Vec<SpanId> {
        let view = self.view();
        view.spans()
            .iter()
            .map(|record| record.began.span)
            .collect()
    }

    /// Returns how often the run reached a goal.
    pub fn marks(&self, goal: impl Into<Goal>) -> usize {
        let name = goal.into().name();
        let marks = self.history.marks();
        marks.filter(|mark| mark.0 == *name.as_str()).count()
    }

    /// Returns `true` if the run reached the goal.
    pub fn reached(&self, goal: impl Into<Goal>) -> bool {
        self.marks(goal) > 0
    }
}

/// Runs the reference bridge.
pub fn run_spec(spec: &BridgeSpec, seed: u64, order: Order) -> TestRun {
    let strategy: Box<dyn Strategy> = match order {
        Order::Fifo => Box::new(Fifo),
        Order::Random => Box::new(Random::default()),
    };
    let config = Config {
        seed,
        strategy,
        recording: Recording::Fingerprint,
        net: NetConfig {
            latency_min: spec.network.latency_min,
            latency_max: spec.network.latency_max,
            loss_per_mille: spec.network.loss_per_mille,
            ..NetConfig::default()
        },
        ..Config::default()
    };
    run_system(config, Reference, spec.clone())
}

/// Runs any system.
pub fn run_system<S: System>(
    config: Config,
    system: S,
    spec: ScenarioSpec<S::Settings>,
) -> TestRun {
    let recorder = Recorder::with_model(system.info().model);
    let handle = recorder.clone();
    let outcome = run(config, move |world| {
        system::run(world, system, spec, handle)
    });
    TestRun {
        outcome,
        history: recorder.into_history(),
    }
}

/// Runs the reference bridge under that many seeds, in each order.
pub fn run_seeds(spec: &BridgeSpec, seeds: u64) -> Vec<TestRun> {
    let each = |seed| ORDERS.map(|order| run_spec(spec, seed, order));
    (0..seeds).flat_map(each).collect()
}

/// Returns the incarnations that crashed, in order.
pub fn crashed_epochs(history: &History) -> Vec<Epoch> {
    let crashed = history.entries.iter().filter_map(|entry| match entry.kind {
        EntryKind::Crashed { epoch } => Some(epoch),
        _ => None,
    });
    crashed.collect()
}

/// Returns how often invariants were checked, and the contradictions that were found.
pub fn invariant_checks(history: &History) -> (usize, Vec<&str>) {
    let checks = history
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Invariant { broken, .. } => Some(broken.as_deref()),
            _ => None,
        });
    let checks: Vec<Option<&str>> = checks.collect();
    (checks.len(), checks.into_iter().flatten().collect())
}

/// Returns the kinds of the events that an agent run sent, in order.
pub fn kinds_of<'a>(run: &CheckedRun<'a>, span: SpanId) -> Vec<&'a Symbol> {
    let sendings = run.messages().of_span(span);
    sendings.map(|sending| sending.kind()).collect()
}
