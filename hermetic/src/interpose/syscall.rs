//! `syscall` as the C library has it, but for `SYS_getrandom`, which is forwarded to
//! [`getrandom`], and `SYS_futex`, which is forwarded to [`futex`]. The crate `getrandom` 0.2,
//! and with it `rand` 0.8, uses this way, and so do the locks of the standard library.
//!
//! It is written in assembly: the function takes as many arguments as the system call has,
//! which Rust cannot say, and it must be the same for every caller, because `getrandom`
//! and the standard library differ in how many they pass.
#![expect(unsafe_code, reason = "the definition of a C symbol, in assembly")]

use std::arch::{asm, naked_asm};

use libc::{c_int, c_long, c_uint, c_void, size_t, ssize_t};

use super::futex::futex;
use super::getrandom;

/// As `syscall(2)`: the number, then up to six arguments.
///
/// # Safety
///
/// As for the system call.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn syscall() {
    naked_asm!(
        "cmp rdi, {number}",
        "je 3f",
        "cmp rdi, {futex_number}",
        "je 4f",
        // The kernel takes the number in rax, and r10 where functions take rcx.
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "syscall",
        "cmp rax, -4095",
        "jae 2f",
        "ret",
        "2:",
        "mov rdi, rax",
        "jmp {failed}",
        "3:",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov edx, ecx",
        "jmp {getrandom}",
        // With all arguments where they are.
        "4:",
        "jmp {futex}",
        number = const libc::SYS_getrandom,
        failed = sym failed,
        getrandom = sym getrandom,
        futex_number = const libc::SYS_futex,
        futex = sym futex,
    )
}

/// Reports the kernel's result of a failed system call as the C library does.
pub(super) extern "C" fn failed(result: c_long) -> c_long {
    let error = c_int::try_from(-result).unwrap_or(c_int::MAX);
    // SAFETY: the address of this thread's `errno` is always valid.
    unsafe { *libc::__errno_location() = error };
    -1
}

/// Makes the system call itself, whatever `syscall` does with it.
///
/// # Safety
///
/// `buffer` is valid for writes of `length` bytes.
pub(crate) unsafe fn real_getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    let result: c_long;
    // SAFETY: the registers are those of this system call, and it clobbers rcx and r11
    // and the caller's buffer, no more.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") libc::SYS_getrandom => result,
            in("rdi") buffer,
            in("rsi") length,
            in("rdx") u64::from(flags),
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    // At most `length`, which is what an `ssize_t` can count.
    (if result < 0 { failed(result) } else { result }) as ssize_t
}
