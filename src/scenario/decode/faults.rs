//! What may go wrong.

use rehearsal_agents::bridge::faults::NAMES;
use rehearsal_agents::spec::{Fault, FaultPlan};

use super::item::{At, Times};
use super::problems::Problems;
use super::section::Section;
use crate::scenario::code::Code;
use crate::scenario::diagnostic::Span;

/// What `[faults]` says.
pub(super) struct Faults {
    pub(super) plan: FaultPlan,
    /// The kinds with their places.
    pub(super) kinds: Vec<At<Fault>>,
    /// The window, where it is set.
    pub(super) window: Option<Span>,
}

/// Reads `[faults]`.
pub(super) fn faults(root: &mut Section<'_>, problems: &mut Problems) -> Option<Faults> {
    let default = FaultPlan::default();
    let Some(item) = root.get("faults") else {
        return Some(Faults {
            plan: default,
            kinds: Vec::new(),
            window: None,
        });
    };
    let mut section = item.section("`[faults]`", problems)?;
    let budget = section
        .need(
            "budget",
            "the most faults of one run: `budget = 1`",
            problems,
        )
        .and_then(|item| item.small(0..=1_000, problems));
    let at_least = section.small("at_least", default.at_least, 0..=1_000, problems);
    let kinds = match section.get("kinds") {
        Some(item) => item.names("fault", &NAMES, problems),
        None => Some(Vec::new()),
    };
    let window = section.range(
        "window",
        (default.from, default.until),
        Times::Any,
        problems,
    );
    let lasting = section.duration("lasting", default.lasting, Times::NotZero, problems);
    let span = section.span;
    if !section.finish(problems) {
        return None;
    }

    let (budget, at_least, kinds) = (budget?, at_least?, kinds?);
    check_numbers(span, budget, at_least, &kinds, problems);
    let window = window?;
    let plan = FaultPlan {
        budget: budget.value,
        at_least: at_least.value,
        kinds: kinds.iter().map(|kind| kind.value).collect(),
        from: window.value.0,
        until: window.value.1,
        lasting: lasting?.value,
    };
    Some(Faults {
        plan,
        kinds,
        window: window.span,
    })
}

/// Budget, minimum and kinds must agree with each other.
fn check_numbers(
    section: Span,
    budget: At<u32>,
    at_least: At<u32>,
    kinds: &[At<Fault>],
    problems: &mut Problems,
) {
    let budget_span = budget.span.unwrap_or(section);
    if budget.value > 0 && kinds.is_empty() {
        problems.report(
            Code::FaultPlan,
            budget_span,
            format!("a budget of {} faults, but no kinds", budget.value),
            "nothing to spend it on",
            "name the faults that may strike: `kinds = [\"partition\"]`",
        );
    }
    if at_least.value > budget.value {
        let problem = problems
            .problem(
                Code::FaultPlan,
                format!(
                    "at least {} faults cannot strike with a budget of {}",
                    at_least.value, budget.value
                ),
            )
            .at(at_least.span.unwrap_or(section), "more than the budget")
            .also(budget_span, "the budget")
            .help("raise `budget` or lower `at_least`");
        problems.push(problem);
    } else if budget.value == 0 {
        problems.report(
            Code::FaultPlan,
            budget_span,
            "a fault plan with a budget of 0",
            "no fault will ever strike",
            "raise `budget`, or remove `[faults]`",
        );
    }
}
