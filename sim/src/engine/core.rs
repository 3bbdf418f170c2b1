//! The state of a run, and the smallest steps over it.
//!
//! `#[inline]`, here and in this module's siblings, marks functions that run at each poll or
//! scheduling point: without it a call into another file stays a call.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use crate::engine::Leaks;
use crate::engine::host::{Host, HostState};
use crate::engine::wait::{ResourceInfo, Wait};
use crate::engine::wake_queue::{TaskWake, WakeQueue, Woken};
use crate::ids::{HostId, ResourceId, TaskId};
use crate::index_vec::IndexVec;
use crate::net::{NetConfig, Network};
use crate::operation::ResourceKind;
use crate::schedule::strategy::{Candidates, Following, Objects, PendingOperation, Strategy};
use crate::schedule::{
    ChoiceSource, Postponed, ReadyChange, ReadyQueue, ResourceLabel, ResourceLabels,
};
use crate::time::VirtualTime;
use crate::trace::{
    Effect, Entry, HappensBefore, LockChange, LockStep, Statistics, Switch, TaskInfo, Verdict,
};

use super::cancellations::Cancellations;
use super::interruptions::Interruptions;
use super::losses::Losses;
use super::plain_locks::PlainWait;
use super::plain_tasks::PlainTasks;
use super::record::{Lengths, Record, TAG_POLL};
use super::spawn_tree::SpawnTree;
use super::stacks::{Stacks, Suspended};
use super::task_choices::TaskChoices;
use super::{Budget, Heartbeat, Recording};

/// A strategy that follows the ready tasks while they are many begins when there are more than
/// this.
const MANY: usize = 24;

/// It ends when there are no more than this.
const FEW: usize = 12;

/// The state of a run. It is never borrowed while user code runs or is dropped.
pub(crate) struct Core {
    pub(crate) tasks: IndexVec<TaskId, Option<Box<Task>>>,
    /// For each task, the operation at whose scheduling point it stands, if it does. Kept apart
    /// from the tasks, because strategies read it.
    pub(super) points: IndexVec<TaskId, Option<PendingOperation>>,
    pub(crate) ready: ReadyQueue,
    /// The task that was picked at a scheduling point: it runs next, before anything else is
    /// picked.
    pub(super) next: Option<TaskId>,
    /// The tasks that are ready and postponed, in the order in which they were.
    pub(super) postponed: VecDeque<Postponed>,
    /// `true` if the strategy, or the schedule that is replayed, postpones tasks at all.
    pub(super) can_postpone: bool,
    pub(crate) running: Option<TaskId>,
    /// The task that was polled last; it may have ended.
    pub(super) last: Option<TaskId>,
    pub(super) spawn_tree: SpawnTree,
    pub(super) happens_before: HappensBefore,
    pub(crate) hosts: IndexVec<HostId, Host>,
    pub(super) plain_tasks: PlainTasks,
    pub(crate) resources: IndexVec<ResourceId, ResourceInfo>,
    pub(crate) network: Option<Network>,
    pub(crate) net_config: NetConfig,
    /// Some host's wall clock was set wrong.
    pub(crate) has_skewed_clock: bool,
    pub(crate) draws: ChoiceSource,
    pub(super) strategy: Box<dyn Strategy>,
    pub(super) following: Following,
    /// `true` if the strategy receives the steps of the run.
    pub(super) receives_steps: bool,
    /// Present if the strategy reads the labels of resources.
    pub(super) labels: Option<ResourceLabels>,
    pub(super) task_choices: TaskChoices,
    pub(super) cancellations: Cancellations,
    pub(super) interruptions: Interruptions,
    pub(super) losses: Losses,
    pub(super) stacks: Stacks,
    /// The tasks that wait for locks of the standard library.
    pub(super) plain_waits: Vec<PlainWait>,
    pub(super) next_wait: u64,
    /// The step in which the running task executes atomically, if it does.
    pub(super) atomic_step: Option<u64>,
    pub(super) quiescence_waiters: Vec<Waker>,
    /// The number of tasks with `has_wakers_out`.
    pub(super) with_wakers_out: usize,
    pub(super) halted: Option<Verdict>,
    pub(super) record: Record,
    /// The lengths of the last full recording on this thread.
    pub(super) recorded: Lengths,
    pub(super) budget: Budget,
    pub(super) heartbeat: Arc<Heartbeat>,
    pub(super) leaks: Leaks,
    pub(crate) statistics: Statistics,
    pub(super) instant: Instant,
    pub(super) last_activity: VirtualTime,
}

