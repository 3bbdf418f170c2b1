//! Measuring turn by turn: each side works once, then again, so that a noisy
//! machine disturbs all sides alike.

use std::time::Duration;

/// One side of a comparison: does its work once, and says how long one unit of
/// it took, or why it could not.
pub(crate) type Side<'a> = Box<dyn FnMut() -> Result<Duration, String> + 'a>;

/// A side in this process that does `units` of work at each turn.
pub(crate) fn side<'a>(units: u32, mut work: impl FnMut() + 'a) -> Side<'a> {
    Box::new(move || {
        let elapsed = time(&mut work);
        Ok(elapsed / units.max(1))
    })
}

#[expect(clippy::disallowed_methods, reason = "a bench measures the wall clock")]
fn time(work: &mut dyn FnMut()) -> Duration {
    let start = std::time::Instant::now();
    work();
    start.elapsed()
}

/// Lets the sides work in turn, after one turn each that does not count. The
/// median of each side, or what it could not do.
pub(crate) fn in_turn<const N: usize>(
    turns: u32,
    mut sides: [Side<'_>; N],
) -> [Result<Duration, String>; N] {
    let mut times = [const { Vec::new() }; N];
    let mut failed = [const { None }; N];
    for turn in 0..=turns {
        for (number, side) in sides.iter_mut().enumerate() {
            if failed[number].is_some() {
                continue;
            }
            match side() {
                Ok(elapsed) if turn > 0 => times[number].push(elapsed),
                Ok(_) => {}
                Err(why) => failed[number] = Some(why),
            }
        }
    }
    let mut times = times.into_iter();
    failed.map(|failed| match (failed, times.next()) {
        (None, Some(times)) => Ok(median(times)),
        (Some(why), _) => Err(why),
        (None, None) => Err("not measured".to_owned()),
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
