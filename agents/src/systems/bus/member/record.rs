//! The record of a member: what it hands to the bus, the answers, and what it receives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rehearsal_history::{
    Accepted, ActorId, Began, EntryKind, Epoch, MessageId, Received, Sent, Since, SpanEnd,
    VectorClock,
};
use rehearsal_sim::VirtualTime;

use super::super::marks::{
    MAILBOX_FULL, MEMBER_STOPPED, NO_SUBSCRIBER, ORDER_REPEATED, REQUEST_TIMED_OUT,
    RESPONSE_TOO_LATE, UNKNOWN_MEMBER,
};
use super::super::model::span_of;
use super::super::plan::PlannedMember;
use super::super::wire::{Answer, Channel, Content, MemberId, Message, Place, Refusal};
use crate::goal::Mark;
use crate::record::Recorder;
use crate::record::marks::{RECONNECTED, REPLAYED};
use crate::record::recorder::lock;

/// The state that the records of all members of a run share.
#[derive(Debug)]
pub(in super::super) struct SharedRecord {
    recorder: Recorder,
    messages: AtomicU64,
    sent: Mutex<BTreeMap<MessageId, SentMessage>>,
}

/// A message as its sender left it.
#[derive(Clone, Debug)]
struct SentMessage {
    at: VirtualTime,
    clock: Arc<VectorClock>,
}

impl SharedRecord {
    /// A record of a run in which nothing has been sent.
    pub(in super::super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            messages: AtomicU64::new(0),
            sent: Mutex::default(),
        }
    }

    pub(in super::super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Returns what the sender of a message knew when it sent it.
    pub(in super::super) fn clock_of(&self, message: MessageId) -> Option<Arc<VectorClock>> {
        let sent = lock(&self.sent);
        sent.get(&message).map(|sent| Arc::clone(&sent.clock))
    }

    /// Records a message that an actor with this clock is about to hand to the bus.
    pub(in super::super) fn sent(
        &self,
        actor: ActorId,
        member: &PlannedMember,
        clock: &Mutex<VectorClock>,
        content: Content,
    ) -> Message {
        let at = self.recorder.now();
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        let message = Message {
            id: MessageId(number + 1),
            from: member.id,
            team: member.team,
            sent_ms: at.as_millis(),
            secret: member.secret.to_string(),
            content,
        };
        let envelope = message.envelope();
        let clock = {
            let mut clock = lock(clock);
            clock.tick(envelope.stream);
            Arc::new(clock.clone())
        };
        let sent = SentMessage {
            at,
            clock: Arc::clone(&clock),
        };
        lock(&self.sent).insert(message.id, sent);
        let history = self.recorder.history();
        let name = message.stream_name();
        history.with(|history| history.names.give(envelope.stream, name));
        let entry = EntryKind::Sent(Sent {
            message: message.id,
            envelope,
            body: message.body(),
        });
        history.record_with(Some(actor), Some(clock), entry);
        message
    }
}

/// The record of one member.
#[derive(Debug)]
pub(super) struct Record {
    shared: Arc<SharedRecord>,
    member: Arc<PlannedMember>,
    /// The messages that happened before this moment.
    clock: Mutex<VectorClock>,
    /// The requests of this member that have not begun a span, with the members asked.
    asked: Mutex<BTreeMap<MessageId, MemberId>>,
}

impl Record {
    /// Begins the record of a member, with its subscriptions: its own mailbox, and the
    /// broadcasts of all others.
    pub(super) fn begin(shared: Arc<SharedRecord>, member: Arc<PlannedMember>) -> Self {
        let record = Self {
            shared,
            member,
            clock: Mutex::default(),
            asked: Mutex::default(),
        };
        let own = Channel::Mailbox(record.member.id);
        let of_others = record.member.others.iter().copied();
        for channel in std::iter::once(own).chain(of_others.map(Channel::Broadcasts)) {
            let history = record.shared.recorder.history();
            history.with(|history| history.names.give(channel.id(), channel.name()));
            record.write(EntryKind::Subscribed {
                channel: channel.id(),
                tenant: record.member.team.tenant(),
                since: Since::Start,
            });
        }
        record
    }

    fn write(&self, entry: EntryKind) {
        let history = self.shared.recorder.history();
        history.record(Some(self.member.id.actor()), entry);
    }

    /// Records a moment worth a goal.
    pub(super) fn mark(&self, mark: Mark) {
        self.shared.recorder.mark(mark);
    }

    /// Returns the virtual time.
    pub(super) fn now(&self) -> VirtualTime {
        self.shared.recorder.now()
    }

    // Connections -------------------------------------------------------------

    /// Records the member's connection with that number, from 1.
    pub(super) fn connected(&self, epoch: Epoch, times: u32) {
        self.write(EntryKind::Connected { epoch, times });
        if times > 1 {
            self.mark(RECONNECTED);
        }
    }

