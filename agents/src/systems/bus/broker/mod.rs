//! The broker: one bounded mailbox for each member, and a journal.
//!
//! | module | contents |
//! |---|---|
//! | `mailbox` | messages until they are taken, and room reserved for responses |
//! | `registration` | a member as the broker knows it: orders, mailbox, session |
//! | `sending` | the way of a message from an order into mailboxes |
//! | `publishing` | subscriptions to events, and the number that is not handled |
//! | `event_log` | the events of one type, with their subscribers |
//! | `journal` | the disk |
//! | `session` | a connection: one task that reads, one that writes |
//!
//! **Locks** are taken in one order: the orders of the sender, then the events of one type,
//! then mailboxes by the ids of their members. A broadcast holds all mailboxes of its team while it is written to the
//! journal, so that it is in all of them or in none.
//!
//! **Accepted means written.** A message is answered when the journal has it. A bus that
//! only told its members afterwards what a crash had lost would leave the recovery to each
//! of them.

mod event_log;
mod journal;
mod mailbox;
mod publishing;
mod registration;
mod sending;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_history::Epoch;
use rehearsal_sim::tokio::sync::{Notify, RwLock};
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::tokio_util::task::TaskTracker;

use self::event_log::EventLogs;
use self::journal::Record;
use self::registration::Registration;
use super::defects;
use super::events::EventSettings;
use super::settings::BusSettings;
use super::wire::{Answer, Cursor, MemberId, Order, OrderNumber, TeamId};
use crate::defect::Defect;
use crate::network::{Listener, Network};

pub(super) use self::event_log::Kept;
pub(super) use self::journal::Journal;
pub(super) use self::registration::Held;

/// Pause after a connection could not be accepted.
const ACCEPT_BACKOFF: time::Duration = time::Duration::from_millis(10);

/// The members that may register, with their teams.
pub(super) type Roster = BTreeMap<MemberId, TeamId>;

/// One incarnation of the broker.
pub(super) struct Broker {
    settings: BusSettings,
    event_settings: EventSettings,
    defect: Option<Defect>,
    roster: Arc<Roster>,
    epoch: Epoch,
    journal: Journal,
    members: RwLock<BTreeMap<MemberId, Arc<Registration>>>,
    events: EventLogs,
    /// Some member has taken something.
    room: Notify,
    sessions: TaskTracker,
    stop: CancellationToken,
}

impl Broker {
    /// A broker with everything that the journal has.
    pub(super) fn open(
        settings: BusSettings,
        event_settings: EventSettings,
        roster: Arc<Roster>,
        journal: Journal,
        defect: Option<Defect>,
    ) -> Self {
        let (epoch, records) = journal.open();
        let kept = event_settings.history as usize;
        let (members, events) = registration::restore(&records, &roster, &settings, kept);
        Self {
            settings,
            event_settings,
            defect,
            roster,
            epoch,
            journal,
            members: RwLock::new(members),
            events,
            room: Notify::new(),
            sessions: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Returns `true` if the broker has this seeded bug.
    fn carries(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Serves connections until the broker is shut down.
    pub(super) async fn serve<N: Network>(self: Arc<Self>, mut listener: N::Listener) {
        loop {
            let accepted = select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    let session = session::serve::<N>(Arc::clone(&self), stream);
                    self.sessions.spawn(session);
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            }
        }
    }

    /// Ends every session. Returns once their tasks have ended.
    pub(super) async fn shut_down(&self) {
        self.stop.cancel();
        self.sessions.close();
        self.sessions.wait().await;
    }

    /// Returns everything that the broker holds for its members.
    pub(super) async fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for member in self.members.read().await.values() {
            held.extend(member.held().await);
        }
        held
    }

    /// Returns the numbers of events that the broker keeps for late subscribers.
    pub(super) async fn kept(&self) -> Vec<Kept> {
        self.events.kept().await
    }

    /// Registers a member, or finds its registration; `None` for one that is unknown.
    async fn register(&self, id: MemberId) -> Option<Arc<Registration>> {
        let team = *self.roster.get(&id)?;
        let mut members = self.members.write().await;
        if let Some(registered) = members.get(&id) {
            // Seeded: a member that registers again gets a new mailbox.
            if self.carries(defects::REGISTERED_ANEW) {
                registered.mailbox.lock().await.clear();
            }
            return Some(Arc::clone(registered));
        }
        self.journal.write(Record::Registered(id)).await;
        let registration = Arc::new(Registration::new(id, team, &self.settings));
        members.insert(id, Arc::clone(&registration));
        Some(registration)
    }

    /// Executes an order, once, however often it is repeated.
    async fn execute(
        self: &Arc<Self>,
        member: &Arc<Registration>,
        number: OrderNumber,
        order: Order,
    ) -> Answer {
        let mut orders = member.orders.lock().await;
        let known = orders.answer_to(number);
        // Seeded: an order that is repeated is executed again.
        if let Some(answer) = known
            && !self.carries(defects::REPEATED_ORDER)
        {
            return answer;
        }
        let answer = match order {
            Order::Send(message) => self.send(member, &mut orders, number, message).await,
            Order::Withdraw(request) => {
                member.mailbox.lock().await.withdraw(request);
                self.journal
                    .write_behind(Record::Withdrawn(member.id, request));
                Answer::Withdrawn
            }
            Order::Subscribe(event) => self.subscribe(member, event).await,
            Order::Stop => self.stop(member).await,
            Order::CountUnhandled => Answer::Unhandled(self.unhandled(member.team).await),
        };
        orders.answered(number, answer);
        answer
    }

    /// Closes the mailbox of a member.
    async fn stop(self: &Arc<Self>, member: &Registration) -> Answer {
        let mut mailbox = member.mailbox.lock().await;
        self.write(Record::Stopped(member.id)).await;
        // Seeded: messages are accepted as before.
        if !self.carries(defects::ACCEPTED_AFTER_STOP) {
            mailbox.close();
        }
        let last = mailbox.last();
        Answer::Stopped { last }
    }

    /// Frees the room of what a member has taken.
    async fn take(&self, member: &Registration, cursor: Cursor) {
        member.mailbox.lock().await.take(cursor);
        self.journal.write_behind(Record::Taken(member.id, cursor));
        if self.carries(defects::WAITS_FOR_ROOM) {
            self.room.notify_waiters();
        }
    }
}
