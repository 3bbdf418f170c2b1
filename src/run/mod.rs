//! One seed of one scenario: run, checked, reported.

mod effects;
pub(crate) mod identity;
pub(crate) mod judge;
pub(crate) mod logs;
pub(crate) mod profiles;
pub mod seeds;
pub mod signature;
pub(crate) mod strategy;
pub(crate) mod target;
pub(crate) mod under_way;
mod validation;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use rehearsal_agents::effect::Effects;
use rehearsal_agents::record::Recorder;
use rehearsal_agents::system;
use rehearsal_history::{CheckedRun, EntityId, History, Ledger, Symbol};
use rehearsal_sim::{
    Budget, Choices, Config, Heartbeat, Interleave, LeakKind, NetConfig, Outcome, Recording,
    Schedule, Strategy, Verdict, VirtualTime,
};

use self::judge::{Criteria, Finished};
pub use self::strategy::StrategyName;
pub use self::target::{run_deviating, run_once};
pub use self::validation::{Validated, ValidationOutcome};
use crate::exit::Exit;
use crate::oracle::OracleRef;
use crate::scenario::{ExpectedVerdict, Goal, Scenario};

/// The way in which one seed is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The seed.
    pub seed: u64,
    /// The scheduling strategy.
    pub strategy: StrategyName,
    /// The extent of the recording.
    pub recording: Recording,
    /// The source of choices.
    pub choices: Choices,
    /// The operations that are scheduling points; none for what the target says.
    pub interleave: Option<Interleave>,
    /// The most steps, if these are fewer than the target says.
    pub steps: Option<u64>,
    /// The run's progress, for a thread outside it.
    pub heartbeat: Arc<Heartbeat>,
}

impl RunOptions {
    /// That seed with that strategy, keeping the fingerprint only.
    pub fn new(seed: u64, strategy: StrategyName) -> Self {
        Self {
            seed,
            strategy,
            recording: Recording::Fingerprint,
            choices: Choices::Fresh,
            interleave: None,
            steps: None,
            heartbeat: Arc::default(),
        }
    }

    /// Keeps tape and history too.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.recording = Recording::Full;
        self
    }

    /// Keeps tape and history, and what the report of a failure tells of them.
    #[must_use]
    pub fn observed(mut self) -> Self {
        self.recording = Recording::Observed;
        self
    }

    /// Has these operations be scheduling points, whatever the target says.
    #[must_use]
    pub fn interleaving(mut self, interleave: Interleave) -> Self {
        self.interleave = Some(interleave);
        self
    }

    /// Ends the run after so many steps, if it does not end by itself; then nothing is known of
    /// the rest.
    #[must_use]
    pub fn within_steps(mut self, steps: u64) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Returns the budget of the run of a target that has `budget`.
    pub(crate) fn within(&self, budget: Budget) -> Budget {
        Budget {
            steps: self.steps.unwrap_or(u64::MAX).min(budget.steps),
            ..budget
        }
    }

    /// Replays a schedule.
    #[must_use]
    pub fn replaying(mut self, schedule: Schedule) -> Self {
        self.choices = Choices::Replay(schedule);
        self
    }
}

/// One run of one seed, judged.
#[derive(Debug)]
pub struct RunReport {
    /// The target: a scenario's name, or a test's.
    pub target: String,
    /// The seed.
    pub seed: u64,
    /// The strategy.
    pub strategy: StrategyName,
    /// The engine's account of the run.
    pub outcome: Outcome<()>,
    /// The verdict.
    pub verdict: RunVerdict,
    /// The failures; of a scenario, in the order of its oracles.
    pub failures: Vec<Failure>,
    /// The evidence that the oracles had; none for a target without them.
    pub judged: Option<Judged>,
}

/// The evidence that the oracles of a run had, and their counts.
#[derive(Debug)]
pub struct Judged {
    /// The settings of `system` that the scenario was run with.
    pub options: BTreeMap<String, String>,
    /// The ledger of all events.
    pub ledger: Ledger,
    /// The number of checks of each oracle.
    pub checked: Vec<(OracleRef, u64)>,
    /// The oracles that had something to check.
    pub exercised: Vec<OracleRef>,
    /// The oracles that could judge the run and had nothing to check. If no run gives one
    /// anything to check, the exploration fails.
    pub vacuous: Vec<OracleRef>,
    /// The six validations.
    pub validations: Vec<Validated>,
    /// Goals that the run reached.
    pub goals: BTreeSet<Goal>,
    /// The record of the actors.
    pub history: History,
}

impl Judged {
    /// Returns the run as oracles read it.
    pub(crate) fn run<'a>(&'a self, outcome: &'a Outcome<()>) -> CheckedRun<'a> {
        CheckedRun::new(&self.history, &outcome.verdict, &outcome.statistics)
    }
}

