//! Ids that are older than the window of what is remembered.

use serde_json::{Value as Json, json};

use super::rpc::line;
use crate::wire::{RECENT_MAX, StreamFinding, check_stream, wire_profile};

fn text_of(lines: &[Json]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn notification(from: &str, method: &str, params: &Json) -> Json {
    let method = format!("notifications/{method}");
    line(from, json!({"method": method, "params": params}))
}

fn cancelled(from: &str, request: u64) -> Json {
    notification(from, "cancelled", &json!({"requestId": request}))
}

/// Returns the lines of a request with a progress token that the client cancels.
fn given_up(id: u64) -> String {
    let params = json!({"_meta": {"progressToken": id}});
    let call = json!({"id": id, "method": "tools/call", "params": params});
    text_of(&[line("client", call), cancelled("client", id)])
}

/// Returns the lines of a subscription that the client leaves.
fn left(id: u64) -> String {
    let params = json!({
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
        "notifications": {"toolsListChanged": true},
    });
    let listen = json!({"id": id, "method": "subscriptions/listen", "params": params});
    text_of(&[line("client", listen), cancelled("client", id)])
}

/// Returns the lines with which a connection of version 2025-11-25 begins.
fn initialized() -> String {
    let request = json!({"id": "first", "method": "initialize", "params": {}});
    text_of(&[
        line("client", request),
        line("server", json!({"id": "first", "result": {}})),
        notification("client", "initialized", &json!({})),
    ])
}

/// Returns the finding about a late line of the server, after so many cancellations.
fn check(
    profile: &str,
    start: &str,
    cancellation: fn(u64) -> String,
    count: u64,
    late: &Json,
) -> StreamFinding {
    let before: String = (0..count).map(cancellation).collect();
    let stream = format!("{start}{before}{late}\n");
    let profile = wire_profile(profile).expect("a profile");
    check_stream(profile, stream.as_bytes()).expect("a text can be read")
}

/// Checks that a late line about the first id passes, also once that is forgotten, and that
/// within the window a line about an id that was never there is reported.
#[track_caller]
fn assert_excused(
    profile: &str,
    start: &str,
    cancellation: fn(u64) -> String,
    late: impl Fn(u64) -> Json,
) {
    let finding = |count, id| check(profile, start, cancellation, count, &late(id));
    let window = RECENT_MAX as u64;
    for count in [2, window + 1] {
        let finding = finding(count, 0);
        assert!(finding.is_pass(), "{count}: {finding:?}");
    }
    assert_eq!(finding(2, 999_999).violations.len(), 1);
}

#[test]
fn late_responses_and_progress_of_forgotten_requests_pass() {
    let (profile, start) = ("mcp-2025-11-25", initialized());
    assert_excused(profile, &start, given_up, |id| {
        line("server", json!({"id": id, "result": {}}))
    });
    assert_excused(profile, &start, given_up, |id| {
        let params = json!({"progressToken": id, "progress": 1});
        notification("server", "progress", &params)
    });
}

#[test]
fn late_notifications_and_ends_of_forgotten_subscriptions_pass() {
    let profile = "mcp-2026-07-28";
    assert_excused(profile, "", left, |id| {
        let meta = json!({"io.modelcontextprotocol/subscriptionId": id});
        notification("server", "tools/list_changed", &json!({"_meta": meta}))
    });
    assert_excused(profile, "", left, |id| cancelled("server", id));
}
