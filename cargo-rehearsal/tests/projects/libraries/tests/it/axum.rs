use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use axum::serve::Listener;
use rehearsal::tokio::net::{TcpListener, TcpStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;

/// The listener of a run. It is tokio's own with the shim only.
struct Incoming(TcpListener);

impl Listener for Incoming {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        self.0.accept().await.unwrap()
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

async fn next(State(number): State<Arc<Mutex<u32>>>) -> String {
    let mut number = number.lock().await;
    *number += 1;
    number.to_string()
}

/// Serves three clients with a handler that counts their requests.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    let router = Router::new().route("/next", post(next));
    let router = router.with_state(Arc::default());
    tokio::spawn(async move { axum::serve(Incoming(listener), router).await });
    let clients = [(); 3].map(|()| {
        tokio::spawn(async move {
            let request = b"POST /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            let mut stream = super::connect(address).await;
            stream.write_all(request).await.unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).await.unwrap();
            response.chars().last()
        })
    });
    let mut numbers = Vec::new();
    for client in clients {
        numbers.extend(client.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, ['1', '2', '3']);
}
