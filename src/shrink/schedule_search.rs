//! Searches anew for a schedule with fewer decisions.

use rehearsal_sim::{DeviationKind, Family, PickDeviation, Schedule};
use xxhash_rust::xxh3::xxh3_64;

use super::session::ShrinkSession;
use super::{Best, Stopped};

/// Runs that each bound on deviations may take.
const RUNS_PER_BOUND: usize = 2_500;

/// Deviations up to which the scheduler is searched anew.
const MOST_DEVIATIONS: usize = 3;

/// Tries the default for all of the world's choices, then site by site, the scheduler's
/// decisions being what they are.
pub(super) fn world(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    if best.schedule.count(DeviationKind::World) == 0 {
        return Ok(());
    }
    let scheduler = best.schedule.filtered(|d| d.kind() != DeviationKind::World);
    let report = session.replay(&*best.variant, &scheduler)?;
    if session.accept(best, report) {
        return Ok(());
    }
    let whole = best.schedule.clone();
    let decisions = whole.deviations().iter();
    let mut families: Vec<Family<'_>> = decisions.map(|d| d.site.family()).collect();
    families.sort_by_key(Family::to_string);
    families.dedup();
    for family in families {
        let rest = best.schedule.filtered(|d| d.site.family() != family);
        if rest.len() < best.schedule.len() {
            let report = session.replay(&*best.variant, &rest)?;
            session.accept(best, report);
        }
    }
    Ok(())
}

/// Searches for a schedule that deviates from the default one at no pick, at one, at
/// two, at three, as long as the best has more than that.
pub(super) fn scheduler(session: &mut ShrinkSession<'_>, best: &mut Best) -> Result<(), Stopped> {
    for bound in 0..=MOST_DEVIATIONS {
        let have = best.schedule.len() - best.schedule.count(DeviationKind::World);
        if have <= bound {
            return Ok(());
        }
        let world = best.schedule.filtered(|d| d.kind() == DeviationKind::World);
        let worlds = if world.is_empty() {
            vec![world]
        } else {
            vec![Schedule::default(), world]
        };
        for world in worlds {
            if search(session, best, &world, bound)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Tries schedules with exactly `bound` deviations. Returns `true` if one fails.
fn search(
    session: &mut ShrinkSession<'_>,
    best: &mut Best,
    world: &Schedule,
    bound: usize,
) -> Result<bool, Stopped> {
    let (report, picks) = session.deviate(&*best.variant, world, &[])?;
    if bound == 0 {
        return Ok(session.accept(best, report));
    }
    let candidates: Box<dyn Iterator<Item = Vec<PickDeviation>>> = match bound {
        1 => Box::new(singles(&picks)),
        2 => Box::new(pairs(&picks)),
        _ => Box::new(clusters(&picks, bound)),
    };
    for deviations in candidates.take(RUNS_PER_BOUND) {
        let (report, _) = session.deviate(&*best.variant, world, &deviations)?;
        if session.accept(best, report) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every deviation at a pick with that many candidates.
fn at(pick: usize, candidates: u32) -> impl Iterator<Item = PickDeviation> + Clone {
    let pick = u32::try_from(pick).unwrap_or(u32::MAX);
    (1..candidates).map(move |value| PickDeviation { pick, value })
}

/// Every single deviation if they are few enough, else evenly spread ones.
fn singles(picks: &[u32]) -> impl Iterator<Item = Vec<PickDeviation>> {
    let picks = picks.iter().enumerate();
    let all: Vec<PickDeviation> = picks.flat_map(|(pick, n)| at(pick, *n)).collect();
    let stride = all.len().div_ceil(RUNS_PER_BOUND).max(1);
    all.into_iter().step_by(stride).map(|single| vec![single])
}

/// Every two deviations, neighbours first: what two tasks do to each other is
/// mostly done within a few picks. The picks after a deviation are not those of
/// the default schedule; their numbers are as good as any.
fn pairs(picks: &[u32]) -> impl Iterator<Item = Vec<PickDeviation>> {
    (1..picks.len()).flat_map(move |distance| {
        let apart = picks.iter().zip(&picks[distance..]).enumerate();
        apart.flat_map(move |(first, (one, other))| {
            at(first, *one).flat_map(move |one| {
                at(first + distance, *other).map(move |other| vec![one, other])
            })
        })
    })
}

/// Picks between neighbours in a cluster, at most.
const REACH: u64 = 8;

/// So many deviations near each other, from a fixed random sequence.
fn clusters(picks: &[u32], bound: usize) -> impl Iterator<Item = Vec<PickDeviation>> {
    (0u64..).map(move |number| {
        let random = |which: usize, below: u64| {
            let hash = xxh3_64(format!("{number} {which}").as_bytes());
            ((u128::from(hash) * u128::from(below)) >> 64) as u64
        };
        let mut pick = random(0, picks.len() as u64);
        let mut cluster = Vec::new();
        for which in 1..=bound {
            let here = usize::try_from(pick).ok().and_then(|pick| picks.get(pick));
            if let Some(candidates @ 2..) = here.copied() {
                let value = 1 + random(bound + which, u64::from(candidates) - 1);
                cluster.push(PickDeviation {
                    pick: u32::try_from(pick).unwrap_or(u32::MAX),
                    value: u32::try_from(value).unwrap_or(u32::MAX),
                });
            }
            pick += 1 + random(which, REACH);
        }
        cluster
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_once_each_and_neighbours_first() {
        let picks = [2, 3, 2, 2];
        let all: Vec<_> = pairs(&picks).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        // Alternatives: 1, 2, 1, 1; products of every two of them.
        assert_eq!(all.len(), 2 + 1 + 1 + 2 + 2 + 1);
        let distances: Vec<u32> = all.iter().map(|p| p[1].pick - p[0].pick).collect();
        assert!(distances.is_sorted());
        assert_eq!(pairs(&[]).count() + pairs(&[2]).count(), 0);
    }

    #[test]
    fn clusters_keep_to_the_picks() {
        let picks = [2, 3, 1, 4, 2, 2, 2, 9];
        for cluster in clusters(&picks, 3).take(500) {
            assert!(cluster.len() <= 3);
            assert!(cluster.is_sorted_by(|a, b| a.pick < b.pick));
            for deviation in cluster {
                let candidates = picks[deviation.pick as usize];
                assert!((1..candidates).contains(&deviation.value));
            }
        }
    }
}
