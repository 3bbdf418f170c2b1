//! The messages on the stream of a client, and the rules for them: MCP of 2025-11-25.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use rehearsal::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use serde_json::Value;

/// The messages of one stream, in the order in which its client wrote and read them.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    messages: Vec<(Way, Value)>,
    written: Vec<u8>,
    read: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Out,
    In,
}

impl Wire {
    /// The stream, with what goes over it written down here.
    pub(super) fn tap<S>(&self, stream: S) -> Tap<S> {
        Tap {
            stream,
            wire: self.clone(),
        }
    }

    fn add(&self, way: Way, bytes: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = &mut *lines;
        let part = match way {
            Way::Out => &mut lines.written,
            Way::In => &mut lines.read,
        };
        part.extend_from_slice(bytes);
        while let Some(end) = part.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = part.drain(..=end).collect();
            let message = serde_json::from_slice(&line).expect("JSON on every line");
            lines.messages.push((way, message));
        }
    }

    /// Judges what has come so far.
    pub(super) fn judge(&self) -> Judgement {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        judge(&lines.messages).expect("the stream follows the protocol")
    }
}

pub(super) struct Tap<S> {
    stream: S,
    wire: Wire,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.wire.add(Way::In, &buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.wire.add(Way::Out, &buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The number of requests of the client, and their results.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) answered: usize,
    pub(super) unanswered: usize,
    pub(super) cancelled: usize,
    pub(super) progress: usize,
}

#[derive(Default)]
struct Detector {
    initialize: Option<String>,
    agreed: bool,
    initialized: bool,
    open: BTreeMap<String, Option<String>>,
    used: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    progress: BTreeMap<String, f64>,
    judgement: Judgement,
}

/// # Errors
///
/// The first message that breaks a rule, and which rule.
pub(super) fn judge(messages: &[(Way, Value)]) -> Result<Judgement, String> {
    let mut judge = Detector::default();
    for (way, message) in messages {
        let judged = match (way, message["method"].as_str(), message.get("id")) {
            (Way::Out, Some(method), Some(id)) => judge.request(method, id, message),
            (Way::Out, Some(method), None) => judge.notification(method, message),
            (Way::In, Some("notifications/progress"), None) => judge.progress(message),
            (Way::In, None, Some(id)) => judge.answer(id),
            // Pings of the server and answers to them.
            _ => Ok(()),
        };
        judged.map_err(|rule| format!("{rule}: {message}"))?;
    }
    judge.judgement.unanswered = judge.open.len();
    judge.judgement.cancelled = judge.cancelled.len();
    Ok(judge.judgement)
}

impl Detector {
    fn request(&mut self, method: &str, id: &Value, message: &Value) -> Result<(), &'static str> {
        let id = id.to_string();
        match method {
            "initialize" if self.initialize.is_none() => self.initialize = Some(id.clone()),
            "initialize" => return Err("there is one initialize"),
            _ if !self.initialized => return Err("a request comes after initialized"),
            _ => {}
        }
        if !self.used.insert(id.clone()) {
            return Err("no id is used twice");
        }
        let token = message.pointer("/params/_meta/progressToken");
        self.open.insert(id, token.map(Value::to_string));
        Ok(())
    }

    fn notification(&mut self, method: &str, message: &Value) -> Result<(), &'static str> {
        match method {
            "notifications/initialized" if !self.agreed => {
                return Err("initialized comes after the answer to initialize");
            }
            "notifications/initialized" => self.initialized = true,
            "notifications/cancelled" => {
                let id = message["params"]["requestId"].to_string();
                if Some(&id) == self.initialize.as_ref() {
                    return Err("initialize is never cancelled");
                }
                self.cancelled.insert(id);
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, id: &Value) -> Result<(), &'static str> {
        let id = id.to_string();
        if self.open.remove(&id).is_none() {
            return Err("each request is answered once");
        }
        self.agreed |= Some(&id) == self.initialize.as_ref();
        self.judgement.answered += 1;
        Ok(())
    }

    fn progress(&mut self, message: &Value) -> Result<(), &'static str> {
        let token = message["params"]["progressToken"].to_string();
        let open = self.open.values().flatten().any(|known| *known == token);
        if !open {
            return Err("progress is of a request that waits for its answer");
        }
        let value = message["params"]["progress"].as_f64().unwrap_or_default();
        let before = self.progress.insert(token, value);
        if before.is_some_and(|before| before >= value) {
            return Err("progress goes on");
        }
        self.judgement.progress += 1;
        Ok(())
    }
}

/// A stream as it should be, and each way to spoil it.
#[cfg(test)]
mod rules {
    use serde_json::{Value, json};

    use super::{Way, judge};

    fn stream() -> Vec<(Way, Value)> {
        let progress = |value: f64| {
            let params = json!({"progressToken": 0, "progress": value});
            (
                Way::In,
                json!({"method": "notifications/progress", "params": params}),
            )
        };
        let call =
            json!({"id": 1, "method": "tools/call", "params": {"_meta": {"progressToken": 0}}});
        vec![
            (Way::Out, json!({"id": 0, "method": "initialize"})),
            (Way::In, json!({"id": 0, "result": {}})),
            (Way::Out, json!({"method": "notifications/initialized"})),
            (Way::Out, call),
            progress(1.0),
            progress(2.0),
            (Way::In, json!({"id": 1, "result": {}})),
        ]
    }

    fn rule(spoil: impl FnOnce(&mut Vec<(Way, Value)>)) -> String {
        let mut stream = stream();
        spoil(&mut stream);
        let broken = judge(&stream).expect_err("it is spoilt");
        broken.split(':').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_stream_as_it_should_be_is_none_of_them() {
        let judgement = judge(&stream()).expect("it is as it should be");
        assert_eq!((judgement.answered, judgement.progress), (2, 2));
        assert_eq!(judgement.unanswered, 0);
    }

    #[test]
    fn each_rule_is_seen_broken() {
        let again =
            |at: usize| move |stream: &mut Vec<(Way, Value)>| stream.push(stream[at].clone());
        assert_eq!(rule(again(0)), "there is one initialize");
        assert_eq!(
            rule(|stream| stream.swap(2, 3)),
            "a request comes after initialized"
        );
        assert_eq!(
            rule(|stream| stream.swap(1, 2)),
            "initialized comes after the answer to initialize"
        );
        assert_eq!(rule(again(3)), "no id is used twice");
        assert_eq!(rule(again(6)), "each request is answered once");
        assert_eq!(
            rule(again(5)),
            "progress is of a request that waits for its answer"
        );
        assert_eq!(rule(|stream| stream.swap(4, 5)), "progress goes on");
        let cancel = json!({"method": "notifications/cancelled", "params": {"requestId": 0}});
        assert_eq!(
            rule(|stream| stream.push((Way::Out, cancel))),
            "initialize is never cancelled"
        );
    }
}
