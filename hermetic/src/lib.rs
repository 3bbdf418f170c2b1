//! Ambient randomness and clocks that answer from a run, for one thread.
//!
//! Code under test depends on the machine implicitly: a `HashMap` draws the keys of its order,
//! `rand` and `uuid` draw seeds, `SystemTime::now` and `Instant::now` read clocks. On Linux,
//! with glibc or musl, all of them end in two symbols of the C library, `getrandom` and
//! `clock_gettime`.
//! This crate defines both, and on x86-64 `syscall` too, through which older crates call
//! `getrandom`. On a thread that has [entered](enter) a scope they answer from it: random bytes
//! from a generator, time from the last [`set_elapsed`]. On every other thread, and on the same
//! thread before and after, they are the real ones, so that many scopes live side by side in
//! one process.
//!
//! # A fresh thread
//!
//! The standard library draws the keys of its hash maps once a thread, and `rand` seeds its
//! generator once a thread. A thread that has drawn already cannot be made deterministic:
//! [`enter`] notices and refuses. [`call_on_fresh_thread`] starts one that has not.
//!
//! # What leaves a thread
//!
//! Some things cannot be simulated by a scope, because they happen outside it: another thread,
//! a real socket. [`watch`] records the first that a thread starts or makes, with the line of
//! user code that did. It is independent of scopes and needs no fresh thread. For it this crate
//! defines `pthread_create`, `socket` and `socketpair` as well.
//!
//! # Stacks
//!
//! A job on an [`OwnStack`] can be [suspended](suspend) in the middle of any function that it
//! calls, and goes on there later. It has nothing to do with scopes; it is here because it needs
//! unsafe code, which is in this crate alone.
//!
//! # Borrows that own
//!
//! The same goes for [`BorrowCell`], the value of a lock with owned guards.
//!
//! # Confinement
//!
//! What is made in a [confinement](confine) belongs to its thread until that ends: the thread
//! locks a [`ConfinedLock`] and borrows from a [`BorrowCell`] without atomic exchanges, and
//! others are refused.
//!
//! # What it does not reach
//!
//! - Threads and sockets that are made without the C library's three functions, or
//!   from within it (its resolver's sockets), or were there before.
//! - Targets other than Linux with glibc or musl. There [`enter`] is refused with
//!   [`Refusal::Unsupported`] and nothing else happens.
//! - `getentropy`, `gettimeofday`, `time`, `/dev/urandom`, `RDRAND`, the time-stamp
//!   counter, and system calls made without the C library. On other processors than
//!   x86-64 also `syscall(SYS_getrandom)` (`getrandom` 0.2, and with it `rand` 0.8).
//! - Other threads, also those that the scope's thread starts.
//! - Values that a process draws once and keeps in a static: the first thread has drawn them
//!   for all.
//! - Waiting. A thread that blocks in the kernel until a deadline (a `Condvar` with
//!   a time-out, `park_timeout`) waits by the machine's clock. The scope's clock
//!   starts near zero, so that its deadlines are in the machine's past as a rule and
//!   the wait ends at once. It does not move meanwhile: a loop that waits or spins
//!   until the clock shows a later time never ends.
//! - The clocks of CPU time, which stay real.

mod borrow_cell;
mod call_site;
mod confined_lock;
mod confinement;
mod fresh_thread;
#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
mod interpose;
mod leak_detector;
mod plain_locks;
mod scope;
#[cfg(unix)]
mod signals;
mod source_root;
mod stacks;

pub use borrow_cell::{BorrowCell, Borrowed, Cells, ExclusiveBorrow, SharedBorrow};
pub use call_site::{own_call_site, without_registry};
pub use confined_lock::{ConfinedLock, Locks};
pub use confinement::{Confinement, Confining, confine};
pub use fresh_thread::call_on_fresh_thread;
pub use leak_detector::{Leak, LeakKind, Watching, has_leaked, take_leak, watch};
pub use plain_locks::{HandlingPlainLocks, PlainLocks, WaitEnd, handle_plain_locks};
pub use scope::{
    Entered, MONOTONIC_START, Refusal, ScopeConfig, enter, is_entered, set_elapsed, set_wall_shift,
};
#[cfg(unix)]
pub use signals::is_ignored;
pub use source_root::set_source_root;
pub use stacks::{JobResult, OwnStack, StackError, is_on_own_stack, is_unwinding, suspend};

/// Returns `true` if this build's scopes are effective: hash-map keys, both clocks, and
/// what the crate `getrandom` calls from 0.3 on reach this crate. It looks the symbol up by name,
/// and where the C library is linked statically no name is found, and it calls `syscall`.
/// False on other targets than Linux with glibc or musl, and where a linker or a preloaded library
/// has put another definition first.
///
/// # Panics
///
/// If the system gives no thread.
pub fn is_effective() -> bool {
    call_on_fresh_thread(|| {
        let config = ScopeConfig {
            random: rand_chacha::rand_core::SeedableRng::from_seed([0; 32]),
            wall_clock: std::time::Duration::ZERO,
        };
        enter(config).is_ok() && is_reached_by_name()
    })
}

#[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
fn is_reached_by_name() -> bool {
    interpose::is_reached_by_name()
}

#[cfg(not(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))))]
fn is_reached_by_name() -> bool {
    false
}

/// Returns `true` if this build can watch: on Linux with glibc or musl, linked dynamically, where
/// no other definition of `pthread_create` and `socket` goes first.
pub fn is_watchful() -> bool {
    #[cfg(all(
        target_os = "linux",
        any(target_env = "gnu", target_env = "musl"),
        not(target_feature = "crt-static")
    ))]
    let watchful = interpose::escapes::found_by_name();
    #[cfg(not(all(
        target_os = "linux",
        any(target_env = "gnu", target_env = "musl"),
        not(target_feature = "crt-static")
    )))]
    let watchful = false;
    watchful
}
