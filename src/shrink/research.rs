//! Searches anew for a schedule with fewer decisions.

use rehearsal_sim::{DecisionKind, Deviation, Schedule};
use xxhash_rust::xxh3::xxh3_64;

use super::lab::Lab;
use super::{Best, Stopped};

/// Runs that each bound on deviations may take.
const RUNS_PER_BOUND: usize = 1_500;

/// Deviations up to which the scheduler is searched anew.
const MOST_DEVIATIONS: usize = 3;

/// Tries the world boring as a whole, then site by site, the scheduler's
/// decisions being what they are.
pub(super) fn world(lab: &mut Lab<'_>, best: &mut Best) -> Result<(), Stopped> {
    if best.schedule.count(DecisionKind::World) == 0 {
        return Ok(());
    }
    let scheduler = best.schedule.filtered(|d| d.kind() != DecisionKind::World);
    let report = lab.replay(&best.staged, &scheduler)?;
    if lab.accept(best, report) {
        return Ok(());
    }
    let mut groups: Vec<String> = best
        .schedule
        .decisions()
        .iter()
        .map(|d| group(&d.site))
        .collect();
    groups.sort();
    groups.dedup();
    for label in groups {
        let rest = best.schedule.filtered(|d| group(&d.site) != label);
        if rest.len() < best.schedule.len() {
            let report = lab.replay(&best.staged, &rest)?;
            lab.accept(best, report);
        }
    }
    Ok(())
}

/// Sites that go together: `latency client-1 -> bridge` belongs to `latency`.
fn group(site: &str) -> String {
    site.split(' ').next().unwrap_or_default().to_owned()
}

/// Looks for a schedule that deviates from the boring one at no pick, at one, at
/// two, at three, as long as the best has more than that.
pub(super) fn scheduler(lab: &mut Lab<'_>, best: &mut Best) -> Result<(), Stopped> {
    for bound in 0..=MOST_DEVIATIONS {
        let have = best.schedule.len() - best.schedule.count(DecisionKind::World);
        if have <= bound {
            return Ok(());
        }
        let world = best.schedule.filtered(|d| d.kind() == DecisionKind::World);
        let worlds = if world.is_empty() {
            vec![world]
        } else {
            vec![Schedule::default(), world]
        };
        for world in worlds {
            if search(lab, best, &world, bound)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether some schedule with exactly `bound` deviations fails.
fn search(
    lab: &mut Lab<'_>,
    best: &mut Best,
    world: &Schedule,
    bound: usize,
) -> Result<bool, Stopped> {
    let (report, picks) = lab.deviate(&best.staged, world, &[])?;
    if bound == 0 {
        return Ok(lab.accept(best, report));
    }
    let alternatives = alternatives(&picks);
    if alternatives.is_empty() {
        return Ok(false);
    }
    for number in 0..RUNS_PER_BOUND {
        let deviations = if bound == 1 {
            match nth_single(&alternatives, number) {
                Some(deviation) => vec![deviation],
                None => return Ok(false),
            }
        } else {
            sample(&alternatives, bound, number)
        };
        let (report, _) = lab.deviate(&best.staged, world, &deviations)?;
        if lab.accept(best, report) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every single deviation from picks with that many candidates.
fn alternatives(picks: &[u32]) -> Vec<Deviation> {
    let numbered = (0u32..).zip(picks);
    numbered
        .flat_map(|(pick, candidates)| (1..*candidates).map(move |value| Deviation { pick, value }))
        .collect()
}

/// All of them, if they are few enough; else evenly spread ones.
fn nth_single(alternatives: &[Deviation], number: usize) -> Option<Deviation> {
    if alternatives.len() <= RUNS_PER_BOUND {
        return alternatives.get(number).copied();
    }
    let index = number * alternatives.len() / RUNS_PER_BOUND;
    alternatives.get(index).copied()
}

/// The n-th of a fixed sequence of random samples. The picks after a deviation
/// are not those of the boring schedule; their numbers are as good as any.
fn sample(alternatives: &[Deviation], bound: usize, number: usize) -> Vec<Deviation> {
    let mut deviations: Vec<Deviation> = (0..bound)
        .filter_map(|which| {
            let hash = xxh3_64(format!("{number} {which}").as_bytes());
            let index = (u128::from(hash) * alternatives.len() as u128) >> 64;
            alternatives.get(index as usize).copied()
        })
        .collect();
    deviations.sort();
    deviations.dedup_by_key(|deviation| deviation.pick);
    deviations
}
