//! A run as a trace for Perfetto and the browsers' own viewers: hosts are processes, tasks are
//! threads, polls are slices, messages and packets are flows.
//!
//! The format is that of Chrome's trace events, as JSON. Its times are microseconds of virtual
//! time. A poll takes none; so that polls at one time stand one after the other, the events of
//! one microsecond are spread over it, in nanoseconds.

use serde::Serialize;

use super::document::{Document, Event, Kind, Run};

/// The file.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    display_time_unit: &'static str,
    trace_events: Vec<Record<'a>>,
}

/// A trace event. The fields' names are the format's.
#[derive(Serialize, Debug)]
struct Record<'a> {
    ph: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'a str,
    pid: usize,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Arguments<'a>>,
}

/// The details of a record, which a viewer shows when it is selected.
#[derive(Serialize, Debug)]
#[serde(untagged)]
enum Arguments<'a> {
    /// The name of a process or of a thread.
    Name { name: &'a str },
    /// An event's text.
    Text { text: &'a str, step: u64 },
}

/// Returns the trace of a failing run, as JSON.
pub(crate) fn trace(document: &Document) -> String {
    let run = &document.failing;
    let times = times(&run.events);
    let mut records = names(run);
    for (number, event) in run.events.iter().enumerate() {
        records.extend(record(run, &times, number, event));
        flows(run, &times, number, event, &mut records);
    }
    let trace = Trace {
        display_time_unit: "ns",
        trace_events: records,
    };
    serde_json::to_string(&trace).expect("a trace has string keys only")
}

/// Returns the nanosecond of each event: those of one microsecond one after the other.
fn times(events: &[Event]) -> Vec<u64> {
    let mut times = Vec::with_capacity(events.len());
    for group in events.chunk_by(|one, other| one.at == other.at) {
        let last = group.len().max(1) as u64;
        let spread = |(place, event): (usize, &Event)| event.at * 1000 + place as u64 * 999 / last;
        times.extend(group.iter().enumerate().map(spread));
    }
    times
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

/// Returns the names of processes and threads. Number 0 is no process.
fn names(run: &Run) -> Vec<Record<'_>> {
    let record = |name, pid, tid, shown| Record {
        args: Some(Arguments::Name { name: shown }),
        ..empty("M", name, pid, tid)
    };
    let hosts = run.hosts.iter().enumerate();
    let hosts = hosts.map(|(host, name)| record("process_name", host + 1, 0, name.as_str()));
    let tasks = run.tasks.iter().enumerate();
    let tasks = tasks
        .map(|(task, info)| record("thread_name", info.host + 1, task + 1, info.name.as_str()));
    hosts.chain(tasks).collect()
}

fn empty<'a>(ph: &'static str, name: &'a str, pid: usize, tid: usize) -> Record<'a> {
    Record {
        ph,
        name,
        cat: "",
        pid,
        tid,
        ts: None,
        dur: None,
        id: None,
        bp: None,
        s: None,
        args: None,
    }
}

/// Returns the process and the thread of an event.
fn track(event: &Event) -> (usize, usize) {
    let host = event.host.map_or(1, |host| host + 1);
    (host, event.task.map_or(0, |task| task + 1))
}

/// Returns the slice of a poll, or the instant of anything else.
fn record<'a>(run: &'a Run, times: &[u64], number: usize, event: &'a Event) -> Option<Record<'a>> {
    let (pid, tid) = track(event);
    let text = event
        .lock
        .map_or(event.text.as_str(), |(lock, _)| &run.locks[lock].name);
    let common = Record {
        cat: event.kind.as_str(),
        ts: Some(micros(times[number])),
        args: Some(Arguments::Text {
            text,
            step: event.step,
        }),
        ..empty("i", name_of(event), pid, tid)
    };
    Some(match event.kind {
        Kind::Poll => Record {
            ph: "X",
            dur: Some(micros(end_of_poll(run, times, number) - times[number])),
            ..common
        },
        // A flow begins and ends in slices.
        Kind::Packet | Kind::Arrival => {
            let next = times.get(number + 1).unwrap_or(&times[number]);
            Record {
                ph: "X",
                dur: Some(micros((next - times[number]).min(1))),
                ..common
            }
        }
        Kind::Deviation | Kind::Failure | Kind::Fault => Record {
            s: Some("g"),
            ..common
        },
        _ => Record {
            s: Some("t"),
            ..common
        },
    })
}

fn name_of(event: &Event) -> &str {
    match event.lock {
        Some((_, word)) => word.as_str(),
        None if event.label.is_empty() => event.kind.as_str(),
        None => &event.label,
    }
}

/// Returns the time at which a poll is over: that of its last event, and at least its own.
fn end_of_poll(run: &Run, times: &[u64], number: usize) -> u64 {
    let at = run.events[number].at;
    let task = run.events[number].task;
    let rest = run.events[number + 1..].iter();
    let is_within =
        |event: &&Event| event.at == at && event.task == task && !matches!(event.kind, Kind::Poll);
    times[number + rest.take_while(is_within).count()]
}

/// Adds a flow for each message or packet that an event receives.
fn flows<'a>(
    run: &'a Run,
    times: &[u64],
    number: usize,
    event: &Event,
    records: &mut Vec<Record<'a>>,
) {
    for cause in &event.causes {
        let sent = &run.events[*cause];
        let name = match (sent.kind, event.kind) {
            (Kind::History, Kind::History) => "message",
            (Kind::Packet, Kind::Arrival) => "packet",
            _ => continue,
        };
        let id = records.len();
        let flow = |ph, at: usize, event: &Event, bp| {
            let (pid, tid) = track(event);
            Record {
                cat: name,
                ts: Some(micros(times[at])),
                id: Some(id),
                bp,
                ..empty(ph, name, pid, tid)
            }
        };
        records.push(flow("s", *cause, sent, None));
        records.push(flow("f", number, event, Some("e")));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::report::document::tests::document_of_kept_repro;

    /// Slices of one thread lie apart. Each flow begins and ends once, and that of a packet in
    /// slices, to which viewers bind it.
    #[test]
    fn slices_lie_apart_and_flows_are_pairs() {
        let document = document_of_kept_repro();
        let trace: Value = serde_json::from_str(&trace(&document)).expect("JSON");
        let records = trace["traceEvents"].as_array().expect("a list");
        let nanos = |value: &Value| (value.as_f64().unwrap_or(0.0) * 1000.0).round() as u64;
        let mut slices: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
        let mut flows: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
        for record in records {
            let track = (record["pid"].as_u64(), record["tid"].as_u64());
            let track = (track.0.expect("a process"), track.1.expect("a thread"));
            let from = nanos(&record["ts"]);
            match record["ph"].as_str().expect("a kind") {
                "X" => {
                    let slice = (from, from + nanos(&record["dur"]));
                    slices.entry(track).or_default().push(slice);
                }
                "s" | "f" => {
                    let id = record["id"].as_u64().expect("an id");
                    flows.entry(id).or_default().push(record);
                }
                "i" | "M" => {}
                other => panic!("{other}"),
            }
        }
        assert!(!slices.is_empty() && !flows.is_empty());
        for slices in slices.values() {
            for pair in slices.windows(2) {
                assert!(pair[0].1 <= pair[1].0, "{pair:?}");
            }
        }
        for (id, flow) in flows {
            let kinds: Vec<&Value> = flow.iter().map(|record| &record["ph"]).collect();
            assert_eq!(kinds, ["s", "f"], "flow {id}");
            assert!(nanos(&flow[0]["ts"]) <= nanos(&flow[1]["ts"]), "flow {id}");
            for end in flow.iter().filter(|end| end["cat"] == "packet") {
                let track = (end["pid"].as_u64(), end["tid"].as_u64());
                let track = (track.0.expect("a process"), track.1.expect("a thread"));
                let at = nanos(&end["ts"]);
                let mut slices = slices[&track].iter();
                assert!(
                    slices.any(|(from, to)| *from <= at && at <= *to),
                    "flow {id}"
                );
            }
        }
    }
}
