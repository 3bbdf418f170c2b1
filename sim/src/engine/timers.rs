//! The timers of the facade: whose time is next, and what each wakes.
//!
//! They are not tokio's, whose driver would have to be parked for each of them. They fire on
//! its grid all the same, at whole milliseconds since the start of the run, and those of one
//! instant fire in the order in which they were set.

use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::min_queue::MinQueue;
use crate::time::VirtualTime;

use super::Engine;
use super::interest::Interest;

/// The timers of a run that were set and not dropped since.
#[derive(Default)]
pub(crate) struct Timers {
    /// Time, order, and place in `slots`. An entry whose order is not that of its slot is stale:
    /// its timer was set anew, or dropped.
    queue: MinQueue<(VirtualTime, u64, TimerId)>,
    slots: Vec<Slot>,
    free: Vec<TimerId>,
    /// The number of times that timers were set.
    order: u64,
    /// The number of entries that are not stale.
    pending: usize,
}

/// The place of a timer among those of its run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TimerId(u32);

#[derive(Default)]
struct Slot {
    /// The order of its entry in the queue; none if it has fired.
    entry: Option<u64>,
    interest: Option<Interest>,
}

impl Timers {
    /// Adds a timer that is not set.
    fn add(&mut self) -> TimerId {
        self.free.pop().unwrap_or_else(|| {
            let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 timers");
            self.slots.push(Slot::default());
            TimerId(index)
        })
    }

    /// Sets a timer to fire at `at`, whenever it was to fire before.
    fn set(&mut self, id: TimerId, at: VirtualTime) {
        self.order += 1;
        let order = self.order;
        let old = self.slot(id).entry.replace(order);
        self.pending += usize::from(old.is_none());
        self.queue.push((at, order, id));
        self.remove_stale();
    }

    /// Has a timer fire now. Returns what it is to wake.
    fn fire(&mut self, id: TimerId) -> Option<Interest> {
        let slot = self.slot(id);
        let was_pending = slot.entry.take().is_some();
        let interest = slot.interest.take();
        self.pending -= usize::from(was_pending);
        interest
    }

    fn is_pending(&self, id: TimerId) -> bool {
        self.slots[id.0 as usize].entry.is_some()
    }

    /// Has the timer wake the task of `cx`. Returns what it would have woken.
    fn wakes(&mut self, id: TimerId, cx: &Context<'_>) -> Option<Interest> {
        Interest::renew(&mut self.slot(id).interest, cx)
    }

    /// Removes a timer. Returns what it would have woken.
    fn remove(&mut self, id: TimerId) -> Option<Interest> {
        let interest = self.fire(id);
        self.free.push(id);
        self.remove_stale();
        interest
    }

    /// Returns the time of the next timer.
    fn next(&mut self) -> Option<VirtualTime> {
        while let Some((at, order, id)) = self.queue.peek() {
            if self.slots[id.0 as usize].entry == Some(*order) {
                return Some(*at);
            }
            self.queue.pop();
        }
        None
    }

    /// Takes the next timer that is due by `now`, and returns what it is to wake.
    fn take_due(&mut self, now: VirtualTime) -> Option<Option<Interest>> {
        if self.next()? > now {
            return None;
        }
        let (_, _, id) = self.queue.pop()?;
        Some(self.fire(id))
    }

    /// Removes stale entries once they are most of the queue: a time-out that was not needed
    /// would otherwise stay there for as long as it was to last.
    fn remove_stale(&mut self) {
        if self.queue.len() <= 2 * self.pending + 64 {
            return;
        }
        let Self { queue, slots, .. } = self;
        queue.retain(|(_, order, id)| slots[id.0 as usize].entry == Some(*order));
    }

    fn slot(&mut self, id: TimerId) -> &mut Slot {
        &mut self.slots[id.0 as usize]
    }
}

impl Engine {
    /// Returns the present as tokio's clock shows it.
    pub(crate) fn instant(&self) -> Instant {
        self.start + (self.now.get() - VirtualTime::ZERO)
    }

    /// Returns the instant on tokio's grid at which a timer for `deadline` fires.
    fn on_grid(&self, deadline: Instant) -> VirtualTime {
        let whole = deadline.saturating_duration_since(self.start);
        let millis = whole.as_nanos().div_ceil(1_000_000);
        let micros = u64::try_from(millis.saturating_mul(1_000)).unwrap_or(u64::MAX);
        VirtualTime::from_micros(micros)
    }

