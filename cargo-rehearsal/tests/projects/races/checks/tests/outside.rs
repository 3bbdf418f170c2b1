//! Parts of tokio that the shim passes on as they are, which leave a run; and files and signals,
//! which do not.

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
async fn run_receives_no_signal() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    tokio::select! {
        received = tokio::signal::ctrl_c() => panic!("received {received:?}"),
        received = terminate.as_mut().unwrap().recv() => panic!("received {received:?}"),
        () = tokio::time::sleep(std::time::Duration::from_secs(60)) => {}
    }
}

#[rehearsal::test]
async fn unix_sockets_are_made() {
    tokio::net::UnixStream::pair().unwrap();
}
