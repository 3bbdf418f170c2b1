//! Oracles: they judge the evidence of a run. They draw no randomness and touch
//! nothing, so enabling one never changes a run.

use std::fmt;

use rehearsal_agents::record::Evidence;
use rehearsal_sim::{Statistics, Verdict, VirtualTime};

/// The oracles by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Oracle {
    /// A double-entry ledger per event and subscriber; it balances.
    NoLoss,
    /// No subscriber receives an event twice.
    ExactlyOnce,
    /// Each run's events arrive in the order of the run, without holes.
    Fifo,
    /// What happened before arrives before.
    Causal,
    /// Events reach only their owner; secrets appear nowhere else.
    Isolation,
    /// A supervisor's events enclose those of its sub-agents.
    Hierarchy,
    /// Each run ends in exactly one terminal event, and nothing follows it.
    Terminal,
    /// At quiescence nothing is left behind.
    Cleanup,
    /// Nothing waits for ever.
    Deadlock,
    /// Each run's events follow the bridge vocabulary's rules.
    Protocol,
    /// The registry's two maps mirror each other at every step.
    Registry,
}

impl Oracle {
    /// Every oracle with its name in scenario files.
    pub const ALL: [(&'static str, Oracle); 11] = [
        ("no-loss", Oracle::NoLoss),
        ("exactly-once", Oracle::ExactlyOnce),
        ("fifo", Oracle::Fifo),
        ("causal", Oracle::Causal),
        ("isolation", Oracle::Isolation),
        ("hierarchy", Oracle::Hierarchy),
        ("terminal-exactly-once", Oracle::Terminal),
        ("cleanup", Oracle::Cleanup),
        ("deadlock", Oracle::Deadlock),
        ("protocol", Oracle::Protocol),
        ("registry", Oracle::Registry),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, oracle)| *oracle == self)
            .map_or("unnamed", |(name, _)| name)
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an oracle looks at: one finished run.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What agents and clients wrote down.
    pub evidence: &'a Evidence,
    /// How the engine saw the run end.
    pub verdict: &'a Verdict,
    /// The engine's counters.
    pub statistics: &'a Statistics,
}

/// A broken promise, with its witness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The oracle that found it.
    pub oracle: Oracle,
    /// What is wrong: names the event, the thread and the run where there are any.
    pub message: String,
    /// When, in virtual time, where that is known.
    pub at: Option<VirtualTime>,
}

/// What an oracle found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finding {
    /// Things that it checked. Zero means that the scenario gave it nothing to
    /// check, which is an error and never a pass.
    pub checked: u64,
    /// Broken promises, the first one first.
    pub violations: Vec<Violation>,
}
