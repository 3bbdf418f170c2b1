use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

#[test]
fn echo_returns_messages_in_order() {
    super::explore(|_| async {
        let (listener, address) = super::listener().await;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                    let (mut write, mut read) = socket.split();
                    while let Some(Ok(message)) = read.next().await {
                        if message.is_text() {
                            write.send(message).await.unwrap();
                        }
                    }
                });
            }
        });
        let clients = [(); 2].map(|()| {
            tokio::spawn(async move {
                let stream = super::connect(address).await;
                let (mut socket, _) = tokio_tungstenite::client_async("ws://a/", stream)
                    .await
                    .unwrap();
                for text in ["one", "two"] {
                    socket.send(Message::text(text)).await.unwrap();
                }
                for text in ["one", "two"] {
                    let message = socket.next().await.unwrap().unwrap();
                    assert_eq!(message, Message::text(text));
                }
            })
        });
        for client in clients {
            client.await.unwrap();
        }
    });
}
