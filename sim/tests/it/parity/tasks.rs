// Programs of the parity suite: sets of tasks.

pub(crate) async fn join_set_joins_in_the_order_of_the_ends() -> Log {
    let mut set: JoinSet<u32> = (0..4u32)
        .map(|number| async move {
            sleep(MS * (10 - number)).await;
            number
        })
        .collect();
    set.extend([async {
        sleep(MS * 20).await;
        4
    }]);
    let length = set.len();
    let first = set.join_next().await.map(Result::unwrap);
    let mut by_hand = pin!(std::future::poll_fn(|cx| set.poll_join_next(cx)));
    let second = by_hand.as_mut().await.map(Result::unwrap);
    let left = (set.len(), format!("{set:?}"));
    let rest = set.join_all().await;
    log![length, first, second, left, rest]
}

pub(crate) async fn join_set_does_not_wait() -> Log {
    let mut set = JoinSet::new();
    let none = (
        set.try_join_next().is_none(),
        set.join_next().await.is_none(),
        set.join_next_with_id().await.is_none(),
        set.is_empty(),
    );
    let abort = set.spawn(async {
        sleep(MS).await;
        1
    });
    let early = set.try_join_next().is_none();
    sleep(MS * 2).await;
    let ended = (abort.is_finished(), set.len());
    let (id, value) = set.try_join_next_with_id().unwrap().unwrap();
    let joined = (id == abort.id(), value, set.is_empty());
    log![none, early, ended, joined]
}

pub(crate) async fn join_set_is_cancel_safe() -> Log {
    let mut set = JoinSet::new();
    set.spawn(async {
        sleep(MS * 5).await;
        1
    });
    let mut late = 0;
    let value = loop {
        match timeout(MS * 2, set.join_next()).await {
            Ok(value) => break value.unwrap().unwrap(),
            Err(_) => late += 1,
        }
    };
    log![value, late]
}

pub(crate) async fn join_set_aborts() -> Log {
    let mut set = JoinSet::new();
    let dropped = Arc::new(());
    let spawn = |set: &mut JoinSet<()>| {
        let kept = Arc::clone(&dropped);
        set.spawn(async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        })
    };
    let aborts = [spawn(&mut set), spawn(&mut set)];
    tokio::task::yield_now().await;
    aborts[1].abort();
    let one = set.join_next_with_id().await.unwrap().unwrap_err();
    let which = (one.id() == aborts[1].id(), one.is_cancelled(), set.len());
    spawn(&mut set);
    set.abort_all();
    let still = set.len();
    let two = set.join_next().await.unwrap().unwrap_err().is_cancelled();
    spawn(&mut set);
    set.shutdown().await;
    log![which, still, two, set.len(), Arc::strong_count(&dropped)]
}

pub(crate) async fn join_set_aborts_when_dropped() -> Log {
    let mut set = JoinSet::new();
    let (sender, receiver) = oneshot::channel::<()>();
    set.spawn(async move {
        let _sender = sender;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    drop(set);
    log![receiver.await]
}

pub(crate) async fn join_set_detaches() -> Log {
    let mut set = JoinSet::new();
    let (sender, receiver) = oneshot::channel();
    set.spawn(async move {
        sleep(MS).await;
        sender.send(1).unwrap();
    });
    set.detach_all();
    let empty = (set.is_empty(), set.join_next().await.is_none());
    // A detached task is not joined.
    set.spawn(async { sleep(MS * 5).await });
    let received = receiver.await;
    let length = set.len();
    let next = set.join_next().await.unwrap().is_ok();
    log![empty, received, length, next, set.is_empty()]
}

pub(crate) async fn join_set_in_a_select() -> Log {
    let mut set = JoinSet::new();
    let (sender, mut receiver) = mpsc::channel(1);
    for number in 1..4u32 {
        let sender = sender.clone();
        set.spawn(async move {
            sleep(MS * number).await;
            sender.send(number).await.unwrap();
            sleep(MS * 10 * number).await;
            number
        });
    }
    drop(sender);
    let (mut received, mut joined) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            biased;
            Some(number) = receiver.recv() => received.push(number),
            Some(result) = set.join_next() => joined.push(result.unwrap()),
            else => break,
        }
    }
    log![received, joined]
}

pub(crate) async fn join_set_of_local_tasks() -> Log {
    let local = LocalSet::new();
    let mut set = JoinSet::new();
    let shared = Rc::new(AtomicUsize::new(0));
    let count = |wait: Duration| {
        let shared = Rc::clone(&shared);
        async move {
            sleep(wait).await;
            shared.fetch_add(1, Ordering::SeqCst)
        }
    };
    set.spawn_local_on(count(MS * 2), &local);
    let numbers = local
        .run_until(async {
            set.spawn_local(count(MS));
            set.join_all().await
        })
        .await;
    local.await;
    log![numbers, shared]
}

pub(crate) async fn task_ids() -> Log {
    let outside = tokio::task::try_id().is_none();
    let (sender, receiver) = oneshot::channel();
    let task = tokio::spawn(async move {
        sender.send(tokio::task::id()).unwrap();
        tokio::task::try_id()
    });
    let (id, abort) = (task.id(), task.abort_handle());
    let within = receiver.await.unwrap();
    let returned = task.await.unwrap();
    let other = tokio::spawn(std::future::pending::<()>());
    let next = other.id();
    other.abort();
    let error = other.await.unwrap_err();
    log![
        outside,
        id == within,
        id == abort.id(),
        returned == Some(id),
        next != id,
        error.id() == next,
        id.to_string() == within.to_string()
    ]
}

pub(crate) async fn local_set_runs_until() -> Log {
    let local = LocalSet::new();
    let start = Instant::now();
    let value = local
        .run_until(async {
            let shared = Rc::new(1);
            let task = tokio::task::spawn_local(async move {
                sleep(MS).await;
                let inner = tokio::task::spawn_local(async move { *shared + 1 });
                inner.await.unwrap() + 1
            });
            task.await.unwrap()
        })
        .await;
    log![value, millis(start), format!("{local:?}")]
}

pub(crate) async fn local_set_joins() -> Log {
    let local = LocalSet::new();
    let start = Instant::now();
    let shared = Rc::new(AtomicUsize::new(0));
    for number in 1..4u32 {
        let shared = Rc::clone(&shared);
        local.spawn_local(async move {
            sleep(MS * number).await;
            let later = Rc::clone(&shared);
            tokio::task::spawn_local(async move {
                sleep(MS * 10).await;
                later.fetch_add(10, Ordering::SeqCst);
            });
            shared.fetch_add(1, Ordering::SeqCst);
        });
    }
    local.await;
    LocalSet::default().await;
    log![shared, millis(start)]
}

pub(crate) async fn local_set_entered() -> Log {
    let local = LocalSet::new();
    let guard = local.enter();
    let task = tokio::task::spawn_local(async {
        sleep(MS).await;
        1
    });
    drop(guard);
    local.await;
    log![task.await.unwrap()]
}

pub(crate) async fn local_set_aborts_when_dropped() -> Log {
    let local = LocalSet::new();
    let (sender, receiver) = oneshot::channel::<()>();
    let task = local.spawn_local(async move {
        let _sender = sender;
        std::future::pending::<()>().await;
    });
    drop(local);
    log![receiver.await, task.await.unwrap_err().is_cancelled()]
}
