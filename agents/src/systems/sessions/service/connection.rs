//! One connection of a client: requests and their answers, one at a time.

use std::sync::Arc;

use rehearsal_sim::tokio::net::TcpStream;

use super::super::wire::{Call, Disconnected, FrameReader, FrameWriter, Refusal, Reply, Request};
use super::Service;
use crate::record::recorder::name_task;

/// Serves a connection to its end.
pub(super) async fn serve(service: Arc<Service>, stream: TcpStream) {
    name_task("connection");
    let stop = service.stop.clone();
    // A client whose connection is gone repeats its request over another one.
    let _ = stop.run_until_cancelled(answer_all(&service, stream)).await;
}

async fn answer_all(service: &Service, stream: TcpStream) -> Result<(), Disconnected> {
    let (reading, writing) = stream.into_split();
    let (mut reader, mut writer) = (FrameReader::new(reading), FrameWriter::new(writing));
    loop {
        let request: Request = reader.next().await?;
        let reply = service.answer(request).await;
        writer.send_one(&reply).await?;
    }
}

impl Service {
    async fn answer(&self, request: Request) -> Reply {
        if !self.access.admits(&request.token, self.clock.now_us()) {
            return Reply::Refused(Refusal::Unauthorized);
        }
        let session = request.session;
        let answer = match request.call {
            Call::Open { parent, event } => self.open_session(session, parent, event).await,
            Call::Append(event) => self.append(session, event).await,
            Call::Read => self.read(session).await,
        };
        answer.unwrap_or_else(Reply::Refused)
    }
}
