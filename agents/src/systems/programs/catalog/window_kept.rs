//! Streams that share the window of one connection. Modelled on h2 #183 and #334: what a stream
//! has received, and its reader has not read, is never given back if its reader is dropped.

use super::parts::{About, Outcome, Shared, Version, ended, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "window-kept",
    idea: "A stream whose reader is dropped keeps the part of the window that is not read.",
    promise: "windows-come-back",
};

/// The window of a connection, and what of it a stream has.
#[derive(Clone, Copy)]
struct Window {
    left: u32,
    unread: u32,
}

impl Window {
    /// A stream receives so much.
    fn receive(&mut self, units: u32) {
        self.left -= units;
        self.unread = units;
    }

    /// The stream's reader reads one unit, which it gives back. Returns `false` if there is none.
    fn read(&mut self) -> bool {
        let is_read = self.unread > 0;
        self.unread -= u32::from(is_read);
        self.left += u32::from(is_read);
        is_read
    }

    /// The stream is closed.
    fn close(&mut self, version: Version) {
        match version {
            Version::Healthy => self.left += std::mem::take(&mut self.unread),
            Version::Defective => self.unread = 0,
        }
    }
}

/// Runs two streams, one after the other, each of which fills the window of `size`.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let window = Shared::new(Window {
        left: size,
        unread: 0,
    });
    for _ in 0..2 {
        let received = |window: &mut Window| window.receive(window.left);
        window.update(received).await;
        let of_reader = window.clone();
        let reader = spawn(async move { while of_reader.update(Window::read).await {} });
        ended([reader]).await;
        window.update(|window| window.close(version)).await;
    }
    let left = window.get().await.left;
    promise(left == size, || format!("{left} of {size} units are left"))
}
