//! Searches anew for a schedule with fewer decisions.

use rehearsal_sim::{Alternative, DeviationKind, Family, Pick, PickDeviation, Schedule};
use xxhash_rust::xxh3::xxh3_64;

use super::session::ShrinkSession;
use super::{Best, Stopped};

/// Schedules of one kind that each bound on deviations tries. A bound has up to two kinds: those
/// that give turns away, and those that postpone a task.
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
    match bound {
        1 => {
            let all = singles(&picks, taken).chain(singles(&picks, postponed));
            run_each(session, best, world, all)
        }
        2 => {
            let turns = pairs(&picks, taken).take(RUNS_PER_BOUND);
            if run_each(session, best, world, turns)? {
                return Ok(true);
            }
            let lasting = lasting(session, best, world, &picks)?;
            run_each(session, best, world, lasting)
        }
        _ => {
            let clusters = clusters(&picks, bound).take(RUNS_PER_BOUND);
            run_each(session, best, world, clusters)
        }
    }
}

/// Runs each of the schedules until one fails. Returns `true` if one does.
fn run_each(
    session: &mut ShrinkSession<'_>,
    best: &mut Best,
    world: &Schedule,
    schedules: impl IntoIterator<Item = Vec<PickDeviation>>,
) -> Result<bool, Stopped> {
    for deviations in schedules {
        let (report, _) = session.deviate(&*best.variant, world, &deviations)?;
        if session.accept(best, report) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Each alternative of a pick that gives away one turn.
fn taken(pick: &Pick) -> Box<dyn Iterator<Item = Alternative>> {
    Box::new((1..pick.candidates).map(Alternative::Take))
}

/// The alternative of a pick that lasts.
fn postponed(pick: &Pick) -> Box<dyn Iterator<Item = Alternative>> {
    let postponed = pick.is_postponable.then_some(Alternative::Postpone);
    Box::new(postponed.into_iter())
}

/// Each alternative of a pick.
fn any(pick: &Pick) -> Box<dyn Iterator<Item = Alternative>> {
    Box::new(taken(pick).chain(postponed(pick)))
}

/// The alternatives of a pick that are tried.
type Alternatives = fn(&Pick) -> Box<dyn Iterator<Item = Alternative>>;

/// Every deviation at the pick with that number.
fn at(
    number: usize,
    pick: &Pick,
    alternatives: Alternatives,
) -> impl Iterator<Item = PickDeviation> + use<> {
    let pick_number = u32::try_from(number).expect("fewer than 2^32 picks");
    alternatives(pick).map(move |instead| PickDeviation {
        pick: pick_number,
        instead,
    })
}

/// Every single deviation if they are few enough, else evenly spread ones.
fn singles(
    picks: &[Pick],
    alternatives: Alternatives,
) -> impl Iterator<Item = Vec<PickDeviation>> + use<> {
    let picks = picks.iter().enumerate();
    let all: Vec<PickDeviation> = picks
        .flat_map(|(number, pick)| at(number, pick, alternatives))
        .collect();
    let stride = all.len().div_ceil(RUNS_PER_BOUND).max(1);
    all.into_iter().step_by(stride).map(|single| vec![single])
}

/// Every two deviations, neighbours first: what two tasks do to each other is
/// mostly done within a few picks. The picks after a deviation are not those of
/// the default schedule; their numbers are as good as any.
fn pairs(picks: &[Pick], alternatives: Alternatives) -> impl Iterator<Item = Vec<PickDeviation>> {
    (1..picks.len()).flat_map(move |distance| {
        let apart = picks.iter().zip(&picks[distance..]).enumerate();
        apart.flat_map(move |(first, (one, other))| {
            at(first, one, alternatives).flat_map(move |one| {
                at(first + distance, other, alternatives).map(move |other| vec![one, other])
            })
        })
    })
}

/// Pairs of deviations of which the first postpones a task, neighbours first. The picks after
/// it are other ones than in the default schedule, and more of them, so that a run finds out.
fn lasting(
    session: &mut ShrinkSession<'_>,
    best: &Best,
    world: &Schedule,
    picks: &[Pick],
) -> Result<Vec<Vec<PickDeviation>>, Stopped> {
    let mut lasting = Vec::new();
    for (number, pick) in picks.iter().enumerate().take(POSTPONED_MAX) {
        let Some(first) = at(number, pick, postponed).next() else {
            continue;
        };
        let (_, after) = session.deviate(&*best.variant, world, &[first])?;
        add_nearest(&mut lasting, pairs_with(first, &after));
    }
    Ok(nearest(lasting))
}

/// Two deviations at different picks, in their order.
type Pair = [PickDeviation; 2];

/// Adds the pairs of one first deviation, which come neighbours first, as far as any of them can
/// be among the nearest of all.
fn add_nearest(all: &mut Vec<Pair>, pairs: impl Iterator<Item = Pair>) {
    all.extend(pairs.take(RUNS_PER_BOUND));
}

/// Returns the nearest pairs of all, neighbours first.
fn nearest(mut all: Vec<Pair>) -> Vec<Vec<PickDeviation>> {
    all.sort_by_key(|[first, second]| second.pick - first.pick);
    all.truncate(RUNS_PER_BOUND);
    all.into_iter().map(|pair| pair.to_vec()).collect()
}

/// Picks at which a task is postponed, at most, to see what comes after it.
const POSTPONED_MAX: usize = 250;

/// Returns the pairs of a deviation and another one after it, in the run of the first.
fn pairs_with(first: PickDeviation, picks: &[Pick]) -> impl Iterator<Item = Pair> {
    let later = picks.iter().enumerate().skip(first.pick as usize + 1);
    later
        .flat_map(|(number, pick)| at(number, pick, any))
        .map(move |second| [first, second])
}

/// Picks between neighbours in a cluster, at most.
const REACH: u64 = 8;

/// So many deviations near each other, from a fixed random sequence.
fn clusters(picks: &[Pick], bound: usize) -> impl Iterator<Item = Vec<PickDeviation>> {
    (0u64..).map(move |number| {
        let random = |which: usize, below: u64| {
            let hash = xxh3_64(format!("{number} {which}").as_bytes());
            ((u128::from(hash) * u128::from(below)) >> 64) as u64
        };
        let mut pick = random(0, picks.len() as u64);
        let mut cluster = Vec::new();
        for which in 1..=bound {
            let number = usize::try_from(pick).expect("a place in memory");
            let here = picks.get(number).into_iter();
            let all: Vec<_> = here.flat_map(|pick| at(number, pick, any)).collect();
            // The last one is to postpone, where that can be.
            let drawn = random(bound + which, all.len() as u64);
            let drawn = usize::try_from(drawn).expect("a place in memory");
            cluster.extend(all.get(drawn));
            pick += 1 + random(which, REACH);
        }
        cluster
    })
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::TaskId;

    use super::*;

    /// Picks with so many candidates. One with a single candidate is of a task that cannot be
    /// postponed.
    fn picks(candidates: &[u32]) -> Vec<Pick> {
        let pick = |candidates: &u32| Pick {
            candidates: *candidates,
            default: Some(TaskId::PROGRAM),
            turn: 0,
            is_running: false,
            is_postponable: *candidates > 1,
        };
        candidates.iter().map(pick).collect()
    }

    #[test]
    fn pairs_come_once_each_and_neighbours_first() {
        let picks = picks(&[2, 3, 2, 2]);
        let all: Vec<_> = pairs(&picks, taken).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        // Alternatives: 1, 2, 1, 1; products of every two of them.
        assert_eq!(all.len(), 2 + 1 + 1 + 2 + 2 + 1);
        let distances: Vec<u32> = all.iter().map(|p| p[1].pick - p[0].pick).collect();
        assert!(distances.is_sorted());
        assert_eq!(
            pairs(&[], taken).count() + pairs(&picks[..1], taken).count(),
            0
        );
    }

    #[test]
    fn pairs_with_a_postponement_have_every_alternative_after_it() {
        let first = PickDeviation {
            pick: 1,
            instead: Alternative::Postpone,
        };
        let pairs: Vec<_> = pairs_with(first, &picks(&[2, 2, 3, 2])).collect();
        assert_eq!(pairs.len(), 3 + 2);
        assert!(
            pairs
                .iter()
                .all(|pair| pair[0] == first && pair[1].pick > 1)
        );
    }

    /// The first pairs of each first deviation are all that is looked at.
    #[test]
    fn the_nearest_pairs_of_all_are_found_without_collecting_every_pair() {
        let pick = |pick| PickDeviation {
            pick,
            instead: Alternative::Postpone,
        };
        let read = std::cell::Cell::new(0);
        let pairs = |first: u32| {
            let read = &read;
            (1..1_000_000).map(move |distance| {
                read.set(read.get() + 1);
                [pick(first), pick(first + distance)]
            })
        };
        let mut lasting = Vec::new();
        for first in [0, 7] {
            add_nearest(&mut lasting, pairs(first));
        }
        assert_eq!(read.get(), 2 * RUNS_PER_BOUND);
        let found = nearest(lasting);
        let expected = (1..).flat_map(|distance| {
            [0, 7].map(|first: u32| vec![pick(first), pick(first + distance)])
        });
        assert!(found.into_iter().eq(expected.take(RUNS_PER_BOUND)));
    }

    #[test]
    fn clusters_keep_to_the_picks() {
        let mut picks = picks(&[2, 1, 3, 2, 4, 1, 2, 2, 2, 9]);
        picks[4].is_postponable = false;
        for cluster in clusters(&picks, 3).take(500) {
            assert!(cluster.len() <= 3);
            assert!(cluster.is_sorted_by(|a, b| a.pick < b.pick));
            for deviation in cluster {
                let there = picks[deviation.pick as usize];
                assert!(any(&there).any(|instead| instead == deviation.instead));
            }
        }
    }
}
