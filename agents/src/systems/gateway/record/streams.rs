//! Streamed answers as spans, whose parts are messages to the user.

use rehearsal_history::{Draft, SpanDraft, SpanEnd};

use super::super::model;
use super::super::observer::{StreamId, StreamPart};
use super::Record;
use crate::record::recorder::lock;

impl Record {
    /// Records a part that is about to be sent.
    pub(super) fn record_part(&self, stream: &StreamId, number: u32, part: &StreamPart) {
        let channel = model::streams(&stream.session);
        let actor = self.agent(&stream.agent, &stream.session);
        let known = lock(&self.state).streams.remove(stream);
        let span =
            known.unwrap_or_else(|| actor.begin(SpanDraft::new("stream").on(channel.as_str())));
        let (draft, end) = match part {
            StreamPart::Opened => (Draft::new(model::STREAM_OPENED), None),
            StreamPart::Chunk(index) => (Draft::new(model::CHUNK).with(model::INDEX, *index), None),
            StreamPart::Done => (Draft::new(model::ANSWERED), Some(SpanEnd::Completed)),
            StreamPart::Failed(reason) => {
                let draft = Draft::new(model::FAILED).with(model::REASON, reason.clone());
                (draft, Some(SpanEnd::Failed))
            }
        };
        let draft = draft.named(stream.part(number)).in_span(&span);
        actor.sending(&channel, draft).accepted();
        match end {
            Some(end) => span.end(end),
            None => {
                lock(&self.state).streams.insert(stream.clone(), span);
            }
        }
    }

    /// Records the end of a stream, unless its last part was recorded.
    pub(super) fn record_closed(&self, stream: &StreamId) {
        let open = lock(&self.state).streams.remove(stream);
        if let Some(span) = open {
            span.end(SpanEnd::Failed);
        }
    }
}
