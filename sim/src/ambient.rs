//! The source of ambient randomness and time.

use std::time::Duration;

use rehearsal_hermetic::{Entered, Refusal, ScopeConfig};

use crate::schedule::ambient_stream;

/// The wall clock at the start of a hermetic run, as time since 1970: 2024-01-01,
/// 00:00 UTC.
pub const WALL_CLOCK_START: Duration = Duration::from_secs(1_704_067_200);

/// `true` if tokio's own `select!`, as libraries use it, draws from a run's seed in this
/// build, hermetic or not. Tokio can be seeded only where it is compiled with
/// `RUSTFLAGS="--cfg tokio_unstable"`.
pub const SEEDS_TOKIO_SELECT: bool = cfg!(tokio_unstable);

/// The source of ambient values for code in a run and the libraries under it: the order of a
/// `HashMap`, `rand`, `uuid` and everything else that draws from `getrandom`, `SystemTime::now`
/// and `std::time::Instant::now`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ambient {
    /// The machine. The fast path, for systems that use neither.
    #[default]
    Real,
    /// The run. Bytes come from the seed; both clocks follow virtual time, the wall clock from
    /// [`WALL_CLOCK_START`]. It needs a thread that has drawn nothing yet:
    /// [`run_hermetic`](crate::run_hermetic) makes one for each run.
    ///
    /// [`rehearsal_hermetic`] lists the limits. Other threads are not reached, for one, so
    /// tokio's `spawn_blocking` is real (and a [leak](crate::Leaks)). On targets other than
    /// Linux with glibc or musl this is [`Ambient::Real`]. The branch that tokio's own `select!` polls
    /// first depends on the seed only if [`SEEDS_TOKIO_SELECT`] is true; the facade's has no
    /// such choice.
    Hermetic,
}

impl Ambient {
    /// Enters the mode on this thread, until the returned guard is dropped.
    ///
    /// # Panics
    ///
    /// If the run is to be hermetic and cannot be, on a target where it could.
    pub(crate) fn enter(self, seed: u64) -> Option<Entered> {
        match self {
            Self::Real => None,
            Self::Hermetic => {
                let config = ScopeConfig {
                    random: ambient_stream(seed),
                    wall_clock: WALL_CLOCK_START,
                };
                match rehearsal_hermetic::enter(config) {
                    Ok(entered) => Some(entered),
                    Err(Refusal::Unsupported) => None,
                    Err(refusal) => panic!("no hermetic run: {refusal}"),
                }
            }
        }
    }
}
