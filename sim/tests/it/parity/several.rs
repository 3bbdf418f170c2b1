// Programs of the parity suite: several at once.

pub(crate) async fn select_takes_the_first_that_is_ready() -> Log {
    let noise: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn(async {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let (sender, mut receiver) = mpsc::channel(4);
    let mut taken = Vec::new();
    for round in 0..4 {
        sender.send(round).await.unwrap();
        // A message is there: the default below must not win.
        taken.push(tokio::select! {
            biased;
            message = receiver.recv() => message,
            () = std::future::ready(()) => None,
        });
        taken.push(tokio::select! {
            biased;
            message = receiver.recv() => message,
            () = std::future::ready(()) => None,
        });
    }
    for task in noise {
        task.await.unwrap();
    }
    log![taken]
}

pub(crate) async fn select_patterns_and_else() -> Log {
    let (numbers, mut receiver) = mpsc::channel::<u8>(1);
    let (other, mut second) = mpsc::channel::<u8>(1);
    drop(numbers);
    let off = false;
    let nothing = tokio::select! {
        biased;
        Some(number) = receiver.recv() => number,
        Some(number) = second.recv(), if off => number,
        else => 99,
    };
    tokio::spawn(async move {
        sleep(MS).await;
        other.send(5).await.unwrap();
    });
    let refuted = tokio::select! {
        biased;
        Some(number) = receiver.recv() => number,
        Some(number) = second.recv() => number,
        else => 99,
    };
    let one = tokio::select! { number = async { 1 } => number };
    log![nothing, refuted, one]
}

pub(crate) async fn select_in_a_loop() -> Log {
    let (sender, mut receiver) = mpsc::channel(2);
    let (stop, mut stopped) = oneshot::channel();
    tokio::spawn(async move {
        for number in 0..10u32 {
            sender.send(number).await.unwrap();
            sleep(MS).await;
        }
        sleep(MS).await;
        stop.send("enough").unwrap();
        std::future::pending::<()>().await;
    });
    let mut numbers = Vec::new();
    let mut ticks = 0;
    let mut interval = tokio::time::interval_at(Instant::now() + MS * 4, MS * 4);
    let reason = loop {
        tokio::select! {
            biased;
            reason = &mut stopped => break reason,
            Some(number) = receiver.recv() => numbers.push(number),
            _ = interval.tick() => ticks += 1,
        }
    };
    log![numbers, ticks, reason]
}

pub(crate) async fn select_control_flow() -> Log {
    async fn question(fail: bool) -> Result<u8, &'static str> {
        tokio::select! {
            biased;
            value = async { if fail { Err("failed") } else { Ok(1) } } => {
                let value = value?;
                return Ok(value + 1);
            }
            () = std::future::pending() => {}
        }
        Ok(0)
    }
    let mut rounds = 0;
    loop {
        tokio::select! {
            biased;
            () = async {} => { rounds += 1; if rounds < 3 { continue } else { break } }
        }
    }
    log![question(true).await, question(false).await, rounds]
}

pub(crate) async fn join_and_try_join() -> Log {
    let start = Instant::now();
    let (a, b) = tokio::join!(
        async {
            sleep(MS * 3).await;
            1
        },
        async {
            sleep(MS * 5).await;
            2
        }
    );
    let together = millis(start);
    let failed: Result<((), u8), &str> = tokio::try_join!(
        async {
            sleep(MS).await;
            Err("stop")
        },
        async {
            sleep(MS * 100).await;
            Ok(1)
        }
    );
    let pinned = async { 4 };
    tokio::pin!(pinned);
    log![a, b, together, failed, millis(start), pinned.await]
}

pub(crate) async fn tasks_end() -> Log {
    let returned = tokio::spawn(async { 1 }).await.unwrap();
    let dropped = Arc::new(());
    let kept = Arc::clone(&dropped);
    let task = tokio::spawn(async move {
        let _kept = kept;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    let running = (task.is_finished(), Arc::strong_count(&dropped));
    let abort = task.abort_handle();
    abort.abort();
    let aborted = task.await.unwrap_err();
    let after = (
        aborted.is_cancelled(),
        aborted.is_panic(),
        Arc::strong_count(&dropped),
    );
    // Dropping a handle does not end its task.
    let (sender, receiver) = oneshot::channel();
    drop(tokio::spawn(async move {
        sleep(MS).await;
        sender.send(2).unwrap();
    }));
    log![
        returned,
        running,
        after,
        abort.is_finished(),
        receiver.await
    ]
}

tokio::task_local! {
    static NAME: u32;
}

pub(crate) async fn task_locals() -> Log {
    let inside = NAME.scope(7, async { NAME.get() }).await;
    let outside = NAME.try_with(|name| *name).is_err();
    let nested = NAME.sync_scope(1, || NAME.sync_scope(2, || NAME.get()) + NAME.get());
    let mut scope = Box::pin(NAME.scope(3, async {
        tokio::task::yield_now().await;
        NAME.try_get().is_ok()
    }));
    let spawned = tokio::spawn(NAME.scope(4, async { NAME.with(|name| name * 2) }));
    let early = futures_util::poll!(scope.as_mut()).is_ready();
    let taken = (scope.as_mut().take_value(), scope.as_mut().take_value());
    let without = scope.await;
    let error = NAME.try_get().map_err(|error| error.to_string());
    log![
        inside,
        outside,
        nested,
        early,
        taken,
        without,
        spawned.await.unwrap(),
        error
    ]
}
