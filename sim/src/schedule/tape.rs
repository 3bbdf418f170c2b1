//! The tape: every choice of a run, in order.
//!
//! A choice is (site, bound, value). Value 0 is always the default alternative: keep running
//! the same task, least latency, no fault. A [`Schedule`] is the short list of deviations from
//! the default; every other choice is 0, so that any part of a tape still runs.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64;

use crate::index_vec::Id;

use super::POSTPONE_BOUND;
use super::site::{
    AMBIENT_STREAM, BRANCH_STREAM, CANCELLATION_STREAM, DURABILITY_STREAM, INTERRUPTION_STREAM,
    STRATEGY_STREAM, Site,
};
use crate::schedule::{Divergence, Playback, Schedule};

/// A site of one run, by number: numbers are handed out in order of first use and
/// mean nothing outside their run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SiteId(u32);

impl Id for SiteId {
    fn from_number(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// One choice: `value` out of `0..bound`, made at `site`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The site.
    pub site: SiteId,
    /// Number of alternatives; at least 2.
    pub bound: u32,
    /// The alternative that was taken; 0 is the default.
    pub value: u32,
    /// Its number at the site, as in [`Deviation::nth`](super::Deviation::nth).
    pub nth: u32,
    /// Polls and scheduling points before it; saturates.
    pub step: u32,
    /// Entries of the trace before it; saturates.
    pub entry: u32,
}

/// The choices of a run and their sites.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tape {
    pub(crate) sites: Vec<Site>,
    choices: Vec<Choice>,
}

impl Tape {
    /// Returns the choices in order.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns the site with that number; none if the number is another tape's.
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(id.index())
    }

    /// Returns the number of choices.
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// Returns `true` if there was no choice at all.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// Returns the number of choices that are not the default.
    pub fn deviations(&self) -> usize {
        self.choices.iter().filter(|c| c.value != 0).count()
    }

    /// Returns the same tape, cut after `len` choices. Replayed, it has the default from there
    /// on.
    #[must_use]
    pub fn truncated(mut self, len: usize) -> Self {
        self.choices.truncate(len);
        self
    }

    /// Returns the same tape with choice `index` set to `value` (clamped to its bound). Out of
    /// range, nothing changes.
    #[must_use]
    pub fn with_value(mut self, index: usize, value: u32) -> Self {
        if let Some(choice) = self.choices.get_mut(index) {
            choice.value = value.min(choice.bound - 1);
        }
        self
    }
}

/// The source of values.
enum Source {
    /// Fresh draws, one ChaCha8 stream for each site.
    Fresh(Streams),
    /// A schedule, with zeros everywhere else.
    Replay(Playback),
    /// A schedule for the world; the strategy picks tasks.
    World(Playback),
}

/// ChaCha8 streams of one seed, one for each label, so that one more draw in
/// one place does not shift the draws in another.
struct Streams {
    seed: u64,
    by_site: Vec<Option<ChaCha8Rng>>,
}

impl Streams {
    fn of(&mut self, id: SiteId, site: &Site) -> &mut ChaCha8Rng {
        let index = id.index();
        if self.by_site.len() <= index {
            self.by_site.resize_with(index + 1, || None);
        }
        self.by_site[index].get_or_insert_with(|| Self::stream(self.seed, &site.stream()))
    }

    fn stream(seed: u64, name: &str) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for chunk in key.chunks_exact_mut(8) {
            chunk.copy_from_slice(&seed.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(xxh3_64(name.as_bytes()));
        rng
    }
}

/// Draws uniformly from `0..bound`, by multiplication: integers only, because floating-point
/// results differ between platforms. The bias is below 2⁻³² × `bound` and the same everywhere.
pub(crate) fn below(rng: &mut ChaCha8Rng, bound: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(bound)) >> 32) as u32
}

/// The source of a run's choices.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Choices {
    /// Fresh draws from the seed for the world; the strategy picks tasks.
    #[default]
    Fresh,
    /// A schedule for everything; the strategy picks nothing.
    Replay(Schedule),
    /// A schedule for the world; the strategy picks tasks.
    World(Schedule),
}

