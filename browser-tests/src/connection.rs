//! The connection to a browser: commands and their answers, and the events between them.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// The longest time without a word from the browser.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection to a browser.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocket<TcpStream>,
    commands: u64,
    events: Vec<Value>,
    /// Events that were waited for.
    seen: usize,
}

impl Connection {
    /// Connects to the socket at that address.
    pub(crate) fn to(address: &str) -> io::Result<Self> {
        let host = address.trim_start_matches("ws://");
        let host = host.split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) = tungstenite::client(address, stream).map_err(io::Error::other)?;
        Ok(Self {
            socket,
            commands: 0,
            events: Vec::new(),
            seen: 0,
        })
    }

    /// Returns the events so far.
    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    /// Gives a command to the browser or, with a session, to its page, and returns the answer.
    pub(crate) fn call(
        &mut self,
        session: &str,
        method: &str,
        parameters: Value,
    ) -> io::Result<Value> {
        self.commands += 1;
        let number = self.commands;
        let mut command = json!({ "id": number, "method": method, "params": parameters });
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        let message = Message::text(command.to_string());
        self.socket.send(message).map_err(io::Error::other)?;
        loop {
            let message = self.receive()?;
            if message["id"] == number {
                return match message.get("error") {
                    Some(error) => Err(io::Error::other(format!("{method}: {error}"))),
                    None => Ok(message["result"].clone()),
                };
            }
            self.events.push(message);
        }
    }

    /// Waits for the next event of that kind.
    pub(crate) fn wait_for(&mut self, method: &str) -> io::Result<()> {
        loop {
            while let Some(event) = self.events.get(self.seen) {
                self.seen += 1;
                if event["method"] == method {
                    return Ok(());
                }
            }
            let event = self.receive()?;
            self.events.push(event);
        }
    }

    fn receive(&mut self) -> io::Result<Value> {
        loop {
            let message = self.socket.read().map_err(io::Error::other)?;
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).map_err(io::Error::other);
            }
        }
    }
}
