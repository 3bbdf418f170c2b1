use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo};
use rehearsal::tokio::net::TcpStream;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;

/// Reads a command: an array of texts.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let count: usize = line.trim_end().strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let length: usize = line.trim_end().strip_prefix('$')?.parse().ok()?;
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await.ok()?;
        words.push(String::from_utf8_lossy(&word[..length]).into_owned());
    }
    Some(words)
}

/// A server that counts.
async fn serve(stream: TcpStream, total: Arc<Mutex<u32>>) {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        let answer = match words[0].to_ascii_uppercase().as_str() {
            "INCR" => {
                let mut total = total.lock().await;
                *total += 1;
                format!(":{total}\r\n")
            }
            _ => "+OK\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// Carries the commands of three users over one connection.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        let total = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&total)));
        }
    });
    let stream = super::connect(address).await;
    let info = RedisConnectionInfo::default();
    let config = AsyncConnectionConfig::default();
    let connecting = MultiplexedConnection::new_with_config(&info, stream, config);
    let (connection, driver) = connecting.await.unwrap();
    tokio::spawn(driver);
    let users = [(); 3].map(|()| {
        let mut connection = connection.clone();
        tokio::spawn(async move {
            let mut command = redis::cmd("INCR");
            let number: u32 = command.arg("a").query_async(&mut connection).await.unwrap();
            number
        })
    });
    let mut numbers = Vec::new();
    for user in users {
        numbers.push(user.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
}
