//! The program of a test as a target.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rehearsal_history::profile::Profile;
use rehearsal_history::{Actors, History, Model, Recorder};
use rehearsal_sim::{
    Ambient, Budget, Config, Interleave, Leaks, NetConfig, Outcome, PlainTaskPolicy, STACK_SIZE,
    Strategy, Verdict, World,
};

use super::{
    About, Expectation, Extent, Identity, Origin, Selection, Target, TestRef, VariantError,
};
use crate::build_limits;
use crate::chosen_oracle::ChosenOracle;
use crate::oracle::{OracleRef, Settings};
use crate::run::judge::{Criteria, Finished, judge};
use crate::run::signature::{Signature, retain_judge};
use crate::run::{Detector, Failure, RunOptions, RunReport};
use crate::scenario::{Candidate, Cut, CutError, ExpectedVerdict};

/// Seeds of a test that does not set them.
pub(crate) const SEEDS: u64 = 256;

/// The directory of kept repros of tests, below the package's root.
pub(crate) const REGRESSIONS: &str = "tests/regressions";

/// The result of a test's program: nothing, or a `Result`, whose error fails
/// the run.
pub trait TestOutcome {
    /// The error as a text, if it is one.
    fn into_result(self) -> Result<(), String>;
}

impl TestOutcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Debug> TestOutcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("the program returned {error:?}"))
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A test's program, and the world that it runs in.
#[derive(Clone)]
pub(crate) struct Program {
    test: TestRef,
    pub(crate) world: WorldSpec,
    oracles: Vec<OracleRef>,
    settings: BTreeMap<OracleRef, Settings>,
    profile: Option<&'static Profile>,
    body: Arc<dyn Fn(World) -> Running + Send + Sync>,
}

/// The world of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorldSpec {
    pub(crate) ambient: Ambient,
    pub(crate) budget: Budget,
    pub(crate) net: NetConfig,
    pub(crate) leaks: Leaks,
    pub(crate) cancellations: u32,
    pub(crate) interleave: Interleave,
    pub(crate) stack_size: usize,
    pub(crate) plain_tasks: PlainTaskPolicy,
}

impl Default for WorldSpec {
    /// Returns the hermetic world of a test that sets nothing.
    fn default() -> Self {
        Self {
            ambient: Ambient::Hermetic,
            budget: Budget::default(),
            net: NetConfig::default(),
            leaks: Leaks::default(),
            cancellations: 0,
            interleave: Interleave::default(),
            stack_size: STACK_SIZE,
            plain_tasks: PlainTaskPolicy::default(),
        }
    }
}

impl Program {
    pub(crate) fn new<F, Fut>(test: TestRef, world: WorldSpec, body: F) -> Self
    where
        F: Fn(World) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: TestOutcome> + 'static,
    {
        let body = move |world| -> Running {
            let program = body(world);
            Box::pin(async move { program.await.into_result() })
        };
        Self {
            test,
            world,
            oracles: Vec::new(),
            settings: BTreeMap::new(),
            profile: None,
            body: Arc::new(body),
        }
    }

    /// The same, whose messages follow that profile.
    pub(crate) fn following(mut self, profile: Option<&'static Profile>) -> Self {
        self.profile = profile;
        self
    }

    /// The same, judged by these oracles, in their order.
    pub(crate) fn judged_by(mut self, oracles: Vec<ChosenOracle>) -> Self {
        self.oracles = oracles.iter().map(|chosen| chosen.oracle).collect();
        self.settings = oracles
            .into_iter()
            .map(|chosen| (chosen.oracle, chosen.settings))
            .collect();
        self
    }
}

impl Program {
    /// Returns the test that the program is of.
    pub(crate) fn test(&self) -> &TestRef {
        &self.test
    }

