//! Signals that end a command: Ctrl-C, and what a scheduler of jobs, `timeout` or a closed
//! terminal sends; and `SIGUSR1`, at which the runs under way are
//! printed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::print_error;
use crate::run::under_way;

/// The number that a shell adds to that of the signal which has ended a process.
const ENDED_BY_SIGNAL: i32 = 128;

/// Returns a flag that becomes true at the first signal. The second ends the process at once.
pub(super) fn watch() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let watched = watched();
    for signal in &watched {
        // In this order: at the first one, the flag is not set yet.
        let code = ENDED_BY_SIGNAL + signal;
        flag::register_conditional_shutdown(*signal, code, Arc::clone(&stop))?;
        flag::register(*signal, Arc::clone(&stop))?;
    }
    report_first(&watched)?;
    report_on_demand()?;
    Ok(stop)
}

/// Prints the runs under way at each `SIGUSR1`.
fn report_on_demand() -> io::Result<()> {
    let mut signals = Signals::new([SIGUSR1])?;
    let report = move || {
        for _ in signals.forever() {
            print_error(&under_way::report());
        }
    };
    let thread = std::thread::Builder::new().name("reports".to_owned());
    thread.spawn(report)?;
    Ok(())
}

/// Returns the signals that end a command. A process that `nohup` has started goes on without
/// its terminal.
fn watched() -> Vec<i32> {
    let mut watched = vec![SIGINT, SIGTERM];
    if !rehearsal_sim::hermetic::is_ignored(SIGHUP) {
        watched.push(SIGHUP);
    }
    watched
}

/// Prints at the first signal that the command is about to end, since a run under way may take
/// a while.
fn report_first(watched: &[i32]) -> io::Result<()> {
    let mut signals = Signals::new(watched)?;
    let report = move || {
        if signals.forever().next().is_some() {
            print_error("interrupted: the runs under way end first; a second time ends at once\n");
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(report)?;
    Ok(())
}
