// Programs of the parity suite: channels.

pub(crate) async fn mpsc_is_bounded() -> Log {
    let (sender, mut receiver) = mpsc::channel(2);
    sender.send(1).await.unwrap();
    sender.try_send(2).unwrap();
    let full = sender.try_send(3).unwrap_err();
    let (capacity, most) = (sender.capacity(), sender.max_capacity());
    let late = sender.send_timeout(3, MS).await.unwrap_err();
    let waiting = sender.clone();
    let waiting = tokio::spawn(async move { waiting.send(4).await });
    sleep(MS).await;
    let blocked = !waiting.is_finished();
    let first = receiver.recv().await;
    waiting.await.unwrap().unwrap();
    let rest = (receiver.recv().await, receiver.try_recv());
    let empty = receiver.try_recv().unwrap_err();
    let weak = sender.downgrade();
    let upgraded = weak.upgrade().is_some();
    let counts = (sender.strong_count(), sender.weak_count());
    drop(sender);
    log![
        full,
        capacity,
        most,
        late,
        blocked,
        first,
        rest,
        empty,
        upgraded,
        counts,
        weak.upgrade().is_none(),
        receiver.recv().await,
        receiver.try_recv()
    ]
}

pub(crate) async fn mpsc_close() -> Log {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.send(1).await.unwrap();
    let waiting = sender.clone();
    let waiting = tokio::spawn(async move { waiting.send(2).await });
    let closed = sender.clone();
    let closed = tokio::spawn(async move { closed.closed().await });
    sleep(MS).await;
    receiver.close();
    let refused = sender.send(3).await.unwrap_err();
    let got = (receiver.recv().await, receiver.recv().await);
    let lost = waiting.await.unwrap();
    closed.await.unwrap();
    let reserve = sender.reserve().await.map(|_| ()).unwrap_err();
    log![
        refused,
        got,
        lost,
        reserve,
        sender.is_closed(),
        receiver.is_closed()
    ]
}

pub(crate) async fn mpsc_permits() -> Log {
    let (sender, mut receiver) = mpsc::channel(3);
    let one = sender.reserve().await.unwrap();
    let more = sender.try_reserve_many(2).unwrap();
    let full = sender.try_reserve().map(|_| ()).unwrap_err();
    let length = more.len();
    for (permit, value) in more.zip([1, 2]) {
        permit.send(value);
    }
    drop(one);
    let capacity = sender.capacity();
    let owned = sender.clone().reserve_owned().await.unwrap();
    let same = owned.same_channel_as_sender(&sender);
    let other = owned.send(3);
    let back = other
        .clone()
        .try_reserve_owned()
        .map(|_| ())
        .map_err(|error| error.to_string());
    let mut values = Vec::new();
    let count = receiver.recv_many(&mut values, 10).await;
    let many: Vec<_> = sender.reserve_many(2).await.unwrap().collect();
    let left = sender.capacity();
    drop(many);
    let released = other.reserve_owned().await.unwrap().release();
    log![
        full,
        length,
        capacity,
        same,
        back,
        count,
        values,
        left,
        released.capacity(),
        released.same_channel(&sender)
    ]
}

pub(crate) async fn mpsc_many() -> Log {
    let (sender, mut receiver) = mpsc::channel(3);
    for worker in 0..4u32 {
        let sender = sender.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                sender.send((worker, number)).await.unwrap();
            }
        });
    }
    drop(sender);
    let mut by_worker = vec![Vec::new(); 4];
    while let Some((worker, number)) = receiver.recv().await {
        by_worker[worker as usize].push(number);
    }
    log![by_worker]
}

