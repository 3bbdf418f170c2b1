use futures_util::StreamExt;
use rehearsal::tokio::net::TcpStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

const INFO: &str = r#"INFO {"server_id":"a","server_name":"a","version":"2.10.0","proto":1,"host":"127.0.0.1","port":7000,"headers":true,"max_payload":1048576,"client_id":1}"#;

/// A server that sends what is published to the subscription of its client.
async fn serve(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream
        .write_all(format!("{INFO}\r\n").as_bytes())
        .await
        .ok()?;
    let mut subscription = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.first()? {
            "PING" => stream.write_all(b"PONG\r\n").await.ok()?,
            "SUB" => subscription = (*words.last()?).to_owned(),
            "PUB" => {
                let length: usize = words.last()?.parse().ok()?;
                let mut body = vec![0; length + 2];
                stream.read_exact(&mut body).await.ok()?;
                let head = format!("MSG {} {subscription} {length}\r\n", words[1]);
                stream.write_all(head.as_bytes()).await.ok()?;
                stream.write_all(&body).await.ok()?;
            }
            _ => {}
        }
    }
}

/// Publishes to a server, which sends to the subscription what is published.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    let client = async_nats::connect(address.to_string()).await.unwrap();
    let mut messages = client.subscribe("news").await.unwrap();
    for text in ["one", "two"] {
        client.publish("news", text.into()).await.unwrap();
    }
    client.flush().await.unwrap();
    for text in ["one", "two"] {
        let message = messages.next().await.unwrap();
        assert_eq!(message.payload, text);
    }
}
