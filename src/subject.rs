//! What is played: a scenario, or the program of a test.

use std::path::Path;

use rehearsal_sim::hermetic::call_on_fresh_thread;
use rehearsal_sim::{Ambient, Choices, Deviate, Deviation, Fifo, Profile, Profiler, Strategy};

use crate::repro::{Origin, Repro, Unplayable};
use crate::run::{RunOptions, RunReport, StrategyName};
use crate::scenario::{Candidate, Cut, CutError, ExpectedVerdict};
use crate::signature::Signature;

/// Something that a seed can be played of, as often as one likes: its runs are
/// judged, its failures kept, shrunk and replayed.
pub trait Subject: Clone + Sync {
    /// What a run leaves beyond what every run does.
    type Books: Send;

    /// What it is called where failures are told and filed.
    fn name(&self) -> &str;

    /// What the names of its files begin with.
    fn file_stem(&self) -> String;

    /// Who answers when its code asks the machine.
    fn ambient(&self) -> Ambient;

    /// Plays one seed on this thread, which is fresh if [`Subject::ambient`] asks
    /// for that, and judges it.
    fn perform(&self, options: RunOptions, strategy: Box<dyn Strategy>) -> RunReport<Self::Books>;

    /// What a run may come to.
    fn expected(&self) -> ExpectedVerdict;

    /// Where a repro of it comes from.
    fn origin(&self) -> Origin;

    /// Whether it is another than the repro was made from, as far as can be told
    /// without playing it.
    fn has_changed(&self, repro: &Repro) -> bool;

    /// The variant of it that the repro plays, whole.
    ///
    /// # Errors
    ///
    /// If there is no such variant, or not any more.
    fn variant(&self, repro: &Repro) -> Result<Self, Unplayable>;

    /// The same, judged for that failure alone.
    #[must_use]
    fn focused(&self, signature: &Signature) -> Self;

    /// The same with less of everything that the cuts name.
    ///
    /// # Errors
    ///
    /// If it has no place for one of them.
    fn cut(&self, cuts: &[Cut]) -> Result<Self, CutError>;

    /// For each value that can be reduced further, its candidates, the deepest first.
    fn families(&self) -> Vec<Vec<Candidate>>;

    /// The reductions that it was made with.
    fn reductions(&self) -> &[Cut];

    /// What is left of the whole, in a few words for each thing that was cut.
    fn left_of(&self, whole: &Self) -> Vec<String>;

    /// What to do with a failure whose repro is in `file`, as lines to copy.
    fn next_steps(&self, file: &Path) -> String;
}

/// Plays one seed and judges it.
pub fn play<S: Subject>(subject: &S, options: RunOptions) -> RunReport<S::Books> {
    let seed = options.seed;
    let name = options.strategy.for_seed(seed);
    if let Choices::Replay(_) = options.choices {
        // Nobody will be asked.
        return apart(subject, || subject.perform(options, Box::new(Fifo)));
    }
    let profile = match name {
        StrategyName::Urw => profile(subject, seed),
        _ => Profile::default(),
    };
    apart(subject, || subject.perform(options, name.build(profile)))
}

/// Plays one seed boringly but for `deviations`. Also says how many candidates each
/// of the scheduler's picks had.
pub fn play_deviating<S: Subject>(
    subject: &S,
    options: RunOptions,
    deviations: &[Deviation],
) -> (RunReport<S::Books>, Vec<u32>) {
    apart(subject, || {
        let (strategy, picks) = Deviate::new(deviations);
        let report = subject.perform(options, Box::new(strategy));
        (report, picks.take())
    })
}

/// What each task of the seed's boring schedule takes; `urw` weighs by it.
fn profile<S: Subject>(subject: &S, seed: u64) -> Profile {
    let options = RunOptions::new(seed, StrategyName::Fifo);
    apart(subject, || {
        let (profiler, profile) = Profiler::new(Box::new(Fifo));
        subject.perform(options, Box::new(profiler));
        profile.read()
    })
}

/// On a thread such as the subject's runs need.
fn apart<S: Subject, R: Send>(subject: &S, play: impl FnOnce() -> R + Send) -> R {
    match subject.ambient() {
        Ambient::Real => play(),
        Ambient::Hermetic => call_on_fresh_thread(play),
    }
}
