//! Isolation: a message reaches only actors of its own tenant that subscribe to its
//! channel, under the tenant, channel and span that it was sent for; and no body shows
//! a secret of another tenant. Nothing is excused.

use super::secrets::Secrets;
use super::{Finding, Oracle, Report, Rule, Settings};
use crate::entry::{Envelope, Received};
use crate::facets::messages::{Delivery, Sending, Subscriber};
use crate::facets::{CheckedRun, Facet};
use crate::ids::EntityId;

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
                meaning: "A message arrived under another tenant, channel or span than it was sent for.",
            },
            Rule {
                name: "unregistered",
                meaning: "A message arrived of a span that never began, or began for another channel or tenant.",
            },
            Rule {
                name: "altered-secret",
                meaning: "A message arrived with another secret than it was sent with.",
            },
            Rule {
                name: "misrouted",
                meaning: "A message was accepted for another channel than it was sent to.",
            },
        ]
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
        report.finish()
    }
}

/// The system must file a message under the channel that it was sent to.
fn check_routing(run: &CheckedRun<'_>, sending: &Sending<'_>, report: &mut Report) {
    let Some(accepted) = sending.accepted() else {
        return;
    };
    let filed = accepted.position.channel;
    if filed != sending.sent.envelope.channel {
        let witness = [sending.id().into(), filed.into()];
        report.broken("misrouted", witness, sending.at, || {
            let (name, channel) = (run.describe(sending), run.name(filed));
            let offset = accepted.position.offset.0;
            format!("{name} was accepted for {channel}, at offset {offset}")
        });
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
        breaches.extend(unregistered(run, &sending.sent.envelope));
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
    let label = |envelope: &Envelope| {
        let (tenant, channel) = (envelope.tenant, envelope.channel);
        (tenant, channel, envelope.stream, envelope.span)
    };
    (label(sent) != label(came)).then(|| {
        let name = |envelope: &Envelope| {
            let sender = envelope
                .span
                .map_or(EntityId::from(envelope.stream), EntityId::from);
            let (tenant, channel) = (run.name(envelope.tenant), run.name(envelope.channel));
            (
                run.name(sender).to_string(),
                format!("for {channel} of {tenant}"),
            )
        };
        let ((sender, address), (other, elsewhere)) = (name(sent), name(came));
        let kind = run.name(sending.id());
        let text = format!(
            "{kind} was sent by {sender} {address}, and came as one of {other} {elsewhere}"
        );
        (Breach::Mislabelled, text)
    })
}

/// Compares an envelope with the beginning of its span.
fn unregistered(run: &CheckedRun<'_>, envelope: &Envelope) -> Option<(Breach, String)> {
    let span = envelope.span?;
    let Some(record) = run.spans().get(span) else {
        let text = format!("{} never began", run.name(span));
        return Some((Breach::Unregistered, text));
    };
    let channel = record.began.channel.unwrap_or(envelope.channel);
    let registered = (record.began.owner, channel);
    (registered != (envelope.tenant, envelope.channel)).then(|| {
        let (owner, channel) = (run.name(registered.0), run.name(registered.1));
        let text = format!("{} is registered for {channel} of {owner}", run.name(span));
        (Breach::Unregistered, text)
    })
}

fn altered_secret(received: &Received, sending: &Sending<'_>) -> Option<(Breach, String)> {
    let same = received.body.secrets().eq(sending.sent.body.secrets());
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
