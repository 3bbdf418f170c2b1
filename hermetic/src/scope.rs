//! The scope that a thread is in, if any, and its random bytes and clocks.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
#[expect(
    clippy::disallowed_types,
    reason = "the source of its keys is under test"
)]
use std::hash::RandomState;
use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, needs_drop};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;

/// The time that the monotonic clocks show when a scope is entered. Little, so that deadlines
/// reckoned from it have passed on the machine's own clock; not zero, which programs may take
/// for "never".
pub const MONOTONIC_START: Duration = Duration::from_secs(1);

/// The configuration of a scope.
#[derive(Debug)]
pub struct ScopeConfig {
    /// The generator of random bytes.
    pub random: ChaCha8Rng,
    /// The wall clock when the scope is entered, as time since 1970 (UTC).
    pub wall_clock: Duration,
}

/// The reason for which a thread has not entered a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The target is not Linux with glibc or musl.
    Unsupported,
    /// The thread is in a scope already: scopes do not nest.
    Entered,
    /// The thread has drawn its hash-map keys already.
    StaleThread,
    /// The standard library's calls do not reach this crate.
    NotLinked,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "hermetic scopes exist on Linux with glibc or musl only",
            Self::Entered => "this thread is in a hermetic scope already",
            Self::StaleThread => {
                "this thread has drawn its hash-map keys already; enter on a fresh thread"
            }
            Self::NotLinked => {
                "getrandom and clock_gettime of this program are not those of rehearsal-hermetic"
            }
        })
    }
}

impl Error for Refusal {}

/// A thread's scope. All of it is there from the thread's first instruction to its
/// last: no initialiser that could allocate and no destructor that could have run,
/// because allocators and destructors read clocks too.
struct Scope {
    entered: Cell<bool>,
    wall_clock: Cell<Duration>,
    elapsed: Cell<Duration>,
    /// Microseconds by which the wall clock is ahead, or behind.
    wall_shift: Cell<i64>,
    random: RefCell<Option<ManuallyDrop<ChaCha8Rng>>>,
    /// Number of requests for random bytes.
    asked: Cell<u64>,
}

thread_local! {
    static SCOPE: Scope = const {
        assert!(!needs_drop::<Scope>(), "a destructor would be registered");
        Scope {
            entered: Cell::new(false),
            wall_clock: Cell::new(Duration::ZERO),
            elapsed: Cell::new(Duration::ZERO),
            wall_shift: Cell::new(0),
            random: RefCell::new(None),
            asked: Cell::new(0),
        }
    };
}

/// A guard that leaves the scope when dropped. It stays on its thread.
#[derive(Debug)]
pub struct Entered(PhantomData<*const ()>);

/// Enters a scope on this thread: from now until the guard is dropped, random bytes
/// and clocks come from `config`.
///
/// The first sixteen bytes are the thread's hash-map keys, whether it uses them or not.
///
/// # Errors
///
/// See [`Refusal`]. Then the thread is as it was before, except that it may have
/// drawn (real) hash-map keys.
pub fn enter(config: ScopeConfig) -> Result<Entered, Refusal> {
    if cfg!(not(all(
        target_os = "linux",
        any(target_env = "gnu", target_env = "musl")
    ))) {
        return Err(Refusal::Unsupported);
    }
    if is_entered() {
        return Err(Refusal::Entered);
    }
    let wall_clock = config.wall_clock;
    SCOPE.with(|scope| {
        scope.wall_clock.set(wall_clock);
        scope.elapsed.set(Duration::ZERO);
        scope.wall_shift.set(0);
        scope.asked.set(0);
        *scope.random.borrow_mut() = Some(ManuallyDrop::new(config.random));
        scope.entered.set(true);
    });
    let entered = Entered(PhantomData);
    // A request like those of the code under test is the only proof that they reach the scope.
    #[expect(clippy::disallowed_types, reason = "made for its keys only")]
    black_box(RandomState::new());
    let drew = SCOPE.with(|scope| scope.asked.get()) > 0;
    #[expect(
        clippy::disallowed_methods,
        reason = "the scope's clock, not the machine's"
    )]
    let clock = SystemTime::now();
    if clock != UNIX_EPOCH + wall_clock {
        return Err(Refusal::NotLinked);
    }
    if !drew {
        return Err(Refusal::StaleThread);
    }
    Ok(entered)
}

impl Drop for Entered {
    fn drop(&mut self) {
        SCOPE.with(|scope| {
            scope.entered.set(false);
            let random = scope.random.borrow_mut().take();
            drop(random.map(ManuallyDrop::into_inner));
        });
    }
}

/// Returns `true` if this thread is in a scope.
pub fn is_entered() -> bool {
    SCOPE.with(|scope| scope.entered.get())
}

/// Sets the clocks of this thread's scope to this time after it was entered. Without effect
/// outside a scope. The caller makes sure that time does not go back.
pub fn set_elapsed(elapsed: Duration) {
    SCOPE.with(|scope| scope.elapsed.set(elapsed));
}

/// Sets the wall clock of this thread's scope ahead by so many microseconds, or behind if they are
/// negative. Without effect outside a scope.
pub fn set_wall_shift(micros: i64) {
    SCOPE.with(|scope| scope.wall_shift.set(micros));
}

/// The clocks of a scope.
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    /// Time since 1970.
    Wall,
    /// Time since the machine was started.
    Monotonic,
}

/// Returns the scope's time, or none outside a scope.
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
pub(crate) fn time(clock: Clock) -> Option<Duration> {
    SCOPE.with(|scope| {
        let (start, shift) = match clock {
            Clock::Wall => (scope.wall_clock.get(), scope.wall_shift.get()),
            Clock::Monotonic => (MONOTONIC_START, 0),
        };
        scope.entered.get().then(|| {
            let time = start.saturating_add(scope.elapsed.get());
            let by = Duration::from_micros(shift.unsigned_abs());
            if shift < 0 {
                time.saturating_sub(by)
            } else {
                time.saturating_add(by)
            }
        })
    })
}

/// Fills `bytes` from the scope. Returns `false` outside a scope.
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    SCOPE.with(|scope| {
        // A signal handler may have interrupted this thread within a call.
        let Ok(mut random) = scope.random.try_borrow_mut() else {
            return false;
        };
        let Some(random) = random.as_mut() else {
            return false;
        };
        scope.asked.set(scope.asked.get() + 1);
        rand_chacha::rand_core::Rng::fill_bytes(&mut **random, bytes);
        true
    })
}
