//! The layer that writes spans and events into the trace of a run.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Bytes of a line's text, at most.
const TEXT_MAX: usize = 1_000;

/// Returns a subscriber that writes what passes the filter into the trace.
pub(super) fn subscriber(filter: Targets) -> Dispatch {
    let layer = TraceLayer.with_filter(filter);
    Dispatch::new(tracing_subscriber::registry().with(layer))
}

/// Writes spans and events into the trace of the run that they are in.
struct TraceLayer;

/// The name and the fields of a span.
struct SpanText(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for TraceLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let Some(span) = context.span(id) else {
            return;
        };
        let text = SpanText(fields.after(span.name()));
        span.extensions_mut().insert(text);
        log(span.metadata().level(), || {
            format!("begins {}", path(&context, Some(id)))
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let Some(span) = context.span(id) else {
            return;
        };
        if let Some(text) = span.extensions_mut().get_mut::<SpanText>() {
            text.0 = fields.after(&text.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let within = context.current_span();
        log(event.metadata().level(), || {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let text = fields.text();
            match path(&context, within.id()) {
                path if path.is_empty() => format!("{}: {text}", event.metadata().target()),
                path => format!("{path}: {text}"),
            }
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        log(span.metadata().level(), || {
            format!("ends {}", path(&context, Some(&id)))
        });
    }
}

/// Adds a line to the trace of the run that this thread is in, if it is in one.
fn log(level: &Level, text: impl FnOnce() -> String) {
    let Some(world) = rehearsal_sim::current() else {
        return;
    };
    world.log(word(*level), || cut(text()));
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Returns the spans from the outermost to this one, separated by colons.
fn path<S: Subscriber + for<'a> LookupSpan<'a>>(
    context: &Context<'_, S>,
    id: Option<&Id>,
) -> String {
    let scope = id.and_then(|id| context.span_scope(id));
    let spans = scope.into_iter().flat_map(|scope| scope.from_root());
    let texts = spans.map(|span| match span.extensions().get::<SpanText>() {
        Some(text) => text.0.clone(),
        None => span.name().to_owned(),
    });
    texts.collect::<Vec<String>>().join(":")
}

/// Cuts a text that is too long at a character.
fn cut(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        let mut ends = (0..=TEXT_MAX).rev();
        let end = ends.find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

/// The fields of a span or an event, as text.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Fields {
    /// Returns the fields after a name.
    fn after(&self, name: &str) -> String {
        let fields = self.text();
        if fields.is_empty() {
            name.to_owned()
        } else {
            format!("{name}{{{fields}}}")
        }
    }

    /// Returns the message, then the others.
    fn text(&self) -> String {
        let parts = [self.message.as_str(), self.others.as_str()];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<&str>>().join(" ")
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail; the value's own formatting may.
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
            return;
        }
        if !self.others.is_empty() {
            self.others.push(' ');
        }
        let _ = write!(self.others, "{}={value:?}", field.name());
    }
}
