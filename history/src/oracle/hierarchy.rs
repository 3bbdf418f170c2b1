//! Hierarchy: the messages of a span enclose those of each span that it began, by cause
//! and not by time:
//!
//! > parent opened < child announced < child opened
//! > < child ended < its end reported < parent ended
//!
//! and actors receive them in the same order. Every child is announced once and reported
//! once, whichever way it ended. The history's profile says which kinds of messages
//! these are.
//!
//! Excused: a parent that was cut off (by its deadline, by a cancellation, by the death
//! of its host, or because it died silently) need not have reported; a child that was cut
//! off by its deadline, by a cancellation or by the death of its host need not have opened, and in the
//! latter case nothing orders its end; and a child whose end has no terminal message in the
//! profile needs none. Messages that an actor did not receive are not
//! compared there, and causes not between senders that carry no clock. If the engine
//! stopped the run early, nothing is called missing.

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::body::{Symbol, Value};
use crate::entry::SpanEnd;
use crate::facets::messages::Sending;
use crate::facets::spans::SpanRecord;
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, EntityId, SpanId};
use crate::profile::{Profile, Role};
use crate::validation::Validation;

/// The oracle `hierarchy`.
#[derive(Debug)]
pub struct Hierarchy;

impl Oracle for Hierarchy {
    fn name(&self) -> &'static str {
        "hierarchy"
    }

    fn claim(&self) -> &'static str {
        "a span's messages enclose those of the spans that it began"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Spans, Facet::Messages]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "unknown-parent",
                meaning: "A span was begun by one that itself never began.",
            },
            Rule {
                name: "repeated",
                meaning: "A child was announced twice or reported twice.",
            },
            Rule {
                name: "missing",
                meaning: "A message is missing that must stand between parent and child.",
            },
            Rule {
                name: "not-awaited",
                meaning: "A message was sent without waiting for one that must precede it.",
            },
            Rule {
                name: "received-out-of-order",
                meaning: "An actor received such a message before one that must precede it.",
            },
            Rule {
                name: "not-its-child",
                meaning: "A message announces or reports a span that its own did not begin.",
            },
            Rule {
                name: "wrong-parent",
                meaning: "A message arrived under another parent than its span has.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::Timing]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for child in run.spans().iter() {
            if let Some(parent) = child.began.parent {
                report.check(1);
                check_child(run, parent, child, &mut report);
            }
        }
        check_announcements(run, &mut report);
        check_labels(run, &mut report);
        report.finish()
    }
}

fn check_child<'a>(
    run: &CheckedRun<'a>,
    parent: SpanId,
    child: &SpanRecord<'a>,
    report: &mut Report,
) {
    let Some(record) = run.spans().get(parent) else {
        let witness = [child.began.span.into(), parent.into()];
        report.broken("unknown-parent", witness, None, || {
            let (name, parent) = (run.describe_record(child), run.name(parent));
            format!("{name} was begun by {parent}, which never began")
        });
        return;
    };
    if let Some(profile) = run.history.profile {
        Pair::new(run, profile, record, child).check(report);
    }
}

/// A link of the chain: its name, and the message if there is one.
type Link<'r, 'a> = (String, Option<&'r Sending<'a>>);

/// A parent and its child.
struct Pair<'r, 'a> {
    run: &'r CheckedRun<'a>,
    profile: &'static Profile,
    parent: &'r SpanRecord<'a>,
    child: &'r SpanRecord<'a>,
    announced: Vec<&'r Sending<'a>>,
    reported: Vec<&'r Sending<'a>>,
}

impl<'r, 'a> Pair<'r, 'a> {
    fn new(
        run: &'r CheckedRun<'a>,
        profile: &'static Profile,
        parent: &'r SpanRecord<'a>,
        child: &'r SpanRecord<'a>,
    ) -> Self {
        let about = |begins: bool| {
            let child = EntityId::from(child.began.span);
            not_refused(run, parent)
                .filter(|sending| child_named_by(profile, sending) == Some((begins, child)))
                .collect()
        };
        Self {
            run,
            profile,
            parent,
            child,
            announced: about(true),
            reported: about(false),
        }
    }