/// The verdict over one run; see [`Verdict`] for the engine's share of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RunVerdict {
    /// Nothing is wrong.
    Pass,
    /// An oracle found a violation, or the run missed what it must reach.
    Violation,
    /// Tasks wait for each other, or nothing can run any more.
    Deadlock,
    /// Tasks run and time does not move.
    Livelock,
    /// Virtual time ran out.
    Timeout,
    /// A task panicked.
    Panic,
    /// The same seed gave two different runs.
    Nondeterminism,
    /// Something left the run: a thread, a socket. No seed decides what goes on there.
    Leak,
    /// A task never came to an await, and the process was ended.
    Hang,
    /// The budget of steps ran out.
    Unknown,
}

impl RunVerdict {
    /// Every verdict.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Violation,
        Self::Deadlock,
        Self::Livelock,
        Self::Timeout,
        Self::Panic,
        Self::Nondeterminism,
        Self::Leak,
        Self::Hang,
        Self::Unknown,
    ];

    /// One word, as in JSON and in repro files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Violation => "violation",
            Self::Deadlock => "deadlock",
            Self::Livelock => "livelock",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::Nondeterminism => "nondeterminism",
            Self::Leak => "leak",
            Self::Hang => "hang",
            Self::Unknown => "unknown",
        }
    }

    /// Returns `true` for a failure of the system under test, of which a share may be allowed;
    /// the others say that nothing is known.
    pub fn is_of_the_system(self) -> bool {
        match self {
            Self::Violation
            | Self::Panic
            | Self::Deadlock
            | Self::Livelock
            | Self::Timeout
            | Self::Hang => true,
            Self::Pass | Self::Nondeterminism | Self::Leak | Self::Unknown => false,
        }
    }

    /// The exit code that says so.
    pub fn exit(self) -> Exit {
        match self {
            Self::Pass => Exit::Pass,
            Self::Violation | Self::Panic => Exit::Violation,
            Self::Deadlock | Self::Livelock | Self::Timeout => Exit::Stuck,
            Self::Nondeterminism | Self::Leak => Exit::Nondeterminism,
            Self::Hang => Exit::Hang,
            Self::Unknown => Exit::Unknown,
        }
    }
}

impl fmt::Display for RunVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The detector of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detector {
    /// An oracle.
    Oracle(OracleRef),
    /// The engine: a deadlock, a panic, a budget.
    Engine(&'static str),
    /// A goal that the scenario must reach was not reached.
    Goal(Goal),
    /// Two runs of one seed differ.
    Determinism,
    /// The program of a test, which returned an error.
    Program,
}

impl Detector {
    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle(oracle) => oracle.name(),
            Self::Engine(word) => word,
            Self::Goal(_) => "reached",
            Self::Determinism => "determinism",
            Self::Program => "program",
        }
    }
}

/// Something wrong with a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Its detector.
    pub judge: Detector,
    /// The broken rule: together with the judge it identifies the failure.
    pub rule: Symbol,
    /// The entities that show it, the most telling first.
    pub witness: Vec<EntityId>,
    /// A text for people.
    pub message: String,
    /// The virtual time, where that is known.
    pub at: Option<VirtualTime>,
}

impl Failure {
    /// The failure that an engine's verdict stands for.
    pub(crate) fn of_engine(verdict: &Verdict) -> Self {
        Self {
            judge: Detector::Engine(verdict.as_str()),
            rule: rule_of(verdict),
            witness: Vec::new(),
            message: verdict.to_string(),
            at: verdict.at(),
        }
    }
}

/// Returns what tells two failures of one verdict apart.
fn rule_of(verdict: &Verdict) -> Symbol {
    match verdict {
        Verdict::Deadlock { cycle: true, .. } => "cycle".into(),
        Verdict::Deadlock { cycle: false, .. } => "nothing-can-run".into(),
        Verdict::Livelock { .. } => "no-progress".into(),
        Verdict::Timeout { .. } => "out-of-time".into(),
        Verdict::Panic(report) => report.location.clone().into(),
        Verdict::Leak(report) => rule_of_leak(&report.kind),
        verdict => verdict.as_str().into(),
    }
}

fn rule_of_leak(leak: &LeakKind) -> Symbol {
    match leak {
        LeakKind::Thread { site } => format!("thread at {site}").into(),
        LeakKind::Socket { site } => format!("socket at {site}").into(),
        LeakKind::Wake { .. } => "wake".into(),
        _ => "leak".into(),
    }
}

impl RunReport {
    /// Returns `true` if this run is what the scenario allows a single seed to be: a pass,
    /// or the violation that its defect is expected to cause.
    pub fn is_allowed(&self, expected: ExpectedVerdict) -> bool {
        self.verdict == RunVerdict::Pass || self.is_expected_violation(expected)
    }

