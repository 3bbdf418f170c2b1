//! The simulator, from outside. `auto_traits` and `surface` are apart: compiling them is the
//! test, and their imports would clash with those of every other.

mod cancel;
mod engine;
mod exhaustive;
mod extensions;
mod hermetic;
mod laws;
mod leaks;
mod network_faults;
mod parity;
mod plain_tasks;
mod points;
mod postponed;
mod runtime;
mod select;
mod sockets;
mod strategies;
mod support;
mod third_party;
mod waits;
