//! The simulator, from outside. `auto_traits` and `surface` are apart: compiling them is the
//! test, and their imports would clash with those of every other.

mod cancel;
mod confinement;
mod disk;
mod engine;
mod exhaustive;
mod extensions;
mod file_parity;
mod hermetic;
mod laws;
mod leaks;
mod mechanisms;
mod network_faults;
mod observed;
mod parity;
mod plain_races;
mod plain_tasks;
mod points;
mod postponed;
mod rng;
mod runtime;
mod select;
mod signals;
mod sockets;
mod strategies;
mod support;
mod tcp_models;
mod third_party;
mod timers;
mod waits;
