//! Parts of tokio that the shim passes on as they are: in a run, each of these leaves it.

#[rehearsal::test]
async fn file_is_read() {
    tokio::fs::read("Cargo.toml").await.unwrap();
}

#[rehearsal::test]
async fn process_is_started() {
    tokio::process::Command::new("true").status().await.unwrap();
}

#[rehearsal::test]
async fn signal_is_awaited() {
    tokio::signal::ctrl_c().await.unwrap();
}

#[rehearsal::test]
async fn unix_sockets_are_made() {
    tokio::net::UnixStream::pair().unwrap();
}
