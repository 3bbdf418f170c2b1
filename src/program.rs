//! The program of a test as something to play.

use std::fmt::Debug;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use rehearsal_sim::{Ambient, Budget, Config, Leaks, NetConfig, Outcome, Strategy, Verdict, World};

use crate::repro::{Origin, Repro, TestRef, Unplayable};
use crate::run::{self, Failure, Judge, RunOptions, RunReport, RunVerdict};
use crate::scenario::{Candidate, Cut, CutError, ExpectedVerdict};
use crate::signature::Signature;
use crate::subject::Subject;
use crate::summary::shell_word;

/// Where kept repros of tests are, below the package's root.
pub(crate) const REGRESSIONS: &str = "tests/regressions";

/// What the program of a test may return: nothing, or a `Result`, whose error fails
/// the run.
pub trait Ending {
    /// The error as a text, if it is one.
    fn into_result(self) -> Result<(), String>;
}

impl Ending for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Debug> Ending for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("the program returned {error:?}"))
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A test's program, and the world that it is played in.
#[derive(Clone)]
pub(crate) struct Program {
    test: TestRef,
    pub(crate) world: WorldSpec,
    body: Arc<dyn Fn(World) -> Running + Send + Sync>,
}

/// The world of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorldSpec {
    pub(crate) ambient: Ambient,
    pub(crate) budget: Budget,
    pub(crate) net: NetConfig,
    pub(crate) leaks: Leaks,
}

impl Program {
    pub(crate) fn new<F, Fut>(test: TestRef, world: WorldSpec, body: F) -> Self
    where
        F: Fn(World) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Ending> + 'static,
    {
        let body = move |world| -> Running {
            let program = body(world);
            Box::pin(async move { program.await.into_result() })
        };
        Self {
            test,
            world,
            body: Arc::new(body),
        }
    }
}

impl Program {
    /// Which test's it is.
    pub(crate) fn test(&self) -> &TestRef {
        &self.test
    }
}

impl Subject for Program {
    type Books = ();

    fn name(&self) -> &str {
        &self.test.name
    }

    fn file_stem(&self) -> String {
        self.test.file_stem()
    }

    fn ambient(&self) -> Ambient {
        self.world.ambient
    }

    fn perform(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport<()> {
        let seed = options.seed;
        let name = options.strategy.for_seed(seed);
        let config = Config {
            seed,
            strategy,
            choices: options.choices,
            budget: self.world.budget,
            recording: options.recording,
            net: self.world.net,
            ambient: self.world.ambient,
            leaks: self.world.leaks,
        };
        let body = Arc::clone(&self.body);
        let outcome = rehearsal_sim::run(config, move |world| body(world));
        let failure = failure(&outcome);
        RunReport {
            name: self.test.name.clone(),
            seed,
            strategy: name,
            verdict: match run::verdict(&outcome.verdict) {
                RunVerdict::Pass if failure.is_some() => RunVerdict::Violation,
                verdict => verdict,
            },
            fingerprint: outcome.fingerprint,
            statistics: outcome.statistics,
            violations: failure.into_iter().collect(),
            history: outcome.history,
            tape: outcome.tape,
            switches: outcome.switches,
            cast: outcome.cast,
            interleaving: outcome.interleaving,
            divergence: outcome.divergence,
            books: (),
        }
    }

    fn expected(&self) -> ExpectedVerdict {
        ExpectedVerdict::Pass
    }

    fn origin(&self) -> Origin {
        Origin::Test(self.test.clone())
    }

    /// A program has no hash: where it has changed, its runs tell.
    fn has_changed(&self, _repro: &Repro) -> bool {
        false
    }

    fn variant(&self, repro: &Repro) -> Result<Self, Unplayable> {
        match &repro.origin {
            Origin::Test(test) if test.is(&self.test) => Ok(self.clone()),
            _ => Err(Unplayable::NotOfThis),
        }
    }

    fn focused(&self, _signature: &Signature) -> Self {
        self.clone()
    }

    fn cut(&self, cuts: &[Cut]) -> Result<Self, CutError> {
        match cuts.first() {
            None => Ok(self.clone()),
            Some(cut) => Err(CutError {
                cut: cut.clone(),
                reason: "a test has nothing that could be cut".to_owned(),
            }),
        }
    }

    fn families(&self) -> Vec<Vec<Candidate>> {
        Vec::new()
    }

    fn reductions(&self) -> &[Cut] {
        &[]
    }

    fn left_of(&self, _whole: &Self) -> Vec<String> {
        Vec::new()
    }

    fn next_steps(&self, file: &Path) -> String {
        let replay = format!("  replay  {}\n", self.test.replay_command(file));
        if file.parent() == Some(Path::new(REGRESSIONS)) {
            return replay;
        }
        let file = shell_word(&file.to_string_lossy());
        format!("{replay}  keep    mkdir -p {REGRESSIONS} && cp {file} {REGRESSIONS}/\n")
    }
}

/// What is wrong with a run, if anything is.
fn failure(outcome: &Outcome<Result<(), String>>) -> Option<Failure> {
    match (&outcome.verdict, &outcome.value) {
        (Verdict::Pass, Some(Err(message))) => Some(Failure {
            judge: Judge::Program,
            message: message.clone(),
            at: Some(outcome.statistics.virtual_time),
        }),
        (Verdict::Pass, _) => None,
        (verdict, _) => Some(Failure {
            judge: Judge::Engine(verdict.word()),
            message: verdict.to_string(),
            at: verdict.at(),
        }),
    }
}