/// An instant of virtual time, and the steps that the run may take in it.
pub(super) struct Instant {
    at: VirtualTime,
    /// The number of steps before it.
    begin: u64,
    /// The number of the last step within the budget.
    limit: u64,
}

impl Instant {
    /// Creates an instant that begins after so many steps.
    pub(super) fn new(at: VirtualTime, begin: u64, budget: &Budget) -> Self {
        Self {
            at,
            begin,
            limit: begin
                .saturating_add(budget.steps_per_instant)
                .min(budget.steps),
        }
    }
}

/// A task that has not ended.
pub(crate) struct Task {
    /// None while it is being polled, and while it is suspended in the middle of a poll.
    pub(super) body: Option<Box<Body>>,
    /// The stack on which it is suspended in the middle of a poll.
    pub(super) suspended: Option<Suspended>,
    pub(crate) wake: Arc<TaskWake>,
    pub(crate) host: HostId,
    pub(crate) name: String,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) waits: Vec<Wait>,
    pub(super) aborted: bool,
    /// `true` from when it is queued until it is polled: it is in the ready queue, picked to
    /// run next, postponed, or among the tasks of a paused host, in one place only.
    pub(super) is_ready: bool,
    /// `true` from when a scheduling point switches it away until it is polled.
    pub(super) is_at_point: bool,
    /// `true` from a yield until the next turn.
    pub(super) has_yielded: bool,
    pub(super) exempt: Exemption,
    /// `true` if something else than the simulator had kept a waker of the task when its last
    /// poll ended.
    pub(super) has_wakers_out: bool,
}

impl Task {
    /// Records whether a waker of the task is out, now that its poll has ended or is suspended,
    /// in the number of tasks of which one is. Returns `true` if only one thing can wake the task.
    #[inline]
    pub(super) fn count_wakers_out(&mut self, with_wakers_out: &mut usize) -> bool {
        let are_out = self.wakers_out() > 0;
        let were_out = std::mem::replace(&mut self.has_wakers_out, are_out);
        *with_wakers_out += usize::from(are_out);
        *with_wakers_out -= usize::from(were_out);
        self.only_wait().is_some()
    }

    /// Returns what the task waits for, if nothing else can wake it.
    #[inline]
    pub(super) fn only_wait(&self) -> Option<&Wait> {
        match self.waits.as_slice() {
            [wait] if self.wakers_out() == usize::from(wait.keeps_waker) => Some(wait),
            _ => None,
        }
    }

    /// Returns how many wakers something else than the simulator keeps.
    #[inline]
    pub(super) fn wakers_out(&self) -> usize {
        // One reference is the task's own, one is in the waker that it is polled with.
        Arc::strong_count(&self.wake).saturating_sub(2)
    }
}

/// The tasks of a subtree of spawns that the run never cancels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exemption {
    /// None.
    None,
    /// The task at its root: the program, a host's, or one that blocks.
    Root,
    /// All of them.
    Subtree,
}

/// What a turn of a task needs. Boxed: it is taken out of the task and put back at each poll.
pub(super) struct Body {
    pub(super) future: Pin<Box<dyn Future<Output = ()>>>,
    pub(super) waker: Waker,
}

/// Presence of dropped tasks in the record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposal {
    Recorded,
    Quiet,
}

/// The tasks and resources of a run, as strategies see them.
pub(super) struct RunObjects<'a> {
    pub(super) tasks: &'a IndexVec<TaskId, Option<Box<Task>>>,
    pub(super) resources: &'a IndexVec<ResourceId, ResourceInfo>,
}

