//! The facade does what tokio does: each program runs on tokio, on the facade
//! outside a run, and on the facade inside runs, under many schedules. Its
//! result is the same everywhere.

use std::future::Future;
use std::pin::Pin;

use rehearsal_sim::{Config, Random, Verdict, run};

/// A program of any type, so that its callers are compiled once and not again for each program.
type Program = Pin<Box<dyn Future<Output = Vec<String>>>>;

/// Runs a program on a plain tokio runtime whose clock is paused.
fn on_tokio(program: Program) -> Vec<String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(program)
}

fn in_run(config: Config, program: &dyn Fn() -> Program) -> Vec<String> {
    let outcome = run(config, |_| program());
    assert_eq!(outcome.verdict, Verdict::Pass);
    outcome.value.expect("a run that passes has a value")
}

fn same_everywhere(plain: &dyn Fn() -> Program, facade: &dyn Fn() -> Program) {
    let expected = on_tokio(plain());
    assert_eq!(on_tokio(facade()), expected, "outside a run");
    assert_eq!(in_run(Config::default(), facade), expected, "in a run");
    for seed in 0..40 {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        assert_eq!(in_run(config, facade), expected, "in a run, seed {seed}");
    }
}

/// Defines the programs, written against the crates that are called `tokio` and `tokio_util`.
macro_rules! programs {
    ($module:ident, ::$($tokio:ident)::+, ::$($tokio_util:ident)::+) => {
        mod $module {
            use ::$($tokio)::+ as tokio;
            use ::$($tokio_util)::+ as tokio_util;
            include!("parity/prelude.rs");
            include!("parity/locks.rs");
            include!("parity/notifications.rs");
            include!("parity/channels.rs");
            include!("parity/time.rs");
            include!("parity/several.rs");
            include!("parity/sockets.rs");
            include!("parity/runtimes.rs");
            include!("parity/tasks.rs");
            include!("parity/util.rs");
        }
    };
}

programs!(plain, ::tokio, ::tokio_util);
programs!(facade, ::rehearsal_sim::tokio, ::rehearsal_sim::tokio_util);

macro_rules! parity {
    ($($program:ident)*) => {$(
        #[test]
        fn $program() {
            same_everywhere(&|| Box::pin(plain::$program()), &|| Box::pin(facade::$program()));
        }
    )*};
}

parity! {
    mutex_counts
    mutex_is_fair_to_waiting_tasks
    mutex_guards
    mutex_passes_over_who_gave_up
    rwlock_readers_and_writers
    rwlock_guards
    rwlock_owned_parts
    rwlock_parts
    semaphore_permits
    semaphore_owned_permits
    semaphore_close
    notify_keeps_one_permit
    notify_waiters_from_creation
    notify_enable
    notify_order
    barrier_has_one_leader
    once_cell_is_made_once
    once_cell_tries_again
    set_once_is_waited_for
    mpsc_is_bounded
    mpsc_close
    mpsc_permits
    mpsc_many
    mpsc_cancelled_receive_loses_nothing
    mpsc_unbounded
    oneshot_outcomes
    broadcast_lags
    broadcast_closes
    watch_shows_the_latest
    watch_waits
    sleep_takes_its_time
    sleep_can_be_reset
    timeout_outcomes
    timeout_prefers_the_future
    interval_ticks
    interval_behaviors
    select_takes_the_first_that_is_ready
    select_patterns_and_else
    select_in_a_loop
    select_control_flow
    join_and_try_join
    tasks_end
    task_locals
    tcp_echo
    tcp_half_close
    tcp_split_and_reunite
    tcp_peek_and_try
    tcp_refused
    tcp_address_in_use
    tcp_listener_by_hand
    udp_sends_and_receives
    udp_connected
    names_resolve
    handle_spawns_tasks
    failed_task_is_an_error_of_input_or_output
    runtime_does_not_block_in_a_task
    functions_that_block_are_called
    runtime_does_not_block_in_one_that_blocks
    clock_is_moved
    tcp_socket_listens_and_connects
    udp_by_hand
    join_set_joins_in_the_order_of_the_ends
    join_set_does_not_wait
    join_set_is_cancel_safe
    join_set_aborts
    join_set_aborts_when_dropped
    join_set_detaches
    join_set_in_a_select
    join_set_of_local_tasks
    task_ids
    local_set_runs_until
    local_set_joins
    local_set_entered
    local_set_aborts_when_dropped
    token_cancels_all_that_wait
    token_children
    token_runs_until_cancelled
    token_prefers_the_future
    token_guards
    tracker_waits_for_its_tasks
    tracker_opens_again
    tracker_counts_aborted_tasks
    shutdown_with_token_and_tracker
    handles_that_abort_when_dropped
}

/// A file that imports the facade can keep tokio's attribute.
mod beside {
    use rehearsal_sim::tokio;

    #[tokio::test]
    async fn tokio_test_is_outside_a_run() {
        assert!(rehearsal_sim::current().is_none());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move { sender.send(7) });
        assert_eq!(receiver.await, Ok(7));
    }

    /// tokio makes a task yield that never waits, if its operations go through tokio.
    #[tokio::test]
    async fn task_that_takes_free_locks_lets_others_run() {
        let done = std::sync::Arc::new(std::sync::OnceLock::new());
        let other = std::sync::Arc::clone(&done);
        tokio::spawn(async move { other.set(()) });
        let lock = tokio::sync::Mutex::new(());
        for _ in 0..100_000 {
            let _guard = lock.lock().await;
            if done.get().is_some() {
                return;
            }
        }
        panic!("the other task never ran");
    }
}