    /// Returns `true` if this run shows the violation that the scenario expects.
    pub fn is_expected_violation(&self, expected: ExpectedVerdict) -> bool {
        let ExpectedVerdict::Violation(oracle) = expected else {
            return false;
        };
        self.failures
            .first()
            .is_some_and(|failure| failure.judge == Detector::Oracle(oracle))
    }
}

/// Runs one seed of a scenario on this thread, and checks the run.
pub(crate) fn run_scenario(
    scenario: &Scenario,
    options: RunOptions,
    strategy: Box<dyn Strategy>,
) -> RunReport {
    let (seed, name) = (options.seed, options.strategy.for_seed(options.seed));
    let counted = effects::counted(scenario, seed, &options.heartbeat);
    let (outcome, history) = execute(&counted, options, strategy, None);
    let criteria = Criteria {
        oracles: &scenario.expect.oracles,
        settings: &scenario.expect.settings,
        reached: &scenario.expect.reached,
    };
    judge::judge(
        &criteria,
        Finished {
            target: scenario.name.clone(),
            seed,
            strategy: name,
            outcome,
            history,
            options: scenario.options.clone(),
            info: Some(scenario.kind.info()),
            error: None,
        },
    )
}

/// Runs one seed of a scenario on this thread for its strategy, and checks nothing.
pub(crate) fn observe_scenario(
    scenario: &Scenario,
    options: RunOptions,
    strategy: Box<dyn Strategy>,
) {
    let counted = effects::counted(scenario, options.seed, &options.heartbeat);
    execute(&counted, options, strategy, None);
}

/// Runs the scenario's program in the simulator.
fn execute(
    scenario: &Scenario,
    options: RunOptions,
    strategy: Box<dyn Strategy>,
    effects: Option<Arc<Effects>>,
) -> (Outcome<()>, History) {
    let recorder = Recorder::with_model(scenario.kind.info().model);
    let handle = recorder.clone();
    let run = scenario.clone();
    let network = &scenario.spec.network;
    let config = Config {
        seed: options.seed,
        strategy,
        budget: options.within(budget(scenario)),
        heartbeat: options.heartbeat,
        choices: options.choices,
        recording: options.recording,
        net: NetConfig {
            latency_min: network.latency_min,
            latency_max: network.latency_max,
            loss_per_mille: network.loss_per_mille,
            tcp: network.tcp,
            ..NetConfig::default()
        },
        ambient: scenario.implementation().ambient(),
        cancellations: scenario.spec.faults.cancel,
        interleave: options.interleave.unwrap_or(scenario.interleave),
        ..Config::default()
    };
    let outcome = rehearsal_sim::run(config, move |world| async move {
        if let Some(effects) = effects {
            world.insert_extension(effects);
        }
        system::run_any(world, run.implementation(), &run.spec, handle).await;
    });
    (outcome, recorder.into_history())
}

/// Steps in one instant of each event or operation that a scenario plans. With fewer of them a
/// run may be at work, and has to end by its budget of steps.
const STEPS_PER_PLANNED: u64 = 64;

/// Returns the limits of a run. What a scenario plans may all happen in one instant.
fn budget(scenario: &Scenario) -> Budget {
    let planned = scenario.spec.settings.planned();
    let planned = planned.map_or(0, |planned| planned.count);
    let usual = Budget::default().steps_per_instant;
    Budget {
        steps: scenario.budget.steps,
        virtual_time: scenario.budget.virtual_time,
        steps_per_instant: planned.saturating_mul(STEPS_PER_PLANNED).max(usual),
    }
}

pub(crate) fn verdict(engine: &Verdict) -> RunVerdict {
    match engine {
        Verdict::Pass => RunVerdict::Pass,
        Verdict::Deadlock { .. } => RunVerdict::Deadlock,
        Verdict::Livelock { .. } => RunVerdict::Livelock,
        Verdict::Timeout { .. } => RunVerdict::Timeout,
        Verdict::Panic(_) => RunVerdict::Panic,
        Verdict::Leak(_) => RunVerdict::Leak,
        // What the engine may learn to say later is no pass either.
        _ => RunVerdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{BudgetSpec, parse};

    fn steps_per_instant(events: u32) -> u64 {
        let text = format!(
            "format = 1\nname = \"x\"\nclaim = \"X.\"\nsystem = {{ kind = \"bridge\" }}\n\
             [[agents]]\nkind = \"hammer\"\ncount = 9\nevents = {events}\n\
             [expect]\noracles = [\"no-loss\"]\n"
        );
        let scenario = parse(&text, Path::new("x.toml")).expect("a scenario");
        budget(&scenario).steps_per_instant
    }

    #[test]
    fn run_that_plans_much_for_one_instant_is_no_livelock() {
        let usual = Budget::default().steps_per_instant;
        assert_eq!(steps_per_instant(10), usual);
        assert!(steps_per_instant(100_000) > BudgetSpec::default().steps);
    }
}
