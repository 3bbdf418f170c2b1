//! Isolation: a message reaches only actors of its own tenant that subscribe to its
//! channel, under the tenant, channel, span, sender and time that it was sent with and that
//! its span began with; while the system says that it holds a span's entry, that entry leads
//! to the span's channel; and no body shows a secret of another tenant. Nothing is excused.

use super::secrets::Secrets;
use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{EntryKind, Envelope, Received, Resource};
use crate::facets::messages::{Delivery, Sending, Subscriber};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ChannelId, EntityId, EntityKind, SpanId};
use crate::validation::Validation;

/// The oracle `isolation`.
#[derive(Debug)]
pub struct Isolation;

impl Oracle for Isolation {
    fn name(&self) -> &'static str {
        "isolation"
    }

    fn claim(&self) -> &'static str {
        "messages reach only their own tenant, and secrets appear nowhere else"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Messages, Facet::Spans]
    }

    fn rules(&self) -> &'static [Rule] {
        &[
            Rule {
                name: "foreign-secret",
                meaning: "An actor received a text with a secret of another tenant.",
            },
            Rule {
                name: "foreign-tenant",
                meaning: "A message reached an actor of another tenant.",
            },
            Rule {
                name: "not-subscribed",
                meaning: "A message reached an actor that does not subscribe to its channel.",
            },
            Rule {
                name: "unknown-actor",
                meaning: "A message reached an actor that never subscribed to anything.",
            },
            Rule {
                name: "mislabelled",
                meaning: "A message arrived under another tenant, channel, span, sender or time than it was sent with.",
            },
            Rule {
                name: "unregistered",
                meaning: "A message arrived of a span that never began, or began with another tenant, channel, name or parent.",
            },
            Rule {
                name: "altered-secret",
                meaning: "A message arrived with another secret than it was sent with.",
            },
            Rule {
                name: "registered-elsewhere",
                meaning: "The system holds an entry that leads from a span to a channel of another.",
            },
            Rule {
                name: "misrouted",
                meaning: "A message was accepted for another channel than it was sent to.",
            },
        ]
    }

    fn validates(&self, _settings: &Settings) -> Vec<Validation> {
        vec![Validation::StateConsistency]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        let mut secrets = Secrets::of(run.messages());
        for sending in run.messages().sendings() {
            check_routing(run, sending, &mut report);
        }
        for delivery in run.messages().deliveries() {
            report.check(1);
            check_delivery(run, delivery, &mut secrets, &mut report);
        }
        check_entries(run, &mut report);
        report.finish()
    }
}

/// The system must file a message under the channel that it was sent to.
fn check_routing(run: &CheckedRun<'_>, sending: &Sending<'_>, report: &mut Report) {
    let Some(position) = sending.accepted().and_then(|accepted| accepted.position) else {
        return;
    };
    let filed = position.channel;
    if filed != sending.sent.envelope.channel {
        let witness = [sending.id().into(), filed.into()];
        report.broken("misrouted", witness, sending.at, || {
            let (name, channel) = (run.describe(sending), run.name(filed));
            let offset = position.offset.0;
            format!("{name} was accepted for {channel}, at offset {offset}")
        });
    }
}

/// The entries that the system holds must lead from spans to their channels.
fn check_entries(run: &CheckedRun<'_>, report: &mut Report) {
    for entry in &run.history.entries {
        let EntryKind::Holds { resources, .. } = &entry.kind else {
            continue;
        };
        for resource in resources {
            let Some((span, channel)) = span_and_channel(resource) else {
                continue;
            };
            report.check(1);
            let record = run.spans().get(span);
            let registered = record.and_then(|record| record.began.channel);
            if registered != Some(channel) {
                let witness = [span.into(), channel.into()];
                report.broken("registered-elsewhere", witness, entry.at, || {
                    let (kind, name) = (&resource.kind, run.describe_span(span));
                    let channel = run.name(channel);
                    match registered {
                        Some(own) => {
                            let own = run.name(own);
                            format!("the {kind} of {name} leads to {channel}, not to {own}")
                        }
                        None => format!("the {kind} of {name} leads to {channel}, not to any"),
                    }
                });
            }
        }
    }
}

/// Returns the span and the channel that an entry connects, whichever holds it.
fn span_and_channel(resource: &Resource) -> Option<(SpanId, ChannelId)> {
    let (one, other) = (resource.holder, resource.target?);
    match (one.kind, other.kind) {
        (EntityKind::Span, EntityKind::Channel) => {
            Some((SpanId(one.number), ChannelId(other.number)))
        }
        (EntityKind::Channel, EntityKind::Span) => {
            Some((SpanId(other.number), ChannelId(one.number)))
        }
        _ => None,
    }
}

/// A delivery breaks a rule in this way. The gravest is the rule of the violation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Breach {
    ForeignSecret,
    ForeignTenant,
    NotSubscribed,
    UnknownActor,
    Mislabelled,
    Unregistered,
    AlteredSecret,
}

impl Breach {
    fn rule(self) -> &'static str {
        match self {
            Self::ForeignSecret => "foreign-secret",
            Self::ForeignTenant => "foreign-tenant",
            Self::NotSubscribed => "not-subscribed",
            Self::UnknownActor => "unknown-actor",
            Self::Mislabelled => "mislabelled",
            Self::Unregistered => "unregistered",
            Self::AlteredSecret => "altered-secret",
        }
    }
}

