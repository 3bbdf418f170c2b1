//! Measurement in turns: each side works once, then again, so that a noisy machine disturbs all
//! sides alike.

use std::time::Duration;

use cpu_time::ThreadTime;

/// One side of a comparison: does its work once, and returns the time of one unit, or the
/// reason for which it could not.
pub(crate) type Side<'a> = Box<dyn FnMut() -> Result<Duration, String> + 'a>;

/// Returns a side in this process that does `units` of work at each turn.
pub(crate) fn side<'a>(units: u32, mut work: impl FnMut() + 'a) -> Side<'a> {
    Box::new(move || {
        let elapsed = time(&mut work);
        Ok(elapsed / units.max(1))
    })
}

/// Reads the processor's time, not the wall clock's: all sides compute on one thread and wait
/// for nothing, and a shared machine takes the processor away at will.
fn time(work: &mut dyn FnMut()) -> Duration {
    let start = ThreadTime::now();
    work();
    start.elapsed()
}

/// The times of a side's turns, or the error of one.
pub(crate) type Times = Result<Vec<Duration>, String>;

/// Runs the sides in turn.
pub(crate) fn in_turn<const N: usize>(turns: u32, mut sides: [Side<'_>; N]) -> [Times; N] {
    let mut times = [const { Ok(Vec::new()) }; N];
    for _ in 0..turns {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let Ok(so_far) = times else { continue };
            match side() {
                Ok(elapsed) => so_far.push(elapsed),
                Err(why) => *times = Err(why),
            }
        }
    }
    times
}

/// Returns the median; 0 of none.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns the ratio of `theirs` to `ours`: the median over the turns, so that a disturbance of
/// both sides of a turn does not count.
pub(crate) fn ratio(ours: &[Duration], theirs: &[Duration]) -> f64 {
    let pairs = ours.iter().zip(theirs);
    let mut ratios: Vec<f64> = pairs
        .map(|(ours, theirs)| theirs.as_secs_f64() / ours.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
}