impl Objects for RunObjects<'_> {
    fn open_wait(&self, task: TaskId) -> Option<PendingOperation> {
        let waits = &self.tasks.get(task)?.as_deref()?.waits;
        let is_timer = |wait: &&Wait| self.kind(wait.resource) == ResourceKind::Timer;
        let wait = waits.iter().find(|wait| !is_timer(wait));
        let wait = wait.or_else(|| waits.first())?;
        Some(PendingOperation::new(wait.resource, wait.operation))
    }

    fn kind(&self, resource: ResourceId) -> ResourceKind {
        self.resources[resource].kind
    }

    fn label(&self, resource: ResourceId) -> ResourceLabel {
        self.resources[resource].label
    }

    fn created_at(&self, resource: ResourceId) -> &'static Location<'static> {
        self.resources[resource].created_at
    }
}

impl Core {
    /// Adds an effect to the fingerprint and, with full recording, to the trace.
    pub(crate) fn record(&mut self, at: VirtualTime, effect: Effect) {
        self.record.absorb(at, &effect);
        if let Effect::Fault { what } = &effect {
            self.happens_before.fault(what);
        }
        if self.record.recording >= Recording::Full {
            self.push_effect(at, effect);
        }
    }

    /// Records a poll as [`Core::record`] would, without a look at what effect it is: nothing is
    /// recorded more often.
    #[inline(always)]
    pub(super) fn record_poll(&mut self, at: VirtualTime, task: TaskId) {
        if self.record.recording == Recording::Off {
            return;
        }
        self.record.stamp(at);
        self.record.fingerprint.tagged(TAG_POLL, [task.0]);
        if self.record.recording >= Recording::Full {
            self.push_poll(at, task);
        }
    }

    #[inline(never)]
    fn push_poll(&mut self, at: VirtualTime, task: TaskId) {
        self.push_effect(at, Effect::Poll { task });
    }

    /// Adds an effect to the trace.
    #[inline]
    fn push_effect(&mut self, at: VirtualTime, effect: Effect) {
        let step = self.statistics.steps;
        let entries = &mut self.record.trace.entries;
        entries.push(Entry { step, at, effect });
        let effects = entries.len();
        self.record.effects.set(effects);
        self.draws.entries = effects;
    }

    /// Records a step of a task towards a lock or away from it, if the recording is full, the
    /// resource is a lock, and the run is not over: what is dropped then releases everything.
    #[inline(always)]
    pub(super) fn record_lock(&mut self, task: TaskId, lock: ResourceId, step: LockStep) {
        if self.record.recording >= Recording::Full && self.halted.is_none() {
            self.record_lock_fully(task, lock, step);
        }
    }

    #[inline(never)]
    fn record_lock_fully(&mut self, task: TaskId, lock: ResourceId, step: LockStep) {
        let info = &self.resources[lock];
        if info.kind.is_lock() {
            self.record.trace.locks.push(LockChange {
                effects: self.record.trace.entries.len(),
                lock,
                kind: info.kind,
                created_at: info.created_at,
                task,
                step,
            });
        }
    }

    /// Moves woken tasks to the ready queue.
    #[inline]
    pub(super) fn collect(&mut self, wakes: &WakeQueue) {
        // This runs at every scheduling point, and mostly nothing was woken.
        if wakes.has_some() {
            self.collect_some(wakes);
        }
    }

    #[inline(never)]
    fn collect_some(&mut self, wakes: &WakeQueue) {
        // Mostly it is one, and by this thread.
        if let Some(woken) = wakes.take_single() {
            return self.enqueue(woken);
        }
        if wakes.drain(|woken| self.enqueue(woken)) {
            self.woken_remotely(wakes);
        }
    }

    /// Makes a live task ready that was woken, or parks it if its host is paused.
    #[inline(always)]
    pub(super) fn enqueue(&mut self, woken: Woken) {
        let Woken { task: id, effects } = woken;
        let Some(task) = self.tasks[id].as_deref_mut() else {
            return;
        };
        task.wake.mark_queued();
        if std::mem::replace(&mut task.is_ready, true) {
            // It was woken twice.
            return;
        }
        self.record.wake(id, effects);
        let host = &mut self.hosts[task.host];
        if host.state == HostState::Paused {
            host.park(id);
        } else {
            self.ready.push_back(id);
        }
    }

