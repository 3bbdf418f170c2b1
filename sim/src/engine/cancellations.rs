//! Cancellation: at each await the run may drop the running task, or a part of it, there.
//!
//! A task is dropped in one of two ways. *At a scheduling point*, before an operation takes
//! effect: any operation of tokio's may suspend there, when the task's budget is used up. And
//! *instead of being polled*, which is how `abort` ends a task: what woke it has happened, and
//! is lost with it. A part of a task (a marked future, the future of a time-out) is dropped in
//! the same two ways, and its task goes on.

use std::panic::Location;
use std::task::Poll;

use rand_chacha::ChaCha8Rng;

use crate::engine::{context, deadlock};
use crate::ids::{ResourceId, TaskId};
use crate::schedule::strategy::ChoiceKind;
use crate::schedule::{below, cancellation_stream};
use crate::time::VirtualTime;
use crate::trace::{Decision, Dropped, Moment};

use super::{Core, Engine, Exemption, Recording, Task};

/// A future within a task that can be dropped without the task.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// The line that made it.
    pub(crate) place: &'static Location<'static>,
    /// `true` if it was polled before, and was not ready.
    pub(crate) was_polled: bool,
}

impl Part {
    /// Returns `true` if it may be dropped instead of being polled. A time-out always polls its
    /// future before it looks at the time.
    fn can_go_unpolled(&self) -> bool {
        self.kind == PartKind::Marked || self.was_polled
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// A future that the program has marked. It can be dropped in every run.
    Marked,
    /// The future of a time-out, which then fires early. It counts as a cancellation.
    Timeout,
}

/// The state of cancellations.
pub(super) struct Cancellations {
    seed: u64,
    /// Tasks and time-outs that the run may still cancel.
    left: u32,
    /// The parts of the running task that are being polled, the outermost first.
    parts: Vec<Part>,
    /// `true` if the running task goes on from a scheduling point: it was not woken.
    resumes: bool,
    /// The target that the current poll drops.
    dropped: Option<Target>,
    /// `true` while the running task waits in a function that returns no future: it cannot be
    /// dropped there.
    blocks: bool,
    /// Made when it is first drawn from.
    chance: Option<Box<Chance>>,
}

/// The state of a poll that is suspended in its middle.
#[derive(Default)]
pub(super) struct SuspendedPoll {
    parts: Vec<Part>,
    resumes: bool,
    blocks: bool,
}

/// The state of a poll in whose middle a function waits that returns no future.
pub(crate) struct OuterPoll {
    parts: Vec<Part>,
    blocks: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The part at that index.
    Part(usize),
    Task,
}

/// The rate of cancellations in a run that draws them: 1 in a power of two that is drawn once,
/// so that they come early in some runs and late in others.
struct Chance {
    rng: ChaCha8Rng,
    one_in: u32,
}

/// The least likely rate is 1 in 2 to this power.
const RAREST: u32 = 11;

impl Chance {
    fn new(seed: u64) -> Self {
        let mut rng = cancellation_stream(seed);
        let one_in = 1 << (below(&mut rng, RAREST) + 1);
        Self { rng, one_in }
    }

    fn draw(&mut self, bound: u32) -> u32 {
        match below(&mut self.rng, self.one_in) {
            0 => 1 + below(&mut self.rng, bound - 1),
            _ => 0,
        }
    }
}

impl Cancellations {
    pub(super) fn new(seed: u64, most: u32) -> Self {
        Self {
            seed,
            left: most,
            parts: Vec::new(),
            resumes: false,
            dropped: None,
            blocks: false,
            chance: None,
        }
    }

    /// Begins a poll of a task.
    #[inline]
    pub(super) fn begin_poll(&mut self, resumes: bool) {
        self.resumes = resumes;
    }

    /// Ends the poll of a task.
    #[inline]
    pub(super) fn end_poll(&mut self) {
        self.parts.clear();
        self.dropped = None;
        self.blocks = false;
    }

    /// Takes out the state of a poll that is suspended in its middle.
    pub(super) fn suspend_poll(&mut self) -> SuspendedPoll {
        let suspended = SuspendedPoll {
            parts: std::mem::take(&mut self.parts),
            resumes: self.resumes,
            blocks: self.blocks,
        };
        self.end_poll();
        suspended
    }

    /// Continues a poll that was suspended in its middle.
    pub(super) fn continue_poll(&mut self, suspended: SuspendedPoll) {
        self.parts = suspended.parts;
        self.resumes = suspended.resumes;
        self.blocks = suspended.blocks;
    }

