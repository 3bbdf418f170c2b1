use serde_json::{Value as Json, json};

use super::draws::Draws;
use super::words::is_text;
use super::{Case, Sample, case};

pub(super) const SAMPLE: Sample = Sample {
    profile: "otel-genai",
    cases,
    legal,
    recognises,
};

/// A span of an operation in an interval.
struct Draft {
    id: usize,
    parent: Option<usize>,
    operation: &'static str,
    interval: (u64, u64),
    conversation: usize,
}

impl Draft {
    fn span(&self) -> Json {
        let id = |number: usize| format!("{number:016x}");
        let text = |key: &str, value: String| json!({"key": key, "value": {"stringValue": value}});
        let kind = if ["chat", "create_agent"].contains(&self.operation) {
            3
        } else {
            1
        };
        json!({
            "traceId": "trace", "spanId": id(self.id),
            "parentSpanId": self.parent.map(id).unwrap_or_default(),
            "name": format!("{} target", self.operation), "kind": kind,
            "startTimeUnixNano": self.interval.0.to_string(),
            "endTimeUnixNano": self.interval.1.to_string(),
            "attributes": [
                text("gen_ai.operation.name", self.operation.to_owned()),
                text("gen_ai.conversation.id", format!("conversation-{}", self.conversation)),
                text("gen_ai.tool.call.id", format!("call-{}", self.id)),
            ],
            "status": {"code": 1},
        })
    }
}

fn draft(id: usize, parent: Option<usize>, interval: (u64, u64)) -> Draft {
    Draft {
        id,
        parent,
        operation: "execute_tool",
        interval,
        conversation: 0,
    }
}

fn cases() -> Vec<Case> {
    let tree = |child: (u64, u64), conversation: usize| {
        let child = Draft {
            conversation,
            ..draft(2, Some(1), child)
        };
        vec![child.span(), draft(1, None, (10, 20)).span()]
    };
    let fine = || tree((12, 18), 0);
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut spans = fine();
        change(&mut spans[0]);
        spans
    };
    let mut explained = fine();
    explained[0]["status"]["code"] = 2.into();
    let error = json!({"key": "error.type", "value": {"stringValue": "timeout"}});
    explained[0]["attributes"]
        .as_array_mut()
        .expect("a list")
        .push(error);
    vec![
        case(
            "malformed",
            fine(),
            changed(&|span| span["spanId"] = 3.into()),
        ),
        case(
            "repeated-span",
            fine(),
            changed(&|span| span["spanId"] = format!("{:016x}", 1).into()),
        ),
        case(
            "not-ended",
            fine(),
            changed(&|span| span["endTimeUnixNano"] = "0".into()),
        ),
        case(
            "no-operation",
            fine(),
            changed(&|span| drop(span["attributes"].as_array_mut().expect("a list").remove(0))),
        ),
        case(
            "other-name",
            fine(),
            changed(&|span| span["name"] = "tool".into()),
        ),
        case(
            "other-kind",
            fine(),
            changed(&|span| span["kind"] = 3.into()),
        ),
        case(
            "no-error-type",
            explained,
            changed(&|span| span["status"]["code"] = 2.into()),
        ),
        case(
            "tool-call-twice",
            fine(),
            changed(&|span| span["attributes"][2]["value"]["stringValue"] = "call-1".into()),
        ),
        case("before-parent", tree((12, 21), 0), tree((8, 18), 0)),
        case("other-conversation", fine(), tree((12, 18), 1)),
    ]
}

/// Returns some trees of spans, each span after its children.
fn legal(draws: &mut Draws<'_>) -> Vec<Json> {
    let mut spans = Vec::new();
    let mut ids = 0;
    for conversation in 0..=draws.below(2) {
        tree(draws, &mut ids, None, (100, 900), conversation, &mut spans);
    }
    spans
}

