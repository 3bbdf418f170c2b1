//! What must come out.

use super::item::{At, Item};
use super::problems::Problems;
use super::section::Section;
use super::words::list;
use crate::oracle::{self, OracleRef};
use crate::scenario::code::Code;
use crate::scenario::{ExpectedVerdict, Goal};

/// What verdicts that name an oracle start with.
const VIOLATION: &str = "violation:";

/// What `[expect]` says; a part is `None` if it is wrong or missing.
pub(super) struct Expected {
    pub(super) oracles: Option<Vec<At<OracleRef>>>,
    pub(super) reached: Option<Vec<At<Goal>>>,
    pub(super) sometimes: Option<Vec<At<Goal>>>,
    pub(super) verdict: Option<At<ExpectedVerdict>>,
}

/// Reads `[expect]`.
pub(super) fn expect(root: &mut Section<'_>, problems: &mut Problems) -> Option<Expected> {
    let example = "what must come out: `[expect]` with `oracles = [\"no-loss\"]`";
    let item = root.need("expect", example, problems)?;
    let mut section = item.section("`[expect]`", problems)?;
    let oracles = section
        .need("oracles", "who judges: `oracles = [\"no-loss\"]`", problems)
        .and_then(|item| oracles(&item, problems));
    let reached = goals("reached", &mut section, problems);
    let sometimes = goals("sometimes", &mut section, problems);
    let verdict = match section.get("verdict") {
        Some(item) => verdict(&item, problems),
        None => Some(At::default(ExpectedVerdict::Pass)),
    };
    if !section.finish(problems) {
        return None;
    }
    Some(Expected {
        oracles,
        reached,
        sometimes,
        verdict,
    })
}

fn oracles(item: &Item<'_>, problems: &mut Problems) -> Option<Vec<At<OracleRef>>> {
    let oracles = item.names("oracle", &oracle::named(), problems)?;
    if oracles.is_empty() {
        problems.report(
            Code::EmptyList,
            item.span,
            "`oracles` is empty",
            "nobody judges",
            format!(
                "there are {}",
                list(OracleRef::all().map(|oracle| oracle.name()))
            ),
        );
        return None;
    }
    Some(oracles)
}

fn goals(
    key: &'static str,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<Vec<At<Goal>>> {
    let Some(item) = section.get(key) else {
        return Some(Vec::new());
    };
    let all: Vec<(String, Goal)> = Goal::all()
        .into_iter()
        .map(|goal| (goal.name(), goal))
        .collect();
    let named: Vec<(&str, Goal)> = all
        .iter()
        .map(|(name, goal)| (name.as_str(), *goal))
        .collect();
    item.names("goal", &named, problems)
}

fn verdict(item: &Item<'_>, problems: &mut Problems) -> Option<At<ExpectedVerdict>> {
    let all: Vec<(String, ExpectedVerdict)> = oracle::named()
        .into_iter()
        .map(|(name, oracle)| {
            let verdict = ExpectedVerdict::Violation(oracle);
            (format!("{VIOLATION}{name}"), verdict)
        })
        .collect();
    let mut named = vec![("pass", ExpectedVerdict::Pass)];
    named.extend(all.iter().map(|(name, verdict)| (name.as_str(), *verdict)));
    item.one_of("verdict", &named, problems)
}
