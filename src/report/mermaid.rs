//! The run that leads to a failure as a sequence diagram in Mermaid's language, which forges
//! draw in an issue or a pull request.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::document::{Document, Event, Kind, Run};

/// Events in a diagram, at most: the last ones before the failure, and every deviation.
const EVENTS_MAX: usize = 60;

/// Characters of a text, at most.
const TEXT_MAX: usize = 80;

/// Returns the diagram of the events that lead to the failure.
pub(crate) fn diagram(document: &Document) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, document);
    text
}

fn write(text: &mut String, document: &Document) -> fmt::Result {
    let run = &document.failing;
    let shown = shown(document);
    let tasks: Vec<Option<usize>> = shown.iter().map(|number| task_of(run, *number)).collect();
    let lanes = Lanes::of(&tasks);
    writeln!(text, "sequenceDiagram")?;
    for (task, lane) in &lanes.by_task {
        let task = &run.tasks[*task];
        let host = run.hosts.get(task.host).map_or("", String::as_str);
        writeln!(
            text,
            "    participant p{lane} as {} ({})",
            escaped(&task.name),
            escaped(host)
        )?;
    }
    if lanes.by_task.is_empty() {
        writeln!(text, "    participant p0 as the run")?;
    }
    for (number, task) in shown.iter().zip(&tasks) {
        let lane = task.and_then(|task| lanes.by_task.get(&task).copied());
        write_event(text, run, *number, lane, &lanes)?;
    }
    Ok(())
}

/// The participants, in the order of their tasks.
struct Lanes {
    by_task: BTreeMap<usize, usize>,
}

impl Lanes {
    fn of(tasks: &[Option<usize>]) -> Self {
        let used: BTreeMap<usize, usize> = tasks.iter().flatten().map(|task| (*task, 0)).collect();
        let numbered = used.into_keys().zip(0..);
        Self {
            by_task: numbered.collect(),
        }
    }

    /// Returns all participants, as the place of a note.
    fn all(&self) -> String {
        match self.by_task.len() {
            0 | 1 => "p0".to_owned(),
            count => format!("p0,p{}", count - 1),
        }
    }
}

/// Returns the events of the diagram, in order.
fn shown(document: &Document) -> Vec<usize> {
    let events = &document.failing.events;
    let matters = |number: &usize| events[*number].matters;
    let before: Vec<usize> = (0..=document.failure.event).filter(matters).collect();
    let surplus = before.len().saturating_sub(EVENTS_MAX);
    let mut shown = before;
    let mut place = 0;
    shown.retain(|number| {
        place += 1;
        place > surplus || events[*number].kind == Kind::Deviation
    });
    shown
}

/// Returns the task of an event; of a deviation, the one that goes on because of it.
fn task_of(run: &Run, number: usize) -> Option<usize> {
    let event = &run.events[number];
    if event.kind != Kind::Deviation {
        return event.task;
    }
    let later = run.events.iter().skip(number + 1);
    let mut effects = later.filter(|event| event.causes.contains(&number));
    effects.find_map(|event| event.task)
}

fn write_event(
    text: &mut String,
    run: &Run,
    number: usize,
    lane: Option<usize>,
    lanes: &Lanes,
) -> fmt::Result {
    let event = &run.events[number];
    let what = escaped(&words(run, event));
    let sender = sender(run, event).and_then(|task| lanes.by_task.get(&task));
    match (event.kind, lane) {
        (Kind::Failure, _) => writeln!(text, "    Note over {}: ✗ {what}", lanes.all()),
        (Kind::Deviation, Some(lane)) => writeln!(text, "    Note over p{lane}: » {what}"),
        (_, None) => writeln!(text, "    Note over {}: {what}", lanes.all()),
        (_, Some(lane)) => match sender {
            Some(sender) if *sender != lane => {
                writeln!(text, "    p{sender}->>p{lane}: {what}")
            }
            _ => writeln!(text, "    Note over p{lane}: {what}"),
        },
    }
}

/// Returns the task that recorded what an entry of the history follows from.
fn sender(run: &Run, event: &Event) -> Option<usize> {
    if event.kind != Kind::History {
        return None;
    }
    let causes = event.causes.iter().map(|cause| &run.events[*cause]);
    let mut entries = causes.filter(|cause| cause.kind == Kind::History);
    entries.find_map(|cause| cause.task)
}

/// Returns what an event says, with its time.
fn words(run: &Run, event: &Event) -> String {
    let (seconds, millis) = (event.at / 1_000_000, event.at / 1_000 % 1_000);
    let text = match event.lock {
        Some((lock, word)) => format!("{} {}", word.as_str(), run.locks[lock].name),
        None => event.text.lines().next().unwrap_or_default().to_owned(),
    };
    let words = format!("{seconds}.{millis:03}s {} {text}", event.label);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Returns a text in which nothing has a meaning to Mermaid: all but letters, digits and plain
/// punctuation is written by its code. What cannot be seen is left as its code's name.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            _ if character.is_alphanumeric() => escaped.push(character),
            ' ' | '_' | '-' | '.' | ',' | '/' | '(' | ')' | '…' => escaped.push(character),
            _ if character.is_ascii_graphic() => {
                escaped += &format!("#{};", u32::from(character));
            }
            _ => escaped += &format!("U+{:04X}", u32::from(character)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_no_meaning_in_a_diagram() {
        assert_eq!(escaped("a-b_c (d), e/f."), "a-b_c (d), e/f.");
        assert_eq!(escaped("a;b#c:d"), "a#59;b#35;c#58;d");
        assert_eq!(escaped("<b>\u{202e}\n"), "#60;b#62;U+202EU+000A");
    }
}
