//! Handles of a run, and sockets that are of the machine or not.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use rehearsal_sim::tokio::net::{TcpListener, TcpSocket, TcpStream};
use rehearsal_sim::tokio::runtime::{Builder, Handle};
use rehearsal_sim::{Config, Verdict, run};

use crate::support::config;

#[test]
fn handle_spawns_on_the_host_on_which_it_was_made() {
    let outcome = run(config(0), |world| async move {
        let here = world.spawn_on(world.host("here"), async { Handle::current() });
        let handle = here.await.expect("it returns");
        let there = world.spawn_on(world.host("there"), async move {
            handle.spawn(async {}).await.expect("it returns");
        });
        there.await.expect("it returns");
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    let last = outcome.tasks.last().expect("three tasks");
    assert_eq!(last.host, "here");
}

/// Each operation of such a task is a scheduling point.
#[test]
fn tasks_of_a_handle_run_in_more_than_one_order() {
    let first = |seed| {
        let outcome = run(config(seed), |_| async {
            let order = Arc::new(Mutex::new(Vec::new()));
            let tasks = [1, 2].map(|number| {
                let order = Arc::clone(&order);
                Handle::current().spawn(async move { order.lock().unwrap().push(number) })
            });
            for task in tasks {
                task.await.expect("it returns");
            }
            let order = order.lock().unwrap();
            order[0]
        });
        outcome.value.expect("it passed")
    };
    let found: BTreeSet<i32> = (0..32).map(first).collect();
    assert_eq!(found.len(), 2);
}

#[test]
fn handle_of_a_run_that_is_over_panics() {
    let outcome = run(Config::default(), |_| async { Handle::current() });
    let handle = outcome.value.expect("it passed");
    let outcome = run(Config::default(), |_| async move {
        drop(handle.spawn(async {}));
    });
    let Verdict::Panic(report) = outcome.verdict else {
        panic!("{}", outcome.verdict);
    };
    assert!(
        report
            .message
            .contains("the run of this runtime handle is over")
    );
}

#[test]
fn runtime_outside_a_run_is_tokios() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("a runtime");
    let task = runtime.spawn(async { 1 });
    let blocking = runtime.handle().spawn_blocking(|| 2);
    let sum = runtime.block_on(async { task.await.unwrap() + blocking.await.unwrap() });
    assert_eq!(sum, 3);
    runtime.shutdown_background();
}

#[test]
fn simulated_socket_is_none_of_the_machine() {
    let outcome = run(Config::default(), |_| async {
        let listener = TcpListener::bind("127.0.0.1:7").await.expect("it is free");
        let stream = TcpStream::connect("127.0.0.1:7").await.expect("it listens");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind("127.0.0.1:8".parse().unwrap())
            .expect("it is free");
        let connected = socket.connect("127.0.0.1:7".parse().unwrap()).await;
        (
            stream.into_std().map_err(|error| error.kind()).err(),
            listener.into_std().map_err(|error| error.kind()).err(),
            connected.map_err(|error| error.kind()).err(),
        )
    });
    let unsupported = Some(ErrorKind::Unsupported);
    assert_eq!(outcome.value, Some((unsupported, unsupported, unsupported)));
}

#[test]
fn sockets_of_the_machine_are_passed_on_outside_a_run() {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("an option");
        let listener = TcpListener::from_std(listener).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let stream = TcpStream::connect(address).await.expect("it listens");
        let stream = stream.into_std().expect("a socket of the machine");
        let stream = TcpStream::from_std(stream).expect("a stream");
        assert_eq!(stream.peer_addr().expect("an address"), address);
    });
}
