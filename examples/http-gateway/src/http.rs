//! HTTP/1.1 with JSON bodies: a task for each connection, a connection for each
//! request.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, client, header, server};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tokio;
use crate::tokio::net::{TcpListener, TcpStream};
use crate::tokio::task::JoinSet;
use crate::tokio::time::{sleep, timeout};

pub(crate) type Reply = Response<Full<Bytes>>;

/// Serves connections for ever: `handle` gives the status and the body of the answer
/// to `POST /jobs`.
pub(crate) async fn serve<Q, A, F>(
    listener: TcpListener,
    handle: impl Fn(Q) -> F + Clone + Send + Sync + 'static,
) where
    Q: DeserializeOwned + Send,
    A: Serialize,
    F: Future<Output = (StatusCode, A)> + Send + 'static,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, say. That passes.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let handle = handle.clone();
        // A task of this crate's own: under test the simulator schedules it.
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &handle));
            let connection = server::conn::http1::Builder::new();
            // A client that has gone away needs no answer.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer<Q, A, F>(
    request: Request<Incoming>,
    handle: impl Fn(Q) -> F,
) -> Result<Reply, Infallible>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = (StatusCode, A)>,
{
    if (request.method(), request.uri().path()) != (&Method::POST, "/jobs") {
        return Ok(plain(StatusCode::NOT_FOUND, "there is POST /jobs only"));
    }
    let Ok(body) = request.into_body().collect().await else {
        return Ok(plain(StatusCode::BAD_REQUEST, "the body breaks off"));
    };
    let question = match serde_json::from_slice(&body.to_bytes()) {
        Ok(question) => question,
        Err(error) => return Ok(plain(StatusCode::BAD_REQUEST, &error.to_string())),
    };
    let (status, answer) = handle(question).await;
    Ok(match serde_json::to_vec(&answer) {
        Ok(body) => response(status, "application/json", body.into()),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    })
}

fn plain(status: StatusCode, text: &str) -> Reply {
    response(
        status,
        "text/plain",
        Bytes::copy_from_slice(text.as_bytes()),
    )
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Reply {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The time that one side waits for the other.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection.
    pub connect: Duration,
    /// For the answer.
    pub answer: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was sent.
    Unreached,
    /// Something was sent, and no answer came or none that makes sense.
    Unanswered,
}

/// Sends `question` to `POST /jobs`; the answer's status and body.
///
/// # Errors
///
/// If there is no connection or no answer within `patience`.
pub async fn post(
    address: &str,
    question: &impl Serialize,
    patience: Patience,
) -> Result<(StatusCode, Bytes), Failure> {
    let connect = timeout(patience.connect, TcpStream::connect(address));
    let Ok(Ok(stream)) = connect.await else {
        return Err(Failure::Unreached);
    };
    let body = serde_json::to_vec(question).map_err(|_| Failure::Unreached)?;
    let request = Request::post("/jobs")
        .header(header::HOST, address)
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| Failure::Unreached)?;
    let answer = timeout(patience.answer, ask(stream, request));
    match answer.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(Failure::Unanswered),
    }
}

async fn ask(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), hyper::Error> {
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Dropping this closes the connection.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?;
    Ok((status, body.to_bytes()))
}
