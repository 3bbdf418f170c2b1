//! Values of a scope, which code outside it does not see.
#![cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is banned elsewhere is what this crate answers for"
)]

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rehearsal_hermetic::{
    Refusal, ScopeConfig, call_on_fresh_thread, enter, is_effective, is_entered, set_elapsed,
};

const WALL_CLOCK: Duration = Duration::from_secs(1_000_000_000);

fn answers(seed: u64) -> ScopeConfig {
    ScopeConfig {
        random: ChaCha8Rng::seed_from_u64(seed),
        wall_clock: WALL_CLOCK,
    }
}

/// One value of each ambient source.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Asked {
    order: Vec<u32>,
    number: u64,
    uuid: uuid::Uuid,
    /// By `getrandom` 0.3; `rand` and `uuid` use 0.4.
    bytes: [u8; 8],
    wall_clock: SystemTime,
}

fn ask() -> Asked {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("there is randomness");
    Asked {
        order: (0..20).collect::<HashSet<_>>().into_iter().collect(),
        number: rand::random(),
        uuid: uuid::Uuid::new_v4(),
        bytes,
        wall_clock: SystemTime::now(),
    }
}

fn in_scope<R: Send>(seed: u64, f: impl FnOnce() -> R + Send) -> R {
    call_on_fresh_thread(|| {
        let _entered = enter(answers(seed)).expect("a fresh thread");
        f()
    })
}

#[test]
fn scopes_are_effective_in_this_build() {
    assert!(is_effective());
}

#[test]
fn each_seed_gives_one_set_of_values_of_its_own() {
    let first: Vec<_> = (0..50).map(|seed| in_scope(seed, ask)).collect();
    let second: Vec<_> = (0..50).map(|seed| in_scope(seed, ask)).collect();
    assert_eq!(first, second);
    // Each kind by itself: one that varies would hide one that does not.
    assert_eq!(different(&first, |asked| asked.order.clone()), 50);
    assert_eq!(different(&first, |asked| asked.number), 50);
    assert_eq!(different(&first, |asked| asked.uuid), 50);
    assert_eq!(different(&first, |asked| asked.bytes), 50);
}

fn different<T: Eq + Hash>(asked: &[Asked], part: impl Fn(&Asked) -> T) -> usize {
    asked.iter().map(part).collect::<HashSet<_>>().len()
}

#[test]
fn both_clocks_show_the_time_that_was_set() {
    in_scope(0, || {
        let (wall, monotonic) = (SystemTime::now(), Instant::now());
        assert_eq!(wall, UNIX_EPOCH + WALL_CLOCK);
        assert_eq!(monotonic.elapsed(), Duration::ZERO);
        let hour = Duration::new(3600, 1);
        set_elapsed(hour);
        assert_eq!(wall.elapsed().expect("time goes on"), hour);
        assert_eq!(monotonic.elapsed(), hour);
    });
}

#[test]
fn dropped_guard_restores_the_machines_clock_and_randomness() {
    let before = SystemTime::now();
    call_on_fresh_thread(|| {
        let entered = enter(answers(0)).expect("a fresh thread");
        assert!(is_entered());
        drop(entered);
        assert!(!is_entered());
        set_elapsed(Duration::from_secs(9));
        assert!(SystemTime::now() >= before);
        assert_ne!(uuid::Uuid::new_v4(), in_scope(0, uuid::Uuid::new_v4));
    });
}

#[test]
fn panic_leaves_the_scope_and_continues_in_the_caller() {
    let caught = thread::spawn(|| in_scope(0, || panic!("on purpose"))).join();
    let payload = caught.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
}

#[test]
fn other_threads_keep_the_machines_clock_and_randomness() {
    let before = SystemTime::now();
    let outside = in_scope(1, || {
        // A thread that a scope's thread starts is another thread.
        let outside = thread::spawn(|| {
            assert!(!is_entered());
            (ask(), ask())
        });
        let outside = outside.join().expect("it does not panic");
        assert_eq!(SystemTime::now(), UNIX_EPOCH + WALL_CLOCK);
        outside
    });
    assert!(outside.0.wall_clock >= before && outside.1.wall_clock >= outside.0.wall_clock);
    assert_ne!(outside.0.uuid, outside.1.uuid);
    assert_ne!(outside.0.bytes, outside.1.bytes);
    assert_ne!(outside.0.number, in_scope(1, ask).number);
}