    /// Has the poll go no further than to its next await.
    pub(super) fn drop_at_next_await(&mut self) {
        self.dropped = Some(Target::Task);
    }

    /// Returns `true` if the task that is being polled, or a part of it that is, goes no
    /// further.
    #[inline]
    pub(super) fn drops(&self) -> bool {
        self.dropped.is_some()
    }

    /// Returns the targets that can be dropped while a task is polled, the innermost first.
    fn targets(&self, is_cancellable: bool) -> Vec<Target> {
        let parts = self.parts.iter().enumerate().rev();
        parts
            .filter(|(_, part)| self.can_drop(part.kind, is_cancellable))
            .map(|(index, _)| Target::Part(index))
            .chain(self.can_cancel(is_cancellable).then_some(Target::Task))
            .collect()
    }

    fn can_drop(&self, kind: PartKind, is_cancellable: bool) -> bool {
        kind == PartKind::Marked || self.can_cancel(is_cancellable)
    }

    fn can_cancel(&self, is_cancellable: bool) -> bool {
        self.left > 0 && is_cancellable
    }

    fn draw(&mut self, bound: u32) -> u32 {
        let seed = self.seed;
        let chance = self
            .chance
            .get_or_insert_with(|| Box::new(Chance::new(seed)));
        chance.draw(bound)
    }
}

impl Core {
    /// Chooses whether the running task, or a part of it, is dropped at the scheduling point at
    /// which it stands.
    #[inline]
    pub(super) fn cancels_at_point(
        &mut self,
        me: TaskId,
        resource: Option<ResourceId>,
        now: VirtualTime,
    ) -> bool {
        if self.cancellations.left == 0 && self.cancellations.parts.is_empty() {
            return false;
        }
        let targets = self.cancellations.targets(self.is_cancellable(me));
        let Some(target) = self.choose_cancellation(me, &targets) else {
            return false;
        };
        if self.record.recording >= Recording::Full {
            let resource = resource.map(|resource| {
                let info = &self.resources[resource];
                (info.kind, info.created_at)
            });
            let line = rehearsal_hermetic::own_call_site();
            self.record_cancellation(me, target, Moment::Operation { resource, line });
        }
        self.cancellations.dropped = Some(target);
        if target != Target::Task {
            self.spend_on_drop(now, me);
        }
        if target == Target::Task
            && let Some(task) = self.task_mut(me)
        {
            task.aborted = true;
            task.is_ready = true;
            if !task.wake.claim() {
                self.ready.retain(|id| id != me);
            }
            self.next = Some(me);
        }
        true
    }

    /// Chooses whether a task that was woken, or is new, is dropped instead of being polled.
    #[inline]
    pub(super) fn cancels_instead_of_polling(&mut self, task: TaskId, resumes: bool) -> bool {
        if self.cancellations.left == 0 || resumes || !self.is_cancellable(task) {
            return false;
        }
        let cancels = self.choose_cancellation(task, &[Target::Task]).is_some();
        if cancels {
            self.record_woken(task, Target::Task);
        }
        cancels
    }

    fn is_cancellable(&self, task: TaskId) -> bool {
        let is_exempt = |task: &Task| task.exempt != Exemption::None;
        !self.cancellations.blocks && self.task(task).is_some_and(|task| !is_exempt(task))
    }

    /// Counts a step for the drop of a part: a program that begins anew whenever its future is
    /// dropped then runs into the budget.
    fn spend_on_drop(&mut self, now: VirtualTime, task: TaskId) {
        let is_atomic = self.atomic_step == Some(self.statistics.steps);
        if self.spend(now, task) && is_atomic {
            self.atomic_step = Some(self.statistics.steps);
        }
    }

    /// Returns the target that is dropped, if one is; none once the run is over.
    fn choose_cancellation(&mut self, task: TaskId, targets: &[Target]) -> Option<Target> {
        if targets.is_empty() || self.halted.is_some() {
            return None;
        }
        let bound = u32::try_from(targets.len()).expect("futures nest less deep") + 1;
        let site = self.spawn_tree.cancel_site(task, &mut self.draws);
        let (strategy, own) = (&mut self.strategy, &mut self.cancellations);
        let value = self.draws.choose_fault(site, bound, || {
            let chosen = strategy.choose(ChoiceKind::Cancellation, bound);
            chosen.unwrap_or_else(|| own.draw(bound))
        });
        let target = *targets.get(value.checked_sub(1)? as usize)?;
        let counts = match target {
            Target::Task => true,
            Target::Part(index) => own.parts[index].kind == PartKind::Timeout,
        };
        own.left -= u32::from(counts);
        Some(target)
    }

