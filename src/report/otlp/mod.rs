//! A run as spans of OpenTelemetry, in the format of its file exporter: one object of the
//! protocol's JSON encoding a line, here one for the run and one for each host.
//!
//! The run is the root span. Tasks are its children, and so are the spans of the history that
//! no other began; these have the attributes of the semantic conventions for generative AI,
//! as invocations of agents. What happened is an event of the span that it belongs to, and a
//! message is a link from the receiver's span to the sender's. Times are virtual; the run begins
//! at [`WALL_CLOCK_START`](rehearsal_sim::WALL_CLOCK_START). Ids are made of the fingerprint
//! and of positions, so that the same run gives the same file.

mod encoding;
mod spans;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::encoding::{Attribute, Resource, ResourceSpans, Scope, ScopeSpans, Traces};
use self::spans::Builder;
use super::document::Document;

/// Returns the spans of a failing run, one object a line.
pub(super) fn traces(document: &Document) -> String {
    let mut by_host: BTreeMap<Option<usize>, Vec<_>> = BTreeMap::new();
    for (host, span) in Builder::new(document).build() {
        by_host.entry(host).or_default().push(span);
    }
    let lines = by_host.into_iter().map(|(host, spans)| {
        let name = host.and_then(|host| document.failing.hosts.get(host));
        let line = Traces {
            resource_spans: [ResourceSpans {
                resource: Resource {
                    attributes: resource(document, name),
                },
                scope_spans: [ScopeSpans {
                    scope: Scope {
                        name: "rehearsal",
                        version: env!("CARGO_PKG_VERSION"),
                    },
                    spans,
                }],
            }],
        };
        let line = serde_json::to_string(&line);
        format!("{}\n", line.expect("spans have string keys only"))
    });
    lines.collect()
}

/// Returns the attributes of a host or, without one, of the run.
fn resource<'a>(document: &'a Document, host: Option<&'a String>) -> Vec<Attribute<'a>> {
    let target = &document.target.name;
    let mut attributes = vec![
        Attribute::new("service.namespace", target),
        Attribute::new("service.name", host.unwrap_or(target)),
    ];
    attributes.extend(host.map(|host| Attribute::new("host.name", host)));
    attributes
}
