//! One end of a connection: what its program may read and write.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use tokio::io::ReadBuf;
use turmoil_net::NetstatState;

use super::EndId;
use crate::ids::HostId;
use crate::net::RECEIVE_BUFFER;

/// The bytes that a program may write before the peer has room for them.
const SEND_BUFFER: usize = 64 * 1024;

/// One end of a connection.
pub(super) struct End {
    pub(super) host: HostId,
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    /// The other end, where it is known. It may be gone: its addresses decide.
    pub(super) other: Option<EndId>,
    pub(super) handshake: Handshake,
    pub(super) is_reset: bool,
    /// `false` once its program has dropped the socket.
    pub(super) has_program: bool,
    /// `true` while it is in the list of ends that may have something to send.
    pub(super) is_touched: bool,
    pub(super) sending: Sending,
    pub(super) receiving: Receiving,
    pub(super) opener: Option<Waker>,
}

/// The state of a connection that is being opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Handshake {
    /// The client waits for an answer.
    Requested,
    /// The server has answered.
    Answered,
    /// The end may send.
    Done,
}

/// The direction from this end.
pub(super) struct Sending {
    unsent: Vec<u8>,
    /// The bytes that the peer has room for, as far as it has reported.
    room: usize,
    /// `true` once the program has ended the direction.
    is_closed: bool,
    is_end_sent: bool,
    /// `true` once the peer has received the end of the direction.
    is_end_received: bool,
    writer: Waiter,
}

/// The direction to this end.
#[derive(Default)]
pub(super) struct Receiving {
    unread: VecDeque<Bytes>,
    /// Bytes read since the peer was last told of room.
    released: usize,
    /// `true` once the peer's end of the direction has arrived.
    pub(super) is_ended: bool,
    reader: Waiter,
}

/// A waker that is kept between waits: it is mostly the same.
#[derive(Default)]
struct Waiter {
    waker: Option<Waker>,
    waits: bool,
}

/// Something that an end sends.
pub(super) enum Output {
    Data(Bytes),
    End,
}

impl End {
    pub(super) fn new(
        host: HostId,
        local: SocketAddr,
        peer: SocketAddr,
        handshake: Handshake,
    ) -> Self {
        Self {
            host,
            local,
            peer,
            other: None,
            handshake,
            is_reset: false,
            has_program: true,
            is_touched: false,
            sending: Sending {
                unsent: Vec::new(),
                room: RECEIVE_BUFFER,
                is_closed: false,
                is_end_sent: false,
                is_end_received: false,
                writer: Waiter::default(),
            },
            receiving: Receiving::default(),
            opener: None,
        }
    }

    /// Returns the state in which a kernel would show the connection.
    pub(super) fn state(&self) -> NetstatState {
        let Self {
            sending, receiving, ..
        } = self;
        match self.handshake {
            _ if self.is_over() => NetstatState::Closed,
            Handshake::Requested => NetstatState::SynSent,
            Handshake::Answered => NetstatState::SynReceived,
            Handshake::Done => match (sending.is_closed, receiving.is_ended) {
                (false, false) => NetstatState::Established,
                (false, true) => NetstatState::CloseWait,
                (true, true) => NetstatState::LastAck,
                (true, false) if sending.is_end_received => NetstatState::FinWait2,
                (true, false) => NetstatState::FinWait1,
            },
        }
    }

    /// Returns `true` if nothing more is sent or received.
    pub(super) fn is_over(&self) -> bool {
        self.is_reset || self.sending.is_end_received && self.receiving.is_ended
    }

    /// Returns `true` if the program has ended its direction, or has written bytes that are not
    /// sent.
    pub(super) fn waits_for_peer(&self) -> bool {
        self.sending.is_closed || !self.sending.unsent.is_empty()
    }