    fn check(&self, report: &mut Report) {
        for sendings in [&self.announced, &self.reported] {
            if let [_, second, ..] = sendings.as_slice() {
                let witness = [second.id().into(), self.child.began.span.into()];
                report.broken("repeated", witness, second.at, || {
                    let name = self.run.describe(second);
                    let child = self.run.describe_span(self.child.began.span);
                    format!("{name} is a second {} for {child}", second.kind())
                });
            }
        }
        let chain = self.chain();
        self.check_presence(&chain, report);
        let links: Vec<&Sending<'_>> = chain.iter().filter_map(|(_, link)| *link).collect();
        for pair in links.windows(2) {
            if let [cause, effect] = pair {
                self.check_cause(cause, effect, report);
            }
        }
        let channel = self.parent.began.channel;
        let subscribers = channel.map(|channel| self.run.messages().subscribers_of(channel));
        for actor in subscribers.into_iter().flatten() {
            self.check_receipt(*actor, &links, report);
        }
    }

    /// Returns the links that must follow each other, as far as they can be demanded.
    fn chain(&self) -> Vec<Link<'r, 'a>> {
        let mut chain = Vec::new();
        if let Some(opening) = self.profile.opening() {
            let name = format!("{opening} of the parent");
            chain.push((name, self.opening_of(self.parent)));
        }
        if let Some(kind) = self.profile.announcement() {
            chain.push((kind.to_owned(), self.announced.first().copied()));
        }
        if let Some(opening) = self.profile.opening() {
            let opened = self.opening_of(self.child);
            if opened.is_some() || !may_not_open(self.child) {
                chain.push((opening.to_owned(), opened));
            }
        }
        // Terminals of spans whose host died are sent by others, which do not know the
        // spans' last moments.
        let ended = self.terminal_of(self.child);
        let end = self.child.end();
        let due = end.is_none_or(|end| self.profile.terminal_of(end).is_some());
        if end != Some(SpanEnd::HostDied) && (due || ended.is_some()) {
            chain.push(("terminal message".to_owned(), ended));
        }
        // If nothing joined the child, nothing orders the two ends.
        let report = self.profile.report();
        if let Some(kind) = report
            && (!self.reported.is_empty() || !is_cut_off(self.parent))
        {
            chain.push((kind.to_owned(), self.reported.first().copied()));
            let name = "terminal message of the parent".to_owned();
            chain.push((name, self.terminal_of(self.parent)));
        }
        chain
    }

    fn opening_of(&self, record: &SpanRecord<'_>) -> Option<&'r Sending<'a>> {
        let mut sendings = not_refused(self.run, record);
        sendings.find(|sending| self.profile.role(sending.kind().as_str()) == Some(Role::Opening))
    }

    fn terminal_of(&self, record: &SpanRecord<'_>) -> Option<&'r Sending<'a>> {
        let mut sendings = not_refused(self.run, record);
        sendings.find(|sending| self.run.is_terminal(sending.kind()))
    }

    fn check_presence(&self, chain: &[Link<'_, '_>], report: &mut Report) {
        if !self.run.at_rest() {
            return;
        }
        let (child, parent) = (self.child.began.span, self.parent.began.span);
        for (place, (link, sending)) in chain.iter().enumerate() {
            if sending.is_none() {
                // It is missed when that comes which it should have preceded.
                let next = chain[place..].iter().find_map(|(_, link)| *link);
                let witness = [child.into(), parent.into()];
                report.broken("missing", witness, next.map(|next| next.at), || {
                    let name = self.run.describe_record(self.child);
                    let parent = self.run.describe_span(parent);
                    let last = self.run.messages().of_span(child).next_back();
                    let last = last.map_or("nothing".to_owned(), |last| self.run.describe(last));
                    format!("{name}, begun by {parent}, lacks its {link}; it sent last: {last}")
                });
            }
        }
    }

    fn check_cause(&self, cause: &Sending<'_>, effect: &Sending<'_>, report: &mut Report) {
        let clocks_known = cause.clock.is_some() && effect.clock.is_some();
        if clocks_known && !cause.before(effect) {
            let child = self.child.began.span;
            let witness = [effect.id().into(), cause.id().into(), child.into()];
            report.broken("not-awaited", witness, effect.at, || {
                let (cause, effect) = (self.run.describe(cause), self.run.describe(effect));
                let child = self.run.describe_span(child);
                format!("for {child}, {effect} was sent without having waited for {cause}")
            });
        }
    }

