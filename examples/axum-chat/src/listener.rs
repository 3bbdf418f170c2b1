//! The adapter: axum takes connections from whatever listens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::Listener;

use crate::tokio::net::{TcpListener, TcpStream};
use crate::tokio::time::sleep;

/// A `TcpListener` for `axum::serve`: tokio's, and under test the simulator's.
#[derive(Debug)]
pub struct AxumListener(pub TcpListener);

impl Listener for AxumListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(connection) => return connection,
                // Too many open files, say. That passes.
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
