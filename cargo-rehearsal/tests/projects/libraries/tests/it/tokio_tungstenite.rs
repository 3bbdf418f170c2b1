use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rehearsal::tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Message;

/// Answers each message with the number of messages that all clients have sent.
async fn serve(stream: TcpStream, total: Arc<Mutex<u32>>) {
    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (mut write, mut read) = socket.split();
    while let Some(Ok(message)) = read.next().await {
        if message.is_text() {
            let mut total = total.lock().await;
            *total += 1;
            let answer = Message::text(total.to_string());
            write.send(answer).await.unwrap();
        }
    }
}

/// Counts the messages of two clients.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        let total = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&total)));
        }
    });
    let clients = [(); 2].map(|()| {
        tokio::spawn(async move {
            let stream = super::connect(address).await;
            let connecting = tokio_tungstenite::client_async("ws://a/", stream);
            let (mut socket, _) = connecting.await.unwrap();
            for text in ["one", "two"] {
                socket.send(Message::text(text)).await.unwrap();
            }
            let mut answers = Vec::new();
            for _ in 0..2 {
                let answer = socket.next().await.unwrap().unwrap();
                answers.push(answer.into_text().unwrap().parse::<u32>().unwrap());
            }
            answers
        })
    });
    let mut numbers = Vec::new();
    for client in clients {
        numbers.extend(client.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
}