    /// Sets a timer, which is added if `id` is none. One that is due fires at once.
    pub(crate) fn set_timer(&self, id: Option<TimerId>, deadline: Instant) -> TimerId {
        let at = self.on_grid(deadline);
        let mut timers = self.timers.borrow_mut();
        let id = id.unwrap_or_else(|| timers.add());
        if at > self.now.get() {
            timers.set(id, at);
            drop(timers);
            // A plain task may have set it while the engine waits for a later one.
            self.wakes.wake_driver();
            return id;
        }
        let interest = timers.fire(id);
        drop(timers);
        if let Some(interest) = interest {
            interest.wake();
        }
        id
    }

    /// Returns `Ready` if the timer has fired; else it will wake the task.
    pub(crate) fn poll_timer(&self, id: TimerId, cx: &Context<'_>) -> Poll<()> {
        let mut timers = self.timers.borrow_mut();
        if !timers.is_pending(id) {
            return Poll::Ready(());
        }
        let replaced = timers.wakes(id, cx);
        drop(timers);
        // What a waker drops may be anything.
        drop(replaced);
        Poll::Pending
    }

    /// Returns `true` if the timer has not fired since it was set.
    pub(crate) fn is_timer_pending(&self, id: TimerId) -> bool {
        self.timers.borrow().is_pending(id)
    }

    pub(crate) fn remove_timer(&self, id: TimerId) {
        let interest = self.timers.borrow_mut().remove(id);
        drop(interest);
    }

    /// Fires the timers that are due.
    pub(super) fn fire_timers(&self) {
        loop {
            let due = self.timers.borrow_mut().take_due(self.now.get());
            let Some(interest) = due else { return };
            if let Some(interest) = interest {
                interest.wake();
            }
        }
    }

    /// Returns the time of the next timer.
    pub(super) fn next_timer(&self) -> Option<VirtualTime> {
        self.timers.borrow_mut().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> VirtualTime {
        VirtualTime::from_micros(millis * 1_000)
    }

    /// Fires what is due and returns which of `timers` it were, in order.
    fn fired(timers: &mut Timers, now: VirtualTime, ids: &[TimerId]) -> Vec<usize> {
        let mut fired = Vec::new();
        let mut pending: Vec<bool> = ids.iter().map(|id| timers.is_pending(*id)).collect();
        while timers.take_due(now).is_some() {
            for (index, id) in ids.iter().enumerate() {
                if pending[index] && !timers.is_pending(*id) {
                    pending[index] = false;
                    fired.push(index);
                }
            }
        }
        fired
    }

    #[test]
    fn timers_fire_in_order_of_time_and_ties_in_the_order_in_which_they_were_set() {
        let mut timers = Timers::default();
        let ids: Vec<TimerId> = (0..4).map(|_| timers.add()).collect();
        for (id, millis) in ids.iter().zip([5, 3, 5, 9]) {
            timers.set(*id, at(millis));
        }
        assert_eq!(timers.next(), Some(at(3)));
        assert_eq!(fired(&mut timers, at(2), &ids), []);
        assert_eq!(fired(&mut timers, at(5), &ids), [1, 0, 2]);
        timers.set(ids[3], at(11));
        timers.set(ids[0], at(11));
        assert_eq!(timers.next(), Some(at(11)), "it was moved from 9");
        assert_eq!(fired(&mut timers, at(20), &ids), [3, 0]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_removed_timer_does_not_fire_and_its_place_is_used_again() {
        let mut timers = Timers::default();
        let first = timers.add();
        timers.set(first, at(5));
        timers.remove(first);
        let second = timers.add();
        assert_eq!(second, first);
        assert_eq!(timers.next(), None);
        timers.set(second, at(7));
        assert_eq!(timers.next(), Some(at(7)));
    }

    #[test]
    fn time_outs_that_were_not_needed_do_not_pile_up() {
        let mut timers = Timers::default();
        let kept = timers.add();
        timers.set(kept, at(1_000_000));
        for round in 0..10_000 {
            let id = timers.add();
            timers.set(id, at(5_000 + round));
            timers.remove(id);
            assert!(timers.queue.len() < 100, "{}", timers.queue.len());
        }
        assert_eq!(timers.slots.len(), 2);
        assert_eq!(timers.next(), Some(at(1_000_000)));
    }
}
