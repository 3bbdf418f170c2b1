//! Requests and their responses: spans that may end without a terminal message.

use rehearsal_sim::{Statistics, Verdict};

use crate::oracle::{OracleRef, Settings};
use crate::profile::REQUEST_RESPONSE;
use crate::{
    Accepted, ActorId, Began, Body, ChannelId, CheckedRun, EntryKind, Envelope, Epoch, History,
    MessageId, Model, Offset, Position, Received, Recorder, Sent, Since, SpanEnd, SpanId, StreamId,
    Symbol, TenantId,
};

const REQUESTER: ActorId = ActorId(1);
const CHANNEL: ChannelId = ChannelId(1);
const SPAN: SpanId = SpanId(1);
const RESPONSE: MessageId = MessageId(2);

/// The history of one request, all in one instant: the order of the entries counts.
struct Request(Recorder);

impl Request {
    fn begin() -> Self {
        let request = Self(Recorder::new(&Model {
            profile: Some(&REQUEST_RESPONSE),
            ..Model::default()
        }));
        request.add(EntryKind::Subscribed {
            channel: CHANNEL,
            tenant: TenantId(1),
            since: Since::Start,
        });
        request.add(EntryKind::Began(Began {
            span: SPAN,
            kind: "request".into(),
            label: "responder".into(),
            parent: None,
            owner: TenantId(1),
            channel: Some(CHANNEL),
            planned: Some(1),
            required: Vec::new(),
        }));
        request
    }

    fn add(&self, kind: EntryKind) {
        self.0.record(Some(REQUESTER), kind);
    }

    fn end(self, end: SpanEnd) -> Self {
        self.add(EntryKind::Ended { span: SPAN, end });
        self
    }

    fn envelope() -> Envelope {
        Envelope {
            tenant: TenantId(1),
            channel: CHANNEL,
            stream: StreamId(1),
            span: Some(SPAN),
            parent: None,
            sender: "responder".into(),
            sent_ms: None,
        }
    }

    fn respond(self) -> Self {
        self.add(EntryKind::Sent(Sent {
            message: RESPONSE,
            envelope: Self::envelope(),
            body: Body::new("response"),
        }));
        self
    }

    fn refuse(self) -> Self {
        self.add(EntryKind::Rejected {
            message: RESPONSE,
            reason: "nothing waits for it".into(),
        });
        self
    }

    fn accept_and_deliver(self) -> Self {
        let position = Position {
            channel: CHANNEL,
            epoch: Epoch(1),
            offset: Offset(1),
        };
        self.add(EntryKind::Accepted(Accepted {
            message: RESPONSE,
            position: Some(position),
            seq: Some(1),
        }));
        self.add(EntryKind::Received(Received {
            message: RESPONSE,
            envelope: Self::envelope(),
            position: Some(position),
            seq: Some(1),
            body: Body::new("response"),
        }));
        self
    }

    fn rules_broken(self, oracle: &str) -> Vec<Symbol> {
        self.add(EntryKind::Drained);
        let history: History = self.0.into_history();
        let statistics = Statistics::default();
        let run = CheckedRun::new(&history, &Verdict::Pass, &statistics);
        let oracle = OracleRef::parse(oracle).expect("an oracle of that name");
        let finding = oracle.judge(&run, &Settings::default());
        let violations = finding.violations.into_iter();
        violations.map(|violation| violation.rule).collect()
    }
}

#[track_caller]
fn assert_broken(request: fn() -> Request, oracle: &str, rules: &[&str]) {
    assert_eq!(request().rules_broken(oracle), rules, "{oracle}");
}

#[test]
fn request_that_was_given_up_needs_no_response() {
    let given_up = || Request::begin().end(SpanEnd::TimedOut);
    assert_broken(given_up, "terminal-exactly-once", &[]);
    assert_broken(given_up, "protocol", &[]);
    let completed = || Request::begin().end(SpanEnd::Completed);
    assert_broken(completed, "terminal-exactly-once", &["no-terminal"]);
    assert_broken(completed, "protocol", &["count"]);
    assert_broken(
        Request::begin,
        "terminal-exactly-once",
        &["never-ended", "no-terminal"],
    );
}

#[test]
fn response_in_flight_when_its_request_is_given_up_may_arrive() {
    let late = || {
        let request = Request::begin().end(SpanEnd::TimedOut);
        request.respond().accept_and_deliver()
    };
    for oracle in ["terminal-exactly-once", "protocol", "no-loss"] {
        assert_broken(late, oracle, &[]);
    }
}

#[test]
fn response_may_be_refused_only_after_its_request_was_given_up() {
    let after = || {
        let request = Request::begin().respond();
        request.end(SpanEnd::TimedOut).refuse()
    };
    assert_broken(after, "no-loss", &[]);
    let before = || {
        let request = Request::begin().respond();
        request.refuse().end(SpanEnd::TimedOut)
    };
    assert_broken(before, "no-loss", &["refused"]);
}

#[test]
fn a_cancelled_request_below_another_needs_no_response() {
    for (end, passes) in [(SpanEnd::Cancelled, true), (SpanEnd::Completed, false)] {
        let request = Request::begin();
        let child = SpanId(2);
        request.add(EntryKind::Began(Began {
            span: child,
            kind: "request".into(),
            label: "responder".into(),
            parent: Some(SPAN),
            owner: TenantId(1),
            channel: Some(CHANNEL),
            planned: None,
            required: Vec::new(),
        }));
        request.add(EntryKind::Ended { span: child, end });
        let history = request.end(SpanEnd::Cancelled).0.into_history();
        let statistics = Statistics::default();
        let run = CheckedRun::new(&history, &Verdict::Pass, &statistics);
        let oracle = OracleRef::parse("hierarchy").expect("an oracle");
        let finding = oracle.judge(&run, &Settings::default());
        assert_eq!(finding.is_pass(), passes, "{end:?}: {finding:?}");
    }
}
