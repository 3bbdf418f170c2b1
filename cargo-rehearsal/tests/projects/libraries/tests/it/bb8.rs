use std::io;
use std::net::SocketAddr;

use bb8::{ManageConnection, Pool};
use rehearsal::tokio::net::TcpStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Manager(SocketAddr);

impl ManageConnection for Manager {
    type Connection = TcpStream;
    type Error = io::Error;

    async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.0).await
    }

    async fn is_valid(&self, _: &mut TcpStream) -> io::Result<()> {
        Ok(())
    }

    fn has_broken(&self, _: &mut TcpStream) -> bool {
        false
    }
}

/// Lends two connections to three users.
pub(super) async fn program() {
    let (listener, address) = super::listener().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    stream.write_u8(byte).await.unwrap();
                }
            });
        }
    });
    let pool = Pool::builder().max_size(2).build(Manager(address));
    let pool = pool.await.unwrap();
    let users = [1, 2, 3].map(|byte| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut connection = pool.get().await.unwrap();
            connection.write_u8(byte).await.unwrap();
            assert_eq!(connection.read_u8().await.unwrap(), byte);
        })
    });
    for user in users {
        user.await.unwrap();
    }
    assert!(pool.state().connections <= 2);
}
