//! A plan: tasks that wait for each other, each begun as soon as everything before it has
//! ended and an agent may work. Of several that could begin, the one with the highest
//! priority does; what it waits for is as urgent as itself.
//!
//! A task whose condition does not hold is left out, and counts as ended. A task that
//! fails ends the plan when the others that are under way have ended.

mod schedule;

use std::sync::Arc;

use rehearsal_sim::tokio::task::JoinSet;
use serde_json::{Value, json};

use self::schedule::{Condition, Inheritance, Schedule};
use super::super::defects;
use super::super::marks;
use super::super::orchestrator::{Context, Run};
use super::super::report::{Failure, TaskError};
use super::assignment::agent_of;

pub(in super::super) use self::schedule::holds;

/// A task that has come to its end: its place, and its result.
type Ended = (usize, Result<Value, TaskError>);

pub(super) async fn run(run: Arc<Run>) -> Result<Value, Failure> {
    let input = run.input()?;
    // Seeded: a task that others wait for is only as urgent as it says itself.
    let inheritance = match run.carries(defects::PRIORITY_NOT_INHERITED) {
        true => Inheritance::None,
        false => Inheritance::FromDependents,
    };
    let mut schedule = Schedule::new(&run.scenario.tasks, inheritance);
    let mut under_way = JoinSet::new();
    let mut failure = None;
    loop {
        if failure.is_none() {
            failure = begin(&run, &input, &mut schedule, &mut under_way).err();
        }
        let Some(joined) = under_way.join_next().await else {
            break;
        };
        let (place, result): Ended = joined.expect("a task does not panic");
        match result {
            Ok(output) => schedule.done(place, output),
            Err(error) => {
                let name = &run.scenario.tasks[place].name;
                failure = failure.or(Some(Failure::of_task(name, error)));
            }
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let waiting = schedule.waiting();
    if !waiting.is_empty() {
        return Err(Failure::NoTaskReady(waiting));
    }
    Ok(json!({ "outputs": schedule.outputs(), "left_out": schedule.left_out() }))
}

/// Begins every task that can begin.
fn begin(
    run: &Arc<Run>,
    input: &Context,
    schedule: &mut Schedule<'_>,
    under_way: &mut JoinSet<Ended>,
) -> Result<(), Failure> {
    let at_once = run.scenario.workflow.at_once;
    let at_once = at_once.map_or(usize::MAX, |at_once| at_once as usize);
    while under_way.len() < at_once
        && let Some(place) = schedule.next_ready()
    {
        let task = &run.scenario.tasks[place];
        // Seeded: the condition is read before the task that it depends on has run.
        let condition = match run.carries(defects::CONDITION_READ_EARLY) {
            true => Condition::Holds,
            false => schedule.condition(place)?,
        };
        if condition == Condition::Fails {
            run.reached(marks::TASK_LEFT_OUT);
            schedule.leave_out(place);
            continue;
        }
        let agent = agent_of(&run.scenario, task)?;
        let context = schedule.context(place, input);
        schedule.began(place);
        let (run, name) = (Arc::clone(run), task.name.clone());
        if !under_way.is_empty() {
            run.reached(marks::TASKS_AT_ONCE);
        }
        under_way.spawn(async move { (place, run.delegate(&agent, &name, &context).await) });
    }
    Ok(())
}
