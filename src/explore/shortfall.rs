//! What an exploration shows by all of its runs together, and not by one of them.

use super::{Exploration, Totals};
use crate::oracle::OracleRef;
use crate::run::RunVerdict;
use crate::scenario::{ExpectedVerdict, Goal};
use crate::target::Target;

/// What the runs of a target together ought to show, and do not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shortfall {
    /// The `sometimes` goals that no run has reached.
    pub goals: Vec<Goal>,
    /// The oracles that no run has given anything to check: they could not have failed.
    pub vacuous: Vec<OracleRef>,
}

impl Shortfall {
    /// Returns `true` if nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.goals.is_empty() && self.vacuous.is_empty()
    }
}

impl Exploration {
    /// Returns what the target ought to have shown by now, and has not. With fewer seeds than
    /// the target has, nothing is known yet. A search that is complete is all that there is of
    /// its seeds, however few these are.
    pub fn missing(&self, target: &dyn Target) -> Shortfall {
        let expected = target.expected();
        let found = self.unreached(target);
        match self.search {
            // Its schedules are those of a seed, so that goals may need another one.
            Some(search) if search.complete => Shortfall {
                goals: Vec::new(),
                ..found
            },
            None if self.seeds >= expected.seeds => Shortfall {
                goals: match expected.verdict {
                    ExpectedVerdict::Pass => found.goals,
                    ExpectedVerdict::Violation(_) => Vec::new(),
                },
                ..found
            },
            _ => Shortfall::default(),
        }
    }

    /// Returns what no run has shown so far.
    pub fn unreached(&self, target: &dyn Target) -> Shortfall {
        let expected = target.expected();
        let begun_with = self.begun_with.iter().map(|begun| &begun.totals);
        let all: Vec<&Totals> = begun_with.chain([&self.totals]).collect();
        // Oracles do not judge runs that were cut short, and those that pass were not.
        let is_judged = |totals: &&Totals| totals.verdicts.contains_key(&RunVerdict::Pass);
        let is_exercised = |oracle: &OracleRef| {
            let mut all = all.iter();
            all.any(|totals| totals.exercised.contains_key(oracle))
        };
        let vacuous = expected.oracles.iter().copied();
        let mut vacuous: Vec<OracleRef> = vacuous.filter(|o| !is_exercised(o)).collect();
        if !all.iter().any(is_judged) {
            vacuous.clear();
        }
        let goals = expected.sometimes.iter().copied();
        Shortfall {
            goals: goals
                .filter(|goal| !self.totals.goals.contains_key(goal))
                .collect(),
            vacuous,
        }
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_history::RecordsHistory;
    use rehearsal_sim::{Ambient, World};

    use crate::chosen_oracle::ChosenOracle;
    use crate::exit::Exit;
    use crate::explore::{Keep, Options, Reporter, explore};
    use crate::run::StrategyName;
    use crate::run::seeds::Seeds;
    use crate::target::{Program, SEEDS, TestRef, WorldSpec};

    struct Silent;

    impl Reporter for Silent {
        fn warning(&mut self, text: &str) {
            panic!("{text}");
        }
    }

    /// Sends a message in a few of many runs.
    async fn rarely(world: World) {
        if world.draw(world.site("is rare"), 16) == 1 {
            let (writer, reader) = (world.actor("writer"), world.actor("reader"));
            reader.subscribed("notes");
            let sent = writer.send("notes", "note", |id| async move { Ok::<_, String>(id) });
            reader.received("notes", sent.await.expect("it is accepted"));
            reader.drained();
        }
    }

    /// Returns the oracles that those seeds ought to have exercised, and the exit code.
    fn missing(strategy: StrategyName, seeds: u64) -> (Vec<String>, Exit) {
        let test = TestRef {
            package: "p".to_owned(),
            name: "p::rarely".to_owned(),
            file: "src/p.rs".into(),
        };
        let world = WorldSpec {
            ambient: Ambient::Real,
            ..WorldSpec::default()
        };
        let oracles = ["no-loss", "linearizable"].into_iter();
        let oracles = oracles.map(|name| name.parse::<ChosenOracle>().expect("an oracle"));
        let program = Program::new(test, world, rarely).judged_by(oracles.collect());
        let out = std::env::temp_dir();
        let options = Options::one_by_one(strategy, &out, Keep::Nothing);
        let found = explore(
            &program,
            Seeds::count(seeds).as_ref(),
            &options,
            &mut Silent,
        );
        let found = found.expect("nothing is written");
        let vacuous = found.missing(&program).vacuous;
        let names = vacuous.iter().map(ToString::to_string).collect();
        (names, found.exit(&program, true))
    }

    #[test]
    fn oracle_is_vacuous_if_no_run_of_all_seeds_gives_it_anything_to_check() {
        let (names, exit) = missing(StrategyName::RANDOM, SEEDS);
        assert_eq!(names, ["linearizable"]);
        assert_eq!(exit, Exit::Violation);
    }

    #[test]
    fn single_run_with_nothing_to_check_passes() {
        assert_eq!(missing(StrategyName::RANDOM, 1), (Vec::new(), Exit::Pass));
    }

    /// A proof within a bound in which nothing is checked proves nothing.
    #[test]
    fn complete_search_with_nothing_to_check_fails() {
        let (names, exit) = missing(StrategyName::CANCEL, 1);
        assert!(names.contains(&"linearizable".to_owned()), "{names:?}");
        assert_eq!(exit, Exit::Violation);
    }
}
