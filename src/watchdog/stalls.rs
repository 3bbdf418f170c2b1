//! The runs that stand still.

use crate::run::under_way::Position;

/// Intervals without a step after which a run hangs. Intervals are counted and not time: in a
/// process that a debugger has stopped no run makes steps, and that is one interval.
pub(super) const STILL_MAX: u32 = 20;

/// For each thread, where it was and for how many intervals.
#[derive(Default)]
pub(super) struct Stalls(Vec<(Option<Position>, u32)>);

impl Stalls {
    /// Takes the positions of all threads after one more interval. Returns the first that has
    /// stood still for too long, and its position.
    pub(super) fn update(&mut self, positions: &[Option<Position>]) -> Option<(usize, Position)> {
        self.0.resize(positions.len(), (None, 0));
        let mut stalled = None;
        for (index, (now, (before, still))) in positions.iter().zip(&mut self.0).enumerate() {
            *still = match now {
                Some(_) if now == before => *still + 1,
                _ => 0,
            };
            *before = *now;
            if *still >= STILL_MAX && stalled.is_none() {
                stalled = now.map(|position| (index, position));
            }
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::{Beat, TaskId};

    use super::*;

    fn at(run: u64, step: u32) -> Option<Position> {
        let task = TaskId::PROGRAM;
        let beat = Beat { step, task };
        Some(Position { run, beat })
    }

    /// Takes the same positions so many times.
    fn repeat(stalls: &mut Stalls, positions: &[Option<Position>], times: u32) -> Vec<usize> {
        let found = (0..times).filter_map(|_| stalls.update(positions));
        found.map(|(index, _)| index).collect()
    }

    #[test]
    fn run_without_a_step_hangs_after_so_many_intervals() {
        let mut stalls = Stalls::default();
        // The first interval only shows where it is.
        assert!(repeat(&mut stalls, &[None, at(1, 7)], STILL_MAX).is_empty());
        assert_eq!(
            stalls.update(&[None, at(1, 7)]),
            Some((1, at(1, 7).expect("a run")))
        );
    }

    #[test]
    fn step_or_another_run_begins_the_count_anew() {
        for next in [at(1, 8), at(2, 7), None] {
            let mut stalls = Stalls::default();
            assert!(repeat(&mut stalls, &[at(1, 7)], STILL_MAX).is_empty());
            assert!(repeat(&mut stalls, &[next], STILL_MAX).is_empty());
            assert!(repeat(&mut stalls, &[at(1, 7)], STILL_MAX).is_empty());
        }
    }

    #[test]
    fn thread_outside_runs_never_hangs() {
        let mut stalls = Stalls::default();
        assert!(repeat(&mut stalls, &[None], 3 * STILL_MAX).is_empty());
        assert!(repeat(&mut stalls, &[None, at(1, 1)], STILL_MAX).is_empty());
        assert_eq!(repeat(&mut stalls, &[None, at(1, 1)], 1), [1]);
    }
}