/// The run's choices, which it draws, records, or replays.
pub(crate) struct ChoiceSource {
    tape: Tape,
    ids: BTreeMap<Site, SiteId>,
    /// For each site, the choices that were made there; empty unless they are kept.
    made: Vec<u32>,
    source: Source,
    keep: bool,
    count: u64,
    deviations: u64,
    /// Polls and scheduling points so far.
    pub(crate) step: u64,
    /// Entries of the trace so far, if they are recorded.
    pub(crate) entries: usize,
}

impl ChoiceSource {
    /// Creates the source of a run's choices, which records them if `keep`.
    pub(crate) fn new(seed: u64, choices: Choices, keep: bool) -> Self {
        let source = match choices {
            Choices::Fresh => Source::Fresh(Streams {
                seed,
                by_site: Vec::new(),
            }),
            Choices::Replay(schedule) => Source::Replay(Playback::new(schedule)),
            Choices::World(schedule) => Source::World(Playback::new(schedule)),
        };
        Self {
            tape: Tape::default(),
            ids: BTreeMap::new(),
            made: Vec::new(),
            source,
            keep,
            count: 0,
            deviations: 0,
            step: 0,
            entries: 0,
        }
    }

    /// Reserves room on the tape for so many choices.
    pub(crate) fn reserve(&mut self, choices: usize) {
        self.tape.choices.reserve(choices);
    }

    /// Returns the number of a site in this run.
    pub(crate) fn site(&mut self, site: Site) -> SiteId {
        if let Some(id) = self.ids.get(&site) {
            return *id;
        }
        let number = u32::try_from(self.tape.sites.len()).expect("fewer than 2^32 sites");
        let id = SiteId::from_number(number);
        self.tape.sites.push(site.clone());
        self.ids.insert(site, id);
        id
    }

    /// Makes a choice at `site` among `0..bound`. A bound below 2 leaves no
    /// choice: it is 0, and not recorded.
    pub(crate) fn draw(&mut self, id: SiteId, bound: u32) -> u32 {
        if bound < 2 {
            return 0;
        }
        let site = &self.tape.sites[id.index()];
        let value = match &mut self.source {
            Source::Fresh(streams) => below(streams.of(id, site), bound),
            Source::Replay(playback) | Source::World(playback) => playback.next(id, site, bound),
        };
        self.take(Some(id), bound, value);
        value
    }

    /// Returns the value that a choice of the scheduler has in the schedule; none if no schedule
    /// decides it. The bound is at least 2. [`ChoiceSource::take`] follows.
    #[inline(always)]
    pub(crate) fn replayed_pick(&mut self, id: Option<SiteId>, bound: u32) -> Option<u32> {
        match &mut self.source {
            Source::Fresh(_) | Source::World(_) => None,
            Source::Replay(playback) => {
                let id = id.expect("a replayed choice has a site");
                Some(playback.next(id, &self.tape.sites[id.index()], bound))
            }
        }
    }

    /// Returns `true` if a schedule decides which tasks are postponed; else the strategy does.
    #[inline]
    pub(crate) fn replays_picks(&self) -> bool {
        matches!(self.source, Source::Replay(_))
    }

    /// Returns `true` if a schedule that is replayed postpones some task.
    #[inline]
    pub(crate) fn replays_postponements(&self) -> bool {
        matches!(&self.source, Source::Replay(playback) if playback.postpones())
    }

    /// Returns `true` if the schedule that is replayed postpones the task of that site after so
    /// many turns.
    pub(crate) fn is_postponed(&mut self, id: SiteId, turn: u32) -> bool {
        match &mut self.source {
            Source::Replay(playback) => {
                playback.is_postponed(id, &self.tape.sites[id.index()], turn)
            }
            Source::Fresh(_) | Source::World(_) => false,
        }
    }

    /// Records that the task of that site is postponed after so many turns. Turns at which a
    /// task is not postponed are no choices on the tape: there are as many as steps.
    pub(crate) fn postpone(&mut self, site: Option<SiteId>, turn: u32) {
        self.count += 1;
        self.deviations += 1;
        if self.keep {
            let site = site.expect("a recorded choice has a site");
            self.push(site, POSTPONE_BOUND, 1, turn);
        }
    }

    /// Makes a choice of a task, such as the branch that a `select!` polls first. Its value,
    /// unless the world is replayed, `fresh` returns.
    pub(crate) fn choose(
        &mut self,
        id: Option<SiteId>,
        bound: u32,
        fresh: impl FnOnce() -> u32,
    ) -> u32 {
        let value = self.value(id, bound, fresh);
        self.take(id, bound, value);
        value
    }

