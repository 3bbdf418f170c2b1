use rmcp::model::{CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation};
use rmcp::{ServiceExt, tool, tool_router};

struct Tools;

#[tool_router(server_handler)]
impl Tools {
    #[tool(description = "Says hello")]
    async fn hello(&self) -> String {
        tokio::task::yield_now().await;
        "hello".to_owned()
    }
}

/// Calls a tool of one server from two clients.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(running) = Tools.serve(stream).await {
                    let _ = running.waiting().await;
                }
            });
        }
    });
    let clients = ["a", "b"].map(|name| {
        tokio::spawn(async move {
            let implementation = Implementation::new(name, "1");
            let info = ClientConfig::new(ClientCapabilities::default(), implementation);
            let client = info.serve(super::connect(address).await).await.unwrap();
            let call = CallToolRequestParams::new("hello");
            let result = client.call_tool(call).await.unwrap();
            assert_eq!(result.content.len(), 1);
            client.cancel().await.unwrap();
        })
    });
    for client in clients {
        client.await.unwrap();
    }
}
