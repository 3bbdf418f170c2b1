//! Findings of oracles on the history that was built.

use std::collections::{BTreeMap, BTreeSet};

use super::HistoryBuilder;
use crate::oracle::{Finding, OracleRef, SettingValue, Settings};
use crate::{Amount, CheckedRun, GapPolicy, Ledger, SpanEnd, Symbol};

impl HistoryBuilder {
    /// Calls the closure with the finished run.
    pub(in super::super) fn with_run<R>(&self, f: impl FnOnce(&CheckedRun<'_>) -> R) -> R {
        let history = self.history();
        let run = CheckedRun::new(&history, &self.verdict, &self.statistics);
        f(&run.with_gaps(GapPolicy::of(&self.allowed)))
    }

    pub(in super::super) fn judge(&self, oracle: &str) -> Finding {
        let oracle = OracleRef::parse(oracle).expect("such an oracle");
        self.with_run(|run| oracle.judge(run, &self.settings_of(oracle)))
    }

    fn settings_of(&self, oracle: OracleRef) -> Settings {
        if oracle.needs_settings() {
            self.limits.clone()
        } else {
            Settings::default()
        }
    }

    /// Sets the limit of one metric, in the place of all others.
    pub(in super::super) fn limit(&mut self, relation: &str, selector: &str, amount: Amount) {
        self.limits = Settings::default();
        let amounts = BTreeMap::from([(selector.to_owned(), amount)]);
        self.limits.set(relation, SettingValue::Amounts(amounts));
    }

    /// Returns the rules that an oracle finds broken, sorted, each once.
    pub(in super::super) fn rules_broken(&self, oracle: &str) -> Vec<Symbol> {
        let violations = self.judge(oracle).violations.into_iter();
        let rules: BTreeSet<Symbol> = violations.map(|violation| violation.rule).collect();
        rules.into_iter().collect()
    }

    pub(in super::super) fn ledger(&self) -> Ledger {
        self.with_run(Ledger::of)
    }

    /// Returns the oracles that find something wrong, or nothing to check.
    pub(in super::super) fn unhappy(&self) -> Vec<(&'static str, Finding)> {
        self.with_run(|run| {
            OracleRef::all()
                .filter(|oracle| !oracle.is_opt_in() || !self.limits.is_empty())
                .map(|oracle| (oracle.name(), oracle.judge(run, &self.settings_of(oracle))))
                .filter(|(name, finding)| !finding.is_pass() && !self.excuses(name, finding))
                .collect()
        })
    }

    /// Returns `true` if the oracle has nothing to check because no span was cancelled.
    fn excuses(&self, oracle: &str, finding: &Finding) -> bool {
        let mut spans = self.spans.values();
        let cancelled = spans.any(|draft| draft.end == Some(SpanEnd::Cancelled));
        oracle == "cancel-tree" && finding.is_vacuous() && !cancelled
    }

    /// Returns the names of those oracles.
    pub(in super::super) fn broken_by(&self) -> Vec<&'static str> {
        let unhappy = self.unhappy().into_iter();
        unhappy.map(|(oracle, _)| oracle).collect()
    }
}