    /// As [`ChoiceSource::choose`], for a choice whose default is that nothing happens. Only
    /// what happens is counted: a run in which nothing does is the same run whether it could or
    /// not.
    pub(crate) fn choose_fault(
        &mut self,
        id: Option<SiteId>,
        bound: u32,
        fresh: impl FnOnce() -> u32,
    ) -> u32 {
        let value = self.value(id, bound, fresh);
        self.record_fault(id, bound, value);
        value
    }

    /// Returns the value of a choice as of [`ChoiceSource::choose_fault`] that may turn out to
    /// have no effect. [`ChoiceSource::record_fault`] follows before the next choice of its
    /// site, with that value, or with 0 if there was no effect.
    pub(crate) fn plan_fault(
        &mut self,
        id: Option<SiteId>,
        bound: u32,
        fresh: impl FnOnce() -> u32,
    ) -> u32 {
        self.value(id, bound, fresh)
    }

    /// Records a choice as of [`ChoiceSource::choose_fault`].
    pub(crate) fn record_fault(&mut self, id: Option<SiteId>, bound: u32, value: u32) {
        self.take(id, bound, value);
        self.count -= u64::from(value == 0);
    }

    fn value(&mut self, id: Option<SiteId>, bound: u32, fresh: impl FnOnce() -> u32) -> u32 {
        match &mut self.source {
            Source::Fresh(_) => fresh().min(bound - 1),
            Source::Replay(playback) | Source::World(playback) => {
                let id = id.expect("a replayed choice has a site");
                playback.next(id, &self.tape.sites[id.index()], bound)
            }
        }
    }

    /// Counts a choice, and records it if choices are kept. It needs a site only where they are
    /// recorded or replayed.
    #[inline(always)]
    pub(crate) fn take(&mut self, site: Option<SiteId>, bound: u32, value: u32) {
        self.count += 1;
        self.deviations += u64::from(value != 0);
        if self.keep {
            self.record(site, bound, value);
        }
    }

    #[inline(never)]
    fn record(&mut self, site: Option<SiteId>, bound: u32, value: u32) {
        let site = site.expect("a recorded choice has a site");
        let index = site.index();
        if self.made.len() <= index {
            self.made.resize(index + 1, 0);
        }
        let nth = self.made[index];
        self.made[index] += 1;
        self.push(site, bound, value, nth);
    }

    fn push(&mut self, site: SiteId, bound: u32, value: u32, nth: u32) {
        self.tape.choices.push(Choice {
            site,
            bound,
            value,
            nth,
            step: u32::try_from(self.step).unwrap_or(u32::MAX),
            entry: u32::try_from(self.entries).expect("fewer than 2^32 effects"),
        });
    }

    /// Returns the number of choices on the tape so far.
    pub(crate) fn recorded(&self) -> usize {
        self.tape.choices.len()
    }

    /// Returns the number of choices so far, and how many of them were not the default.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.count, self.deviations)
    }

    /// Returns the recorded tape and, after a replay, its first divergence.
    pub(crate) fn finish(&mut self) -> (Tape, Option<Divergence>) {
        let divergence = match &self.source {
            Source::Replay(playback) => playback.divergence(),
            // With other picks of tasks, a run may well not reach some deviations.
            Source::Fresh(_) | Source::World(_) => None,
        };
        (std::mem::take(&mut self.tape), divergence)
    }
}

/// Returns the strategy's own stream: its draws are not choices of the run, only its picks are.
pub(crate) fn strategy_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, STRATEGY_STREAM)
}

/// Returns the stream of the branches that `select!` polls first. One for all tasks: their
/// sites have no names while nothing is recorded.
pub(crate) fn branch_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, BRANCH_STREAM)
}

/// Returns the stream of cancellations.
pub(crate) fn cancellation_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, CANCELLATION_STREAM)
}

/// Returns the stream of interruptions of plain tasks.
pub(crate) fn interruption_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, INTERRUPTION_STREAM)
}

/// Returns the stream of what crashes leave on disks.
pub(crate) fn durability_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, DURABILITY_STREAM)
}

/// Returns the stream of the random bytes of a hermetic run's code. Not on the tape either:
/// there is no default value of a key.
pub(crate) fn ambient_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, AMBIENT_STREAM)
}