    /// Runs the program in the simulator.
    fn execute(
        &self,
        options: RunOptions,
        strategy: Box<dyn Strategy>,
    ) -> (Outcome<Result<(), String>>, History) {
        let config = Config {
            seed: options.seed,
            strategy,
            budget: options.within(self.world.budget),
            choices: options.choices,
            recording: options.recording,
            net: self.world.net,
            ambient: self.world.ambient,
            leaks: self.world.leaks,
            cancellations: self.world.cancellations,
            interleave: options.interleave.unwrap_or(self.world.interleave),
            stack_size: self.world.stack_size,
            plain_tasks: self.world.plain_tasks,
            heartbeat: options.heartbeat,
        };
        let recorder = Recorder::new(&Model {
            profile: self.profile,
            ..Model::default()
        });
        let actors = Actors::new(recorder.clone());
        let body = Arc::clone(&self.body);
        let outcome = rehearsal_sim::run(config, move |world| {
            world.insert_extension(actors);
            body(world)
        });
        (outcome, recorder.into_history())
    }

    /// The same program, judged for that signature alone.
    fn focused(&self, signature: &Signature) -> Self {
        let mut program = self.clone();
        retain_judge(&mut program.oracles, signature);
        program
    }
}

impl Target for Program {
    fn name(&self) -> &str {
        &self.test.name
    }

    fn about(&self) -> About<'_> {
        About::default()
    }

    fn ambient(&self) -> Ambient {
        self.world.ambient
    }

    fn run(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport {
        let seed = options.seed;
        let name = options.strategy.for_seed(seed);
        let (outcome, history) = self.execute(options, strategy);
        build_limits::note_plain_tasks(&outcome.statistics);
        let criteria = Criteria {
            oracles: &self.oracles,
            settings: &self.settings,
            reached: &[],
        };
        let error = error(&outcome);
        let finished = Finished {
            target: self.test.name.clone(),
            seed,
            strategy: name,
            outcome: outcome.map(drop),
            history,
            options: BTreeMap::new(),
            info: None,
            error,
        };
        let nothing_recorded = finished.history.entries.is_empty();
        let report = judge(&criteria, finished);
        if nothing_recorded && self.oracles.is_empty() {
            return RunReport {
                judged: None,
                ..report
            };
        }
        report
    }

    fn observe(&self, options: RunOptions, strategy: Box<dyn Strategy>) {
        self.execute(options, strategy);
    }

    fn expected(&self) -> Expectation<'_> {
        Expectation {
            verdict: ExpectedVerdict::Pass,
            sometimes: &[],
            oracles: &self.oracles,
            seeds: SEEDS,
        }
    }

    fn identity(&self) -> Identity {
        Identity {
            origin: Origin::Test(self.test.clone()),
            variant: None,
            regressions: Some(REGRESSIONS.into()),
        }
    }

    fn reductions(&self) -> Vec<Vec<Candidate>> {
        Vec::new()
    }

    fn reduced_by(&self) -> &[Cut] {
        &[]
    }

    fn reduced(&self, selection: &Selection<'_>) -> Result<Arc<dyn Target>, VariantError> {
        match selection.origin {
            Origin::Test(test) if test.is(&self.test) => {}
            _ => return Err(VariantError::NotOfThis),
        }
        match selection.cuts.first() {
            None => Ok(Arc::new(match selection.failure {
                Some(signature) => self.focused(signature),
                None => self.clone(),
            })),
            Some(cut) => Err(VariantError::Cut(CutError {
                cut: cut.clone(),
                reason: "a test has no parts that can be reduced".to_owned(),
            })),
        }
    }

    fn extent(&self) -> Vec<Extent> {
        Vec::new()
    }
}

/// Returns the error that the program returned, if it did.
fn error(outcome: &Outcome<Result<(), String>>) -> Option<Failure> {
    match (&outcome.verdict, &outcome.value) {
        (Verdict::Pass, Some(Err(message))) => Some(Failure {
            judge: Detector::Program,
            rule: "error".into(),
            witness: Vec::new(),
            message: message.clone(),
            at: Some(outcome.statistics.virtual_time),
        }),
        _ => None,
    }
}
