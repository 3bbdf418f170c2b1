//! The six validations of a run: what its oracles say of each.

use rehearsal_history::Validation;

use crate::oracle::{Finding, OracleRef, Scope};

/// What the oracles of a run say of one validation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Validated {
    /// The validation.
    pub validation: Validation,
    /// The oracles that judged it, in their order.
    pub oracles: Vec<OracleRef>,
    /// Their result.
    pub outcome: ValidationOutcome,
}

/// The results of a validation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValidationOutcome {
    /// Every oracle that judged found it in order.
    Passed,
    /// At least one oracle found something wrong.
    Failed,
    /// No oracle judged: none is named, none had anything to check, or the run was cut short.
    NotChecked,
}

impl ValidationOutcome {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}

/// The validations while the oracles judge.
#[derive(Debug)]
pub(crate) struct Validations(Vec<Validated>);

impl Validations {
    /// Every validation, of which nothing is known yet.
    pub(crate) fn new() -> Self {
        let all = Validation::ALL.map(|validation| Validated {
            validation,
            oracles: Vec::new(),
            outcome: ValidationOutcome::NotChecked,
        });
        Self(all.into())
    }

    /// Adds the finding of an oracle that stands for those validations.
    pub(crate) fn add(&mut self, oracle: OracleRef, stands_for: &[Validation], finding: &Finding) {
        if finding.scope == Scope::NotApplicable || finding.is_vacuous() {
            return;
        }
        let of_oracle = self.0.iter_mut();
        for validated in of_oracle.filter(|known| stands_for.contains(&known.validation)) {
            validated.oracles.push(oracle);
            validated.outcome = match (validated.outcome, finding.is_pass()) {
                (ValidationOutcome::Failed, _) | (_, false) => ValidationOutcome::Failed,
                (ValidationOutcome::Passed | ValidationOutcome::NotChecked, true) => {
                    ValidationOutcome::Passed
                }
            };
        }
    }

    pub(crate) fn into_all(self) -> Vec<Validated> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_history::oracle::Violation;

    use super::*;

    fn finding(checked: u64, scope: Scope) -> Finding {
        Finding {
            checked,
            scope,
            ..Finding::default()
        }
    }

    #[test]
    fn a_validation_passes_only_if_an_oracle_judged_it() {
        let oracle = |name| OracleRef::parse(name).expect("such an oracle");
        let (no_loss, once) = (oracle("no-loss"), oracle("exactly-once"));
        let outcome = |findings: &[(OracleRef, Finding)]| {
            let mut validations = Validations::new();
            for (oracle, finding) in findings {
                validations.add(*oracle, &[Validation::EventCount], finding);
            }
            let all = validations.into_all();
            assert_eq!(all.len(), Validation::ALL.len());
            let others = all
                .iter()
                .filter(|v| v.validation != Validation::EventCount);
            assert!(
                others
                    .into_iter()
                    .all(|v| v.outcome == ValidationOutcome::NotChecked)
            );
            let counted = all
                .into_iter()
                .find(|v| v.validation == Validation::EventCount);
            let counted = counted.expect("every validation is there");
            (counted.outcome, counted.oracles.len())
        };
        let (sound, vacuous) = (finding(3, Scope::Judged), finding(0, Scope::Judged));
        let cut_short = finding(0, Scope::NotApplicable);
        let broken = Finding {
            violations: vec![Violation {
                rule: "lost".into(),
                witness: Vec::new(),
                at: None,
                message: "one message was lost".to_owned(),
            }],
            ..sound.clone()
        };
        assert_eq!(outcome(&[]), (ValidationOutcome::NotChecked, 0));
        let cut = [(no_loss, cut_short.clone())];
        assert_eq!(outcome(&cut), (ValidationOutcome::NotChecked, 0));
        let one = [(no_loss, cut_short), (once, sound.clone())];
        assert_eq!(outcome(&one), (ValidationOutcome::Passed, 1));
        let idle = [(no_loss, vacuous.clone())];
        assert_eq!(outcome(&idle), (ValidationOutcome::NotChecked, 0));
        let beside = [(no_loss, vacuous), (once, sound.clone())];
        assert_eq!(outcome(&beside), (ValidationOutcome::Passed, 1));
        let failed = [(no_loss, broken), (once, sound)];
        assert_eq!(outcome(&failed), (ValidationOutcome::Failed, 2));
    }
}
