//! The names of goals.

use std::fmt;

use rehearsal_agents::record::Mark;
use rehearsal_agents::spec::Fault;
use rehearsal_agents::systems::SYSTEMS;

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
        let faults = faults().map(|fault| Goal::Mark(Mark::Fault(fault)));
        PLAIN
            .map(|(_, goal)| goal)
            .into_iter()
            .chain(faults)
            .collect()
    }

    /// Returns every goal with each of its names: faults have one by role, and some an
    /// older one too.
    pub(crate) fn named() -> Vec<(String, Goal)> {
        let plain = PLAIN.map(|(name, goal)| (name.to_owned(), goal));
        let infos = SYSTEMS.iter().map(|system| system.info());
        let faults = infos.flat_map(|info| info.fault_names());
        let faults =
            faults.map(|(name, fault)| (format!("{FAULT}{name}"), Goal::Mark(Mark::Fault(fault))));
        plain.into_iter().chain(faults).collect()
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
        if let Some(fault) = name.strip_prefix(FAULT) {
            let mut infos = SYSTEMS.iter().map(|system| system.info());
            return infos
                .find_map(|info| info.fault(fault))
                .map(|fault| Goal::Mark(Mark::Fault(fault)));
        }
        Self::all().into_iter().find(|goal| goal.name() == name)
    }
}

/// Every fault of every system.
fn faults() -> impl Iterator<Item = Fault> {
    let infos = SYSTEMS.iter().map(|system| system.info());
    infos.flat_map(|info| info.faults.iter().copied())
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_agents::bridge;

    use super::*;

    #[test]
    fn every_goal_is_found_by_its_name() {
        let goals = Goal::all();
        assert_eq!(goals.len(), PLAIN.len() + faults().count());
        for goal in goals {
            assert_ne!(goal.name(), "unnamed");
            assert_eq!(Goal::parse(&goal.name()), Some(goal));
        }
        assert_eq!(Goal::parse("fault:"), None);
        assert_eq!(Goal::parse("luck"), None);
    }

    #[test]
    fn names_are_stable() {
        let partition = Goal::Mark(Mark::Fault(bridge::faults::PARTITION));
        assert_eq!(partition.name(), "fault:partition");
        assert_eq!(
            Goal::parse("fault:partition:client-bridge"),
            Some(partition)
        );
        assert_eq!(Goal::Mark(Mark::GapMarked).to_string(), "gap-marked");
    }
}