pub(crate) async fn mpsc_cancelled_receive_loses_nothing() -> Log {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for number in 0..20u32 {
            sleep(Duration::from_micros(700)).await;
            sender.send(number).await.unwrap();
        }
    });
    let mut numbers = Vec::new();
    loop {
        match timeout(MS, receiver.recv()).await {
            Ok(Some(number)) => numbers.push(number),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    log![numbers]
}

pub(crate) async fn mpsc_unbounded() -> Log {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for number in 0..5 {
        sender.send(number).unwrap();
    }
    let length = (receiver.len(), receiver.is_empty());
    let mut some = Vec::new();
    let count = receiver.recv_many(&mut some, 3).await;
    let by_hand = std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    let weak = sender.downgrade();
    let counts = (receiver.sender_strong_count(), receiver.sender_weak_count());
    let closed = sender.clone();
    drop(receiver);
    closed.closed().await;
    let refused = sender.send(9).unwrap_err();
    drop((sender, closed));
    log![
        length,
        count,
        some,
        by_hand,
        counts,
        refused,
        weak.upgrade().is_none()
    ]
}

pub(crate) async fn oneshot_outcomes() -> Log {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move { sender.send(1).unwrap() });
    let got = receiver.await;

    let (sender, receiver) = oneshot::channel::<u8>();
    drop(sender);
    let dropped = receiver.await;

    let (sender, mut receiver) = oneshot::channel();
    let not_yet = receiver.try_recv();
    receiver.close();
    let refused = sender.send(2);
    let never = receiver.try_recv();

    let (mut sender, receiver) = oneshot::channel::<u8>();
    tokio::spawn(async move {
        sleep(MS).await;
        drop(receiver);
    });
    sender.closed().await;

    // Polled by reference, dropped, and polled again.
    let (later, mut receiver) = oneshot::channel();
    let early = timeout(MS, &mut receiver).await.is_err();
    later.send(3).unwrap();
    let late = (&mut receiver).await;
    log![
        got,
        dropped,
        not_yet,
        refused,
        never,
        sender.is_closed(),
        early,
        late
    ]
}

pub(crate) async fn broadcast_lags() -> Log {
    let (sender, mut slow) = broadcast::channel(2);
    let mut fast = sender.subscribe();
    let mut seen = Vec::new();
    for number in 0..5 {
        sender.send(number).unwrap();
        seen.push(fast.recv().await.unwrap());
    }
    let lagged = slow.recv().await;
    let rest = (slow.recv().await, slow.recv().await, slow.try_recv());
    let mut again = slow.resubscribe();
    let receivers = sender.receiver_count();
    sender.send(9).unwrap();
    log![
        seen,
        lagged,
        rest,
        receivers,
        again.recv().await,
        (sender.len(), fast.len(), fast.is_empty())
    ]
}

pub(crate) async fn broadcast_closes() -> Log {
    let (sender, mut receiver) = broadcast::channel(4);
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let mut receiver = sender.subscribe();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                while let Ok(number) = receiver.recv().await {
                    numbers.push(number);
                }
                numbers
            })
        })
        .collect();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    let weak = sender.downgrade();
    drop(sender);
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    let mine = (
        receiver.try_recv(),
        receiver.recv().await,
        receiver.recv().await,
        receiver.try_recv(),
    );
    let alone = broadcast::Sender::<u8>::new(1);
    alone.closed().await;
    log![
        seen,
        mine,
        weak.upgrade().is_none(),
        alone.send(1),
        receiver.is_closed()
    ]
}

pub(crate) async fn watch_shows_the_latest() -> Log {
    let (sender, mut receiver) = watch::channel(0);
    let unchanged = receiver.has_changed();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    let changed = (
        receiver.has_changed(),
        *receiver.borrow(),
        receiver.has_changed(),
    );
    receiver.changed().await.unwrap();
    let seen = *receiver.borrow_and_update();
    let old = sender.send_replace(5);
    sender.send_modify(|value| *value += 1);
    let silent = sender.send_if_modified(|_| false);
    let latest = *sender.borrow();
    let late = sender.subscribe();
    let fresh = late.has_changed();
    let counts = (sender.receiver_count(), sender.sender_count());
    receiver.mark_unchanged();
    let marked = receiver.has_changed();
    drop(sender);
    let gone = receiver.changed().await.is_err();
    log![
        unchanged,
        changed,
        seen,
        old,
        silent,
        latest,
        fresh,
        counts,
        marked,
        gone,
        *receiver.borrow()
    ]
}

pub(crate) async fn watch_waits() -> Log {
    let (sender, mut receiver) = watch::channel(0);
    let task = tokio::spawn(async move {
        let found = *receiver.wait_for(|value| *value >= 3).await.unwrap();
        let seen = receiver.has_changed();
        (found, seen)
    });
    for value in 1..=3 {
        sleep(MS).await;
        sender.send(value).unwrap();
    }
    let found = task.await.unwrap();
    sender.closed().await;
    log![found, sender.is_closed(), sender.send(9)]
}
