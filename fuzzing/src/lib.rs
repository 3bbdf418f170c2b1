//! What is fuzzed, as functions of bytes that panic if something is wrong.
//!
//! `fuzz/` has a target of cargo-fuzz for each; the tests of this crate call them with a fixed
//! budget, and its binary with a budget that is given on the command line.

#![allow(
    clippy::duplicate_mod,
    reason = "the interpreter of programs is compiled for tokio and for the facade"
)]

pub mod bytes;
pub mod differential;
pub mod mutation;
pub mod playback;
pub mod program;
pub mod readers;
pub mod specification;

/// A function of any bytes, by its name.
pub struct Target {
    /// The name, which is that of the target of cargo-fuzz.
    pub name: &'static str,
    /// The function. It panics if something is wrong.
    pub run: fn(&[u8]),
    /// Valid inputs, from which others are made.
    pub corpus: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub static TARGETS: &[Target] = &[
    Target {
        name: "scenario",
        run: readers::scenario,
        corpus: mutation::scenarios,
    },
    Target {
        name: "repro",
        run: readers::repro,
        corpus: mutation::repros,
    },
    Target {
        name: "history",
        run: readers::history,
        corpus: mutation::histories,
    },
    Target {
        name: "stream",
        run: readers::stream,
        corpus: mutation::streams,
    },
    Target {
        name: "playback",
        run: playback::playback,
        corpus: Vec::new,
    },
    Target {
        name: "differential",
        run: differential::differential,
        corpus: Vec::new,
    },
];

/// Returns the target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
