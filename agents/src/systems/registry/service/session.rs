//! Sessions: a task that reads from a connection, and a task that writes to it.

use std::sync::Arc;
use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::{select, spawn, time};

use super::super::wire::{
    Disconnected, FrameReader, FrameWriter, Request, RequestNumber, ServiceFrame, UserFrame, split,
};
use super::Service;
use super::audit::Milestone;
use super::manager::{Connection, Goodbye, Window};
use crate::record::recorder::name_task;
use crate::websocket;

/// Longest time that a user may take for the handshake and its hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that a writer may take to close its connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The end of a connection.
enum End {
    /// It was lost, or its user left after the answer to its goodbye.
    Disconnected,
    /// A newer connection has taken its place.
    Replaced,
    /// The service is shut down.
    Stopped,
}

/// Serves a connection to its end.
pub(super) async fn serve(service: Arc<Service>, stream: TcpStream) {
    let opened = time::timeout(HELLO_TIMEOUT, open(&service, stream)).await;
    let Ok(Ok((connection, mut reader, writer))) = opened else {
        return;
    };
    name_task(&format!("reader of {}", connection.user));
    // The first connection opens the registry, and the others wait for it.
    service.introduce_connection().await;
    connection.push(ServiceFrame::Welcome);
    let writing = write(Arc::clone(&service), Arc::clone(&connection), writer);
    let mut writer = spawn(writing);
    // Requests are dropped with their connection; their user repeats them.
    let mut requests = JoinSet::new();
    let end = read(&service, &connection, &mut reader, &mut requests).await;
    requests.shutdown().await;
    let said_goodbye = connection.goodbye() == Goodbye::Owed;
    let in_order = matches!(end, End::Disconnected) && said_goodbye;
    if in_order && time::timeout(CLOSE_TIMEOUT, &mut writer).await.is_ok() {
        service.manager.forget(&connection);
        return;
    }
    writer.abort();
    // Cancelled or done: it is gone either way.
    let _ = writer.await;
    service.lost(&connection);
}

type Opened = (Arc<Connection>, FrameReader, FrameWriter);

/// Performs the handshake, and waits for the user's hello.
async fn open(service: &Service, stream: TcpStream) -> Result<Opened, Disconnected> {
    let config = Some(websocket::config());
    let socket = tokio_tungstenite::accept_async_with_config(stream, config);
    let (mut reader, writer) = split(socket.await.map_err(|_| Disconnected)?);
    let Some(UserFrame::Hello { user, token, seen }) = reader.next().await? else {
        return Err(Disconnected);
    };
    if service.settings.tokens.get(&user) != Some(&token) {
        return Err(Disconnected);
    }
    Ok((service.manager.attach(user, seen), reader, writer))
}

/// Reads until the connection ends.
async fn read(
    service: &Arc<Service>,
    connection: &Arc<Connection>,
    reader: &mut FrameReader,
    requests: &mut JoinSet<()>,
) -> End {
    loop {
        while requests.try_join_next().is_some() {}
        let next = time::timeout(service.settings.idle_timeout, reader.next());
        let frame = select! {
            biased;
            frame = next => frame,
            () = connection.replaced.cancelled() => return End::Replaced,
            () = service.stop.cancelled() => return End::Stopped,
        };
        match frame {
            Err(_) | Ok(Err(Disconnected)) => return End::Disconnected,
            Ok(Ok(None | Some(UserFrame::Hello { .. }))) => {}
            Ok(Ok(Some(UserFrame::Acknowledge(seen)))) => {
                service.manager.acknowledge(connection, seen);
            }
            Ok(Ok(Some(UserFrame::Request { number, request }))) => {
                let (service, connection) = (Arc::clone(service), Arc::clone(connection));
                requests.spawn(handle(service, connection, number, request));
            }
            Ok(Ok(Some(UserFrame::Bye))) => {
                let (service, connection) = (Arc::clone(service), Arc::clone(connection));
                requests.spawn(async move {
                    name_task(&format!("goodbye of {}", connection.user));
                    service.unregister_all(connection.user).await;
                    connection.drain();
                });
            }
        }
    }
}

async fn handle(
    service: Arc<Service>,
    connection: Arc<Connection>,
    number: RequestNumber,
    request: Request,
) {
    name_task(&format!("request {} of {}", number.0, connection.user));
    let answer = service.handle(connection.user, number, request).await;
    connection.push(ServiceFrame::Answer { number, answer });
}

/// Writes the frames that are due, until the goodbye.
async fn write(service: Arc<Service>, connection: Arc<Connection>, mut writer: FrameWriter) {
    name_task(&format!("writer to {}", connection.user));
    // A connection that is lost during a write is handled by its reader.
    if write_all(&service, &connection, &mut writer).await.is_ok() {
        writer.close().await;
    }
}

async fn write_all(
    service: &Service,
    connection: &Connection,
    writer: &mut FrameWriter,
) -> Result<(), Disconnected> {
    let mut batch = Vec::new();
    loop {
        // Read first: what was owed before the goodbye is in the batch.
        let goodbye = connection.goodbye();
        let window = service.manager.collect(connection, &mut batch);
        if window == Window::Full {
            service.audit.reached(Milestone::WindowFull);
        }
        if !batch.is_empty() {
            writer.send(&batch).await?;
            batch.clear();
            continue;
        }
        if goodbye == Goodbye::Owed && service.manager.owes_nothing(connection) {
            return writer.send(&[ServiceFrame::Bye]).await;
        }
        connection.wake.notified().await;
    }
}
