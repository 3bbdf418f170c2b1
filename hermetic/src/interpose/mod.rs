//! `getrandom` and `clock_gettime` as every part of the program that is linked with
//! this crate finds them, in place of the C library's.
//!
//! In a scope neither allocates, takes a lock or calls itself. Outside a scope the clock is the
//! C library's next definition, which reads it without a system call; randomness is
//! the system call, which is all that the C library's is.
#![expect(
    unsafe_code,
    reason = "the definitions of two C symbols, and the calls behind them"
)]

#[cfg(not(target_feature = "crt-static"))]
pub(crate) mod escapes;
#[cfg(target_arch = "x86_64")]
mod futex;
#[cfg(target_arch = "x86_64")]
mod syscall;

use std::ffi::CStr;
use std::mem::transmute;
use std::ptr::{self, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use libc::{c_int, c_long, c_uint, c_void, clockid_t, size_t, ssize_t, time_t, timespec};

use crate::scope::{self, Clock};

#[cfg(target_arch = "x86_64")]
use self::syscall::real_getrandom;

const KNOWN_FLAGS: c_uint = libc::GRND_NONBLOCK | libc::GRND_RANDOM | libc::GRND_INSECURE;

/// As `getrandom(2)`.
///
/// # Safety
///
/// `buffer` is valid for writes of `length` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getrandom(
    buffer: *mut c_void,
    length: size_t,
    flags: c_uint,
) -> ssize_t {
    // Odd arguments get the kernel's answer; nothing is drawn for an empty buffer.
    let plain = !buffer.is_null() && length > 0 && flags & !KNOWN_FLAGS == 0;
    if plain
        && scope::is_entered()
        && let Ok(drawn) = ssize_t::try_from(length)
    {
        // SAFETY: the caller vouches for the buffer, which is not null, and for its
        // length, which fits in an `isize`; zeroed first, because a slice of bytes
        // must be initialised.
        let bytes = unsafe {
            ptr::write_bytes(buffer.cast::<u8>(), 0, length);
            std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
        };
        if scope::fill(bytes) {
            return drawn;
        }
    }
    // SAFETY: the arguments are the caller's own.
    unsafe { real_getrandom(buffer, length, flags) }
}

/// # Safety
///
/// `buffer` is valid for writes of `length` bytes.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn real_getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: the arguments are the caller's own, as this system call takes them. The result
    // fits: a count of at most `length`, or -1 and `errno`.
    unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as ssize_t }
}

/// As `clock_gettime(2)`.
///
/// # Safety
///
/// `time` is null or valid for writes of a `timespec`.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(id: clockid_t, time: *mut timespec) -> c_int {
    if let Some(answer) = clock(id).and_then(scope::time)
        && !time.is_null()
    {
        // SAFETY: not null, so valid for writes by the caller's contract.
        unsafe { time.write(to_timespec(answer)) };
        return 0;
    }
    // SAFETY: the arguments are the caller's own.
    unsafe { real_clock_gettime(id, time) }
}

/// Returns the clock of the scope; none if it stays real.
fn clock(id: clockid_t) -> Option<Clock> {
    match id {
        libc::CLOCK_REALTIME
        | libc::CLOCK_REALTIME_COARSE
        | libc::CLOCK_REALTIME_ALARM
        | libc::CLOCK_TAI => Some(Clock::Wall),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME
        | libc::CLOCK_BOOTTIME_ALARM => Some(Clock::Monotonic),
        _ => None,
    }
}

fn to_timespec(time: Duration) -> timespec {
    // SAFETY: a `timespec` of zeros is a valid one; some targets have padding fields
    // that cannot be named.
    let mut answer: timespec = unsafe { std::mem::zeroed() };
    answer.tv_sec = time_t::try_from(time.as_secs()).unwrap_or(time_t::MAX);
    answer.tv_nsec = c_long::from(time.subsec_nanos() as i32);
    answer
}

type ClockGettime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;

/// The next definition after this crate's, once it has been looked up.
pub(crate) struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self {
            name,
            found: AtomicPtr::new(null_mut()),
        }
    }

    /// Returns the definition; null in a program without a dynamic C library.
    pub(crate) fn find(&self) -> *mut c_void {
        let mut next = self.found.load(Ordering::Relaxed);
        if next.is_null() {
            // SAFETY: the name is a C string. Threads that look it up at the same moment find
            // the same.
            next = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            self.found.store(next, Ordering::Relaxed);
        }
        next
    }
}

static CLOCK_GETTIME: Next = Next::new(c"clock_gettime");

/// # Safety
///
/// As [`clock_gettime`].
unsafe fn real_clock_gettime(id: clockid_t, time: *mut timespec) -> c_int {
    let next = CLOCK_GETTIME.find();
    if next.is_null() {
        // A program without a dynamic C library.
        // SAFETY: the arguments are the caller's own, as this system call takes them.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, id, time) as c_int };
    }
    // SAFETY: the C library's function of this name has this type.
    let next = unsafe { transmute::<*mut c_void, ClockGettime>(next) };
    // SAFETY: the arguments are the caller's own.
    unsafe { next(id, time) }
}

/// Returns `true` if code that looks up `getrandom` by name gets its bytes from this crate: it
/// finds this crate's, or nothing, and then calls `syscall`, which is this crate's on x86-64.
pub(crate) fn is_reached_by_name() -> bool {
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"getrandom".as_ptr()) };
    let is_found = ptr::eq(found, getrandom as *const c_void);
    is_found || found.is_null() && cfg!(target_arch = "x86_64")
}
