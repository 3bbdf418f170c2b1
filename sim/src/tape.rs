//! The tape: every choice of a run, in order.
//!
//! A choice is (site, bound, value). Value 0 is always the boring alternative:
//! keep running the same task, least latency, no fault. A saved schedule is the
//! short list of choices that are not boring, and values past the end of a tape
//! are 0, so that any prefix of a tape still runs.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64;

use crate::outcome::Divergence;

/// A place in the program or the world that makes choices, by label. Ids are
/// handed out in order of first use and mean nothing outside their run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SiteId(u32);

impl SiteId {
    /// The site of the scheduler: which task runs next.
    pub const SCHEDULE: Self = Self(0);
}

/// One choice: `value` out of `0..bound`, made at `site`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Where.
    pub site: SiteId,
    /// How many alternatives there were; at least 2.
    pub bound: u32,
    /// Which was taken; 0 is the boring one.
    pub value: u32,
}

/// The choices of a run and the labels of their sites.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tape {
    sites: Vec<String>,
    choices: Vec<Choice>,
}

impl Default for Tape {
    fn default() -> Self {
        Self {
            sites: vec!["schedule".to_owned()],
            choices: Vec::new(),
        }
    }
}

impl Tape {
    /// The choices in order.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The label of a site of this tape, or `?` for another tape's.
    pub fn label(&self, site: SiteId) -> &str {
        self.sites.get(site.0 as usize).map_or("?", String::as_str)
    }

    /// Number of choices.
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether there was no choice at all.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// Number of choices that are not boring.
    pub fn interesting(&self) -> usize {
        self.choices.iter().filter(|c| c.value != 0).count()
    }

    /// The same tape, cut after `len` choices. Replayed, it is boring from there.
    #[must_use]
    pub fn truncated(mut self, len: usize) -> Self {
        self.choices.truncate(len);
        self
    }

    /// The same tape with choice `index` set to `value` (clamped to its bound).
    /// Out of range, nothing changes.
    #[must_use]
    pub fn with_value(mut self, index: usize, value: u32) -> Self {
        if let Some(choice) = self.choices.get_mut(index) {
            choice.value = value.min(choice.bound - 1);
        }
        self
    }
}

/// Where values come from.
enum Source {
    /// Fresh draws, one ChaCha8 stream for each site.
    Fresh(Streams),
    /// A tape, then zeros.
    Replay(Replay),
}

struct Replay {
    tape: Tape,
    next: usize,
    divergence: Option<Divergence>,
}

impl Replay {
    /// The recorded value of the next choice, which is made at the site with
    /// that label; 0 past the end.
    fn next(&mut self, label: &str, bound: u32) -> u32 {
        let choice = self.next;
        self.next += 1;
        let Some(recorded) = self.tape.choices.get(choice) else {
            return 0;
        };
        let expected = self.tape.label(recorded.site);
        if self.divergence.is_none() && (expected != label || recorded.bound != bound) {
            self.divergence = Some(Divergence {
                choice,
                expected: format!("{expected} of {}", recorded.bound),
                found: format!("{label} of {bound}"),
            });
        }
        recorded.value.min(bound - 1)
    }
}

/// ChaCha8 streams of one seed, one for each label, so that one more draw in
/// one place does not shift the draws in another.
struct Streams {
    seed: u64,
    by_site: Vec<Option<ChaCha8Rng>>,
}

impl Streams {
    fn of(&mut self, site: SiteId, label: &str) -> &mut ChaCha8Rng {
        let index = site.0 as usize;
        if self.by_site.len() <= index {
            self.by_site.resize_with(index + 1, || None);
        }
        self.by_site[index].get_or_insert_with(|| Self::stream(self.seed, label))
    }

    fn stream(seed: u64, label: &str) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for chunk in key.chunks_exact_mut(8) {
            chunk.copy_from_slice(&seed.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(xxh3_64(label.as_bytes()));
        rng
    }
}

/// Uniform in `0..bound` by multiplication: integers only, because
/// floating-point results differ between platforms. The bias is below 2⁻³² ×
/// `bound` and the same everywhere.
pub(crate) fn below(rng: &mut ChaCha8Rng, bound: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(bound)) >> 32) as u32
}

/// The run's supply of choices: draws, records, or replays them.
pub struct Draws {
    tape: Tape,
    ids: BTreeMap<String, SiteId>,
    source: Source,
    keep: bool,
    count: u64,
    interesting: u64,
}

impl Draws {
    pub(crate) fn fresh(seed: u64, keep: bool) -> Self {
        Self::new(
            Source::Fresh(Streams {
                seed,
                by_site: Vec::new(),
            }),
            keep,
        )
    }

    pub(crate) fn replay(tape: Tape, keep: bool) -> Self {
        Self::new(
            Source::Replay(Replay {
                tape,
                next: 0,
                divergence: None,
            }),
            keep,
        )
    }

    fn new(source: Source, keep: bool) -> Self {
        let mut ids = BTreeMap::new();
        ids.insert("schedule".to_owned(), SiteId::SCHEDULE);
        Self {
            tape: Tape::default(),
            ids,
            source,
            keep,
            count: 0,
            interesting: 0,
        }
    }

    /// The site with that label.
    pub(crate) fn site(&mut self, label: &str) -> SiteId {
        if let Some(id) = self.ids.get(label) {
            return *id;
        }
        let id = SiteId(u32::try_from(self.tape.sites.len()).unwrap_or(u32::MAX));
        self.tape.sites.push(label.to_owned());
        self.ids.insert(label.to_owned(), id);
        id
    }

    /// Makes a choice at `site` among `0..bound`. A bound below 2 leaves no
    /// choice: it is 0, and not recorded.
    pub(crate) fn draw(&mut self, site: SiteId, bound: u32) -> u32 {
        self.choose(site, bound, |streams, tape| {
            below(streams.of(site, &tape.sites[site.0 as usize]), bound)
        })
    }

    /// Makes a choice whose value, unless replayed, `pick` decides.
    #[inline]
    pub(crate) fn pick(&mut self, bound: u32, pick: impl FnOnce() -> u32) -> u32 {
        self.choose(SiteId::SCHEDULE, bound, |_, _| pick().min(bound - 1))
    }

    /// Makes a choice whose value, unless replayed, `fresh` decides.
    #[inline]
    fn choose(
        &mut self,
        site: SiteId,
        bound: u32,
        fresh: impl FnOnce(&mut Streams, &Tape) -> u32,
    ) -> u32 {
        if bound < 2 {
            return 0;
        }
        let value = match &mut self.source {
            Source::Fresh(streams) => fresh(streams, &self.tape),
            Source::Replay(replay) => replay.next(&self.tape.sites[site.0 as usize], bound),
        };
        self.count += 1;
        self.interesting += u64::from(value != 0);
        if self.keep {
            self.tape.choices.push(Choice { site, bound, value });
        }
        value
    }

    /// Choices so far, and how many of them were not boring.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.count, self.interesting)
    }

    /// The recorded tape and, after a replay, where it first differed.
    pub(crate) fn finish(self) -> (Tape, Option<Divergence>) {
        let divergence = match self.source {
            Source::Replay(replay) => replay.divergence,
            Source::Fresh(_) => None,
        };
        (self.tape, divergence)
    }
}

/// The strategy's own stream: what it draws is not a choice of the run, only
/// what it picks is.
pub(crate) fn strategy_stream(seed: u64) -> ChaCha8Rng {
    Streams::stream(seed, "strategy")
}
