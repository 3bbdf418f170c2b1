//! Parts of tokio that the shim passes on as they are, which leave a run, and files, which do not.

#[rehearsal::test]
async fn file_is_one_of_the_run() {
    tokio::fs::write("Cargo.toml", "of the run").await.unwrap();
    let text = tokio::fs::read_to_string("Cargo.toml").await.unwrap();
    assert_eq!(text, "of the run");
    assert!(
        std::fs::read_to_string("Cargo.toml")
            .unwrap()
            .contains("[package]")
    );
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
