// Programs of the parity suite: notifications.

pub(crate) async fn notify_keeps_one_permit() -> Log {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    notify.notified().await;
    let empty = timeout(MS, notify.notified()).await.is_err();
    log![empty]
}

pub(crate) async fn notify_waiters_from_creation() -> Log {
    let notify = Notify::new();
    let early = notify.notified();
    notify.notify_waiters();
    early.await;
    let late = timeout(MS, notify.notified()).await.is_err();
    let owned = Arc::new(notify);
    let kept = Arc::clone(&owned).notified_owned();
    owned.notify_waiters();
    drop(owned);
    kept.await;
    log![late]
}

pub(crate) async fn notify_enable() -> Log {
    let notify = Notify::const_new();
    let mut future = pin!(notify.notified());
    let before = future.as_mut().enable();
    notify.notify_one();
    let after = future.as_mut().enable();
    future.await;
    // The notification went to the future that was in line.
    let empty = timeout(MS, notify.notified()).await.is_err();
    log![before, after, empty]
}

pub(crate) async fn notify_order() -> Log {
    let notify = Arc::new(Notify::new());
    let (sender, mut order) = mpsc::unbounded_channel();
    for number in 0..4u32 {
        let (notify, sender) = (Arc::clone(&notify), sender.clone());
        tokio::spawn(async move {
            sleep(MS * number).await;
            notify.notified().await;
            sender.send(number).unwrap();
        });
    }
    drop(sender);
    sleep(MS * 10).await;
    let mut seen = Vec::new();
    for last in [false, true, false, false] {
        if last {
            notify.notify_last();
        } else {
            notify.notify_one();
        }
        seen.push(order.recv().await);
    }
    log![seen, order.recv().await]
}

pub(crate) async fn barrier_has_one_leader() -> Log {
    let barrier = Arc::new(Barrier::new(4));
    let mut leaders = 0;
    for _ in 0..2 {
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                tokio::spawn(async move { barrier.wait().await.is_leader() })
            })
            .collect();
        for task in tasks {
            leaders += u32::from(task.await.unwrap());
        }
    }
    let alone = Barrier::new(0).wait().await.is_leader();
    log![leaders, alone]
}

pub(crate) async fn once_cell_is_made_once() -> Log {
    let cell = Arc::new(OnceCell::new());
    let made = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (cell, made) = (Arc::clone(&cell), Arc::clone(&made));
            tokio::spawn(async move {
                *cell
                    .get_or_init(|| async {
                        sleep(MS).await;
                        made.fetch_add(1, Ordering::SeqCst);
                        42
                    })
                    .await
            })
        })
        .collect();
    let mut values = Vec::new();
    for task in tasks {
        values.push(task.await.unwrap());
    }
    let twice = cell.set(1).unwrap_err();
    let mut cell = Arc::try_unwrap(cell).unwrap();
    let taken = cell.take();
    log![
        values,
        made,
        twice,
        taken,
        cell.initialized(),
        cell,
        OnceCell::new_with(Some(3)).into_inner(),
        OnceCell::from(4).get()
    ]
}

pub(crate) async fn once_cell_tries_again() -> Log {
    let cell = OnceCell::const_new();
    let failed = cell.get_or_try_init(|| async { Err::<u8, _>("no") }).await;
    let failed = format!("{failed:?}");
    // A cancelled initialiser leaves the cell to the next.
    let gave_up = timeout(
        MS,
        cell.get_or_init(|| async {
            sleep(MS * 5).await;
            1
        }),
    )
    .await
    .is_err();
    let (slow, fast) = tokio::join!(
        async {
            cell.get_or_try_init(|| async {
                sleep(MS * 2).await;
                Err::<u8, _>("late")
            })
            .await
            .copied()
        },
        async {
            sleep(MS).await;
            *cell.get_or_init(|| async { 2 }).await
        },
    );
    log![failed, gave_up, slow, fast, cell.get()]
}

pub(crate) async fn set_once_is_waited_for() -> Log {
    let cell = Arc::new(SetOnce::new());
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let cell = Arc::clone(&cell);
            tokio::spawn(async move { *cell.wait().await })
        })
        .collect();
    sleep(MS).await;
    let before = (cell.initialized(), cell.get().is_none());
    cell.set(1).unwrap();
    let second = cell.set(2).unwrap_err();
    let mut seen = Vec::new();
    for task in waiting {
        seen.push(task.await.unwrap());
    }
    let copy = SetOnce::clone(&cell);
    let same = copy == *cell;
    static EMPTY: SetOnce<u8> = SetOnce::const_new();
    static FULL: SetOnce<u8> = SetOnce::const_new_with(3);
    log![
        before,
        second,
        seen,
        cell,
        same,
        copy.into_inner(),
        EMPTY.get(),
        FULL.wait().await,
        SetOnce::new_with(Some(4)),
        SetOnce::from(5),
        SetOnce::<u8>::default()
    ]
}
