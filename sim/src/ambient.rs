//! Who answers when code asks the machine for randomness or the time.

use std::future::Future;
use std::time::Duration;

use rehearsal_hermetic::{Answers, Entered, Refusal};

use crate::engine::{Config, run};
use crate::outcome::Outcome;
use crate::tape;
use crate::world::World;

/// The wall clock at the start of a hermetic run, as time since 1970: 2024-01-01,
/// 00:00 UTC.
pub const WALL_CLOCK_START: Duration = Duration::from_secs(1_704_067_200);

/// Whether tokio's own `select!`, as libraries use it, draws from a run's seed in this
/// build, hermetic or not. Tokio can be seeded only where it is compiled with
/// `RUSTFLAGS="--cfg tokio_unstable"`.
pub const SEEDS_TOKIO_SELECT: bool = cfg!(tokio_unstable);

/// Who answers when code in a run, or a library under it, asks the machine: for the
/// order of a `HashMap`, for `rand`, `uuid` and whatever else draws from
/// `getrandom`, for `SystemTime::now` and `std::time::Instant::now`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ambient {
    /// The machine. The fast path, for systems that do not ask.
    #[default]
    Real,
    /// The run. Bytes come from the seed; both clocks go with virtual time, the
    /// wall clock from [`WALL_CLOCK_START`]. It takes a thread that has drawn nothing
    /// yet: [`run_hermetic`] makes one for each run.
    ///
    /// The limits are those of [`rehearsal_hermetic`]: other threads are not reached,
    /// for one, so tokio's `spawn_blocking` is real (and a [leak](crate::Leaks)). On targets other than Linux with
    /// glibc this is [`Ambient::Real`]. Which branch tokio's own `select!` polls first
    /// hangs on the seed only if [`SEEDS_TOKIO_SELECT`] is true; the facade's has no
    /// such choice.
    Hermetic,
}

impl Ambient {
    /// From now until what comes back is dropped.
    ///
    /// # Panics
    ///
    /// If the run is to be hermetic and cannot be, on a target where it could.
    pub(crate) fn enter(self, seed: u64) -> Option<Entered> {
        match self {
            Self::Real => None,
            Self::Hermetic => {
                let answers = Answers {
                    random: tape::ambient_stream(seed),
                    wall_clock: WALL_CLOCK_START,
                };
                match rehearsal_hermetic::enter(answers) {
                    Ok(entered) => Some(entered),
                    Err(Refusal::Unsupported) => None,
                    Err(refusal) => panic!("no hermetic run: {refusal}"),
                }
            }
        }
    }
}

/// As [`run`], on a thread of its own and with [`Ambient::Hermetic`], whatever
/// `config` gives. A `Config` stays on its thread, therefore `config` makes it there.
///
/// # Panics
///
/// If the system gives no thread, or if this program is linked in such a way that a
/// run cannot be hermetic ([`rehearsal_hermetic::is_effective`] tells).
pub fn run_hermetic<F, Fut, T>(config: impl FnOnce() -> Config + Send, program: F) -> Outcome<T>
where
    F: FnOnce(World) -> Fut + Send,
    Fut: Future<Output = T> + 'static,
    T: Send + 'static,
{
    rehearsal_hermetic::call_on_fresh_thread(move || {
        let config = Config {
            ambient: Ambient::Hermetic,
            ..config()
        };
        run(config, program)
    })
}