    /// Records that the connection is gone.
    pub(super) fn disconnected(&self, reason: &'static str) {
        self.write(EntryKind::Disconnected {
            reason: reason.into(),
        });
    }

    /// Records that an order is repeated.
    pub(super) fn repeated(&self) {
        self.mark(ORDER_REPEATED);
    }

    /// Records that the mailbox is empty and the member leaves.
    pub(super) fn drained(&self) {
        self.write(EntryKind::Drained);
    }

    // Sending -----------------------------------------------------------------

    /// Records a message that is about to be handed to the bus.
    pub(super) fn sent(&self, content: Content) -> Message {
        let actor = self.member.id.actor();
        let message = self.shared.sent(actor, &self.member, &self.clock, content);
        if let Content::Request { to, .. } = content {
            lock(&self.asked).insert(message.id, to);
        }
        message
    }

    /// Records the answer to a message.
    pub(super) fn answered(&self, message: &Message, answer: Answer) {
        match answer {
            Answer::Accepted(place) => {
                // A handler subscribes to some events and not to a whole log, and its own are
                // numbered with those of its member.
                let is_event = matches!(message.content, Content::Event { .. });
                let numbered = (!is_event).then_some(place);
                self.write(EntryKind::Accepted(Accepted {
                    message: message.id,
                    position: numbered.map(Place::position),
                    seq: numbered.map(|place| place.seq),
                }));
                self.request_began(message.id);
            }
            Answer::Rejected(refusal) => {
                self.write(EntryKind::Rejected {
                    message: message.id,
                    reason: refusal.to_string().into(),
                });
                match refusal {
                    Refusal::MailboxFull(_) => self.mark(MAILBOX_FULL),
                    Refusal::NotAwaited(_) => self.mark(RESPONSE_TOO_LATE),
                    Refusal::NoSubscriber => self.mark(NO_SUBSCRIBER),
                    Refusal::UnknownMember(_) => self.mark(UNKNOWN_MEMBER),
                    Refusal::Stopped(_) => self.mark(MEMBER_STOPPED),
                }
            }
            Answer::Withdrawn
            | Answer::Subscribed { .. }
            | Answer::Unhandled(_)
            | Answer::Stopped { .. } => {}
        }
    }

    // Receiving ---------------------------------------------------------------

    /// Records a message from the mailbox. `resumed_at` is the time at which the member came
    /// back, if it had been away.
    pub(super) fn received(
        &self,
        place: Place,
        message: &Message,
        resumed_at: Option<VirtualTime>,
    ) {
        if let Content::Response { request, .. } = message.content {
            // Its answer may have been lost with a connection.
            self.request_began(request);
        }
        self.write(EntryKind::Received(Received {
            message: message.id,
            envelope: message.envelope(),
            position: Some(place.position()),
            seq: Some(place.seq),
            body: message.body(),
        }));
        let sent = lock(&self.shared.sent).get(&message.id).cloned();
        let Some(sent) = sent else {
            return;
        };
        lock(&self.clock).merge(&sent.clock);
        if resumed_at.is_some_and(|resumed_at| sent.at < resumed_at) {
            self.mark(REPLAYED);
        }
    }

    // Requests ----------------------------------------------------------------

    /// Records that the bus has accepted a request of this member, unless that is known.
    fn request_began(&self, request: MessageId) {
        let Some(responder) = lock(&self.asked).remove(&request) else {
            return;
        };
        self.write(EntryKind::Began(Began {
            span: span_of(request),
            kind: "request".into(),
            label: responder.to_string().into(),
            parent: None,
            owner: self.member.team.tenant(),
            channel: Some(Channel::Mailbox(self.member.id).id()),
            planned: Some(1),
            required: Vec::new(),
        }));
    }

    /// Records that a request is over.
    pub(super) fn request_ended(&self, request: MessageId, end: SpanEnd) {
        let span = span_of(request);
        self.write(EntryKind::Ended { span, end });
    }

    /// Records that a requester gave up.
    pub(super) fn timed_out(&self) {
        self.mark(REQUEST_TIMED_OUT);
    }

    /// Records the comparison of a request with the response that the member got for it.
    pub(super) fn compared(&self, request: MessageId, asked: u32, answered: u32) {
        let broken = (asked != answered).then(|| {
            let request = request.0;
            format!("message-{request} asks for {asked}, and its response is for {answered}")
        });
        self.checked("response-fits-request", broken);
    }

    /// Records the check of an invariant.
    pub(super) fn checked(&self, name: &'static str, broken: Option<String>) {
        self.write(EntryKind::Invariant {
            name: name.into(),
            broken: broken.map(Into::into),
        });
    }
}