    /// Returns the index of the candidate that runs next. With one there is no choice, and
    /// nothing on the tape.
    #[inline(always)]
    pub(super) fn pick(&mut self, running: Option<(TaskId, Option<PendingOperation>)>) -> usize {
        if self.following != Following::Never
            && (self.ready.is_followed()
                || self.following == Following::Many && self.ready.len() > MANY)
        {
            self.report_ready(running);
        }
        let len = self.ready.len() + self.postponed.len() + usize::from(running.is_some());
        if len < 2 && !self.receives_steps {
            return 0;
        }
        let candidates = Candidates {
            running,
            ready: &self.ready,
            postponed: &self.postponed,
            points: &self.points,
            objects: &RunObjects {
                tasks: &self.tasks,
                resources: &self.resources,
            },
        };
        if len < 2 {
            self.strategy.step(&candidates, 0);
            return 0;
        }
        let bound = u32::try_from(len).expect("tasks have numbers of 32 bits");
        let preempted = running.map(|(task, _)| task);
        let site = self.spawn_tree.site(preempted, self.last, &mut self.draws);
        let picked = match self.draws.replayed_pick(site, bound) {
            Some(picked) => picked,
            None => {
                let picked = self.strategy.pick(&candidates);
                // An index out of range means the last.
                u32::try_from(picked).map_or(bound - 1, |picked| picked.min(bound - 1))
            }
        };
        self.draws.take(site, bound, picked);
        let picked = picked as usize;
        if self.receives_steps {
            self.strategy.step(&candidates, picked);
        }
        picked
    }

    /// Reports to the strategy the tasks that have become ready, or are so no more, if it follows
    /// them.
    #[inline(never)]
    fn report_ready(&mut self, running: Option<(TaskId, Option<PendingOperation>)>) {
        let follows = match (self.following, self.ready.is_followed()) {
            (Following::Never, _) => false,
            (Following::Always, _) => true,
            (Following::Many, true) => self.ready.len() > FEW,
            (Following::Many, false) => self.ready.len() > MANY,
        };
        let turns = follows != self.ready.is_followed();
        if !turns && !self.ready.has_changes() {
            return;
        }
        let changes = self.ready.take_changes();
        if turns {
            self.ready.follow(follows);
        }
        let candidates = Candidates {
            running,
            ready: &self.ready,
            postponed: &self.postponed,
            points: &self.points,
            objects: &RunObjects {
                tasks: &self.tasks,
                resources: &self.resources,
            },
        };
        if turns {
            return self.strategy.follow(follows.then_some(&candidates));
        }
        for change in &changes {
            match *change {
                ReadyChange::Ready(task) => self.strategy.became_ready(&candidates, task),
                ReadyChange::Withdrawn(task) => self.strategy.withdrawn(task),
            }
        }
        self.ready.reuse(changes);
    }

    /// Records a pick of another task than the default, if the recording is full. Apart from
    /// `pick`, which it would slow down in every recording.
    #[inline]
    pub(super) fn record_pick(
        &mut self,
        running: Option<(TaskId, Option<PendingOperation>)>,
        picked: usize,
    ) {
        if self.record.recording >= Recording::Full && picked != 0 {
            self.record_switch(running, picked);
        }
    }

    #[cold]
    #[inline(never)]
    fn record_switch(
        &mut self,
        running: Option<(TaskId, Option<PendingOperation>)>,
        picked: usize,
    ) {
        let candidates = Candidates {
            running,
            ready: &self.ready,
            postponed: &self.postponed,
            points: &self.points,
            objects: &RunObjects {
                tasks: &self.tasks,
                resources: &self.resources,
            },
        };
        let (Some(instead_of), Some(taken)) = (candidates.task(0), candidates.task(picked)) else {
            return;
        };
        let point = candidates.point(0);
        let at = point.map(PendingOperation::resource);
        let choice = self.draws.recorded() - 1;
        let switch = Switch {
            choice,
            instead_of,
            turn: self.spawn_tree.turns(instead_of),
            at: at.map(|resource| self.place(resource)),
            operation: self.name_if_a_point(point),
            observed: self.observe_passed_over(choice, instead_of, at, running.is_some()),
            taken,
        };
        self.record.switches.push(switch);
    }

