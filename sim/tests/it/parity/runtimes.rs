// Programs of the parity suite: handles of a runtime, the clock, and what blocks.

pub(crate) async fn handle_spawns_tasks() -> Log {
    let handle = Handle::current();
    let task = handle.spawn(async {
        sleep(MS).await;
        1
    });
    let same = Handle::try_current().map(|found| found.id() == handle.id());
    let entered = {
        let _guard = handle.enter();
        tokio::spawn(async { 2 })
    };
    let mut set = JoinSet::new();
    set.spawn_on(async { 3 }, &handle);
    let flavor = handle.runtime_flavor();
    let values = (task.await.unwrap(), entered.await.unwrap());
    log![values, set.join_all().await, same.ok(), flavor]
}

pub(crate) async fn failed_task_is_an_error_of_input_or_output() -> Log {
    let task = tokio::spawn(std::future::pending::<()>());
    task.abort();
    let cancelled = std::io::Error::from(task.await.unwrap_err());
    log![cancelled.kind(), cancelled.to_string()]
}

pub(crate) async fn runtime_does_not_block_in_a_task() -> Log {
    let lock = Mutex::new(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let operations: [&mut dyn FnMut(); 4] = [
        &mut || _ = lock.blocking_lock(),
        &mut || _ = sender.blocking_send(1),
        &mut || _ = receiver.blocking_recv(),
        &mut || Handle::current().block_on(async {}),
    ];
    let panics = operations.map(|operation| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(operation)).is_err()
    });
    log![panics]
}

pub(crate) async fn functions_that_block_are_called() -> Log {
    let lock = std::sync::Arc::new(Mutex::new(1));
    let (sender, mut receiver) = mpsc::channel(1);
    let held = lock.lock().await;
    let other = lock.clone();
    let task = tokio::task::spawn_blocking(move || {
        let value = *other.blocking_lock();
        sender.blocking_send(value).unwrap();
        sender.blocking_send(value + 1).unwrap();
        Handle::current().block_on(async { value + 2 })
    });
    drop(held);
    let received = (
        receiver.recv().await,
        receiver.recv().await,
        receiver.recv().await,
    );
    let value = task.await.unwrap();
    let mut set = JoinSet::new();
    set.spawn_blocking(|| 7);
    set.spawn_blocking_on(|| 7, &Handle::current());
    log![received, value, set.join_all().await]
}

pub(crate) async fn runtime_does_not_block_in_one_that_blocks() -> Log {
    let nested = tokio::task::spawn_blocking(|| {
        Handle::current().block_on(async {
            std::panic::catch_unwind(|| Handle::current().block_on(async {})).is_err()
        })
    });
    log![nested.await.unwrap()]
}

pub(crate) async fn clock_is_moved() -> Log {
    let start = Instant::now();
    let task = tokio::spawn(async move {
        sleep(MS * 5).await;
        millis(start)
    });
    tokio::task::yield_now().await;
    tokio::time::advance(MS * 20).await;
    log![millis(start), task.await.is_ok()]
}

pub(crate) async fn tcp_socket_listens_and_connects() -> Log {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let address = listener.local_addr().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    let (client, server) = tokio::join!(socket.connect(address), listener.accept());
    let (mut client, (mut server, _)) = (client.unwrap(), server.unwrap());
    client.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    server.read_exact(&mut heard).await.unwrap();
    let again = TcpSocket::new_v4().unwrap();
    // tokio reports it at the first of the two, a run at the second.
    let taken = again.bind(address).and_then(|()| again.listen(8));
    let taken = taken.map_err(|error| error.kind());
    let error = client.take_error().unwrap().is_some();
    log![heard, taken.err(), error]
}

pub(crate) async fn udp_by_hand() -> Log {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
    let receiver = async {
        let mut bytes = [0; 8];
        let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
        let sender = std::future::poll_fn(|cx| other.poll_recv_from(cx, &mut buffer)).await;
        (sender.unwrap() == from, buffer.filled().to_vec())
    };
    let sender = std::future::poll_fn(|cx| one.poll_send_to(cx, b"hello", to));
    let (received, sent) = tokio::join!(receiver, sender);
    log![received, sent.unwrap()]
}