    fn check_receipt(&self, actor: ActorId, links: &[&Sending<'_>], report: &mut Report) {
        let messages = self.run.messages();
        let places: Vec<(usize, &Sending<'_>)> = links
            .iter()
            .filter_map(|link| Some((messages.place(actor, link.id())?, *link)))
            .collect();
        for pair in places.windows(2) {
            if let [(due_first, cause), (due_later, effect)] = pair
                && due_later < due_first
            {
                let at = messages.inbox(actor)[*due_first].delivery.at;
                let witness = [effect.id().into(), cause.id().into(), actor.into()];
                report.broken("received-out-of-order", witness, at, || {
                    let (cause, effect) = (self.run.describe(cause), self.run.describe(effect));
                    let actor = self.run.name(actor);
                    format!("{actor} received {effect} before {cause}")
                });
            }
        }
    }
}

/// Returns the child that a message announces (`true`) or reports (`false`).
fn child_named_by(profile: &Profile, sending: &Sending<'_>) -> Option<(bool, EntityId)> {
    let body = &sending.sent.body;
    let (begins, field) = match profile.role(body.kind.as_str())? {
        Role::BeginsChild { field } => (true, field),
        Role::EndsChild { field } => (false, field),
        _ => return None,
    };
    let child = body.field(field).and_then(Value::entity)?;
    Some((begins, child))
}

/// Returns `true` if the span may have been cut off before its first message.
fn may_not_open(record: &SpanRecord<'_>) -> bool {
    matches!(
        record.end(),
        Some(SpanEnd::TimedOut | SpanEnd::Cancelled | SpanEnd::HostDied)
    )
}

fn is_cut_off(record: &SpanRecord<'_>) -> bool {
    !matches!(record.end(), Some(SpanEnd::Completed | SpanEnd::Failed))
}

/// Returns a span's messages that were not refused.
fn not_refused<'r, 'a>(
    run: &'r CheckedRun<'a>,
    record: &SpanRecord<'_>,
) -> impl Iterator<Item = &'r Sending<'a>> {
    let sendings = run.messages().of_span(record.began.span);
    sendings.filter(|sending| !sending.is_rejected())
}

/// A message must not announce or report a span that its own did not begin.
fn check_announcements(run: &CheckedRun<'_>, report: &mut Report) {
    let Some(profile) = run.history.profile else {
        return;
    };
    for sending in run.messages().sendings() {
        let Some((_, child)) = child_named_by(profile, sending) else {
            continue;
        };
        let own = sending.sent.envelope.span;
        let parent = run.spans().get(SpanId(child.number));
        let parent = parent.and_then(|record| record.began.parent);
        if parent.is_none() || parent != own {
            let witness = [sending.id().into(), child];
            report.broken("not-its-child", witness, sending.at, || {
                let (name, child) = (run.describe(sending), run.describe_entity(child));
                format!("{name} speaks for {child}, which it did not begin")
            });
        }
    }
}

/// Messages must arrive with the right parent of their span.
fn check_labels(run: &CheckedRun<'_>, report: &mut Report) {
    for (actor, inbox) in run.messages().inboxes() {
        for arrival in inbox {
            let received = arrival.delivery.received;
            let sending = run.messages().sending_of(arrival);
            let envelope = sending.map_or(&received.envelope, |sending| &sending.sent.envelope);
            let Some(record) = envelope.span.and_then(|span| run.spans().get(span)) else {
                continue;
            };
            let (told, real) = (received.envelope.parent, record.began.parent);
            if told != real {
                let witness = [received.message.into(), actor.into()];
                report.broken("wrong-parent", witness, arrival.delivery.at, || {
                    let (name, actor) = (run.describe_received(received), run.name(actor));
                    let (told, real) = (parent_name(run, told), parent_name(run, real));
                    format!("{name} reached {actor} as begun by {told}, not by {real}")
                });
            }
        }
    }
}

fn parent_name(run: &CheckedRun<'_>, parent: Option<SpanId>) -> Symbol {
    parent.map_or("no span".into(), |span| run.name(span).to_string().into())
}