    /// Records that a target is dropped instead of being polled.
    fn record_woken(&mut self, task: TaskId, target: Target) {
        if self.record.recording >= Recording::Full {
            let waits = deadlock::describe_waits(self, task);
            self.record_cancellation(task, target, Moment::Woken { waits });
        }
    }

    fn record_cancellation(&mut self, task: TaskId, target: Target, moment: Moment) {
        let what = match target {
            Target::Task => Dropped::Task,
            Target::Part(index) => {
                let Part { kind, place, .. } = self.cancellations.parts[index];
                match kind {
                    PartKind::Marked => Dropped::Future(place),
                    PartKind::Timeout => Dropped::Timeout(place),
                }
            }
        };
        self.record_decision(task, Decision::Cancelled { what, moment });
    }
}

/// The result of the poll of a part.
pub(crate) enum PartPoll<T> {
    /// The part was polled.
    Polled(Poll<T>),
    /// The part is to be dropped.
    Dropped,
}

/// Polls a part of the running task, unless the run drops it: before the poll, if the task was
/// woken, or at a scheduling point within. If it ends in that poll all the same, it has ended.
pub(crate) fn poll_part<T>(part: Part, poll: impl FnOnce() -> Poll<T>) -> PartPoll<T> {
    let index = context::with(|engine| engine.begin_part(part)).flatten();
    let index = match index {
        None => return PartPoll::Polled(poll()),
        Some(BegunPart::Dropped) => return PartPoll::Dropped,
        Some(BegunPart::Polling(index)) => index,
    };
    let part = PolledPart { index };
    let polled = poll();
    if part.end() && polled.is_pending() {
        PartPoll::Dropped
    } else {
        PartPoll::Polled(polled)
    }
}

/// A part that is being polled. It ends when this is dropped: the program may catch a panic in
/// it.
struct PolledPart {
    index: usize,
}

impl PolledPart {
    /// Returns `true` if the part is to be dropped.
    fn end(self) -> bool {
        context::with(|engine| engine.is_part_dropped(self.index)) == Some(true)
    }
}

impl Drop for PolledPart {
    fn drop(&mut self) {
        // The parts of a poll that is suspended are not those of the running task.
        if !rehearsal_hermetic::is_unwinding() {
            context::with(|engine| engine.end_part(self.index));
        }
    }
}

enum BegunPart {
    /// It is the part at that index.
    Polling(usize),
    Dropped,
}

impl Engine {
    /// Begins a wait of the running task in a function that returns no future. Neither the task
    /// nor the parts around that function can be dropped there.
    pub(crate) fn begin_blocking(&self) -> OuterPoll {
        let own = &mut self.core.borrow_mut().cancellations;
        OuterPoll {
            parts: std::mem::take(&mut own.parts),
            blocks: std::mem::replace(&mut own.blocks, true),
        }
    }

    /// Ends what [`Engine::begin_blocking`] has begun.
    pub(crate) fn end_blocking(&self, outer: OuterPoll) {
        let own = &mut self.core.borrow_mut().cancellations;
        own.parts = outer.parts;
        own.blocks = outer.blocks;
    }

    /// Begins the poll of a part of the running task. Returns none outside a task of the run,
    /// and for a part that cannot be dropped any more.
    fn begin_part(&self, part: Part) -> Option<BegunPart> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let me = core.running?;
        let is_cancellable = core.is_cancellable(me);
        let own = &mut core.cancellations;
        if part.kind == PartKind::Timeout && own.left == 0 {
            return None;
        }
        let target = Target::Part(own.parts.len());
        own.parts.push(part);
        let can_drop = !own.resumes
            && !own.drops()
            && part.can_go_unpolled()
            && own.can_drop(part.kind, is_cancellable);
        if can_drop && core.choose_cancellation(me, &[target]).is_some() {
            core.spend_on_drop(self.now.get(), me);
            core.record_woken(me, target);
            core.cancellations.parts.pop();
            return Some(BegunPart::Dropped);
        }
        Some(BegunPart::Polling(core.cancellations.parts.len() - 1))
    }

    /// Returns `true` if a part that was polled is to be dropped.
    fn is_part_dropped(&self, index: usize) -> bool {
        self.core.borrow().cancellations.dropped == Some(Target::Part(index))
    }

    /// Ends the poll of a part, and of those within it.
    fn end_part(&self, index: usize) {
        let own = &mut self.core.borrow_mut().cancellations;
        own.parts.truncate(index);
        if matches!(own.dropped, Some(Target::Part(dropped)) if dropped >= index) {
            own.dropped = None;
        }
    }
}
