//! The trait of what can be run, and how one seed of it is.

use std::fmt;
use std::sync::Arc;

pub use rehearsal_agents::spec::Extent;
use rehearsal_sim::hermetic::call_on_fresh_thread;
use rehearsal_sim::{
    Ambient, Choices, Deviate, Fifo, Pick, PickDeviation, Profile, Recording, Scope, Strategy,
};

use super::identity::{Identity, Selection, VariantError};
use super::logs::Logs;
use super::profiles::{Profiles, profiled_seed};
use super::under_way;
use super::{RunOptions, RunReport, StrategyName};
use crate::oracle::OracleRef;
use crate::scenario::{Candidate, Cut, ExpectedVerdict, Goal};

/// A program with everything around it that the simulator can run under any seed.
/// Its runs are judged, and its failures are recorded, shrunk and replayed.
pub trait Target: Send + Sync {
    /// Returns the name in reports.
    fn name(&self) -> &str;

    /// Returns the texts about it in reports, beside its name.
    fn about(&self) -> About<'_>;

    /// Returns the source of randomness and time for its code.
    fn ambient(&self) -> Ambient;

    /// Runs one seed on this thread, which is a fresh one if [`Target::ambient`] is
    /// hermetic, and judges the run.
    fn run(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport;

    /// Runs one seed as [`Target::run`] does, for what the strategy sees of it: nothing is
    /// judged.
    fn observe(&self, options: RunOptions, strategy: Box<dyn Strategy>);

    /// Returns what its runs are to show.
    fn expected(&self) -> Expectation<'_>;

    /// Returns what a repro needs to find it again.
    fn identity(&self) -> Identity;

    /// Returns, for each value that can be reduced, the candidates, the deepest first.
    fn reductions(&self) -> Vec<Vec<Candidate>>;

    /// Returns the reductions that it was made with.
    fn reduced_by(&self) -> &[Cut];

    /// Returns the selected variant of it.
    ///
    /// # Errors
    ///
    /// If there is no such variant, or a cut names a part that it does not have.
    fn reduced(&self, selection: &Selection<'_>) -> Result<Arc<dyn Target>, VariantError>;

    /// Returns how large each part is that can be reduced.
    fn extent(&self) -> Vec<Extent>;
}

impl fmt::Debug for dyn Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.name()).finish()
    }
}

/// The texts about a target in reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct About<'a> {
    /// Its claim, in one sentence.
    pub claim: Option<&'a str>,
    /// The seeded defect that it carries.
    pub defect: Option<&'a str>,
}

/// The results that a target's runs are to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expectation<'a> {
    /// The verdict of each run.
    pub verdict: ExpectedVerdict,
    /// Goals that at least one of many runs reaches.
    pub sometimes: &'a [Goal],
    /// Oracles that have something to check in at least one of many runs.
    pub oracles: &'a [OracleRef],
    /// Seeds after which that ought to have happened.
    pub seeds: u64,
}

/// Runs one seed and judges the run.
pub fn run_once(target: &dyn Target, options: RunOptions) -> RunReport {
    run_with(target, options, &Profiles::default())
}

/// Runs one seed and judges the run, with profiles that it shares with runs of other seeds.
pub(crate) fn run_with(target: &dyn Target, options: RunOptions, profiles: &Profiles) -> RunReport {
    let name = options.strategy.for_seed(options.seed);
    let profile = match options.choices {
        // The schedule decides; no strategy is asked.
        Choices::Replay(_) => None,
        _ if name.needs_profile() => Some(profiles.get(&options, || profile(target, &options))),
        _ => Some(Profile::default()),
    };
    let (options, _under_way) = under_way::begin(target, options, &[]);
    on_suitable_thread(target, options.recording, || {
        let strategy: Box<dyn Strategy> = match &profile {
            None => Box::new(Fifo),
            Some(profile) => name.build(profile),
        };
        target.run(options, strategy)
    })
}

/// Runs one seed under the default schedule except for `deviations`. Also returns the
/// picks of the scheduler and of tasks; with a search as the strategy, those that it goes
/// through.
pub fn run_deviating(
    target: &dyn Target,
    options: RunOptions,
    deviations: &[PickDeviation],
) -> (RunReport, Vec<Pick>) {
    let (options, _under_way) = under_way::begin(target, options, deviations);
    let search = options.strategy.search();
    let scope = search.map_or(Scope::Everything, |search| search.scope());
    on_suitable_thread(target, options.recording, || {
        let (strategy, picks) = Deviate::within(scope, deviations);
        let report = target.run(options, Box::new(strategy));
        (report, picks.take())
    })
}

/// Returns the profile for those options: that of the default schedule of the first seed that
/// shares it. Of that run nothing else is kept. It is a run of its own: a task that hangs in it
/// hangs under that schedule.
fn profile(target: &dyn Target, options: &RunOptions) -> Profile {
    let options = RunOptions {
        interleave: options.interleave,
        recording: Recording::Off,
        ..RunOptions::new(profiled_seed(options.seed), StrategyName::FIFO)
    };
    let (options, _under_way) = under_way::begin(target, options, &[]);
    on_suitable_thread(target, options.recording, || {
        Profile::of_default_schedule(|strategy| target.observe(options, strategy))
    })
}

/// Runs `body` on a fresh thread if the target's runs are hermetic, else on this one, with the
/// subscriber of such a recording.
fn on_suitable_thread<R: Send>(
    target: &dyn Target,
    recording: Recording,
    body: impl FnOnce() -> R + Send,
) -> R {
    // Made here: the fresh thread is to have drawn nothing before its run.
    let logs = Logs::of(recording);
    match target.ambient() {
        Ambient::Real => logs.during(body),
        Ambient::Hermetic => call_on_fresh_thread(|| logs.during(body)),
    }
}
