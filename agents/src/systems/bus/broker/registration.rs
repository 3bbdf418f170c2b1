//! A member as the broker knows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex};

use rehearsal_history::MessageId;
use rehearsal_sim::tokio::sync::Mutex;

use super::super::settings::BusSettings;
use super::super::wire::{Answer, Channel, Content, MemberId, Message, OrderNumber, Place, TeamId};
use super::Roster;
use super::event_log::EventLogs;
use super::journal::Record;
use super::mailbox::{Mailbox, Stored};
use super::session::Session;
use crate::record::recorder::lock;

/// A registered member.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) id: MemberId,
    pub(super) team: TeamId,
    pub(super) orders: Mutex<Orders>,
    pub(super) mailbox: Arc<Mutex<Mailbox>>,
    /// The connection that gets the messages, if the member is connected.
    session: StdMutex<Option<Arc<Session>>>,
}

/// The orders of one member.
#[derive(Default, Debug)]
pub(super) struct Orders {
    /// The last order with its answer. A member gives the next one only then.
    last: Option<(OrderNumber, Answer)>,
    /// The last number of a message to each channel.
    numbers: BTreeMap<Channel, u64>,
}

impl Orders {
    /// Returns the answer to an order that has been executed.
    pub(super) fn answer_to(&self, number: OrderNumber) -> Option<Answer> {
        let last = self.last.filter(|(last, _)| *last == number);
        last.map(|(_, answer)| answer)
    }

    /// Keeps the answer to an order.
    pub(super) fn answered(&mut self, number: OrderNumber, answer: Answer) {
        if let Answer::Accepted(place) = answer {
            self.numbers.insert(place.channel, place.seq);
        }
        self.last = Some((number, answer));
    }

    /// Returns the number that the next message to a channel gets.
    pub(super) fn next_number(&self, channel: Channel) -> u64 {
        self.numbers.get(&channel).copied().unwrap_or_default() + 1
    }
}

/// Something that the broker holds for a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Held {
    /// A connection.
    Session(MemberId),
    /// A message in a mailbox.
    Waiting(MemberId, MessageId),
    /// Room for the response to a request of the member.
    Awaited(MemberId, MessageId),
}

impl Registration {
    /// A member that has given no order and received no message.
    pub(super) fn new(id: MemberId, team: TeamId, settings: &BusSettings) -> Self {
        Self {
            id,
            team,
            orders: Mutex::default(),
            mailbox: Arc::new(Mutex::new(Mailbox::new(settings.mailbox as usize))),
            session: StdMutex::default(),
        }
    }

    /// Makes a session the one that gets the messages, and ends the one before: the member
    /// has given it up, or it would not have connected again.
    pub(super) fn attach(&self, session: &Arc<Session>) {
        let before = lock(&self.session).replace(Arc::clone(session));
        if let Some(before) = before {
            before.end.cancel();
        }
    }

    /// Removes a session, unless another one has taken its place.
    pub(super) fn detach(&self, session: &Arc<Session>) {
        let mut current = lock(&self.session);
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, session))
        {
            *current = None;
        }
    }

    /// Returns `true` if the member is connected, as far as the broker knows.
    pub(super) fn is_connected(&self) -> bool {
        lock(&self.session).is_some()
    }

    /// Wakes the session, if there is one: there may be a message for it.
    pub(super) fn wake(&self) {
        if let Some(session) = &*lock(&self.session) {
            session.wake.notify_one();
        }
    }

    /// Returns everything that the broker holds for the member.
    pub(super) async fn held(&self) -> Vec<Held> {
        let mailbox = self.mailbox.lock().await;
        let session = self.is_connected().then_some(Held::Session(self.id));
        let mut held: Vec<Held> = session.into_iter().collect();
        let mut cursor = mailbox.taken();
        while let Some((next, stored)) = mailbox.after(cursor) {
            held.push(Held::Waiting(self.id, stored.message.id));
            cursor = next;
        }
        let awaited = mailbox.awaited();
        held.extend(awaited.map(|request| Held::Awaited(self.id, request)));
        held
    }
}

/// Returns the members and the events as the records of a journal leave them. That many
/// events of each type are kept.
pub(super) fn restore(
    records: &[Record],
    roster: &Roster,
    settings: &BusSettings,
    kept: usize,
) -> (BTreeMap<MemberId, Arc<Registration>>, EventLogs) {
    let mut members = BTreeMap::new();
    let mut events = EventLogs::default();
    for record in records {
        apply_to_events(record, &mut members, &mut events, kept);
        apply(record, &mut members, roster, settings);
    }
    let members = members.into_iter();
    let members = members.map(|(id, member)| (id, Arc::new(member)));
    (members.collect(), events)
}

