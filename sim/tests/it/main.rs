//! The simulator, from outside. `auto_traits` and `surface` are apart: that they compile
//! is the test, and what they import would get into the way of every other.

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
mod sockets;
mod strategies;
mod support;
mod third_party;
mod waits;
