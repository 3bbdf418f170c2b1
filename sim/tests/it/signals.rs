//! Signals: outside a run those of the process, within one none.

use std::process::Command;
use std::time::Duration;

use rehearsal_sim::tokio::runtime::Builder;
use rehearsal_sim::tokio::select;
use rehearsal_sim::tokio::signal::ctrl_c;
use rehearsal_sim::tokio::signal::unix::{SignalKind, signal};
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{Config, run};

/// Sends this process a signal that it would otherwise end by.
fn send_usr1() {
    let own = std::process::id().to_string();
    let sent = Command::new("kill").args(["-USR1", &own]).status();
    assert!(sent.expect("kill is there").success());
}

/// One test, because a signal is the whole process's.
#[test]
fn signal_reaches_the_program_outside_a_run_and_not_within_one() {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut outside = runtime.block_on(async { signal(SignalKind::user_defined1()) });
    let outside = outside.as_mut().expect("it is listened for");
    let outcome = run(Config::default(), |_| async {
        let mut within = signal(SignalKind::user_defined1()).expect("a listener");
        send_usr1();
        select! {
            _ = ctrl_c() => "interrupt",
            _ = within.recv() => "signal",
            () = sleep(Duration::from_secs(60)) => "nothing",
        }
    });
    assert_eq!(outcome.value, Some("nothing"), "{}", outcome.verdict);
    assert_eq!(runtime.block_on(outside.recv()), Some(()));
}

#[test]
fn run_whose_tasks_all_wait_for_a_signal_is_a_deadlock() {
    let outcome = run(Config::default(), |_| async { ctrl_c().await.is_ok() });
    assert_eq!(outcome.verdict.as_str(), "deadlock", "{}", outcome.verdict);
}
