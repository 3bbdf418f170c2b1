//! `SYS_futex` as the locks of the standard library call it: on a stack of its own, a wait
//! suspends the job and not the thread.
#![expect(
    unsafe_code,
    reason = "a system call, with pointers that the caller vouches for"
)]

use std::arch::asm;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use libc::{c_int, c_long, timespec};

use super::syscall::failed;
use crate::plain_locks::{self, GRACE, WaitEnd};

/// As `syscall(SYS_futex, …)`.
///
/// # Safety
///
/// As for the system call.
pub(super) unsafe extern "C" fn futex(
    _number: c_long,
    address: *const u32,
    operation: c_int,
    value: u32,
    timeout: *const timespec,
    second: *const u32,
    third: u32,
) -> c_long {
    let call = Call {
        address,
        operation,
        value,
        timeout,
        second,
        third,
    };
    match operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) {
        libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET => match plain_locks::wait_handler() {
            // SAFETY: by the contract.
            Some(handler) => unsafe { wait(&call, handler) },
            // SAFETY: by the contract.
            None => reported(unsafe { call.execute() }),
        },
        libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => {
            let woken = plain_locks::wake(address as usize, value);
            // SAFETY: by the contract.
            let others = reported(unsafe { call.execute() });
            others.max(0) + c_long::from(woken)
        }
        // SAFETY: by the contract.
        _ => reported(unsafe { call.execute() }),
    }
}

/// Waits as long as another thread may take, and then has the job suspended.
///
/// # Safety
///
/// As for the system call.
unsafe fn wait(call: &Call, handler: fn(usize, bool) -> WaitEnd) -> c_long {
    let is_timed = !call.timeout.is_null();
    if !is_timed {
        let grace = timespec {
            tv_sec: 0,
            tv_nsec: c_long::from(GRACE.subsec_nanos() as i32),
        };
        let short = Call {
            operation: libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            timeout: ptr::from_ref(&grace),
            ..*call
        };
        // SAFETY: by the contract, and the time is initialised.
        let result = unsafe { short.execute() };
        if result != -c_long::from(libc::ETIMEDOUT) {
            return reported(result);
        }
    }
    // SAFETY: by the contract the address is that of a futex, which is an atomic.
    let current = unsafe { AtomicU32::from_ptr(call.address.cast_mut()) };
    if current.load(Ordering::SeqCst) != call.value {
        return failed(-c_long::from(libc::EAGAIN));
    }
    match handler(call.address as usize, is_timed) {
        WaitEnd::Woken => 0,
        WaitEnd::TimedOut => failed(-c_long::from(libc::ETIMEDOUT)),
        // SAFETY: by the contract.
        WaitEnd::Refused => reported(unsafe { call.execute() }),
    }
}

/// The arguments of the system call.
#[derive(Clone, Copy)]
struct Call {
    address: *const u32,
    operation: c_int,
    value: u32,
    timeout: *const timespec,
    second: *const u32,
    third: u32,
}

impl Call {
    /// Makes the system call. Returns the kernel's result.
    ///
    /// # Safety
    ///
    /// As for the system call.
    unsafe fn execute(&self) -> c_long {
        let result: c_long;
        // SAFETY: the registers are those of this system call, which clobbers rcx and r11; what
        // it does to memory is by the contract.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") libc::SYS_futex => result,
                in("rdi") self.address,
                in("rsi") c_long::from(self.operation),
                in("rdx") u64::from(self.value),
                in("r10") self.timeout,
                in("r8") self.second,
                in("r9") u64::from(self.third),
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        result
    }
}

/// Returns the kernel's result as the C library has it.
fn reported(result: c_long) -> c_long {
    if (-4095..0).contains(&result) {
        failed(result)
    } else {
        result
    }
}
