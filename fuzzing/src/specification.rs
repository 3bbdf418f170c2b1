//! What the primitives promise, whatever the schedule is.

use std::collections::BTreeSet;

use crate::program::{End, Event, Joined, Outcome, Program, Sent, Step};

/// Checks an outcome of a program.
///
/// # Errors
///
/// The promise that is broken.
pub fn check(program: &Program, outcome: &Outcome) -> Result<(), String> {
    if let Some(broken) = outcome.broken.first() {
        return Err(format!("broken: {broken}"));
    }
    let mut received = BTreeSet::new();
    for (task, (steps, events)) in program.tasks.iter().zip(&outcome.events).enumerate() {
        let named = |problem: &str| format!("{problem} by task {task}");
        if events.len() > steps.len() {
            return Err(named("more steps than there are"));
        }
        let mut last = None;
        let mut is_closed = false;
        let mut newest: Vec<Option<usize>> = vec![None; program.tasks.len()];
        for (step, event) in steps.iter().zip(events) {
            check_times(*step, event, last).map_err(|problem| named(&problem))?;
            last = Some(event.ended);
            if let End::Received(value) = event.end {
                check_value(program, task, value).map_err(|problem| named(&problem))?;
                if is_closed {
                    return Err(named("a value behind the end of a channel"));
                }
                if !received.insert(value) {
                    return Err(named("a value is received twice"));
                }
                if newest[value.task].replace(value.step) >= Some(value.step) {
                    return Err(named("values of one sender overtake each other"));
                }
            }
            is_closed |= event.end == End::Closed && receives(*step);
        }
    }
    for (task, joined) in outcome.joined.iter().enumerate() {
        let (steps, events) = (&program.tasks[task], &outcome.events[task]);
        if *joined == Joined::Finished && events.len() < steps.len() {
            return Err(format!("task {task} finishes before its last step"));
        }
        let aborts = program.tasks.iter().flatten();
        let is_aborted = aborts.clone().any(|step| *step == Step::Abort(task));
        if *joined == Joined::Aborted && !is_aborted {
            return Err(format!("task {task} is aborted by no task"));
        }
    }
    Ok(())
}

fn receives(step: Step) -> bool {
    matches!(
        step,
        Step::Receive | Step::TryReceive | Step::ReceiveWithin(_)
    )
}

fn check_times(step: Step, event: &Event, last: Option<u64>) -> Result<(), String> {
    if event.ended < event.began || last.is_some_and(|last| event.began < last) {
        return Err("time goes back".to_owned());
    }
    let took = event.ended - event.began;
    match (step, event.end) {
        (Step::Sleep(ms), End::Done) if took != u64::from(ms) => {
            Err(format!("a sleep of {ms} ms takes {took} ms"))
        }
        (
            Step::ReceiveWithin(ms) | Step::NotifiedWithin(ms) | Step::LockWithin(_, ms),
            End::Elapsed,
        ) if took != u64::from(ms) => Err(format!("{ms} ms are over after {took} ms")),
        (Step::Yield | Step::Notify | Step::Abort(_) | Step::TryReceive | Step::TrySend(_), _)
            if took != 0 =>
        {
            Err(format!("what never waits takes {took} ms"))
        }
        _ => Ok(()),
    }
}

fn check_value(program: &Program, receiver: usize, value: Sent) -> Result<(), String> {
    let step = program
        .tasks
        .get(value.task)
        .and_then(|steps| steps.get(value.step));
    match step {
        Some(Step::Send(to) | Step::TrySend(to)) if *to == receiver && value.task != receiver => {
            Ok(())
        }
        _ => Err("a value that no task sends".to_owned()),
    }
}
