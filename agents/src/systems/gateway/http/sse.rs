//! Event streams (`text/event-stream`).

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE as CONTENT_TYPE_HEADER;

pub(in super::super) const CONTENT_TYPE: &str = "text/event-stream";

/// The data of the last event of a stream.
pub(in super::super) const DONE: &str = "[DONE]";

/// One event of a stream.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in super::super) struct ServerEvent {
    pub(in super::super) id: Option<String>,
    pub(in super::super) data: String,
}

impl ServerEvent {
    /// Returns the event as it goes over the wire.
    pub(in super::super) fn encode(&self) -> Bytes {
        let mut text = String::new();
        if let Some(id) = &self.id {
            text += &format!("id: {id}\n");
        }
        for line in self.data.split('\n') {
            text += &format!("data: {line}\n");
        }
        text.push('\n');
        text.into()
    }

    fn decode(block: &str) -> Self {
        let mut event = Self::default();
        let mut lines = Vec::new();
        for line in block.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => event.id = Some(value.to_owned()),
                "data" => lines.push(value),
                // Comments and unknown fields mean nothing.
                _ => {}
            }
        }
        event.data = lines.join("\n");
        event
    }
}

/// The reader of a stream, whose events may come in pieces.
#[derive(Default, Debug)]
pub(in super::super) struct EventReader {
    pending: Vec<u8>,
}

impl EventReader {
    /// Returns a reader for an answer that is an event stream.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(CONTENT_TYPE_HEADER)?;
        (content_type == CONTENT_TYPE).then(Self::default)
    }

    /// Takes more bytes. Returns the events that are complete with them.
    pub(in super::super) fn push(&mut self, bytes: &[u8]) -> Vec<ServerEvent> {
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        let blank_line = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\n\n");
        while let Some(end) = blank_line(&self.pending) {
            let block: Vec<u8> = self.pending.drain(..end + 2).collect();
            events.push(ServerEvent::decode(&String::from_utf8_lossy(&block)));
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, data: &str) -> ServerEvent {
        ServerEvent {
            id: id.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_read_back_however_they_are_split() {
        let events = [event(Some("a-1"), "{\"x\":1}"), event(None, "two\nlines")];
        let bytes: Vec<u8> = events.iter().flat_map(ServerEvent::encode).collect();
        for size in 1..=bytes.len() {
            let mut reader = EventReader::default();
            let read: Vec<_> = bytes
                .chunks(size)
                .flat_map(|part| reader.push(part))
                .collect();
            assert_eq!(read, events, "in pieces of {size}");
        }
    }

    #[test]
    fn unfinished_event_is_not_reported() {
        let mut reader = EventReader::default();
        assert!(reader.push(b"data: [DONE]\n").is_empty());
        assert_eq!(reader.push(b"\n"), [event(None, DONE)]);
    }

    #[test]
    fn comments_are_passed_over() {
        let mut reader = EventReader::default();
        assert_eq!(reader.push(b": ping\ndata:x\n\n"), [event(None, "x")]);
    }
}