fn tree(
    draws: &mut Draws<'_>,
    ids: &mut usize,
    parent: Option<usize>,
    interval: (u64, u64),
    conversation: usize,
    spans: &mut Vec<Json>,
) {
    *ids += 1;
    let id = *ids;
    let (start, end) = interval;
    if end - start > 20 {
        for _ in 0..draws.below(3) {
            let start = start + draws.below(5) as u64;
            let end = end - draws.below(5) as u64;
            tree(draws, ids, Some(id), (start, end), conversation, spans);
        }
    }
    if spans.len() > 12 && parent.is_some() {
        return;
    }
    let operations = [
        "execute_tool",
        "invoke_agent",
        "invoke_workflow",
        "chat",
        "create_agent",
    ];
    // A span may end after its parent does.
    let end = end + 50 * draws.below(2) as u64;
    let draft = Draft {
        id,
        parent,
        operation: operations[draws.below(operations.len())],
        interval: (start, end),
        conversation,
    };
    spans.push(draft.span());
}

fn attribute<'m>(span: &'m Json, key: &str) -> Option<&'m Json> {
    let mut pairs = span["attributes"].as_array()?.iter();
    pairs
        .find(|pair| pair["key"] == key)?
        .pointer("/value/stringValue")
}

fn nanos(span: &Json, field: &str) -> Option<u64> {
    span[field].as_str()?.parse().ok()
}

fn is_span(span: &Json) -> bool {
    let (start, end) = (
        nanos(span, "startTimeUnixNano"),
        nanos(span, "endTimeUnixNano"),
    );
    let failed = span["status"]["code"] == 2;
    let pairs = span["attributes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_ai = pairs.iter().any(|pair| {
        pair["key"]
            .as_str()
            .is_some_and(|key| key.starts_with("gen_ai."))
    });
    ["/traceId", "/spanId", "/name"]
        .iter()
        .all(|path| is_text(span, path))
        && start.is_some_and(|start| end.is_some_and(|end| end > 0 && start <= end))
        && (!failed || attribute(span, "error.type").is_some())
        && match attribute(span, "gen_ai.operation.name").and_then(Json::as_str) {
            None => !is_ai,
            Some(operation) => {
                let name = span["name"].as_str().unwrap_or_default();
                let kinds: &[u64] = match operation {
                    "execute_tool" | "invoke_workflow" => &[1],
                    "create_agent" => &[3],
                    "chat" | "invoke_agent" => &[1, 3],
                    _ => &[],
                };
                let kind = span["kind"].as_u64();
                name.split(' ').next() == Some(operation)
                    && (kinds.is_empty() || kind.is_some_and(|kind| kinds.contains(&kind)))
            }
        }
}

fn recognises(stream: &[Json]) -> bool {
    let pairs = || {
        (0..stream.len()).flat_map(|one| {
            (0..stream.len())
                .filter(move |two| *two != one)
                .map(move |two| (&stream[one], &stream[two]))
        })
    };
    stream.iter().all(is_span)
        && pairs().all(|(one, two)| {
            let of_one_trace = one["traceId"] == two["traceId"];
            let executes = |span: &Json| {
                let operation = attribute(span, "gen_ai.operation.name");
                let call = attribute(span, "gen_ai.tool.call.id").cloned();
                call.filter(|_| operation == Some(&"execute_tool".into()))
            };
            let repeats = one["spanId"] == two["spanId"]
                || executes(one).is_some() && executes(one) == executes(two);
            !(of_one_trace && repeats)
        })
        && pairs().all(|(parent, child)| {
            let is_parent =
                parent["traceId"] == child["traceId"] && child["parentSpanId"] == parent["spanId"];
            let is_later = nanos(parent, "startTimeUnixNano") <= nanos(child, "startTimeUnixNano");
            let conversation = |span| attribute(span, "gen_ai.conversation.id").cloned();
            let differ = conversation(parent)
                .zip(conversation(child))
                .is_some_and(|(one, two)| one != two);
            !is_parent || (is_later || child["kind"] != 1) && !differ
        })
}
