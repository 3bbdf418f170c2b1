//! Schedules that were changed, on random programs.

use std::sync::{Arc, Mutex};

use rehearsal_sim::{Choices, Deviation, Outcome, Recording, Schedule, StrategyName};

use crate::bytes::Bytes;
use crate::differential::simulate_with;
use crate::program::{self, Program};

/// Changes of a schedule.
const CHANGES_MAX: u8 = 6;

/// Runs the program that the bytes decide, replays its schedule, and replays the schedule after
/// changes that the bytes decide.
///
/// # Panics
///
/// If the schedule of a run does not give the run again, or a schedule gives two runs.
pub fn playback(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let program = Program::of(&mut bytes);
    let seed = bytes.number();
    let samplers = StrategyName::samplers();
    let count = u8::try_from(samplers.len()).expect("a few strategies");
    let strategy = samplers[usize::from(bytes.below(count))];
    let (original, outcome) = run(&program, seed, strategy, Choices::Fresh);
    let schedule = original.tape.schedule();
    let (replayed, again) = replay(&program, &schedule);
    assert_eq!(replayed.fingerprint, original.fingerprint, "{program:#?}");
    assert_eq!(again, outcome, "{program:#?}");
    assert_eq!(replayed.divergence, None, "{program:#?}");
    let changed = changed(schedule, &mut bytes);
    let (one, _) = replay(&program, &changed);
    let (other, _) = replay(&program, &changed);
    assert_eq!(
        one.fingerprint, other.fingerprint,
        "{changed:#?} of\n{program:#?}"
    );
    assert_eq!(
        one.divergence, other.divergence,
        "{changed:#?} of\n{program:#?}"
    );
    // What was taken is a schedule of the program, whatever was listed.
    let (taken, _) = replay(&program, &one.tape.schedule());
    assert_eq!(
        one.fingerprint, taken.fingerprint,
        "{changed:#?} of\n{program:#?}"
    );
}

fn replay(program: &Program, schedule: &Schedule) -> (Outcome<()>, program::Outcome) {
    let choices = Choices::Replay(schedule.clone());
    run(program, 0, StrategyName::FIFO, choices)
}

fn run(
    program: &Program,
    seed: u64,
    strategy: StrategyName,
    choices: Choices,
) -> (Outcome<()>, program::Outcome) {
    let outcome = Arc::<Mutex<program::Outcome>>::default();
    let ran = simulate_with(program, &outcome, seed, strategy, choices, Recording::Full);
    let outcome = outcome.lock().expect("no program panics").clone();
    (ran, outcome)
}

/// Returns the schedule with deviations that are left out, repeated, moved and changed.
fn changed(schedule: Schedule, bytes: &mut Bytes<'_>) -> Schedule {
    let mut deviations = schedule.deviations().to_vec();
    for _ in 0..1 + bytes.below(CHANGES_MAX) {
        let kind = bytes.below(6);
        let at = |bytes: &mut Bytes<'_>, list: &[Deviation]| {
            (!list.is_empty()).then(|| usize::from(bytes.byte()) % list.len())
        };
        let (Some(one), Some(other)) = (at(bytes, &deviations), at(bytes, &deviations)) else {
            break;
        };
        let by = u32::from(bytes.byte());
        match kind {
            0 => drop(deviations.remove(one)),
            1 => deviations.swap(one, other),
            2 => {
                let bound = deviations[one].bound;
                deviations[one].value = 1 + by % (bound - 1);
            }
            3 => deviations[one].nth = by,
            4 => deviations[one].site = deviations[other].site.clone(),
            _ => {
                deviations[one].bound = 2 + by;
                deviations[one].value = 1 + by % (1 + by);
            }
        }
    }
    // A list has each choice once.
    let mut seen = Vec::new();
    deviations.retain(|deviation| {
        let place = (deviation.site.clone(), deviation.nth);
        let is_new = !seen.contains(&place);
        seen.push(place);
        is_new
    });
    Schedule::new(deviations)
}