fn check_delivery<'a>(
    run: &CheckedRun<'a>,
    delivery: &Delivery<'a>,
    secrets: &mut Secrets<'a>,
    report: &mut Report,
) {
    let breaches = breaches(run, delivery, secrets);
    let gravest = breaches.iter().map(|(breach, _)| *breach).min();
    let Some(gravest) = gravest else {
        return;
    };
    let witness = [delivery.received.message.into(), delivery.actor.into()];
    report.broken(gravest.rule(), witness, delivery.at, || {
        let name = run.describe_received(delivery.received);
        let actor = run.name(delivery.actor);
        let texts: Vec<String> = breaches.into_iter().map(|(_, text)| text).collect();
        format!("{name} reached {actor}: {}", texts.join("; "))
    });
}

fn breaches<'a>(
    run: &CheckedRun<'a>,
    delivery: &Delivery<'a>,
    secrets: &mut Secrets<'a>,
) -> Vec<(Breach, String)> {
    let mut breaches = Vec::new();
    let received = delivery.received;
    let sending = run.messages().sending(received.message);
    if let Some(sending) = sending {
        breaches.extend(mislabelled(run, received, sending));
        breaches.extend(unregistered(run, received, sending));
        breaches.extend(altered_secret(received, sending));
    }
    let Some(reader) = run.messages().subscriber(delivery.actor) else {
        let text = "that actor never subscribed to anything".to_owned();
        breaches.push((Breach::UnknownActor, text));
        return breaches;
    };
    let envelope = sending.map_or(&received.envelope, |sending| &sending.sent.envelope);
    breaches.extend(misdirected(run, envelope, reader));
    if let Some(owner) = secrets.foreign(&received.body, reader.tenant) {
        let (owner, reader) = (run.name(owner), run.name(reader.tenant));
        let text = format!("its body shows a secret of {owner} to {reader}");
        breaches.push((Breach::ForeignSecret, text));
    }
    breaches
}

/// Compares the envelope as received with the envelope as sent.
fn mislabelled(
    run: &CheckedRun<'_>,
    received: &Received,
    sending: &Sending<'_>,
) -> Option<(Breach, String)> {
    let (sent, came) = (&sending.sent.envelope, &received.envelope);
    if sent == came {
        return None;
    }
    let (one, other) = (address(run, sent), address(run, came));
    let text = if sent.stream != came.stream && one == other {
        let (one, other) = (run.name(sent.stream), run.name(came.stream));
        format!("it was sent on stream {one}, and came on stream {other}")
    } else if one != other {
        format!("it was sent by {one}, and came as one of {other}")
    } else if sent.sender != came.sender {
        format!(
            "it was sent by {}, and came as from {}",
            sent.sender, came.sender
        )
    } else if sent.sent_ms.is_some() && sent.sent_ms != came.sent_ms {
        let (one, other) = (describe_time(sent.sent_ms), describe_time(came.sent_ms));
        format!("it was sent {one}, and came as sent {other}")
    } else {
        return None;
    };
    Some((Breach::Mislabelled, text))
}

/// Returns `run-4 for thread-2 of user-2`.
fn address(run: &CheckedRun<'_>, envelope: &Envelope) -> String {
    let stream = EntityId::from(envelope.stream);
    let sender = envelope.span.map_or(stream, EntityId::from);
    let (tenant, channel) = (run.name(envelope.tenant), run.name(envelope.channel));
    format!("{} for {channel} of {tenant}", run.name(sender))
}

fn describe_time(sent_ms: Option<u64>) -> String {
    sent_ms.map_or("at no time".to_owned(), |ms| format!("at {ms} ms"))
}

/// Compares the envelope as received with the beginning of the span that sent it.
fn unregistered(
    run: &CheckedRun<'_>,
    received: &Received,
    sending: &Sending<'_>,
) -> Option<(Breach, String)> {
    let span = sending.sent.envelope.span?;
    let Some(record) = run.spans().get(span) else {
        let text = format!("{} never began", run.name(span));
        return Some((Breach::Unregistered, text));
    };
    let (began, came) = (record.began, &received.envelope);
    let name = run.name(span);
    let channel = began.channel.unwrap_or(came.channel);
    let text = if (began.owner, channel) != (came.tenant, came.channel) {
        let (owner, channel) = (run.name(began.owner), run.name(channel));
        format!("{name} is registered for {channel} of {owner}")
    } else if began.label != came.sender {
        format!("{name} is {}, and not {}", began.label, came.sender)
    } else if began.parent != came.parent {
        format!("{name} was begun by another than it came with")
    } else {
        return None;
    };
    Some((Breach::Unregistered, text))
}

fn altered_secret(received: &Received, sending: &Sending<'_>) -> Option<(Breach, String)> {
    let (came, sent) = (&received.body, &sending.sent.body);
    let same = came == sent || came.secrets().eq(sent.secrets());
    (!same).then(|| {
        let text = "its secret is not the one that it was sent with".to_owned();
        (Breach::AlteredSecret, text)
    })
}

/// Compares an envelope with the subscriptions of the actor that received it.
fn misdirected(
    run: &CheckedRun<'_>,
    envelope: &Envelope,
    reader: &Subscriber,
) -> Vec<(Breach, String)> {
    let mut breaches = Vec::new();
    let actor = run.name(reader.actor);
    if envelope.tenant != reader.tenant {
        let (owner, tenant) = (run.name(envelope.tenant), run.name(reader.tenant));
        let text = format!("it belongs to {owner}, and {actor} to {tenant}");
        breaches.push((Breach::ForeignTenant, text));
    }
    if !reader.channels.contains(&envelope.channel) {
        let channel = run.name(envelope.channel);
        let text = format!("{actor} does not subscribe to {channel}");
        breaches.push((Breach::NotSubscribed, text));
    }
    breaches
}