/// Restores subscriptions with the events that they brought, and the events that are kept.
fn apply_to_events(
    record: &Record,
    members: &mut BTreeMap<MemberId, Registration>,
    events: &mut EventLogs,
    kept: usize,
) {
    match record {
        Record::Sent { place, message, .. } => {
            if let Content::Event { event, .. } = message.content {
                let (place, message) = (*place, message.clone());
                let stored = Stored { place, message };
                let team = stored.message.team;
                events.restore(team, event, kept, |log| log.keep(stored));
            }
        }
        Record::Subscribed {
            member,
            event,
            replayed,
        } => {
            let Some(registration) = members.get_mut(member) else {
                return;
            };
            events.restore(registration.team, *event, kept, |log| {
                log.subscribe(*member);
                let newest: Vec<Stored> = log.newest(*replayed).cloned().collect();
                with_mailbox(registration, |mailbox| {
                    newest.into_iter().for_each(|stored| mailbox.put(stored));
                });
            });
        }
        Record::Registered(_) | Record::Taken(..) | Record::Withdrawn(..) | Record::Stopped(_) => {}
    }
}

fn apply(
    record: &Record,
    members: &mut BTreeMap<MemberId, Registration>,
    roster: &Roster,
    settings: &BusSettings,
) {
    match record {
        Record::Registered(id) => {
            if let Some(team) = roster.get(id) {
                members.insert(*id, Registration::new(*id, *team, settings));
            }
        }
        Record::Sent {
            order,
            place,
            message,
            recipients,
        } => {
            let place = *place;
            let message = message.clone();
            if let Some(sender) = members.get_mut(&message.from) {
                restore_order(sender, *order, place, &message);
            }
            let stored = Stored { place, message };
            for id in recipients {
                if let Some(recipient) = members.get_mut(id) {
                    with_mailbox(recipient, |mailbox| mailbox.put(stored.clone()));
                }
            }
        }
        Record::Taken(id, cursor) => {
            if let Some(member) = members.get_mut(id) {
                with_mailbox(member, |mailbox| mailbox.take(*cursor));
            }
        }
        Record::Withdrawn(id, request) => {
            if let Some(member) = members.get_mut(id) {
                with_mailbox(member, |mailbox| mailbox.withdraw(*request));
            }
        }
        Record::Stopped(id) => {
            if let Some(member) = members.get_mut(id) {
                with_mailbox(member, Mailbox::close);
            }
        }
        Record::Subscribed { .. } => {}
    }
}

/// Restores what the sender of a message has beside the message.
fn restore_order(sender: &mut Registration, order: OrderNumber, place: Place, message: &Message) {
    let answer = Answer::Accepted(place);
    sender.orders.get_mut().answered(order, answer);
    if let Content::Request { to, .. } = message.content {
        with_mailbox(sender, |mailbox| mailbox.expect_response(message.id, to));
    }
}

/// Changes the mailbox of a member that no task knows yet.
fn with_mailbox(member: &mut Registration, change: impl FnOnce(&mut Mailbox)) {
    let mailbox = Arc::get_mut(&mut member.mailbox).expect("no task has it");
    change(mailbox.get_mut());
}

#[cfg(test)]
mod tests {
    use rehearsal_history::{Epoch, Offset};
    use rehearsal_sim::tokio;

    use super::super::super::wire::Cursor;
    use super::*;

    const ONE: MemberId = MemberId(1);
    const OTHER: MemberId = MemberId(2);

    fn request(id: u64) -> Record {
        let content = Content::Request {
            to: OTHER,
            number: 1,
            effort_ms: 0,
        };
        let message = Message {
            id: MessageId(id),
            from: ONE,
            team: TeamId(1),
            sent_ms: 0,
            secret: String::new(),
            content,
        };
        let place = Place {
            channel: message.channel(),
            epoch: Epoch(1),
            offset: Offset(id),
            seq: id,
        };
        Record::Sent {
            order: OrderNumber(id),
            place,
            message,
            recipients: vec![OTHER],
        }
    }

    #[tokio::test]
    async fn journal_restores_mailboxes_orders_and_reserved_room() {
        let roster = Roster::from([(ONE, TeamId(1)), (OTHER, TeamId(1))]);
        let records = [
            Record::Registered(ONE),
            Record::Registered(OTHER),
            request(1),
            request(2),
            Record::Taken(OTHER, Cursor(1)),
            Record::Withdrawn(ONE, MessageId(1)),
        ];
        let (members, _) = restore(&records, &roster, &BusSettings::default(), 0);
        let held = members[&OTHER].held().await;
        assert_eq!(held, [Held::Waiting(OTHER, MessageId(2))]);
        let held = members[&ONE].held().await;
        assert_eq!(held, [Held::Awaited(ONE, MessageId(2))]);
        let orders = members[&ONE].orders.lock().await;
        assert!(orders.answer_to(OrderNumber(2)).is_some());
        assert_eq!(orders.answer_to(OrderNumber(3)), None);
        assert_eq!(orders.next_number(Channel::Mailbox(OTHER)), 3);
    }
}
