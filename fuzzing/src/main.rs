//! Runs a fuzz target on many inputs: `rehearsal-fuzzing TARGET COUNT [SEED]`.
//!
//! Input n is decided by a generator with the seed and n, so that a failure is run again by
//! `rehearsal-fuzzing TARGET 1 SEED N`.

use std::process::ExitCode;
use std::time::Duration;

use cpu_time::ProcessTime;
use rehearsal_fuzzing::{TARGETS, Target, find, mutation};

/// An input must not take more processor time. The clock would count what other processes have of
/// the processor too.
const TIME_MAX: Duration = Duration::from_secs(1);

/// Bytes that decide one input.
const DECISIONS: usize = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((target, count, seed, first)) = read(&arguments) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        say(&format!(
            "usage: rehearsal-fuzzing TARGET COUNT [SEED [FIRST]]; targets: {}",
            names.join(", ")
        ));
        return ExitCode::from(2);
    };
    let corpus = (target.corpus)();
    let began = ProcessTime::now();
    let mut slowest = (Duration::ZERO, 0);
    for number in first..first.saturating_add(count) {
        let input = mutation::mutated(&corpus, &decisions(seed, number));
        let (took, panicked) = time(target, &input);
        slowest = slowest.max((took, number));
        if panicked || took > TIME_MAX {
            say(&format!(
                "input {number} of seed {seed} took {took:?}; again: rehearsal-fuzzing {} 1 {seed} {number}",
                target.name
            ));
            return ExitCode::FAILURE;
        }
    }
    say(&format!(
        "{}: {count} inputs from {first} with seed {seed} in {:.1} s of processor time, the slowest {} in {:?}; {} KiB of memory at most",
        target.name,
        began.elapsed().as_secs_f64(),
        slowest.1,
        slowest.0,
        memory().unwrap_or_default(),
    ));
    ExitCode::SUCCESS
}

/// Returns the processor time that an input takes, and whether it panics.
fn time(target: &Target, input: &[u8]) -> (Duration, bool) {
    let begin = ProcessTime::now();
    let result = std::panic::catch_unwind(|| (target.run)(input));
    (begin.elapsed(), result.is_err())
}

fn read(arguments: &[String]) -> Option<(&'static Target, u64, u64, u64)> {
    let number = |index: usize| match arguments.get(index) {
        Some(text) => text.parse().ok(),
        None => Some(0),
    };
    let target = find(arguments.first()?)?;
    arguments.get(1)?;
    Some((target, number(1)?, number(2)?, number(3)?))
}

/// Returns the bytes that decide an input (S. Vigna: splitmix64).
fn decisions(seed: u64, number: u64) -> Vec<u8> {
    let mut state = seed ^ number.wrapping_mul(0xd134_2543_de82_ef95);
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    words
        .take(DECISIONS / 8)
        .flat_map(u64::to_le_bytes)
        .collect()
}

/// Returns the most memory that this process has had, as Linux counts it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[expect(clippy::print_stderr, reason = "it is a program for the terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