    /// Returns the name of an operation, if operations that do not wait are points.
    pub(super) fn name_if_a_point(&self, at: Option<PendingOperation>) -> Option<&'static str> {
        let at = at.filter(|_| self.stacks.operations_are_points());
        Some(at?.operation().name())
    }

    /// Returns the kind of a resource, and where it was made.
    pub(super) fn place(&self, resource: ResourceId) -> (ResourceKind, &'static Location<'static>) {
        let info = &self.resources[resource];
        (info.kind, info.created_at)
    }

    /// Records the ended task's name, host, spawn site and path.
    pub(super) fn record_task(&mut self, id: TaskId) {
        if self.record.recording < Recording::Full {
            return;
        }
        let Some(task) = self.task(id) else {
            return;
        };
        let info = TaskInfo {
            id,
            name: task.name.clone(),
            host: self.hosts[task.host].name.clone(),
            spawned_at: task.spawned_at,
            path: self.spawn_tree.path(id),
        };
        self.record.tasks.push(info);
    }

    /// Lets the running task pass its scheduling point and do its operation. Returns
    /// `true`, always: the result of `point`.
    #[inline(always)]
    pub(super) fn pass_point(&mut self, me: TaskId, at: Option<PendingOperation>) -> bool {
        if let Some(at) = at {
            self.operates(me, at.resource());
        }
        true
    }

    /// Records that the task begins an operation on `resource` now.
    #[inline(always)]
    pub(super) fn operates(&mut self, task: TaskId, resource: ResourceId) {
        self.touched(task, resource);
        if self.observes() {
            self.observe_use(task, resource);
        }
    }

    /// Records that the task operates on `resource` now, or releases it.
    #[inline(always)]
    pub(super) fn touched(&mut self, task: TaskId, resource: ResourceId) {
        if self.record.recording != Recording::Off {
            self.happens_before.touched(task, resource);
        }
    }

    /// Records the end, or the beginning, of what the task does between two yields.
    #[inline]
    pub(super) fn yielded(&mut self, task: TaskId) {
        if self.record.recording != Recording::Off {
            self.happens_before.yielded(task);
        }
    }

    /// Counts a step of a task against the budget. Returns `false` if the run is over.
    #[inline(always)]
    pub(super) fn spend(&mut self, now: VirtualTime, task: TaskId) -> bool {
        self.statistics.steps += 1;
        self.heartbeat.beat(self.statistics.steps, task);
        self.draws.step = self.statistics.steps;
        if self.instant.at != now {
            self.instant = Instant::new(now, self.statistics.steps - 1, &self.budget);
            self.last_activity = now;
        }
        if self.halted.is_some() {
            return false;
        }
        let is_within = self.statistics.steps <= self.instant.limit;
        if !is_within {
            self.overspend();
        }
        is_within
    }

    /// Ends the run, because a budget is spent.
    #[cold]
    fn overspend(&mut self) {
        let verdict = if self.statistics.steps > self.budget.steps {
            Verdict::Unknown {
                steps: self.budget.steps,
            }
        } else {
            Verdict::Livelock {
                at: self.instant.at,
                polls: self.statistics.steps - self.instant.begin,
            }
        };
        self.halted = Some(verdict);
    }

    #[inline]
    pub(crate) fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id)?.as_deref()
    }

    #[inline]
    pub(super) fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(id)?.as_deref_mut()
    }

    /// Returns `true` if nothing but the simulator can wake a task, so that time may move to the
    /// next event that it knows of: tokio's timers, and those who wait for its tasks, would keep
    /// wakers.
    pub(super) fn time_is_ours(&self) -> bool {
        self.with_wakers_out == 0 && self.plain_waits.is_empty() && self.leaks == Leaks::Fail
    }

    /// Returns the ids of the tasks that have not ended, oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.tasks.ids().filter(|id| self.tasks[*id].is_some())
    }
}
