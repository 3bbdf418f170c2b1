//! The service as an MCP server.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

#[cfg(test)]
use rehearsal::tokio;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{PingRequest, ProgressNotificationParam, ServerRequest};
use rmcp::service::{PeerRequestOptions, RequestContext};
use rmcp::{ErrorData, Peer, RoleServer, ServiceExt, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::service::{Defect, Service};

/// The time between two pings of a session.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The time that a client may take to answer one.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time that one question of a survey takes.
const QUESTION: Duration = Duration::from_millis(40);

/// Serves every client that connects, until the listener fails.
///
/// # Errors
///
/// That of the listener.
pub async fn serve(service: Arc<Service>, listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(session(Arc::clone(&service), stream));
    }
}

/// One client, from its `initialize` until it is gone.
async fn session(service: Arc<Service>, stream: TcpStream) {
    let tools = Tools {
        service: Arc::clone(&service),
    };
    let Ok(running) = tools.serve(stream).await else {
        return;
    };
    let peer = running.peer().clone();
    let id = service.open_session(name_of(&peer)).await;
    let stop = running.cancellation_token();
    let mut ended = pin!(running.waiting());
    loop {
        tokio::select! {
            _ = &mut ended => break,
            () = sleep(HEARTBEAT), if service.defect != Defect::NoHeartbeat => {}
        }
        if !answers(&peer).await {
            stop.cancel();
            let _ = ended.await;
            break;
        }
    }
    service.close_session(id).await;
}

async fn answers(peer: &Peer<RoleServer>) -> bool {
    let mut options = PeerRequestOptions::no_options();
    options.timeout = Some(PATIENCE);
    let ping = ServerRequest::PingRequest(PingRequest::default());
    match peer.send_request_with_option(ping, options).await {
        Ok(request) => request.await_response().await.is_ok(),
        Err(_) => false,
    }
}

fn name_of(peer: &Peer<RoleServer>) -> String {
    let info = peer.peer_info();
    info.map_or_else(String::new, |info| info.client_info.name.clone())
}

/// The arguments of `take_ticket`.
#[derive(Deserialize, JsonSchema)]
struct TicketRequest {
    subject: String,
}

/// The arguments of `note`.
#[derive(Deserialize, JsonSchema)]
struct NoteRequest {
    text: String,
}

/// The arguments of `survey`.
#[derive(Deserialize, JsonSchema)]
struct SurveyRequest {
    questions: u32,
}

/// The tools as one session sees them.
#[derive(Clone)]
struct Tools {
    service: Arc<Service>,
}

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "Hands out the next ticket; its number.")]
    async fn take_ticket(
        &self,
        Parameters(request): Parameters<TicketRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let (service, owner) = (Arc::clone(&self.service), name_of(&context.peer));
        on_its_own(async move {
            let ticket = service.take_ticket(&owner, &request.subject).await;
            ticket.number.to_string()
        })
        .await
    }

    #[tool(description = "Keeps a note; all notes of the caller, a line each.")]
    async fn note(
        &self,
        Parameters(request): Parameters<NoteRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let (service, caller) = (Arc::clone(&self.service), name_of(&context.peer));
        on_its_own(async move { service.note(&caller, &request.text).await.join("\n") }).await
    }

    #[tool(description = "Asks so many questions, and tells how far it is.")]
    async fn survey(
        &self,
        Parameters(request): Parameters<SurveyRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let service = Arc::clone(&self.service);
        on_its_own(async move {
            service.count_survey(1).await;
            let asked = survey(request.questions, &context).await;
            service.count_survey(-1).await;
            format!("{asked} of {} asked", request.questions)
        })
        .await
    }
}

/// Asks until all is asked or the call is cancelled; how many questions that were.
async fn survey(questions: u32, context: &RequestContext<RoleServer>) -> u32 {
    for asked in 0..questions {
        tokio::select! {
            () = context.ct.cancelled() => return asked,
            () = sleep(QUESTION) => {}
        }
        if let Some(token) = context.meta.get_progress_token() {
            let progress = ProgressNotificationParam::new(token, f64::from(asked + 1))
                .with_total(f64::from(questions));
            // A client that is gone is noticed elsewhere.
            let _ = context.peer.notify_progress(progress).await;
        }
    }
    questions
}

/// Runs a tool in a task of its own. rmcp has one for each call too, but if that
/// panics the client never hears of it.
async fn on_its_own(
    tool: impl Future<Output = String> + Send + 'static,
) -> Result<String, ErrorData> {
    let failed = |error| ErrorData::internal_error(format!("the tool failed: {error}"), None);
    tokio::spawn(tool).await.map_err(failed)
}
