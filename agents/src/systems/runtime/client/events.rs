//! Events: publishers, subscribers that stay, and visitors, which come and go while events
//! fly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Draft};
use rehearsal_sim::tokio::time;

use super::super::marks::EVENT_DURING_VISIT;
use super::super::model::{self, TOPIC, events_of};
use super::super::plan::{PlannedClient, PlannedEvent, PlannedVisit};
use super::super::wire::{Event, TopicId};
use super::Shared;
use super::connection::{Disconnected, EventSink};
use crate::record::recorder::lock;

/// The topic of all events.
pub(super) fn topic() -> TopicId {
    TopicId(TOPIC.into())
}

/// The events of a run as their publishers see them, in one order with the visits.
#[derive(Debug, Default)]
pub(in super::super) struct Board(Mutex<Posted>);

#[derive(Debug, Default)]
struct Posted {
    /// The number of the last thing that happened.
    now: u64,
    /// Each event, by namespace and id: the moments of its sending and of its answer.
    events: BTreeMap<EventKey, Moments>,
}

/// The namespace of an event, and its id.
type EventKey = (Arc<str>, Arc<str>);

/// The moments at which an event was sent, and answered.
type Moments = (u64, Option<u64>);

impl Board {
    fn tick(&self) -> u64 {
        let mut posted = lock(&self.0);
        posted.now += 1;
        posted.now
    }

    fn sent(&self, namespace: &Arc<str>, id: &Arc<str>) {
        let now = self.tick();
        let key = (Arc::clone(namespace), Arc::clone(id));
        lock(&self.0).events.insert(key, (now, None));
    }

    fn answered(&self, namespace: &Arc<str>, id: &Arc<str>) {
        let now = self.tick();
        let key = (Arc::clone(namespace), Arc::clone(id));
        if let Some((_, answered)) = lock(&self.0).events.get_mut(&key) {
            *answered = Some(now);
        }
    }

    /// Returns the events that were sent after `from` and answered before `until`.
    fn between(&self, namespace: &Arc<str>, from: u64, until: u64) -> Vec<Arc<str>> {
        let posted = lock(&self.0);
        let within = |(sent, answered): &Moments| {
            *sent > from && answered.is_some_and(|answered| answered < until)
        };
        let events = posted.events.iter();
        events
            .filter(|((of, _), times)| of == namespace && within(times))
            .map(|((_, id), _)| Arc::clone(id))
            .collect()
    }
}

/// The events that reach one client.
pub(super) struct Incoming {
    actor: Actor,
    /// The events of a visit, with how often each came; none for a client that stays.
    visit: Option<Mutex<Visit>>,
}

/// A visit to a topic.
#[derive(Debug, Default)]
struct Visit {
    under_way: bool,
    seen: BTreeMap<Arc<str>, u32>,
    /// Events that came although no visit was under way.
    strays: Vec<Arc<str>>,
}

impl Incoming {
    pub(super) fn new(plan: &PlannedClient, actor: Actor) -> Self {
        Self {
            actor,
            visit: plan.script.is_visiting().then(Mutex::default),
        }
    }

    fn visit(&self, f: impl FnOnce(&mut Visit)) {
        if let Some(visit) = &self.visit {
            f(&mut lock(visit));
        }
    }
}

impl EventSink for Incoming {
    fn received(&self, event: &Event) {
        let Some(visit) = &self.visit else {
            let publisher = &event.publisher;
            let body = model::event(&event.secret);
            let receipt = rehearsal_history::Receipt::of(Arc::clone(&event.id)).with_body(body);
            return self.actor.received(&events_of(publisher), receipt);
        };
        let mut visit = lock(visit);
        if visit.under_way {
            *visit.seen.entry(Arc::clone(&event.id)).or_default() += 1;
        } else {
            visit.strays.push(Arc::clone(&event.id));
        }
    }
}

/// Publishes events.
pub(super) async fn publish(shared: &Shared, events: Vec<PlannedEvent>) {
    let name = shared.plan.id.to_string();
    for event in events {
        time::sleep(event.wait).await;
        let draft = Draft::from(model::event(&shared.plan.secret));
        let sending = shared.actor.sending(&events_of(&name), draft);
        let id = Arc::clone(sending.id());
        shared.board.sent(&shared.plan.namespace, &id);
        let event = Event {
            id: Arc::clone(&id),
            publisher: name.as_str().into(),
            secret: Arc::clone(&shared.plan.secret),
        };
        match shared.runtime.publish_message(topic(), event).await {
            Ok(()) => {
                shared.board.answered(&shared.plan.namespace, &id);
                sending.accepted();
            }
            Err(Disconnected) => sending.unanswered(),
        }
    }
}

/// Comes, stays and goes. What is published meanwhile comes once, and nothing afterwards.
pub(super) async fn visit(shared: &Shared, visits: Vec<PlannedVisit>) {
    for visit in visits {
        time::sleep(visit.wait).await;
        shared.incoming.visit(|visit| visit.under_way = true);
        if shared.runtime.subscribe(topic()).await.is_err() {
            return;
        }
        let from = shared.board.tick();
        time::sleep(visit.stay).await;
        let until = shared.board.tick();
        if shared.runtime.unsubscribe(topic()).await.is_err() {
            return;
        }
        let owed = shared.board.between(&shared.plan.namespace, from, until);
        if !owed.is_empty() {
            shared.recorder.mark(EVENT_DURING_VISIT);
        }
        shared.incoming.visit(|visit| {
            visit.under_way = false;
            compare(&shared.actor, visit, &owed);
        });
    }
}

/// Records the comparison of a visit with what was published during it.
fn compare(actor: &Actor, visit: &mut Visit, owed: &[Arc<str>]) {
    let seen = std::mem::take(&mut visit.seen);
    let missing = owed.iter().find(|id| !seen.contains_key(*id));
    let checked = match missing {
        None => Ok(()),
        Some(id) => Err(format!(
            "{id} was published during a visit and did not come"
        )),
    };
    actor.invariant("a visitor gets what is published during its visit", checked);
    let repeated = seen.iter().find(|(_, times)| **times > 1);
    let checked = match repeated {
        None => Ok(()),
        Some((id, times)) => Err(format!("{id} came {times} times")),
    };
    actor.invariant("a visitor gets each event once", checked);
    let checked = match visit.strays.first() {
        None => Ok(()),
        Some(id) => Err(format!("{id} came after the visit")),
    };
    actor.invariant("nothing comes after a visit", checked);
}
