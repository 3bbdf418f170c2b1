//! Reading a history line by line.

mod entries;
mod fields;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use rehearsal_sim::VirtualTime;

use super::decode::Decoder;
use super::lines::Lines;
use super::{JsonlError, JsonlProblem, LINE_BYTES_MAX, PROBLEMS_MAX};
use crate::body::Symbol;
use crate::entry::{Entry, EntryKind, Sent};
use crate::history::History;
use crate::ids::{EntityId, EntityKind, MessageId, SpanId, StreamId};

/// Ids that are texts get numbers from here on, so that they are never those of ids that
/// are numbers.
const TEXT_IDS_FROM: u64 = 1 << 63;

/// Reads a history. A line is read, decoded and dropped before the next one.
///
/// # Errors
///
/// Fails if the lines cannot be read or are wrong; with every problem of every line, until
/// there are [`PROBLEMS_MAX`].
pub fn read_jsonl(reader: impl BufRead) -> Result<History, JsonlError> {
    let mut state = State::default();
    let mut problems = Vec::new();
    let mut lines = Lines::new(reader, LINE_BYTES_MAX);
    while let Some(line) = lines.next_line()? {
        match line {
            Ok(line) if line.text.trim().is_empty() => {}
            Ok(line) => problems.extend(state.read_line(line.text, line.number)),
            Err(problem) => problems.push(problem),
        }
        if problems.len() >= PROBLEMS_MAX {
            problems.truncate(PROBLEMS_MAX);
            break;
        }
    }
    if problems.is_empty() {
        Ok(state.history)
    } else {
        Err(JsonlError::Problems(problems))
    }
}

/// The history so far.
#[derive(Default)]
struct State {
    history: History,
    texts: BTreeMap<EntityKind, BTreeMap<Arc<str>, u64>>,
    /// The messages that were sent, by which receipts are completed.
    sent: BTreeMap<MessageId, usize>,
    /// The names of the spans that began, by which senders are completed.
    labels: BTreeMap<SpanId, Symbol>,
    last: VirtualTime,
}

impl State {
    fn read_line(&mut self, text: &str, line: u64) -> Vec<JsonlProblem> {
        let mut decoder = Decoder::new(text, line);
        if let Some(object) = decoder.line() {
            let mut reading = LineReader {
                state: self,
                decoder: &mut decoder,
            };
            if let Some(entry) = reading.entry(object)
                && reading.decoder.is_clean()
            {
                self.add(entry);
            }
        }
        decoder.finish()
    }

    fn add(&mut self, entry: Entry) {
        if let EntryKind::Sent(sent) = &entry.kind {
            let place = self.history.entries.len();
            self.sent.insert(sent.message, place);
        }
        if let EntryKind::Began(began) = &entry.kind {
            self.labels.insert(began.span, began.label.clone());
        }
        self.last = entry.at;
        self.history.entries.push(entry);
    }

    /// Returns a message as it was sent, if it was.
    fn sent(&self, message: MessageId) -> Option<&Sent> {
        let place = *self.sent.get(&message)?;
        match &self.history.entries.get(place)?.kind {
            EntryKind::Sent(sent) => Some(sent),
            _ => None,
        }
    }

    /// Returns the stream of a key, which is a text even where the id is a number.
    fn stream_of_key(&mut self, key: &str) -> StreamId {
        let texts = self.texts.get(&EntityKind::Stream);
        let known = texts.is_some_and(|texts| texts.contains_key(key));
        match key.parse::<u64>() {
            Ok(number) if !known && number < TEXT_IDS_FROM => StreamId(number),
            _ => StreamId(self.number(EntityKind::Stream, key.to_owned())),
        }
    }

    /// Returns the number of a text.
    fn number(&mut self, kind: EntityKind, text: String) -> u64 {
        let texts = self.texts.entry(kind).or_default();
        if let Some(number) = texts.get(text.as_str()) {
            return *number;
        }
        let number = TEXT_IDS_FROM + texts.len() as u64;
        let text: Arc<str> = text.into();
        texts.insert(Arc::clone(&text), number);
        self.history.names.give(EntityId { kind, number }, text);
        number
    }
}

/// Reads one line into the state.
struct LineReader<'s, 'd, 'l> {
    state: &'s mut State,
    decoder: &'d mut Decoder<'l>,
}
