// Programs of the parity suite: `tokio_util`.

pub(crate) async fn token_cancels_all_that_wait() -> Log {
    let token = CancellationToken::new();
    let mut set = JoinSet::new();
    for number in 0..3u32 {
        let token = token.clone();
        set.spawn(async move {
            token.cancelled().await;
            number
        });
    }
    let owned = tokio::spawn(token.clone().cancelled_owned());
    sleep(MS).await;
    let before = (token.is_cancelled(), set.len(), owned.is_finished());
    token.cancel();
    owned.await.unwrap();
    let mut numbers = set.join_all().await;
    numbers.sort();
    // Now it does not wait.
    token.cancelled().await;
    token.clone().cancelled_owned().await;
    log![before, numbers, token, token == token.clone()]
}

pub(crate) async fn token_children() -> Log {
    let parent = CancellationToken::default();
    let (one, two) = (parent.child_token(), parent.child_token());
    let grandchild = one.child_token();
    let waiting = grandchild.clone();
    let waiting = tokio::spawn(async move { waiting.cancelled().await });
    sleep(MS).await;
    one.cancel();
    waiting.await.unwrap();
    let all = [&parent, &one, &two, &grandchild];
    let first = all.map(|token| token.is_cancelled());
    let other = two.clone();
    let other = tokio::spawn(async move { other.cancelled().await });
    sleep(MS).await;
    parent.cancel();
    other.await.unwrap();
    let second = all.map(|token| token.is_cancelled());
    let late = parent.child_token().is_cancelled();
    log![first, second, late, one == two, one == one.clone()]
}

pub(crate) async fn token_runs_until_cancelled() -> Log {
    let token = CancellationToken::new();
    let done = token.run_until_cancelled(async { 1 }).await;
    let cancel = token.clone();
    tokio::spawn(async move {
        sleep(MS * 3).await;
        cancel.cancel();
    });
    let start = Instant::now();
    let within = token.run_until_cancelled(sleep(MS)).await;
    let cut = token.run_until_cancelled(sleep(MS * 50)).await;
    let took = millis(start);
    // Even a ready future does not start any more.
    let late = token.run_until_cancelled(async { 2 }).await;
    let owned = token.run_until_cancelled_owned(async { 3 }).await;
    log![done, within, cut, took, late, owned]
}

pub(crate) async fn token_prefers_the_future() -> Log {
    let token = CancellationToken::new();
    let (sender, receiver) = oneshot::channel();
    let runner = token.clone();
    let runner = tokio::spawn(async move { runner.run_until_cancelled_owned(receiver).await });
    sleep(MS).await;
    // Both in one poll of this task: a ready future takes precedence over the cancellation.
    sender.send(1).unwrap();
    token.cancel();
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(tokio::select! {
            biased;
            () = token.cancelled() => "cancelled",
            () = std::future::ready(()) => "went on",
        });
    }
    log![runner.await.unwrap(), taken]
}

pub(crate) async fn token_guards() -> Log {
    let token = CancellationToken::new();
    let kept = token.clone().drop_guard();
    let named = kept.token() == &token;
    let back = kept.disarm() == token;
    let by_reference = token.drop_guard_ref();
    let again = by_reference.token() == &token;
    let disarmed = by_reference.disarm() == &token;
    let before = token.is_cancelled();
    let guard = token.clone().drop_guard();
    let task = tokio::spawn(async move {
        let _guard = guard;
        sleep(MS).await;
    });
    token.cancelled().await;
    task.await.unwrap();
    let other = CancellationToken::new();
    drop(other.drop_guard_ref());
    log![named, back, again, disarmed, before, other]
}

pub(crate) async fn tracker_waits_for_its_tasks() -> Log {
    let tracker = TaskTracker::new();
    let start = Instant::now();
    for number in 1..4u32 {
        tracker.spawn(sleep(MS * number));
    }
    let tracked = tokio::spawn(tracker.track_future(sleep(MS * 7)));
    let length = (tracker.len(), tracker.is_empty(), tracker.is_closed());
    let early = timeout(MS, tracker.wait()).await.is_err();
    let closed = (tracker.close(), tracker.close(), tracker.is_closed());
    tracker.wait().await;
    let took = millis(start);
    tracked.await.unwrap();
    log![length, early, closed, took, tracker.len()]
}

pub(crate) async fn tracker_opens_again() -> Log {
    let tracker = TaskTracker::default();
    tracker.close();
    let waiting = tracker.wait();
    // It was closed and empty then, which is enough.
    let reopened = (tracker.reopen(), tracker.reopen());
    waiting.await;
    let late = timeout(MS, tracker.wait()).await.is_err();
    let token = tracker.token();
    let more = token.clone();
    let same = TaskTracker::ptr_eq(more.task_tracker(), &tracker);
    let length = tracker.len();
    let waiter = tracker.clone();
    let waiter = tokio::spawn(async move { waiter.wait().await });
    sleep(MS).await;
    tracker.close();
    drop(token);
    sleep(MS).await;
    let still = !waiter.is_finished();
    drop(more);
    waiter.await.unwrap();
    log![reopened, late, same, length, still]
}

pub(crate) async fn tracker_counts_aborted_tasks() -> Log {
    let tracker = TaskTracker::new();
    let local = LocalSet::new();
    let shared = Rc::new(1);
    let task = tracker.spawn(std::future::pending::<()>());
    let near = tracker.spawn_local_on(async move { *shared }, &local);
    tracker.close();
    task.abort();
    let waited = local.run_until(async {
        let also = tracker.spawn_local(async { 2 });
        tracker.wait().await;
        also.await.unwrap()
    });
    let waited = waited.await;
    log![waited, near.await.unwrap(), task.await.is_err()]
}

pub(crate) async fn shutdown_with_token_and_tracker() -> Log {
    let (token, tracker) = (CancellationToken::new(), TaskTracker::new());
    let (sender, mut receiver) = mpsc::channel(10);
    for number in 1..4u32 {
        let (token, sender) = (token.child_token(), sender.clone());
        tracker.spawn(async move {
            let mut rounds = 0;
            while token
                .run_until_cancelled(sleep(MS * number * 2))
                .await
                .is_some()
            {
                rounds += 1;
            }
            sender.send((number, rounds)).await.unwrap();
        });
    }
    drop(sender);
    sleep(MS * 13).await;
    token.cancel();
    tracker.close();
    tracker.wait().await;
    let mut rounds = Vec::new();
    while let Some(entry) = receiver.recv().await {
        rounds.push(entry);
    }
    rounds.sort();
    log![rounds]
}

pub(crate) async fn handles_that_abort_when_dropped() -> Log {
    let (sender, receiver) = oneshot::channel::<()>();
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        let _sender = sender;
        std::future::pending::<()>().await;
    }));
    tokio::task::yield_now().await;
    let running = (task.is_finished(), task.as_ref().is_finished());
    drop(task);
    let ended = receiver.await;
    let joined = AbortOnDropHandle::new(tokio::spawn(async { 1 })).await;
    let detached = AbortOnDropHandle::new(tokio::spawn(async { 2 })).detach();
    let aborted = AbortOnDropHandle::new(tokio::spawn(std::future::pending::<()>()));
    aborted.abort_handle().abort();
    log![
        running,
        ended,
        joined.unwrap(),
        detached.await.unwrap(),
        aborted.await.unwrap_err().is_cancelled()
    ]
}
