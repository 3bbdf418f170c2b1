//! The server: a task for each connection.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::{select, time};
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::Reply;
use crate::effect::CountedStream;

/// The time before connections are accepted again after a failure, of too many files, say.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Serves connections until `stop` is cancelled; then those that are open are closed.
pub(in super::super) async fn serve<F>(
    listener: TcpListener,
    stop: &CancellationToken,
    handle: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = Reply> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, handle.clone()));
                }
                Err(_) => time::sleep(ACCEPT_BACKOFF).await,
            },
        }
    }
    connections.shutdown().await;
}

async fn connection<F: Future<Output = Reply>>(
    stream: TcpStream,
    handle: impl Fn(Request<Incoming>) -> F,
) {
    let service = service_fn(|request| {
        let reply = handle(request);
        async { Ok::<_, Infallible>(reply.await) }
    });
    // The date would be read from the machine's clock.
    let mut http = http1::Builder::new();
    let serving = http.auto_date_header(false);
    // A client that has gone away needs no answer.
    let _ = serving
        .serve_connection(TokioIo::new(CountedStream::new(stream)), service)
        .await;
}
