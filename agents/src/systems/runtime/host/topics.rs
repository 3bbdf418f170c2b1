//! Topics: events go to every subscriber, once. A publisher does not receive its own events,
//! unless the runtime is told so.
//!
//! An event is handed to all subscribers of the moment at once, without a wait in between: no
//! change of the subscriptions comes in the middle of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::settings::OwnEvents;
use super::super::wire::{Event, TopicId};
use super::call::Sender;
use crate::defect::Defect;
use crate::record::recorder::lock;

/// A receiver of events.
pub(super) trait Subscriber: Send + Sync {
    /// Queues an event.
    fn notify(&self, topic: &TopicId, event: &Event);
}

/// The time that one subscriber takes, for the seeded bug.
const HAND_OVER: Duration = Duration::from_millis(1);

/// A topic within its namespace.
type Key = (Arc<str>, TopicId);

/// One subscription.
#[derive(Clone)]
struct Subscription {
    name: Arc<str>,
    subscriber: Arc<dyn Subscriber>,
}

/// The topics of a runtime.
pub(super) struct Topics {
    subscriptions: Mutex<BTreeMap<Key, Vec<Subscription>>>,
    own: OwnEvents,
    defect: Option<Defect>,
}

impl Topics {
    pub(super) fn new(own: OwnEvents, defect: Option<Defect>) -> Self {
        Self {
            subscriptions: Mutex::default(),
            own,
            defect,
        }
    }

    /// Adds a subscription, unless there is one of that name.
    pub(super) fn subscribe(
        &self,
        sender: &Sender,
        topic: &TopicId,
        subscriber: Arc<dyn Subscriber>,
    ) {
        let mut subscriptions = lock(&self.subscriptions);
        let subscriptions = subscriptions.entry(key(sender, topic)).or_default();
        if subscriptions.iter().all(|known| known.name != sender.name) {
            subscriptions.push(Subscription {
                name: Arc::clone(&sender.name),
                subscriber,
            });
        }
    }

    /// Removes a subscription, if there is one of that name.
    pub(super) fn unsubscribe(&self, sender: &Sender, topic: &TopicId) {
        let mut topics = lock(&self.subscriptions);
        let key = key(sender, topic);
        if let Some(subscriptions) = topics.get_mut(&key) {
            subscriptions.retain(|known| known.name != sender.name);
            if subscriptions.is_empty() {
                topics.remove(&key);
            }
        }
    }

    /// Removes every subscription of that name.
    pub(super) fn leave(&self, sender: &Sender) {
        let mut topics = lock(&self.subscriptions);
        topics.retain(|(namespace, _), subscriptions| {
            if *namespace == sender.namespace {
                subscriptions.retain(|known| known.name != sender.name);
            }
            !subscriptions.is_empty()
        });
    }

    /// Returns the number of subscriptions.
    pub(super) fn subscriptions(&self) -> usize {
        lock(&self.subscriptions).values().map(Vec::len).sum()
    }

    /// Hands an event to every subscriber.
    pub(super) async fn publish(&self, sender: &Sender, topic: &TopicId, event: &Event) {
        // Seeded: one subscriber after the other, by their places in the list.
        if self.defect == Some(defects::SUBSCRIBERS_BY_PLACE) {
            return self.publish_by_place(sender, topic, event).await;
        }
        let subscriptions = lock(&self.subscriptions);
        let subscriptions = subscriptions.get(&key(sender, topic));
        for subscription in subscriptions.into_iter().flatten() {
            self.hand_over(subscription, sender, topic, event);
        }
    }

    async fn publish_by_place(&self, sender: &Sender, topic: &TopicId, event: &Event) {
        for place in 0.. {
            let subscription = {
                let topics = lock(&self.subscriptions);
                let subscriptions = topics.get(&key(sender, topic));
                subscriptions.and_then(|subscriptions| subscriptions.get(place).cloned())
            };
            let Some(subscription) = subscription else {
                return;
            };
            self.hand_over(&subscription, sender, topic, event);
            time::sleep(HAND_OVER).await;
        }
    }

    fn hand_over(
        &self,
        subscription: &Subscription,
        sender: &Sender,
        topic: &TopicId,
        event: &Event,
    ) {
        // Seeded: the publisher is a subscriber like any other.
        let skips_own =
            self.own == OwnEvents::Skip && self.defect != Some(defects::OWN_EVENTS_COME_BACK);
        if !(skips_own && subscription.name == sender.name) {
            subscription.subscriber.notify(topic, event);
        }
    }
}

fn key(sender: &Sender, topic: &TopicId) -> Key {
    (Arc::clone(&sender.namespace), topic.clone())
}
