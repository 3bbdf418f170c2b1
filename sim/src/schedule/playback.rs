//! A schedule that is being replayed.

use std::collections::BTreeMap;

use crate::index_vec::Id as _;

use super::{DeviationKind, POSTPONE_BOUND, Schedule, Site, SiteId};

/// The first place at which a replay met another choice than its schedule recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence {
    /// The deviation's index in the schedule, from 0.
    pub deviation: usize,
    /// Its site.
    pub site: Site,
    /// Its number there, from 0.
    pub nth: u32,
    /// The choice that the schedule expects there.
    pub expected: String,
    /// The choice that the run made instead.
    pub found: String,
}

/// A schedule that is being replayed.
pub(crate) struct Playback {
    schedule: Schedule,
    /// For each site, the deviations there by their number; taken out when the run first
    /// reaches the site.
    ahead: BTreeMap<Site, BTreeMap<u32, usize>>,
    /// Positions by site id.
    sites: Vec<Option<SitePlayback>>,
    reached: Vec<bool>,
    postpones: bool,
    mismatch: Option<Divergence>,
}

/// The position of a replay at one site.
struct SitePlayback {
    site: Site,
    /// Choices made there so far.
    count: u32,
    /// The remaining deviations, the next one last: its number, and its index in the schedule.
    ahead: Vec<(u32, usize)>,
}

impl Playback {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let mut ahead: BTreeMap<Site, BTreeMap<u32, usize>> = BTreeMap::new();
        for (index, deviation) in schedule.0.iter().enumerate() {
            let there = ahead.entry(deviation.site.clone()).or_default();
            there.entry(deviation.nth).or_insert(index);
        }
        Self {
            reached: vec![false; schedule.len()],
            postpones: schedule.count(DeviationKind::Postponement) > 0,
            schedule,
            ahead,
            sites: Vec::new(),
            mismatch: None,
        }
    }

    /// Returns `true` if the schedule postpones some task.
    pub(crate) fn postpones(&self) -> bool {
        self.postpones
    }

    /// Returns `true` if the schedule postpones the task of `site`, which the run numbers `id`,
    /// after so many turns. The turns of a task only grow in number.
    pub(crate) fn is_postponed(&mut self, id: SiteId, site: &Site, turn: u32) -> bool {
        let playback = self.at(id, site);
        playback.count = turn + 1;
        while playback
            .ahead
            .pop_if(|(number, _)| *number < turn)
            .is_some()
        {}
        let due = playback.ahead.pop_if(|(number, _)| *number == turn);
        let Some((_, index)) = due else {
            return false;
        };
        self.reached[index] = true;
        self.compare(index, site, turn, POSTPONE_BOUND);
        self.schedule.0[index].value != 0
    }

    /// Returns the position at `site`, which the run numbers `id`.
    fn at(&mut self, id: SiteId, site: &Site) -> &mut SitePlayback {
        let index = id.index();
        if self.sites.len() <= index {
            self.sites.resize_with(index + 1, || None);
        }
        let ahead = &mut self.ahead;
        self.sites[index].get_or_insert_with(|| SitePlayback {
            site: site.clone(),
            count: 0,
            ahead: ahead
                .remove(site)
                .map(|by_number| by_number.into_iter().rev().collect())
                .unwrap_or_default(),
        })
    }

    /// Returns the value of the next choice at `site`, which the run numbers `id`.
    pub(crate) fn next(&mut self, id: SiteId, site: &Site, bound: u32) -> u32 {
        let playback = self.at(id, site);
        let nth = playback.count;
        playback.count += 1;
        let Some(&(_, index)) = playback.ahead.last().filter(|(number, _)| *number == nth) else {
            return 0;
        };
        playback.ahead.pop();
        self.reached[index] = true;
        self.compare(index, site, nth, bound);
        self.schedule.0[index].value.min(bound - 1)
    }

    /// Compares a deviation with the choice that the run makes there.
    fn compare(&mut self, index: usize, site: &Site, nth: u32, bound: u32) {
        let deviation = &self.schedule.0[index];
        if deviation.bound != bound && self.mismatch.as_ref().is_none_or(|m| index < m.deviation) {
            self.mismatch = Some(Divergence {
                deviation: index,
                site: site.clone(),
                nth,
                expected: format!("{} alternatives", deviation.bound),
                found: format!("{bound} alternatives"),
            });
        }
    }

    /// Returns the first deviation that the run did not reach, or reached with another choice
    /// than the recorded one.
    pub(crate) fn divergence(&self) -> Option<Divergence> {
        let missed = self.reached.iter().position(|reached| !reached);
        let missed = missed.map(|index| {
            let deviation = &self.schedule.0[index];
            let sites = self.sites.iter().flatten();
            let made = sites
                .filter(|site| site.site == deviation.site)
                .map(|site| site.count)
                .next();
            let found = match made {
                Some(_) if deviation.kind() == DeviationKind::Postponement => {
                    "no other task that could go on then".to_owned()
                }
                Some(count) if count > deviation.nth => "another decision for that choice".into(),
                Some(1) => "1 choice there".to_owned(),
                Some(count) => format!("{count} choices there"),
                None => "no choice there".to_owned(),
            };
            Divergence {
                deviation: index,
                site: deviation.site.clone(),
                nth: deviation.nth,
                expected: match deviation.kind() {
                    DeviationKind::Postponement => {
                        format!("a postponement of the task after {} turns", deviation.nth)
                    }
                    _ => format!(
                        "choice {} of {} alternatives",
                        deviation.nth, deviation.bound
                    ),
                },
                found,
            }
        });
        match (self.mismatch.clone(), missed) {
            (Some(mismatch), Some(missed)) if missed.deviation < mismatch.deviation => Some(missed),
            (None, missed) => missed,
            (mismatch, _) => mismatch,
        }
    }
}
