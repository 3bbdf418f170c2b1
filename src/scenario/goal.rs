//! The names of goals.

use std::fmt;

use rehearsal_agents::record::Mark;
use rehearsal_agents::spec::FaultKind;

use super::Goal;

/// What goals about faults start with.
const FAULT: &str = "fault:";

/// The goals that are not about faults.
const PLAIN: [(&str, Goal); 10] = [
    ("reconnected", Goal::Mark(Mark::Reconnected)),
    ("replayed", Goal::Mark(Mark::Replayed)),
    ("gap-marked", Goal::Mark(Mark::GapMarked)),
    ("interleaved", Goal::Mark(Mark::Interleaved)),
    ("concurrent-startup", Goal::Mark(Mark::ConcurrentStartup)),
    ("barrier-released", Goal::Mark(Mark::BarrierReleased)),
    ("deadline-fired", Goal::Mark(Mark::DeadlineFired)),
    ("death-noticed", Goal::Mark(Mark::DeathNoticed)),
    ("swept", Goal::Mark(Mark::Swept)),
    ("lock-contended", Goal::LockContended),
];

impl Goal {
    /// Every goal, those about faults last.
    pub fn all() -> Vec<Goal> {
        let faults = FaultKind::ALL.map(|(_, kind)| Goal::Mark(Mark::Fault(kind)));
        PLAIN
            .map(|(_, goal)| goal)
            .into_iter()
            .chain(faults)
            .collect()
    }

    /// The name in scenario files, for example `gap-marked` or `fault:partition`.
    pub fn name(self) -> String {
        if let Goal::Mark(Mark::Fault(kind)) = self {
            return format!("{FAULT}{}", kind.name());
        }
        PLAIN
            .iter()
            .find(|(_, goal)| *goal == self)
            .map_or("unnamed", |(name, _)| *name)
            .to_owned()
    }

    /// The goal with that name.
    pub fn parse(name: &str) -> Option<Goal> {
        Self::all().into_iter().find(|goal| goal.name() == name)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_is_found_by_its_name() {
        let goals = Goal::all();
        assert_eq!(goals.len(), PLAIN.len() + FaultKind::ALL.len());
        for goal in goals {
            assert_ne!(goal.name(), "unnamed");
            assert_eq!(Goal::parse(&goal.name()), Some(goal));
        }
        assert_eq!(Goal::parse("fault:"), None);
        assert_eq!(Goal::parse("luck"), None);
    }

    #[test]
    fn names_are_stable() {
        let partition = Goal::Mark(Mark::Fault(FaultKind::Partition));
        assert_eq!(partition.name(), "fault:partition");
        assert_eq!(Goal::Mark(Mark::GapMarked).to_string(), "gap-marked");
    }
}
