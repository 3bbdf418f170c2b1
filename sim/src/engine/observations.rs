//! Observations for the report of a failure: where tasks stand in the code, how often they used
//! a resource, and what others did with it meanwhile. They are made in one run, the last one of
//! a failure, and change nothing in it.

use std::collections::BTreeMap;

use crate::ids::{ResourceId, TaskId};
use crate::time::VirtualTime;
use crate::trace::{CodeLine, Meanwhile, Observed, Unheard};

use super::record::Record;
use super::{Core, Engine, Recording};

/// The most backtraces that are taken where tasks yield, wait or are interrupted. There is one
/// more for each deviation.
const BACKTRACES: u32 = 300;

/// The observations so far.
#[derive(Default)]
pub(super) struct Observations {
    /// The line at which each task stood last, and how often it has stood there.
    lines: BTreeMap<TaskId, CodeLine>,
    visits: BTreeMap<(TaskId, String), u32>,
    backtraces: u32,
    uses: BTreeMap<(TaskId, ResourceId), u32>,
    /// Tasks that were passed over before they used a resource, and have not used it yet.
    passed_over: Vec<PassedOver>,
    /// Those that have, by the index of their choice on the tape.
    meanwhile: BTreeMap<usize, Meanwhile>,
    pub(super) unheard: Vec<UnheardEntry>,
}

/// A task that was passed over before it used a resource.
struct PassedOver {
    choice: usize,
    task: TaskId,
    resource: ResourceId,
    others: BTreeMap<TaskId, u32>,
}

/// An [`Unheard`] in few bytes.
pub(super) struct UnheardEntry {
    at: VirtualTime,
    step: u64,
    entry: usize,
    task: Option<TaskId>,
    resource: ResourceId,
}

impl Observations {
    /// Returns the line of code that is being executed, unless there were too many before.
    fn line(&mut self) -> Option<String> {
        if self.backtraces == BACKTRACES {
            return None;
        }
        self.backtraces += 1;
        rehearsal_hermetic::own_call_site()
    }

    fn visit(&mut self, task: TaskId, place: String) {
        let times = self.visits.entry((task, place.clone())).or_default();
        *times += 1;
        let times = *times;
        self.lines.insert(task, CodeLine { place, times });
    }
}

impl Core {
    /// Returns `true` if observations are made.
    #[inline]
    pub(super) fn observes(&self) -> bool {
        self.record.recording == Recording::Observed
    }

    /// Observes where a task stands that is passed over by a choice, and from now on what others
    /// do with the resource that it was about to use. `running`: it is being polled.
    #[inline]
    pub(super) fn observe_passed_over(
        &mut self,
        choice: usize,
        task: TaskId,
        resource: Option<ResourceId>,
        running: bool,
    ) -> Option<Box<Observed>> {
        self.observes()
            .then(|| self.observe_standing(choice, task, resource, running))
    }

    #[cold]
    fn observe_standing(
        &mut self,
        choice: usize,
        task: TaskId,
        resource: Option<ResourceId>,
        running: bool,
    ) -> Box<Observed> {
        let observations = &mut self.record.observations;
        let line = match running {
            true => rehearsal_hermetic::own_call_site().map(|place| CodeLine { place, times: 0 }),
            false => observations.lines.get(&task).cloned(),
        };
        let used = |resource| observations.uses.get(&(task, resource)).copied();
        let uses = resource.map_or(0, |resource| 1 + used(resource).unwrap_or(0));
        if let Some(resource) = resource {
            observations.passed_over.push(PassedOver {
                choice,
                task,
                resource,
                others: BTreeMap::new(),
            });
        }
        Box::new(Observed {
            line,
            uses,
            meanwhile: None,
        })
    }

    /// Adds to the recorded deviations what others did with the resources meanwhile.
    pub(super) fn report_meanwhile(&mut self) {
        let Record {
            switches,
            postponements,
            observations,
            ..
        } = &mut self.record;
        let switches = switches
            .iter_mut()
            .map(|one| (one.choice, &mut one.observed));
        let postponements = postponements
            .iter_mut()
            .map(|one| (one.choice, &mut one.observed));
        for (choice, observed) in switches.chain(postponements) {
            if let Some(observed) = observed {
                observed.meanwhile = observations.meanwhile.remove(&choice);
            }
        }
    }

    /// Observes where the running task stands when it is suspended at a scheduling point.
    #[inline]
    pub(super) fn observe_interruption(&mut self, task: TaskId) {
        let observations = &mut self.record.observations;
        match observations.line() {
            Some(place) => {
                let line = CodeLine { place, times: 0 };
                observations.lines.insert(task, line);
            }
            None => drop(observations.lines.remove(&task)),
        }
    }

    /// Observes a use of a resource.
    #[cold]
    pub(super) fn observe_use(&mut self, task: TaskId, resource: ResourceId) {
        let (step, entry) = (self.statistics.steps, self.record.trace.entries.len());
        let observations = &mut self.record.observations;
        *observations.uses.entry((task, resource)).or_default() += 1;
        let (of_it, others): (Vec<_>, Vec<_>) = std::mem::take(&mut observations.passed_over)
            .into_iter()
            .partition(|one| (one.task, one.resource) == (task, resource));
        observations.passed_over = others;
        for one in &mut observations.passed_over {
            if one.resource == resource {
                *one.others.entry(task).or_default() += 1;
            }
        }
        for one in of_it {
            let meanwhile = Meanwhile {
                step,
                entry,
                uses: one.others.into_iter().collect(),
            };
            observations.meanwhile.insert(one.choice, meanwhile);
        }
    }

    /// Returns the notifications that reached no task.
    pub(super) fn unheard(&mut self) -> Vec<Unheard> {
        let entries = std::mem::take(&mut self.record.observations.unheard);
        let unheard = |one: UnheardEntry| Unheard {
            at: one.at,
            step: one.step,
            entry: one.entry,
            task: one.task,
            made_at: self.place(one.resource).1,
        };
        entries.into_iter().map(unheard).collect()
    }
}

impl Core {
    /// Observes where the running task stands before it yields or waits.
    #[cold]
    pub(super) fn observe_suspension(&mut self, me: TaskId) {
        let observations = &mut self.record.observations;
        match observations.line() {
            Some(place) => observations.visit(me, place),
            None => drop(observations.lines.remove(&me)),
        }
    }
}

impl Engine {
    /// Observes where the running task stands before it yields or waits, if the run is observed.
    #[inline]
    pub(crate) fn observe_suspension(&self) {
        let mut core = self.core.borrow_mut();
        if let Some(me) = core.running.filter(|_| core.observes()) {
            core.observe_suspension(me);
        }
    }

    /// Records a notification of all that wait for a resource, if there is none.
    pub(crate) fn observe_unheard(&self, resource: ResourceId) {
        let mut core = self.core.borrow_mut();
        if !core.observes() {
            return;
        }
        let unheard = UnheardEntry {
            at: self.now.get(),
            step: core.statistics.steps,
            entry: core.record.trace.entries.len(),
            task: core.running,
            resource,
        };
        core.record.observations.unheard.push(unheard);
    }
}
