//! `Builder`.

use std::io;
use std::time::Duration;

use ::tokio::runtime as real;

use super::Runtime;

/// Settings of a [`Runtime`]; as `tokio::runtime::Builder`.
#[derive(Debug)]
pub struct Builder(real::Builder);

/// Defines settings that pass their arguments on.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl Builder {$(
            $(#[$doc])*
            pub fn $name(&mut self, $($argument: $type),*) -> &mut Self {
                self.0.$name($($argument),*);
                self
            }
        )*}
    };
}

/// Defines settings that take a function which the runtime's threads call.
macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident $(-> $result:ty)?;)*) => {
        impl Builder {$(
            $(#[$doc])*
            pub fn $name<F>(&mut self, f: F) -> &mut Self
            where
                F: Fn() $(-> $result)? + Send + Sync + 'static,
            {
                self.0.$name(f);
                self
            }
        )*}
    };
}

impl Builder {
    /// Returns the settings of a runtime that runs on the thread that blocks on it.
    pub fn new_current_thread() -> Self {
        Self(real::Builder::new_current_thread())
    }

    /// Returns the settings of a runtime of several threads.
    pub fn new_multi_thread() -> Self {
        Self(real::Builder::new_multi_thread())
    }

    /// Creates the runtime.
    ///
    /// # Errors
    ///
    /// If the system has no threads or files left.
    pub fn build(&mut self) -> io::Result<Runtime> {
        self.0.build().map(Runtime::around)
    }
}

settings! {
    /// Turns on sockets and timers.
    enable_all();
    /// Turns on sockets.
    enable_io();
    /// Turns on timers.
    enable_time();
    /// Sets the number of threads that run tasks.
    worker_threads(val: usize);
    /// Sets the largest number of threads for functions that block.
    max_blocking_threads(val: usize);
    /// Sets the name of the threads.
    thread_name(val: impl Into<String>);
    /// Sets the size of the threads' stacks, in bytes.
    thread_stack_size(val: usize);
    /// Sets how long a thread for functions that block stays without work.
    thread_keep_alive(duration: Duration);
    /// Sets after how many polls the common queue is looked at.
    global_queue_interval(val: u32);
    /// Sets after how many polls events of the system are looked at.
    event_interval(val: u32);
    /// Sets the largest number of events of the system that are taken at once.
    max_io_events_per_tick(capacity: usize);
    /// Sets the runtime's name.
    name(val: impl Into<String>);
    /// Sets whether the clock is paused from the beginning on.
    start_paused(start_paused: bool);
}

hooks! {
    /// Sets the function that names the threads.
    thread_name_fn -> String;
    /// Sets a function that each thread calls first.
    on_thread_start;
    /// Sets a function that each thread calls last.
    on_thread_stop;
    /// Sets a function that a thread calls before it sleeps.
    on_thread_park;
    /// Sets a function that a thread calls when it has slept.
    on_thread_unpark;
}
