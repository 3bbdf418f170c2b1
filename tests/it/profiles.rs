//! The run of a default schedule, from which some strategies draw.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rehearsal::explore::{Executed, Keep, Options, Reporter, Totals, explore};
use rehearsal::run::seeds::Seeds;
use rehearsal::run::{RunOptions, RunReport, StrategyName};
use rehearsal::scenario::{Candidate, Cut, Scenario, discover, load};
use rehearsal::sim::{Ambient, Recording, Strategy};
use rehearsal::target::{
    About, Expectation, Extent, Identity, Selection, Target, VariantError, run_once,
};

/// The cost of a run whose schedule alone is observed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// That of the program.
    Program,
    /// That of any other run.
    Whole,
}

/// A scenario whose runs are counted.
struct Counted {
    scenario: Scenario,
    cost: Cost,
    judged: AtomicU32,
    observed: AtomicU32,
}

impl Counted {
    fn new(name: &str, cost: Cost) -> Self {
        let file = discover::resolve(Path::new("scenarios"), name).expect("it exists");
        Self {
            scenario: load(&file).expect("a good file"),
            cost,
            judged: AtomicU32::new(0),
            observed: AtomicU32::new(0),
        }
    }

    /// Returns the numbers of runs that were judged, and of those that were not.
    fn counts(&self) -> (u32, u32) {
        let observed = self.observed.load(Ordering::Relaxed);
        (self.judged.load(Ordering::Relaxed), observed)
    }
}

impl Target for Counted {
    fn name(&self) -> &str {
        Target::name(&self.scenario)
    }

    fn about(&self) -> About<'_> {
        self.scenario.about()
    }

    fn ambient(&self) -> Ambient {
        self.scenario.ambient()
    }

    fn run(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport {
        self.judged.fetch_add(1, Ordering::Relaxed);
        self.scenario.run(options, strategy)
    }

    fn observe(&self, mut options: RunOptions, strategy: Box<dyn Strategy>) {
        assert_eq!(options.recording, Recording::Off);
        self.observed.fetch_add(1, Ordering::Relaxed);
        match self.cost {
            Cost::Program => self.scenario.observe(options, strategy),
            Cost::Whole => {
                options.recording = Recording::Full;
                self.scenario.run(options, strategy);
            }
        }
    }

    fn expected(&self) -> Expectation<'_> {
        self.scenario.expected()
    }

    fn identity(&self) -> Identity {
        self.scenario.identity()
    }

    fn reductions(&self) -> Vec<Vec<Candidate>> {
        self.scenario.reductions()
    }

    fn reduced_by(&self) -> &[Cut] {
        self.scenario.reduced_by()
    }

    fn reduced(&self, selection: &Selection<'_>) -> Result<Arc<dyn Target>, VariantError> {
        self.scenario.reduced(selection)
    }

    fn extent(&self) -> Vec<Extent> {
        self.scenario.extent()
    }
}

/// The run for a profile is neither judged nor recorded, and the strategy draws from it what it
/// would draw from one that is both.
#[test]
fn a_profile_is_of_a_run_that_is_not_judged() {
    for name in ["collision", "client_reconnect"] {
        let cheap = Counted::new(name, Cost::Program);
        run_once(&cheap, RunOptions::new(3, StrategyName::RANDOM));
        assert_eq!(cheap.counts(), (1, 0));
        let whole = Counted::new(name, Cost::Whole);
        for strategy in ["pct:3", "urw", "surw", "order:3"] {
            let strategy: StrategyName = strategy.parse().expect("a strategy");
            assert!(strategy.needs_profile(), "{strategy}");
            let [one, other] = [&cheap, &whole]
                .map(|target| run_once(target, RunOptions::new(3, strategy)).outcome);
            assert_eq!(one.fingerprint, other.fingerprint, "{name} by {strategy}");
            assert_eq!(one.interleaving, other.interleaving, "{name} by {strategy}");
        }
        assert_eq!(cheap.counts(), (5, 4));
    }
}

/// The texts of runs, and no warning.
#[derive(Default)]
struct Texts(Vec<String>);

impl Reporter for Texts {
    fn run(&mut self, run: &Executed, _totals: &Totals) -> io::Result<()> {
        self.0.extend(run.text.clone());
        Ok(())
    }

    fn warning(&mut self, text: &str) {
        panic!("a warning: {text}");
    }
}

/// An exploration makes one profile for sixteen seeds, and its runs are those of the seeds alone.
#[test]
fn sixteen_seeds_share_a_profile_and_a_seed_alone_is_the_same_run() {
    let strategy: StrategyName = "urw".parse().expect("a strategy");
    let fingerprint = |report: &RunReport| report.outcome.fingerprint.to_string();
    let describe = |report: &RunReport, _: Option<&Path>| Ok(fingerprint(report));
    let target = Counted::new("collision", Cost::Program);
    let mut texts = Texts::default();
    let options = Options {
        jobs: NonZeroUsize::new(4).expect("positive"),
        describe: Some(&describe),
        ..Options::one_by_one(strategy, Path::new("unused"), Keep::Nothing)
    };
    let seeds = Seeds::between(14, 33).expect("seeds");
    explore(&target, Some(&seeds), &options, &mut texts).expect("nothing is written");
    // Of the seeds 0, 16 and 32.
    assert_eq!(target.counts(), (20, 3));
    for seed in [14, 15, 16, 17, 33] {
        let alone = run_once(&target, RunOptions::new(seed, strategy));
        let index = usize::try_from(seed - 14).expect("small");
        assert_eq!(texts.0[index], fingerprint(&alone), "seed {seed}");
    }
    assert_eq!(target.counts(), (25, 8));
}