#[test]
fn eight_scopes_at_once_are_independent() {
    let alone: Vec<_> = (0..8).map(|seed| in_scope(seed, ask)).collect();
    let gate = Barrier::new(8);
    let together: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|seed| {
                let gate = &gate;
                scope.spawn(move || {
                    let _entered = enter(answers(seed)).expect("a fresh thread");
                    gate.wait();
                    ask()
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.collect::<Result<_, _>>().expect("none panics")
    });
    assert_eq!(alone, together);
}

#[test]
fn stale_thread_and_nested_scope_are_refused() {
    call_on_fresh_thread(|| {
        let real: HashSet<u32> = HashSet::new();
        assert!(real.is_empty());
        assert_eq!(enter(answers(0)).err(), Some(Refusal::StaleThread));
        assert!(!is_entered());
    });
    in_scope(0, || {
        assert_eq!(enter(answers(1)).err(), Some(Refusal::Entered));
        assert!(is_entered());
    });
}

/// `getrandom` 0.2 goes by `syscall`.
#[cfg(target_arch = "x86_64")]
#[test]
fn getrandom_0_2_draws_from_the_scope() {
    let draw = || {
        let mut bytes = [0; 16];
        getrandom_02::getrandom(&mut bytes).expect("there is randomness");
        bytes
    };
    let drawn: HashSet<_> = (0..20).map(|seed| in_scope(seed, draw)).collect();
    assert_eq!(drawn.len(), 20);
    assert_eq!(drawn, (0..20).map(|seed| in_scope(seed, draw)).collect());
    assert_ne!(draw(), draw());
}

/// Checks that six arguments arrive, results are returned, and errors are in `errno`.
#[expect(unsafe_code, reason = "the C library is called as C code calls it")]
#[test]
fn other_system_calls_pass_through() {
    // SAFETY: it takes no argument.
    let id = unsafe { libc::syscall(libc::SYS_getpid) };
    assert_eq!(u32::try_from(id), Ok(std::process::id()));
    let none: *mut u8 = std::ptr::null_mut();
    let (length, protection) = (4096usize, libc::PROT_READ);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    let page =
        unsafe { libc::syscall(libc::SYS_mmap, none, length, protection, flags, -1, 0usize) };
    assert!(page > 0);
    // SAFETY: the page was mapped above, and no other code uses it. The sixth argument is
    // refused.
    let odd = unsafe { libc::syscall(libc::SYS_mmap, none, length, protection, flags, -1, 1usize) };
    let error = std::io::Error::last_os_error().raw_os_error();
    assert_eq!((odd, error), (-1, Some(libc::EINVAL)));
    // SAFETY: as above.
    assert_eq!(unsafe { libc::syscall(libc::SYS_munmap, page, length) }, 0);
    for inside in [true, false] {
        let ask = || {
            let mut byte = 0u8;
            let at: *mut u8 = &mut byte;
            // SAFETY: the pointer is to a local.
            let result = unsafe { libc::syscall(libc::SYS_getrandom, at, 1usize, 0x100) };
            (result, std::io::Error::last_os_error().raw_os_error())
        };
        let answer = if inside { in_scope(0, ask) } else { ask() };
        assert_eq!(answer, (-1, Some(libc::EINVAL)), "inside a scope: {inside}");
    }
}

#[test]
fn cpu_time_stays_real_and_so_do_the_kernels_errors() {
    in_scope(0, || {
        let mut time = libc_time(libc::CLOCK_THREAD_CPUTIME_ID).expect("the kernel knows it");
        let start = time;
        while time == start {
            time = libc_time(libc::CLOCK_THREAD_CPUTIME_ID).expect("the kernel knows it");
        }
        assert!(time > start);
        assert_eq!(libc_time(1_000), Err(Some(libc::EINVAL)));
    });
    assert_eq!(libc_time(1_000), Err(Some(libc::EINVAL)));
}

#[expect(unsafe_code, reason = "the C library is called as C code calls it")]
fn libc_time(clock: libc::clockid_t) -> Result<(i64, i64), Option<i32>> {
    // SAFETY: a `timespec` of zeros is a valid one.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a local.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => Ok((time.tv_sec, time.tv_nsec)),
        _ => Err(std::io::Error::last_os_error().raw_os_error()),
    }
}
