//! Effects: the things that hosts of a system do to others and to their disks, and the calls of
//! models and tools, counted, so that
//! a fault can strike just before or just after one of them.
//!
//! A fault at a time that is drawn rarely falls between a write and its answer; one at an effect
//! always does. A system marks its effects with `begin`. Where no fault waits for them, that is a
//! look at a thread-local, and on another runtime than the simulator it does nothing.

#[cfg(feature = "systems")]
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::sync::Notify;
use rehearsal_sim::{HostId, World, current};

use crate::fault::{Fault, RoleName};
use crate::record::recorder::lock;

#[cfg(feature = "systems")]
pub(crate) use self::stream::CountedStream;

/// A kind of effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect {
    /// Frames that are written to a connection together.
    Frame,
    /// A record that is written to a disk.
    Write,
    /// A call of a model; the effect has come when the reply is there.
    Model,
    /// A call of a tool, a delegated task included; the effect has come when the result is there.
    Tool,
}

impl Effect {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Frame, Self::Write, Self::Model, Self::Tool];

    /// Returns the name in scenario files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Write => "write",
            Self::Model => "model",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The side of an effect on which a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Moment {
    /// The effect comes after the fault, if it still can.
    Before,
    /// The effect has come; nothing that its host does then has.
    After,
}

impl Moment {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// Returns the name in scenario files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The effects of one kind by all hosts of one role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EffectsOf {
    /// The kind.
    pub effect: Effect,
    /// The role.
    pub by: RoleName,
}

/// A fault that strikes at an effect. Each seed draws at which one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EffectFault {
    /// The effects.
    pub of: EffectsOf,
    /// The side of the effect.
    pub moment: Moment,
    /// The fault.
    pub fault: Fault,
    /// The number of effects among which one is drawn: those of a run without faults. With 0 it
    /// never strikes.
    pub among: u32,
}

/// The effects of one run: how many there were, and the faults that wait for some.
#[derive(Debug, Default)]
pub struct Effects(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// Counting has begun, and not ended.
    is_counting: bool,
    roles: BTreeMap<HostId, RoleName>,
    counts: BTreeMap<EffectsOf, u32>,
    waiting: Vec<(Arc<Trigger>, EffectsOf, Moment)>,
}

/// The place at which one fault strikes.
#[derive(Debug, Default)]
pub(crate) struct Trigger {
    /// The number of the effect, from 1.
    pub(crate) number: u32,
    /// The host whose effect it is, once it has come.
    host: Mutex<Option<HostId>>,
    reached: Notify,
    struck: Notify,
}

impl Trigger {
    /// Waits for the effect. Returns its host.
    pub(crate) async fn reached(&self) -> HostId {
        loop {
            let host = *lock(&self.host);
            if let Some(host) = host {
                return host;
            }
            self.reached.notified().await;
        }
    }

    /// Reports that the fault has struck: the host of the effect goes on, if it can.
    pub(crate) fn struck(&self) {
        self.struck.notify_one();
    }

    /// Lets the fault strike, and waits until it has.
    async fn strike(&self, host: HostId) {
        *lock(&self.host) = Some(host);
        self.reached.notify_one();
        self.struck.notified().await;
    }
}

impl Effects {
    /// Returns the effects of a run, if they are counted.
    pub(crate) fn of(world: World) -> Option<Arc<Self>> {
        world.extension::<Arc<Self>>().map(|it| Arc::clone(&it))
    }

    /// Begins to count the effects of these hosts.
    pub(crate) fn count(&self, roles: impl IntoIterator<Item = (HostId, RoleName)>) {
        let mut counted = lock(&self.0);
        counted.roles = roles.into_iter().collect();
        counted.is_counting = true;
    }

    /// Counts no longer.
    pub(crate) fn stop(&self) {
        lock(&self.0).is_counting = false;
    }

    /// Returns the place of a fault: at the n-th of these effects, from 1.
    pub(crate) fn trigger(&self, of: EffectsOf, moment: Moment, nth: u32) -> Arc<Trigger> {
        let trigger = Arc::new(Trigger {
            number: nth,
            ..Trigger::default()
        });
        let waiting = (Arc::clone(&trigger), of, moment);
        lock(&self.0).waiting.push(waiting);
        trigger
    }

    /// Returns the number of effects so far.
    pub fn number(&self, of: EffectsOf) -> u32 {
        lock(&self.0).counts.get(&of).copied().unwrap_or_default()
    }

    /// Counts an effect. Returns its number; none outside of the work.
    fn begin(&self, host: HostId, effect: Effect) -> Option<(EffectsOf, u32)> {
        let mut counted = lock(&self.0);
        let by = *counted.roles.get(&host)?;
        if !counted.is_counting {
            return None;
        }
        let of = EffectsOf { effect, by };
        let count = counted.counts.entry(of).or_default();
        *count += 1;
        Some((of, *count))
    }

    /// Takes the places of the faults that strike there.
    fn take(&self, of: EffectsOf, moment: Moment, number: u32) -> Vec<Arc<Trigger>> {
        let mut counted = lock(&self.0);
        let here = |(trigger, effects, at): &mut (Arc<Trigger>, EffectsOf, Moment)| {
            (*effects, *at, trigger.number) == (of, moment, number)
        };
        let taken = counted.waiting.extract_if(.., here);
        taken.map(|(trigger, ..)| trigger).collect()
    }

    async fn pass(&self, host: HostId, (of, number): (EffectsOf, u32), moment: Moment) {
        for trigger in self.take(of, moment, number) {
            trigger.strike(host).await;
        }
    }
}

/// An effect that has begun.
#[derive(Debug)]
pub(crate) struct Begun(Option<(Arc<Effects>, HostId, (EffectsOf, u32))>);

/// Begins an effect of the host of this task. A fault that waits for it strikes first.
pub(crate) async fn begin(effect: Effect) -> Begun {
    let counted = current().and_then(|world| {
        let effects = Effects::of(world)?;
        let host = world.current_host();
        let place = effects.begin(host, effect)?;
        Some((effects, host, place))
    });
    if let Some((effects, host, place)) = &counted {
        effects.pass(*host, *place, Moment::Before).await;
    }
    Begun(counted)
}

impl Begun {
    /// Ends the effect: it has come. A fault that waits for that strikes now.
    pub(crate) async fn end(self) {
        if let Some((effects, host, place)) = self.0 {
            effects.pass(host, place, Moment::After).await;
        }
    }
}
