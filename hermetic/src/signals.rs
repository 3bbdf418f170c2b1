//! The dispositions of signals.

#![expect(unsafe_code, reason = "the C library")]

/// Returns `true` if the process ignores that signal, as `nohup` has it do; `false` for a
/// number that is no signal's.
#[cfg(unix)]
pub fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action nothing is changed, and the old one is written to `action`.
    let done = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: the call has succeeded, so it has written the whole of it.
    done == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// The runtime of the standard library ignores `SIGPIPE` before `main`.
    #[test]
    fn ignored_signal_is_told_from_others() {
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGUSR2));
        assert!(!is_ignored(-1));
    }
}