    /// Polls the handshake.
    pub(super) fn poll_connect(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionRefused.into()));
        }
        if self.handshake == Handshake::Done {
            return Poll::Ready(Ok(()));
        }
        self.opener = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Copies what there is to read. Returns `true` if the peer is to be told of room.
    pub(super) fn poll_read(
        &mut self,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let readable = self.poll_readable(waker);
        readable.map(|readable| {
            readable?;
            Ok(self.receiving.read(buffer))
        })
    }

    /// As a read, but the bytes remain.
    pub(super) fn poll_peek(
        &mut self,
        waker: Option<&Waker>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let readable = self.poll_readable(waker);
        readable.map(|readable| {
            readable?;
            Ok(self.receiving.peek(buffer))
        })
    }

    fn poll_readable(&mut self, waker: Option<&Waker>) -> Poll<io::Result<()>> {
        if self.is_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if self.receiving.has_unread() || self.receiving.is_ended {
            return Poll::Ready(Ok(()));
        }
        self.receiving.reader.wait(waker);
        Poll::Pending
    }

    pub(super) fn poll_write(
        &mut self,
        waker: Option<&Waker>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let sending = &mut self.sending;
        if sending.is_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let space = SEND_BUFFER - sending.unsent.len();
        if space == 0 {
            sending.writer.wait(waker);
            return Poll::Pending;
        }
        let taken = bytes.len().min(space);
        sending.unsent.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    /// Ends the direction from this end.
    pub(super) fn shut_down(&mut self) -> io::Result<()> {
        if self.is_reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        self.sending.is_closed = true;
        Ok(())
    }

    /// Ends both directions at once, and discards their bytes.
    pub(super) fn reset(&mut self) {
        self.is_reset = true;
        self.sending.unsent = Vec::new();
        self.receiving.unread = VecDeque::new();
        self.wake_opener();
        self.sending.writer.wake();
        self.receiving.reader.wake();
    }

    pub(super) fn wake_opener(&mut self) {
        if let Some(waker) = self.opener.take() {
            waker.wake();
        }
    }

    /// Forgets the wakers of a program that has dropped the socket.
    pub(super) fn forget_program(&mut self) {
        self.has_program = false;
        self.opener = None;
        self.sending.writer = Waiter::default();
        self.receiving.reader = Waiter::default();
    }
}

impl Sending {
    /// Takes what can be sent now, in segments of at most `most` bytes.
    pub(super) fn take(&mut self, most: usize, mut send: impl FnMut(Output)) {
        let count = self.unsent.len().min(self.room);
        if count > 0 {
            self.room -= count;
            let mut ready = if count <= most && count == self.unsent.len() {
                let ready = Bytes::copy_from_slice(&self.unsent);
                self.unsent.clear();
                ready
            } else {
                let rest = self.unsent.split_off(count);
                Bytes::from(mem::replace(&mut self.unsent, rest))
            };
            while ready.len() > most {
                send(Output::Data(ready.split_to(most)));
            }
            send(Output::Data(ready));
            self.writer.wake();
        }
        if self.is_closed && !self.is_end_sent && self.unsent.is_empty() {
            self.is_end_sent = true;
            send(Output::End);
        }
    }

    /// Records that the peer has read that many bytes. A report on an earlier connection with the
    /// same addresses makes no more room than there is.
    pub(super) fn make_room(&mut self, bytes: usize) {
        self.room = RECEIVE_BUFFER.min(self.room + bytes);
    }

    /// Records that the end of the direction has arrived, if it was sent.
    pub(super) fn end_is_received(&mut self) {
        self.is_end_received |= self.is_end_sent;
    }
}

impl Receiving {
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) fn receive(&mut self, bytes: Bytes) {
        self.unread.push_back(bytes);
        self.reader.wake();
    }

    pub(super) fn end(&mut self) {
        self.is_ended = true;
        self.reader.wake();
    }

    /// Returns `true` if the peer is to be told of room: half of the buffer was read.
    fn read(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        while let Some(front) = self.unread.front_mut() {
            let count = front.len().min(buffer.remaining());
            if count == 0 {
                break;
            }
            buffer.put_slice(&front[..count]);
            self.released += count;
            front.advance(count);
            if front.is_empty() {
                self.unread.pop_front();
            }
        }
        self.released >= RECEIVE_BUFFER / 2 && !self.is_ended
    }

    fn peek(&self, buffer: &mut ReadBuf<'_>) -> usize {
        let before = buffer.filled().len();
        for bytes in &self.unread {
            let count = bytes.len().min(buffer.remaining());
            buffer.put_slice(&bytes[..count]);
        }
        buffer.filled().len() - before
    }

    /// Takes the number of bytes that were read since the last call.
    pub(super) fn take_released(&mut self) -> usize {
        mem::take(&mut self.released)
    }
}

impl Waiter {
    /// Waits, unless there is no waker: an attempt leaves a task that waits.
    fn wait(&mut self, waker: Option<&Waker>) {
        let Some(waker) = waker else {
            return;
        };
        let is_known = |known: &Waker| known.will_wake(waker);
        if !self.waker.as_ref().is_some_and(is_known) {
            self.waker = Some(waker.clone());
        }
        self.waits = true;
    }

    fn wake(&mut self) {
        if mem::take(&mut self.waits)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }
}
