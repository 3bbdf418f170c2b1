//! The way of a message from its sender's order into mailboxes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_history::Offset;
use rehearsal_sim::tokio::sync::OwnedMutexGuard;

use super::super::defects;
use super::super::wire::{Answer, Content, MemberId, Message, OrderNumber, Place, Refusal};
use super::Broker;
use super::event_log::EventLog;
use super::journal::Record;
use super::mailbox::{Mailbox, Stored};
use super::registration::{Orders, Registration};

/// Locked mailboxes.
pub(super) type Locked = BTreeMap<MemberId, OwnedMutexGuard<Mailbox>>;

impl Broker {
    /// Accepts a message into the mailboxes of all its recipients, or rejects it.
    pub(super) async fn send(
        self: &Arc<Self>,
        sender: &Arc<Registration>,
        orders: &mut Orders,
        order: OrderNumber,
        message: Message,
    ) -> Answer {
        let mut log = self.log_of(&message).await;
        let recipients = match self.recipients(sender, &message, log.as_deref()).await {
            Ok(recipients) => recipients,
            Err(refusal) => return Answer::Rejected(refusal),
        };
        let mut mailboxes = self.lock(sender, &message, &recipients).await;
        // Seeded: the message waits for room, under the locks.
        while self.carries(defects::WAITS_FOR_ROOM)
            && mailboxes.values().any(|mailbox| !mailbox.has_room())
        {
            self.room.notified().await;
        }
        let message = self.correlated(message, &mailboxes);
        if let Err(refusal) = self.make_room(&message, &mut mailboxes) {
            return Answer::Rejected(refusal);
        }
        let place = self.place(&message, orders, &mailboxes, log.as_deref());
        let record = Record::Sent {
            order,
            place,
            message: message.clone(),
            recipients: recipients.iter().map(|recipient| recipient.id).collect(),
        };
        self.write(record).await;
        let stored = Stored { place, message };
        if let Some(log) = &mut log {
            self.keep(log, stored.clone());
        }
        self.put(stored, &recipients, &mut mailboxes);
        drop(mailboxes);
        drop(log);
        for recipient in recipients {
            recipient.wake();
        }
        Answer::Accepted(place)
    }

    /// Returns the members that a message goes to.
    async fn recipients(
        &self,
        sender: &Registration,
        message: &Message,
        log: Option<&EventLog>,
    ) -> Result<Vec<Arc<Registration>>, Refusal> {
        let members = self.members.read().await;
        let in_reach = |member: &&Arc<Registration>| {
            // Seeded: a broadcast goes to every team.
            let everywhere = self.carries(defects::BROADCAST_TO_EVERY_TEAM);
            member.id != sender.id && (member.team == sender.team || everywhere)
        };
        match message.content {
            Content::Request { to, .. }
            | Content::Response { to, .. }
            | Content::Notification { to, .. } => {
                let found = members.get(&to);
                let found =
                    found.filter(|found| found.id != sender.id && found.team == sender.team);
                // Seeded: a message to an unknown member is dropped, and the sender is not told.
                if found.is_none() && self.carries(defects::UNKNOWN_MEMBER_IGNORED) {
                    return Ok(Vec::new());
                }
                let found = found.ok_or(Refusal::UnknownMember(to))?;
                Ok(vec![Arc::clone(found)])
            }
            Content::Broadcast { .. } => {
                let others = members.values().filter(in_reach);
                // Seeded: members that are away are skipped.
                let connected = self.carries(defects::BROADCAST_TO_CONNECTED);
                let others = others.filter(|member| !connected || member.is_connected());
                Ok(others.cloned().collect())
            }
            Content::Event { .. } => {
                let subscribers = log.into_iter().flat_map(EventLog::subscribers);
                let found = subscribers.filter_map(|id| members.get(&id).cloned());
                let found: Vec<_> = found.collect();
                let refused = found.is_empty() && !self.keeps_events();
                (!refused).then_some(found).ok_or(Refusal::NoSubscriber)
            }
        }
    }

