//! The TCP of turmoil, as a network for systems.

use std::io;
use std::net::Ipv4Addr;

use rehearsal::agents::network::{Listener, Network};
use turmoil::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use turmoil::net::{TcpListener, TcpStream};

/// The TCP of turmoil.
#[derive(Clone, Copy)]
pub(crate) struct TurmoilTcp;

pub(crate) struct TurmoilListener(TcpListener);

impl Listener for TurmoilListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = self.0.accept().await?;
        Ok(stream)
    }
}

impl Network for TurmoilTcp {
    type Stream = TcpStream;
    type Listener = TurmoilListener;
    type Reader = OwnedReadHalf;
    type Writer = OwnedWriteHalf;

    async fn listen(&self, port: u16) -> io::Result<TurmoilListener> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
        Ok(TurmoilListener(listener))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        TcpStream::connect((host, port)).await
    }

    fn split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
        stream.into_split()
    }
}
