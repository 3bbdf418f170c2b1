//! A client of the service.

use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest, Implementation,
    Request, ServerResult,
};
use rmcp::service::{
    ClientInitializeError, PeerRequestOptions, RequestHandle, RunningService, ServiceError,
};
use rmcp::{RoleClient, ServiceExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

/// A session with the service. It ends when this is dropped.
#[derive(Debug)]
pub struct Client(RunningService<RoleClient, ClientConfig>);

impl Client {
    /// Opens a session, under that name, over a stream that is connected.
    ///
    /// # Errors
    ///
    /// If the server does not agree, or the stream ends.
    pub async fn open<S>(name: &str, stream: S) -> Result<Self, ClientInitializeError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let implementation = Implementation::new(name, "1");
        let info = ClientConfig::new(ClientCapabilities::default(), implementation);
        Ok(Self(info.serve(stream).await?))
    }

    /// Calls a tool and waits for its answer.
    ///
    /// # Errors
    ///
    /// That of the server, or that of the stream.
    pub async fn call(
        &self,
        tool: &'static str,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<String, ServiceError> {
        let call = self.begin(tool, key, value).await?;
        text_of(call.await_response().await?)
    }

    /// Calls a tool. Waiting for the answer, or cancelling, is up to the caller.
    ///
    /// # Errors
    ///
    /// That of the stream.
    pub async fn begin(
        &self,
        tool: &'static str,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<RequestHandle<RoleClient>, ServiceError> {
        let arguments = [(key.to_owned(), value.into())].into_iter().collect();
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        self.0
            .send_request_with_option(request, PeerRequestOptions::no_options())
            .await
    }

    /// Ends the session and waits until it has ended.
    pub async fn close(mut self) {
        let _ = self.0.close().await;
    }
}

fn text_of(result: ServerResult) -> Result<String, ServiceError> {
    let ServerResult::CallToolResult(result) = result else {
        return Err(ServiceError::UnexpectedResponse);
    };
    let text = result.content.iter().find_map(|block| block.as_text());
    text.map(|text| text.text.clone())
        .ok_or(ServiceError::UnexpectedResponse)
}
