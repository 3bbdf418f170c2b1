//! CloudEvents 1.0 in the JSON format, one event a line, with the extension `sequence`.

use serde_json::Value as Json;

use super::fields::{quoted, text};
use super::open::{Id, OpenIds, Recent};
use super::{Findings, WireMachine, WireProfile, WireRule};

const MISSING_ATTRIBUTE: WireRule = WireRule::new(
    "missing-attribute",
    "CloudEvents, Required Attributes",
    "An event lacks `id`, `source`, `specversion` or `type`, or it is empty.",
);
const OTHER_VERSION: WireRule = WireRule::new(
    "other-version",
    "CloudEvents, Required Attributes, specversion",
    "The `specversion` is not `1.0`.",
);
const ATTRIBUTE_NAME: WireRule = WireRule::new(
    "attribute-name",
    "CloudEvents, Attribute Naming Convention",
    "The name of an attribute has other characters than small letters and digits.",
);
const ATTRIBUTE_TYPE: WireRule = WireRule::new(
    "attribute-type",
    "CloudEvents, Type System",
    "An attribute is not a text, a boolean or a whole number of 32 bits.",
);
const TWO_DATA: WireRule = WireRule::new(
    "two-data",
    "JSON Event Format, Handling of \"data\"",
    "An event has `data` and `data_base64`.",
);
const REUSED_ID: WireRule = WireRule::new(
    "reused-id",
    "CloudEvents, Required Attributes, id",
    "Two different events have one `source` and `id`.",
);
const SEQUENCE: WireRule = WireRule::new(
    "sequence",
    "Sequence extension",
    "The `sequence` of a new event is not above that of the event before it from its `source`.",
);

pub(super) const PROFILE: WireProfile = WireProfile {
    name: "cloudevents",
    claim: "CloudEvents, each new or sent again, in the order of their sequence",
    specification: "CloudEvents 1.0.2, its JSON format and its extension Sequence",
    rules: &[&[
        MISSING_ATTRIBUTE,
        OTHER_VERSION,
        ATTRIBUTE_NAME,
        ATTRIBUTE_TYPE,
        TWO_DATA,
        REUSED_ID,
        SEQUENCE,
    ]],
    machine: || Box::new(CloudEvents::new()),
};

/// Members of an event that are no attributes.
const DATA: [&str; 2] = ["data", "data_base64"];

/// The characters of a sequence, which is kept for each source.
const SEQUENCE_BYTES_MAX: usize = 1 << 10;

struct CloudEvents {
    /// The events that came lately, with the hash of their contents.
    seen: Recent<Id>,
    /// The last sequence of each source.
    sequences: OpenIds<String>,
}

impl CloudEvents {
    fn new() -> Self {
        Self {
            seen: Recent::default(),
            sequences: OpenIds::new("sources"),
        }
    }

    fn sequence(&mut self, source: Id, sequence: &str, findings: &mut Findings) {
        if sequence.len() > SEQUENCE_BYTES_MAX {
            let limit = SEQUENCE_BYTES_MAX;
            return findings.exhausted(format!("a sequence is longer than {limit} bytes"));
        }
        if let Some(before) = self.sequences.get(source)
            && sequence <= before.as_str()
        {
            findings.broken(SEQUENCE, || {
                format!("{} follows {}", quoted(sequence), quoted(before))
            });
        }
        self.sequences.open(source, sequence.to_owned(), findings);
    }
}

/// Returns the complaints about an attribute.
fn check_attribute(name: &str, value: &Json, findings: &mut Findings) {
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.is_empty() || !name.bytes().all(is_small) {
        findings.broken(ATTRIBUTE_NAME, || format!("{} is no name", quoted(name)));
    }
    let is_number = value.as_i64().is_some_and(|n| i32::try_from(n).is_ok());
    if !(value.is_string() || value.is_boolean() || value.is_null() || is_number) {
        findings.broken(ATTRIBUTE_TYPE, || {
            format!("{} has another type", quoted(name))
        });
    }
}

impl WireMachine for CloudEvents {
    fn step(&mut self, message: &Json, findings: &mut Findings) {
        let attribute = |name: &str| text(message, name).filter(|text| !text.is_empty());
        let needed = (
            attribute("id"),
            attribute("source"),
            attribute("specversion"),
            attribute("type"),
        );
        let (Some(id), Some(source), Some(version), Some(_)) = needed else {
            return findings.broken(MISSING_ATTRIBUTE, || {
                "one of `id`, `source`, `specversion` and `type` is missing".to_owned()
            });
        };
        if version != "1.0" {
            findings.broken(OTHER_VERSION, || format!("it is {}", quoted(version)));
        }
        let members = message.as_object().into_iter().flatten();
        for (name, value) in members.filter(|(name, _)| !DATA.contains(&name.as_str())) {
            check_attribute(name, value, findings);
        }
        if DATA.iter().all(|name| message.get(name).is_some()) {
            findings.broken(TWO_DATA, || "an event has one of them".to_owned());
        }
        let source = Id::text(source);
        let key = Id::pair(source, Id::text(id));
        let content = Id::text(&message.to_string());
        match self.seen.get(key) {
            Some(before) if *before == content => return,
            Some(_) => findings.broken(REUSED_ID, || {
                format!("another event of its source has the id {}", quoted(id))
            }),
            None => self.seen.insert(key, content),
        }
        if let Some(sequence) = attribute("sequence") {
            self.sequence(source, sequence, findings);
        }
    }

    fn end(&mut self, _findings: &mut Findings) {}
}
