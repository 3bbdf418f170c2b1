// Programs of the parity suite: time.

pub(crate) async fn sleep_takes_its_time() -> Log {
    let start = Instant::now();
    sleep(MS * 30).await;
    let one = millis(start);
    tokio::time::sleep_until(start + MS * 45).await;
    let two = millis(start);
    tokio::time::sleep_until(start).await;
    let past = millis(start);
    let (sender, mut order) = mpsc::unbounded_channel();
    for delay in [3u32, 1, 2] {
        let sender = sender.clone();
        tokio::spawn(async move {
            sleep(MS * delay).await;
            sender.send(delay).unwrap();
        });
    }
    let order = (order.recv().await, order.recv().await, order.recv().await);
    log![one, two, past, order, millis(start)]
}

pub(crate) async fn sleep_can_be_reset() -> Log {
    let start = Instant::now();
    let mut future = pin!(sleep(MS * 10));
    let early = timeout(MS * 5, future.as_mut()).await.is_err();
    future.as_mut().reset(start + MS * 50);
    let deadline = future.deadline() - start;
    let before = future.is_elapsed();
    future.as_mut().await;
    let end = (millis(start), future.is_elapsed());
    future.as_mut().reset(start + MS * 60);
    future.await;
    log![early, deadline, before, end, millis(start)]
}

pub(crate) async fn timeout_outcomes() -> Log {
    let start = Instant::now();
    let late = timeout(MS * 10, sleep(MS * 20)).await;
    let at = millis(start);
    let done = timeout(MS * 10, async {
        sleep(MS * 3).await;
        7
    })
    .await;
    let until = tokio::time::timeout_at(start + MS * 5, std::future::pending::<()>()).await;
    let forever = timeout(Duration::MAX, sleep(MS)).await;
    let inner = timeout(MS, async { 1 }).into_inner().await;
    let error = late.unwrap_err().to_string();
    log![
        error,
        at,
        done,
        until.is_err(),
        forever,
        inner,
        millis(start)
    ]
}

pub(crate) async fn timeout_prefers_the_future() -> Log {
    // Others are ready all the time, and may run at every scheduling point.
    let noise: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn(async {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mutex = Mutex::new(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let mut outcomes = Vec::new();
    for round in 0..5 {
        sender.send(round).await.unwrap();
        let locked = timeout(Duration::ZERO, mutex.lock())
            .await
            .map(|guard| *guard);
        let received = timeout(Duration::ZERO, receiver.recv()).await;
        outcomes.push((locked, received));
    }
    for task in noise {
        task.await.unwrap();
    }
    log![outcomes]
}

pub(crate) async fn interval_ticks() -> Log {
    let start = Instant::now();
    let mut interval = tokio::time::interval(MS * 10);
    let mut ticks = Vec::new();
    for _ in 0..3 {
        let due = interval.tick().await;
        ticks.push(((due - start).as_millis(), millis(start)));
    }
    // A cancelled tick is not lost.
    let early = timeout(MS * 2, interval.tick()).await.is_err();
    interval.tick().await;
    let after = millis(start);
    interval.reset();
    interval.tick().await;
    let reset = millis(start);
    interval.reset_after(MS * 3);
    interval.tick().await;
    let sooner = millis(start);
    interval.reset_immediately();
    interval.tick().await;
    let now = millis(start);
    let mut later = tokio::time::interval_at(start + MS * 100, MS);
    later.tick().await;
    log![
        ticks,
        early,
        after,
        reset,
        sooner,
        now,
        millis(start),
        interval.period()
    ]
}

pub(crate) async fn interval_behaviors() -> Log {
    let mut all = Vec::new();
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ] {
        let start = Instant::now();
        let mut interval = tokio::time::interval(MS * 10);
        interval.set_missed_tick_behavior(behavior);
        interval.tick().await;
        sleep(MS * 35).await;
        let mut ticks = Vec::new();
        for _ in 0..4 {
            interval.tick().await;
            ticks.push(millis(start));
        }
        all.push((interval.missed_tick_behavior(), ticks));
    }
    log![all]
}