    /// Locks the mailboxes that a message changes, in the order of their members' ids.
    async fn lock(
        &self,
        sender: &Arc<Registration>,
        message: &Message,
        recipients: &[Arc<Registration>],
    ) -> Locked {
        let mut members = recipients.to_vec();
        if matches!(message.content, Content::Request { .. }) {
            members.push(Arc::clone(sender));
        }
        members.sort_by_key(|member| member.id);
        // Seeded: from the sender on, round the team.
        if self.carries(defects::LOCKS_FROM_SENDER) {
            let next = members.partition_point(|member| member.id < sender.id);
            members.rotate_left(next);
        }
        let mut locked = Locked::new();
        for member in members {
            let mailbox = Arc::clone(&member.mailbox).lock_owned().await;
            locked.insert(member.id, mailbox);
        }
        locked
    }

    /// Returns the message as it answers a request.
    fn correlated(&self, mut message: Message, mailboxes: &Locked) -> Message {
        // Seeded: the oldest request counts, not the one that the response names.
        if let Content::Response { to, request, .. } = &mut message.content
            && self.carries(defects::RESPONSE_BY_ORDER)
        {
            let from = message.from;
            let mut awaited = mailboxes[to].awaited();
            let oldest = awaited.find(|request| mailboxes[to].awaits(*request, from));
            *request = oldest.unwrap_or(*request);
        }
        message
    }

    /// Returns the reason for which a message must be rejected, if there is one.
    fn make_room(&self, message: &Message, mailboxes: &mut Locked) -> Result<(), Refusal> {
        if let Content::Response { to, request, .. } = message.content {
            let awaited = mailboxes[&to].awaits(request, message.from);
            return awaited.then_some(()).ok_or(Refusal::NotAwaited(request));
        }
        for (member, mailbox) in mailboxes {
            if mailbox.is_closed() && *member != message.from {
                return Err(Refusal::Stopped(*member));
            }
            if mailbox.has_room() {
                continue;
            }
            // Seeded: the oldest message makes room.
            if self.carries(defects::FULL_MAILBOX_DROPS_OLDEST) {
                mailbox.drop_oldest();
                continue;
            }
            return Err(Refusal::MailboxFull(*member));
        }
        Ok(())
    }

    /// Returns the position that a message gets.
    fn place(
        &self,
        message: &Message,
        orders: &Orders,
        mailboxes: &Locked,
        log: Option<&EventLog>,
    ) -> Place {
        let channel = message.channel();
        let seq = orders.next_number(channel);
        let offset = match message.content {
            Content::Broadcast { .. } => Offset(seq),
            Content::Event { .. } => log.map_or(Offset(seq), EventLog::next_offset),
            Content::Request { to, .. }
            | Content::Response { to, .. }
            | Content::Notification { to, .. } => {
                let mailbox = mailboxes.get(&to);
                mailbox.map_or(Offset(seq), |mailbox| mailbox.next_offset())
            }
        };
        Place {
            channel,
            epoch: self.epoch,
            offset,
            seq,
        }
    }

    /// Writes a record to the journal.
    pub(super) async fn write(self: &Arc<Self>, record: Record) {
        // Seeded: the answer does not wait for the disk.
        if self.carries(defects::ANSWER_BEFORE_WRITE) {
            let journal = self.journal.clone();
            self.sessions
                .spawn(async move { journal.write(record).await });
            return;
        }
        self.journal.write(record).await;
    }

    /// Puts an accepted message into the mailboxes.
    fn put(&self, stored: Stored, recipients: &[Arc<Registration>], mailboxes: &mut Locked) {
        let message = &stored.message;
        let is_broadcast = matches!(message.content, Content::Broadcast { .. });
        if let Content::Request { to, .. } = message.content
            && let Some(own) = mailboxes.get_mut(&message.from)
        {
            own.expect_response(message.id, to);
        }
        for recipient in recipients {
            let Some(mailbox) = mailboxes.get_mut(&recipient.id) else {
                continue;
            };
            // Seeded: a message to one member goes ahead of broadcasts.
            if self.carries(defects::DIRECT_FIRST) && !is_broadcast {
                mailbox.put_ahead(stored.clone(), self.settings.prefetch as usize);
            } else {
                mailbox.put(stored.clone());
            }
        }
    }
}
