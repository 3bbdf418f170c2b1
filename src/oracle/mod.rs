//! Oracles: they judge the evidence of a run. They draw no randomness and touch
//! nothing, so enabling one never changes a run.
//!
//! Some promises can be judged at any moment (nothing arrives twice, nothing
//! reaches a stranger); others only once everything has come to rest (nothing
//! is missing). If the engine stopped a run early, the latter oracles find
//! themselves [not applicable](Scope::NotApplicable), and the engine's verdict
//! speaks for the run.
//!
//! Oracles have no tolerances. What an oracle excuses, and why, stands at the
//! head of its module.

mod causal;
mod cleanup;
mod deadlock;
mod exactly_once;
mod fifo;
mod finding;
mod hierarchy;
mod isolation;
mod ledger;
mod machine;
mod no_loss;
mod protocol;
mod registry;
mod secrets;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;

use rehearsal_agents::record::Evidence;
use rehearsal_sim::{Statistics, Verdict};

pub use finding::{Finding, LISTED, Scope, Violation};
pub use ledger::Ledger;
use view::View;

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

    /// Judges one finished run.
    pub fn judge(self, subject: &Subject<'_>) -> Finding {
        self.judge_view(&View::new(subject))
    }

    fn judge_view(self, view: &View<'_>) -> Finding {
        let finding = match self {
            Self::NoLoss => no_loss::judge(view),
            Self::ExactlyOnce => exactly_once::judge(view),
            Self::Fifo => fifo::judge(view),
            Self::Causal => causal::judge(view),
            Self::Isolation => isolation::judge(view),
            Self::Hierarchy => hierarchy::judge(view),
            Self::Terminal => terminal::judge(view),
            Self::Cleanup => cleanup::judge(view),
            Self::Deadlock => deadlock::judge(view),
            Self::Protocol => protocol::judge(view),
            Self::Registry => registry::judge(view),
        };
        // A run that was cut short may not have come to what this oracle
        // checks; that says nothing about the scenario.
        if finding.is_vacuous() && !view.at_rest() {
            return Finding::not_applicable();
        }
        finding
    }
}

/// Judges one finished run by each of the oracles, in their order.
pub fn judge_all(oracles: &[Oracle], subject: &Subject<'_>) -> Vec<(Oracle, Finding)> {
    let view = View::new(subject);
    oracles
        .iter()
        .map(|oracle| (*oracle, oracle.judge_view(&view)))
        .collect()
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
