//! One seed of one scenario: played, judged, reported.

use std::collections::BTreeSet;
use std::fmt;

use rehearsal_agents::record::{Evidence, Recorder};
use rehearsal_agents::spec::Transport;
use rehearsal_agents::system;
use rehearsal_sim::{
    Budget, CastMember, Choices, Config, Divergence, Fingerprint, History, Interleaving, NetConfig,
    Outcome, Recording, Schedule, Statistics, Strategy, Switch, Tape, Verdict, VirtualTime,
};

use crate::exit::Exit;
use crate::oracle::{self, Ledger, Oracle, Subject};
use crate::scenario::{ExpectedVerdict, Goal, Scenario};
pub use crate::strategy::StrategyName;
pub use crate::subject::{play, play_deviating};

/// How to play one seed.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The seed.
    pub seed: u64,
    /// Who picks the next task.
    pub strategy: StrategyName,
    /// What is kept.
    pub recording: Recording,
    /// Where choices come from.
    pub choices: Choices,
}

impl RunOptions {
    /// That seed with that strategy, keeping the fingerprint only.
    pub fn new(seed: u64, strategy: StrategyName) -> Self {
        Self {
            seed,
            strategy,
            recording: Recording::Fingerprint,
            choices: Choices::Fresh,
        }
    }

    /// Keeps tape and history too.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.recording = Recording::Full;
        self
    }

    /// Replays a schedule.
    #[must_use]
    pub fn replaying(mut self, schedule: Schedule) -> Self {
        self.choices = Choices::Replay(schedule);
        self
    }
}

/// What one seed came to: what is known of every run, and the books that a
/// scenario keeps.
#[derive(Debug)]
pub struct RunReport<B = Books> {
    /// What was played: a scenario's name, or a test's.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// The strategy.
    pub strategy: StrategyName,
    /// The verdict.
    pub verdict: RunVerdict,
    /// The hash over every effect.
    pub fingerprint: Fingerprint,
    /// The engine's counters.
    pub statistics: Statistics,
    /// What is wrong; of a scenario, in the order of its oracles.
    pub violations: Vec<Failure>,
    /// The effects, if they were recorded.
    pub history: History,
    /// The choices, if they were recorded.
    pub tape: Tape,
    /// The scheduler's choices that are not boring, if they were recorded.
    pub switches: Vec<Switch>,
    /// Every task, by id, if they were recorded.
    pub cast: Vec<CastMember>,
    /// What happened before what: distinct schedules have distinct hashes.
    pub interleaving: Interleaving,
    /// Where a replay first left its schedule.
    pub divergence: Option<Divergence>,
    /// What else there is.
    pub books: B,
}

/// What a scenario's run leaves beyond what every run does.
#[derive(Debug)]
pub struct Books {
    /// How events reached clients.
    pub transport: Transport,
    /// The books over every event.
    pub ledger: Ledger,
    /// How much each oracle had to check.
    pub checked: Vec<(Oracle, u64)>,
    /// Goals that the run reached.
    pub goals: BTreeSet<Goal>,
    /// What was written down.
    pub evidence: Evidence,
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
    /// The budget of steps ran out.
    Unknown,
}

impl RunVerdict {
    /// Every verdict.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Violation,
        Self::Deadlock,
        Self::Livelock,
        Self::Timeout,
        Self::Panic,
        Self::Nondeterminism,
        Self::Leak,
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
            Self::Unknown => "unknown",
        }
    }

    /// The exit code that says so.
    pub fn exit(self) -> Exit {
        match self {
            Self::Pass => Exit::Pass,
            Self::Violation | Self::Panic => Exit::Violation,
            Self::Deadlock | Self::Livelock | Self::Timeout => Exit::Stuck,
            Self::Nondeterminism | Self::Leak => Exit::Nondeterminism,
            Self::Unknown => Exit::Unknown,
        }
    }
}

impl fmt::Display for RunVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who found something wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judge {
    /// An oracle.
    Oracle(Oracle),
    /// The engine: a deadlock, a panic, a budget.
    Engine(&'static str),
    /// A goal that the scenario must reach was not reached.
    Goal(Goal),
    /// Two runs of one seed differ.
    Determinism,
    /// The program of a test, which returned an error.
    Program,
}

impl Judge {
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
    /// Who found it.
    pub judge: Judge,
    /// What it is.
    pub message: String,
    /// When, in virtual time, where that is known.
    pub at: Option<VirtualTime>,
}

impl<B> RunReport<B> {
    /// Whether this run is what the scenario allows a single seed to be: a pass,
    /// or the violation that its defect is expected to cause.
    pub fn is_allowed(&self, expected: ExpectedVerdict) -> bool {
        self.verdict == RunVerdict::Pass || self.is_expected_violation(expected)
    }

