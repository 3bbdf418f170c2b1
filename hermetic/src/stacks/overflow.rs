//! Overflows of stacks: a message before the process ends, as the standard library has it for the
//! stacks of threads.
//!
//! The first page of a stack cannot be touched. A job that needs more than its stack gets a
//! signal there, and its handler runs on the stack that the standard library has set aside for
//! that in each of its threads.

use std::cell::Cell;

thread_local! {
    /// The addresses of the page in front of the stack that this thread is on, if it is one of
    /// ours: the first, and the first after it.
    static GUARD_PAGE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Sets the addresses of the page in front of the stack that the thread goes to. Returns those
/// that were set before.
#[inline]
pub(super) fn replace_guard_page(page: (usize, usize)) -> (usize, usize) {
    let replaced = GUARD_PAGE.try_with(|slot| slot.replace(page));
    replaced.expect("a pair of numbers has no destructor")
}

#[cfg(target_os = "linux")]
pub(super) use self::linux::{guard_page, install_handler};

#[cfg(not(target_os = "linux"))]
pub(super) fn install_handler() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn guard_page(_: usize) -> (usize, usize) {
    (0, 0)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::{MaybeUninit, transmute};
    use std::ptr::null_mut;
    use std::sync::{Once, OnceLock};

    use libc::{c_int, c_void, sigaction, siginfo_t};

    use super::GUARD_PAGE;

    type Handler = unsafe extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

    const MESSAGE: &str = "\n\
        a task of a run has overflowed its stack\n\
        (a run whose operations are points has a stack for each task that is interrupted; its \
        size is a setting)\n";

    /// The handler that was there before.
    static PREVIOUS: OnceLock<sigaction> = OnceLock::new();

    /// Returns the addresses of the page at the lower end of a stack.
    pub(in crate::stacks) fn guard_page(limit: usize) -> (usize, usize) {
        // SAFETY: it only reads a constant of the system.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        (limit, limit + usize::try_from(size).unwrap_or(4096))
    }

    /// Installs the handler, once a process.
    pub(in crate::stacks) fn install_handler() {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            // SAFETY: a `sigaction` of zeros is a valid one, and the calls get pointers to
            // initialised ones. The handler calls only functions that are safe in a signal
            // handler.
            unsafe {
                let mut previous = MaybeUninit::<sigaction>::zeroed();
                if libc::sigaction(libc::SIGSEGV, null_mut(), previous.as_mut_ptr()) != 0 {
                    return;
                }
                PREVIOUS.get_or_init(|| previous.assume_init());
                let mut action = MaybeUninit::<sigaction>::zeroed().assume_init();
                action.sa_sigaction = on_fault as Handler as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigaction(libc::SIGSEGV, &raw const action, null_mut());
            }
        });
    }

    /// # Safety
    ///
    /// It is called as the handler of a signal.
    unsafe extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: the system passes a valid one.
        let address = unsafe { (*info).si_addr() } as usize;
        let (from, to) = GUARD_PAGE.get();
        if (from..to).contains(&address) {
            // SAFETY: the bytes are those of the message; both functions may be called here.
            unsafe {
                libc::write(2, MESSAGE.as_ptr().cast(), MESSAGE.len());
                libc::abort();
            }
        }
        // SAFETY: the previous handler gets what it would have got, or there was none: then the
        // fault, which is repeated when this returns, ends the process.
        unsafe {
            match PREVIOUS.get() {
                Some(previous) if previous.sa_sigaction == libc::SIG_IGN => {}
                Some(previous) if previous.sa_sigaction != libc::SIG_DFL => {
                    transmute::<usize, Handler>(previous.sa_sigaction)(signal, info, context);
                }
                _ => {
                    libc::signal(signal, libc::SIG_DFL);
                }
            }
        }
    }
}
