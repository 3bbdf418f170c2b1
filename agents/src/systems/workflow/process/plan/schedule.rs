//! The state of a plan: the tasks that wait, those that have ended, and the order in which
//! tasks begin.

use serde_json::Value;

use super::super::super::orchestrator::Context;
use super::super::super::report::Failure;
use super::super::super::settings::TaskSettings;
use super::super::super::wire::Object;

/// The state of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    Holds,
    Fails,
}

/// The way in which tasks become urgent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Inheritance {
    /// By their own priority.
    None,
    /// By the highest priority of the tasks that wait for them.
    FromDependents,
}

#[derive(Clone, PartialEq, Debug)]
enum State {
    Waiting,
    UnderWay,
    Done(Value),
    LeftOut,
}

/// The state of all tasks of a plan.
pub(super) struct Schedule<'a> {
    tasks: &'a [TaskSettings],
    states: Vec<State>,
    urgencies: Vec<u32>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(tasks: &'a [TaskSettings], inheritance: Inheritance) -> Self {
        let own = tasks.iter().map(|task| task.priority);
        Self {
            tasks,
            states: vec![State::Waiting; tasks.len()],
            urgencies: match inheritance {
                Inheritance::None => own.collect(),
                Inheritance::FromDependents => inherited(tasks),
            },
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.name == name)
    }

    /// Returns the tasks before a task, by their places.
    fn before(&self, place: usize) -> impl Iterator<Item = usize> {
        let after = self.tasks[place].after.iter();
        after.filter_map(|name| self.place(name))
    }

    fn is_ready(&self, place: usize) -> bool {
        let has_ended =
            |earlier: usize| matches!(self.states[earlier], State::Done(_) | State::LeftOut);
        self.states[place] == State::Waiting && self.before(place).all(has_ended)
    }

    /// Returns the task that begins next: the most urgent one, the first of several.
    pub(super) fn next_ready(&self) -> Option<usize> {
        let ready = (0..self.tasks.len()).filter(|place| self.is_ready(*place));
        ready.min_by_key(|place| (std::cmp::Reverse(self.urgencies[*place]), *place))
    }

    /// Returns the state of a task's condition.
    pub(super) fn condition(&self, place: usize) -> Result<Condition, Failure> {
        let task = &self.tasks[place];
        let Some(name) = &task.when else {
            return Ok(Condition::Holds);
        };
        let mut outputs = self
            .before(place)
            .filter_map(|earlier| self.output(earlier));
        let number = outputs.find_map(|output| output.get(name)?.as_i64());
        let Some(number) = number else {
            let problem = format!("{} depends on `{name}`, and no task says it", task.name);
            return Err(Failure::Definition(problem));
        };
        Ok(match holds(task, number) {
            true => Condition::Holds,
            false => Condition::Fails,
        })
    }

    fn output(&self, place: usize) -> Option<&Value> {
        match &self.states[place] {
            State::Done(output) => Some(output),
            _ => None,
        }
    }

    /// Returns the input of a task: that of the plan, with the outputs before it.
    pub(super) fn context(&self, place: usize, input: &Context) -> Context {
        let context = Context::new(input.snapshot());
        for earlier in self.before(place) {
            if let Some(output) = self.output(earlier) {
                let name = format!("{}_output", self.tasks[earlier].name);
                context.insert(name, output.clone());
            }
        }
        context
    }

    pub(super) fn began(&mut self, place: usize) {
        self.states[place] = State::UnderWay;
    }

    pub(super) fn done(&mut self, place: usize, output: Value) {
        self.states[place] = State::Done(output);
    }

    pub(super) fn leave_out(&mut self, place: usize) {
        self.states[place] = State::LeftOut;
    }

    fn names(&self, is_one: impl Fn(&State) -> bool) -> Vec<String> {
        let tasks = self.tasks.iter().zip(&self.states);
        let names = tasks.filter(|(_, state)| is_one(state));
        names.map(|(task, _)| task.name.clone()).collect()
    }

    /// Returns the names of the tasks that have not begun.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.names(|state| *state == State::Waiting)
    }

    /// Returns the names of the tasks that were left out.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.names(|state| *state == State::LeftOut)
    }

    /// Returns the outputs by task.
    pub(super) fn outputs(&self) -> Object {
        let outputs = (0..self.tasks.len()).filter_map(|place| {
            let output = self.output(place)?.clone();
            Some((self.tasks[place].name.clone(), output))
        });
        outputs.collect()
    }
}

/// Returns `true` if a number is within the limits of a task's condition.
pub(in super::super::super) fn holds(task: &TaskSettings, number: i64) -> bool {
    task.below.is_none_or(|limit| number < i64::from(limit))
        && task.at_least.is_none_or(|limit| number >= i64::from(limit))
}

/// Returns the highest priority of each task and of all that wait for it.
fn inherited(tasks: &[TaskSettings]) -> Vec<u32> {
    let mut urgencies: Vec<u32> = tasks.iter().map(|task| task.priority).collect();
    // After as many passes as there are tasks, the longest path has been followed.
    for _ in tasks {
        for (place, task) in tasks.iter().enumerate() {
            let urgency = urgencies[place];
            for (earlier, before) in tasks.iter().enumerate() {
                if task.after.contains(&before.name) {
                    urgencies[earlier] = urgencies[earlier].max(urgency);
                }
            }
        }
    }
    urgencies
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tasks(value: Value) -> Vec<TaskSettings> {
        serde_json::from_value(value).expect("it matches the schema")
    }

    #[test]
    fn urgency_is_inherited_over_any_distance() {
        let tasks = tasks(json!([
            { "name": "a" },
            { "name": "b", "after": ["a"], "priority": 2 },
            { "name": "c", "after": ["b"], "priority": 9 },
            { "name": "d", "priority": 5 },
        ]));
        assert_eq!(inherited(&tasks), [9, 9, 9, 5]);
        let schedule = Schedule::new(&tasks, Inheritance::FromDependents);
        assert_eq!(schedule.next_ready(), Some(0));
        let schedule = Schedule::new(&tasks, Inheritance::None);
        assert_eq!(schedule.next_ready(), Some(3));
    }

    #[test]
    fn condition_has_a_boundary() {
        let tasks = tasks(json!([
            { "name": "measure" },
            { "name": "more", "after": ["measure"], "when": "coverage", "below": 80 },
            { "name": "basic", "after": ["measure"], "when": "coverage", "at_least": 80 },
        ]));
        for (coverage, more) in [(79, true), (80, false), (81, false)] {
            assert_eq!(holds(&tasks[1], coverage), more, "{coverage}");
            assert_eq!(holds(&tasks[2], coverage), !more, "{coverage}");
        }
        let mut schedule = Schedule::new(&tasks, Inheritance::FromDependents);
        assert!(schedule.condition(1).is_err(), "there is no number yet");
        schedule.done(0, json!({ "coverage": 72 }));
        assert_eq!(schedule.condition(1), Ok(Condition::Holds));
        assert_eq!(schedule.condition(2), Ok(Condition::Fails));
    }

    #[test]
    fn tasks_that_wait_for_each_other_are_never_ready() {
        let tasks = tasks(json!([
            { "name": "a", "after": ["b"] },
            { "name": "b", "after": ["a"] },
        ]));
        let schedule = Schedule::new(&tasks, Inheritance::FromDependents);
        assert_eq!(schedule.next_ready(), None);
        assert_eq!(schedule.waiting(), ["a", "b"]);
    }
}