    /// Whether this run shows the violation that the scenario expects.
    pub fn is_expected_violation(&self, expected: ExpectedVerdict) -> bool {
        let ExpectedVerdict::Violation(oracle) = expected else {
            return false;
        };
        self.violations
            .first()
            .is_some_and(|failure| failure.judge == Judge::Oracle(oracle))
    }
}

/// Plays one seed of a scenario on this thread, and judges it.
pub(crate) fn perform(
    scenario: &Scenario,
    options: RunOptions,
    strategy: Box<dyn Strategy>,
) -> RunReport {
    let (seed, name) = (options.seed, options.strategy.for_seed(options.seed));
    let (outcome, evidence) = stage(scenario, options, strategy);
    judge(scenario, seed, name, outcome, evidence)
}

/// Runs the scenario's program in the simulator.
fn stage(
    scenario: &Scenario,
    options: RunOptions,
    strategy: Box<dyn Strategy>,
) -> (Outcome<()>, Evidence) {
    let recorder = Recorder::new();
    let notebook = recorder.clone();
    let (spec, system) = (scenario.spec.clone(), scenario.system.clone());
    let network = &scenario.spec.network;
    let config = Config {
        seed: options.seed,
        strategy,
        choices: options.choices,
        budget: Budget {
            steps: scenario.budget.steps,
            virtual_time: scenario.budget.virtual_time,
            ..Budget::default()
        },
        recording: options.recording,
        net: NetConfig {
            latency_min: network.latency_min,
            latency_max: network.latency_max,
            loss_per_mille: network.loss_per_mille,
            ..NetConfig::default()
        },
        ambient: system.ambient(&scenario.spec),
        ..Config::default()
    };
    let outcome = rehearsal_sim::run(config, move |world| async move {
        system::run_any(world, system.system(&spec), &spec, notebook).await;
    });
    (outcome, recorder.into_evidence())
}

fn judge(
    scenario: &Scenario,
    seed: u64,
    strategy: StrategyName,
    outcome: Outcome<()>,
    evidence: Evidence,
) -> RunReport {
    let subject = Subject {
        evidence: &evidence,
        verdict: &outcome.verdict,
        statistics: &outcome.statistics,
    };
    let mut violations = Vec::new();
    let mut checked = Vec::new();
    for (oracle, finding) in oracle::judge_all(&scenario.expect.oracles, &subject) {
        checked.push((oracle, finding.checked));
        let vacuity = finding.vacuity(oracle);
        let found = finding.violations.into_iter().chain(vacuity);
        violations.extend(found.map(|violation| Failure {
            judge: Judge::Oracle(violation.oracle),
            message: violation.message,
            at: violation.at,
        }));
    }
    let verdict = verdict(&outcome.verdict);
    let engine_failed = !matches!(outcome.verdict, Verdict::Pass);
    let told = violations
        .iter()
        .any(|failure| failure.judge == Judge::Oracle(Oracle::Deadlock));
    if engine_failed && !told {
        let failure = Failure {
            judge: Judge::Engine(outcome.verdict.word()),
            message: outcome.verdict.to_string(),
            at: outcome.verdict.at(),
        };
        violations.insert(0, failure);
    }
    let goals = reached(&subject);
    if !engine_failed {
        violations.extend(unreached(scenario, &goals));
    }
    let ledger = Ledger::of(&subject);
    RunReport {
        name: scenario.name.clone(),
        seed,
        strategy,
        verdict: match verdict {
            RunVerdict::Pass if !violations.is_empty() => RunVerdict::Violation,
            verdict => verdict,
        },
        fingerprint: outcome.fingerprint,
        statistics: outcome.statistics,
        violations,
        history: outcome.history,
        tape: outcome.tape,
        switches: outcome.switches,
        cast: outcome.cast,
        interleaving: outcome.interleaving,
        divergence: outcome.divergence,
        books: Books {
            transport: scenario.spec.transport,
            ledger,
            checked,
            goals,
            evidence,
        },
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

fn reached(subject: &Subject<'_>) -> BTreeSet<Goal> {
    let marks = subject.evidence.marks.keys().copied().map(Goal::Mark);
    let contended = (subject.statistics.lock_waits > 0).then_some(Goal::LockContended);
    marks.chain(contended).collect()
}

/// A run that passes has reached what its scenario claims.
fn unreached<'a>(
    scenario: &'a Scenario,
    goals: &'a BTreeSet<Goal>,
) -> impl Iterator<Item = Failure> + 'a {
    scenario
        .expect
        .reached
        .iter()
        .filter(|goal| !goals.contains(goal))
        .map(|goal| Failure {
            judge: Judge::Goal(*goal),
            message: format!("the run must reach `{goal}` and did not"),
            at: None,
        })
}
