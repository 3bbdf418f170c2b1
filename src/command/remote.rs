//! Commands on a program that is in another process: the command line sends a request
//! to a test binary over its standard input, which is a socket, and receives what the
//! command prints. Nothing of it passes through the test's own output.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Console, Request, execute};
use crate::clock::now;
use crate::environment::COMMAND;
use crate::exit::Exit;
use crate::explore::Progress;
use crate::target::Target;

/// A message from the test binary.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// A result to print.
    Print(String),
    /// A result for people to print.
    PrintText(String),
    /// A problem to print.
    Warn(String),
    /// The progress of an exploration.
    Progress(Progress),
    /// The command has ended.
    Done(Exit),
}

/// Writes a value as one line.
pub(crate) fn send<T: Serialize>(mut stream: &UnixStream, value: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Reads the next line as a value; none at the end of the stream.
pub(crate) fn receive<T: DeserializeOwned>(reader: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Executes, on a target of this process, the command that standard input carries.
///
/// # Errors
///
/// A text if there is none, or the command line has gone.
pub(crate) fn serve(target: &dyn Target) -> Result<(), String> {
    let served = serve_stream(target);
    served.map_err(|error| format!("{COMMAND}: no command on standard input: {error}"))
}

fn serve_stream(target: &dyn Target) -> io::Result<()> {
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut reader = BufReader::new(stream.try_clone()?);
    let request: Request = receive(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let stop = stop_at_end(reader)?;
    let mut channel = Channel {
        stream: &stream,
        shown: None,
    };
    let exit = execute(target, &request, &stop, &mut channel)?;
    send(&stream, &Message::Done(exit))
}

/// Returns a flag that becomes true when the command line says no more: it was
/// interrupted, or has gone.
fn stop_at_end(mut reader: BufReader<UnixStream>) -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let wait = move || {
        // An error is an end, too.
        let _ = io::copy(&mut reader, &mut io::sink());
        flag.store(true, Ordering::Relaxed);
    };
    std::thread::Builder::new()
        .name("command".to_owned())
        .spawn(wait)?;
    Ok(stop)
}

/// The least time between two messages about the progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The console of the command line.
struct Channel<'a> {
    stream: &'a UnixStream,
    /// The time at which the progress was last sent.
    shown: Option<Instant>,
}

impl Console for Channel<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        send(self.stream, &Message::Print(text.to_owned()))
    }

    fn print_text(&mut self, text: &str) -> io::Result<()> {
        send(self.stream, &Message::PrintText(text.to_owned()))
    }

    fn warn(&mut self, text: &str) {
        // A command line that has gone has no use for it.
        let _ = send(self.stream, &Message::Warn(text.to_owned()));
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        let time = now();
        if self
            .shown
            .is_some_and(|shown| time - shown < PROGRESS_INTERVAL)
        {
            return Ok(());
        }
        self.shown = Some(time);
        send(self.stream, &Message::Progress(*progress))
    }
}
