// The programs of the parity suite. `tokio` is tokio itself or the facade. None
// of them may depend on the order in which tasks run.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{
    Barrier, Mutex, MutexGuard, Notify, OnceCell, OwnedMutexGuard, RwLock, RwLockReadGuard,
    RwLockWriteGuard, Semaphore, broadcast, mpsc, oneshot, watch,
};
use tokio::time::{Duration, Instant, MissedTickBehavior, sleep, timeout};

pub(crate) type Log = Vec<String>;

macro_rules! log {
    ($($entry:expr),* $(,)?) => { vec![$(format!("{:?}", $entry)),*] };
}

const MS: Duration = Duration::from_millis(1);

fn millis(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

// Locks ---------------------------------------------------------------------

pub(crate) async fn mutex_counts() -> Log {
    let mutex = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            tokio::spawn(async move {
                for _ in 0..5 {
                    let mut guard = mutex.lock().await;
                    let before = *guard;
                    tokio::task::yield_now().await;
                    *guard = before + 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mutex = Arc::try_unwrap(mutex).unwrap();
    log![mutex, mutex.into_inner()]
}

pub(crate) async fn mutex_is_fair_to_who_waits() -> Log {
    let mutex = Mutex::new(());
    let order = std::sync::Mutex::new(Vec::new());
    let guard = mutex.lock().await;
    let second = async {
        let _guard = mutex.lock().await;
        order.lock().unwrap().push(2);
    };
    let third = async {
        sleep(MS).await;
        let _guard = mutex.lock().await;
        order.lock().unwrap().push(3);
    };
    let first = async {
        sleep(MS * 2).await;
        order.lock().unwrap().push(1);
        drop(guard);
        // Both others are in line.
        let _guard = mutex.lock().await;
        order.lock().unwrap().push(4);
    };
    let abandoned = async {
        let gone = timeout(MS, async {
            let _guard = mutex.lock().await;
            order.lock().unwrap().push(0);
        });
        assert!(gone.await.is_err());
    };
    tokio::join!(second, third, first, abandoned);
    log![order.into_inner()]
}

pub(crate) async fn mutex_guards() -> Log {
    static STATIC: Mutex<u8> = Mutex::const_new(0);
    let mut mutex = Mutex::new((1, "a".to_owned()));
    mutex.get_mut().0 = 2;
    let guard = mutex.lock().await;
    let busy = mutex.try_lock().map(|_| ()).unwrap_err();
    let same = std::ptr::eq(MutexGuard::mutex(&guard), &mutex);
    let mut mapped = MutexGuard::map(guard, |pair| &mut pair.1);
    mapped.push('b');
    let text = format!("{mapped} {mapped:?}");
    let back = tokio::sync::MappedMutexGuard::map(mapped, |text| text);
    let still_busy = mutex.try_lock().is_err();
    drop(back);
    let failed = MutexGuard::try_map(mutex.lock().await, |_| None::<&mut u8>).is_err();

    let shared = Arc::new(mutex);
    let owned = Arc::clone(&shared).lock_owned().await;
    let taken = Arc::clone(&shared).try_lock_owned().is_err();
    let count = Arc::strong_count(OwnedMutexGuard::mutex(&owned));
    let shown = format!("{shared:?} {owned:?}");
    drop(owned);
    let free = Arc::clone(&shared).try_lock_owned().is_ok();
    let inner = Arc::try_unwrap(shared).unwrap().into_inner();
    *STATIC.lock().await = 7;
    let fixed = *STATIC.lock().await;
    let made = (Mutex::<u8>::default(), Mutex::from(3));
    log![
        busy, same, text, still_busy, failed, taken, count, shown, free, inner, fixed, made
    ]
}

pub(crate) async fn rwlock_readers_and_writers() -> Log {
    let lock = Arc::new(RwLock::new(0));
    let readers = Arc::new(Barrier::new(3));
    let reading: Vec<_> = (0..3)
        .map(|_| {
            let (lock, readers) = (Arc::clone(&lock), Arc::clone(&readers));
            tokio::spawn(async move {
                let guard = lock.read().await;
                // All are in at once, or this never ends.
                readers.wait().await;
                *guard
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in reading {
        seen.push(task.await.unwrap());
    }
    let writing: Vec<_> = (0..4)
        .map(|_| {
            let lock = Arc::clone(&lock);
            tokio::spawn(async move {
                let mut guard = lock.write().await;
                let before = *guard;
                tokio::task::yield_now().await;
                *guard = before + 1;
            })
        })
        .collect();
    for task in writing {
        task.await.unwrap();
    }
    let value = *lock.read().await;

    // A reader queues behind a writer that waits.
    let first = lock.read().await;
    let writer = Arc::clone(&lock);
    let writer = tokio::spawn(async move { *writer.write().await += 10 });
    sleep(MS).await;
    let behind = lock.try_read().is_err();
    drop(first);
    writer.await.unwrap();
    let last = *lock.read().await;
    log![seen, value, behind, last]
}

pub(crate) async fn rwlock_guards() -> Log {
    let mut lock = RwLock::new((1, 2));
    lock.get_mut().0 = 5;
    let write = lock.write().await;
    let refused = (lock.try_read().is_err(), lock.try_write().is_err());
    let read = write.downgrade();
    let shared = lock.try_read().is_ok();
    let mapped = RwLockReadGuard::map(read, |pair| &pair.1);
    let shown = format!("{mapped} {mapped:?}");
    let other = RwLockReadGuard::try_map(mapped, |_| None::<&u8>).is_err();
    let mut part = RwLockWriteGuard::map(lock.write().await, |pair| &mut pair.1);
    *part += 1;
    drop(part);
    let none = RwLockWriteGuard::try_map(lock.write().await, |_| None::<&mut u8>).is_err();
    let lock = Arc::new(lock);
    let one = Arc::clone(&lock).read_owned().await;
    let two = Arc::clone(&lock).try_read_owned().is_ok();
    let no = Arc::clone(&lock).try_write_owned().is_err();
    drop(one);
    let mut owned = Arc::clone(&lock).write_owned().await;
    owned.0 = 9;
    let downgraded = owned.downgrade();
    let again = lock.try_read().is_ok();
    let value = *downgraded;
    drop(downgraded);
    let few = RwLock::with_max_readers((), 1);
    let only = few.read().await;
    let full = few.try_read().is_err();
    drop(only);
    log![
        refused,
        shared,
        shown,
        other,
        none,
        two,
        no,
        again,
        value,
        full,
        format!("{lock:?}"),
        Arc::try_unwrap(lock).unwrap().into_inner()
    ]
}

pub(crate) async fn semaphore_permits() -> Log {
    let semaphore = Arc::new(Semaphore::new(2));
    let most = Arc::new(AtomicUsize::new(0));
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (semaphore, most, inside) =
                (Arc::clone(&semaphore), Arc::clone(&most), Arc::clone(&inside));
            tokio::spawn(async move {
                let _permit = semaphore.acquire().await.unwrap();
                let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                sleep(MS).await;
                inside.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut both = semaphore.acquire_many(2).await.unwrap();
    let none = semaphore.try_acquire().map(|_| ()).unwrap_err();
    let one = both.split(1).unwrap();
    let too_many = both.split(5).is_none();
    let counts = (both.num_permits(), one.num_permits());
    both.merge(one);
    both.forget();
    let left = semaphore.available_permits();
    semaphore.add_permits(3);
    let forgotten = semaphore.forget_permits(1);
    let some = semaphore.try_acquire_many(2).is_ok();
    log![
        most,
        none,
        too_many,
        counts,
        left,
        forgotten,
        some,
        semaphore.available_permits()
    ]
}

pub(crate) async fn semaphore_owned_permits() -> Log {
    let semaphore = Arc::new(Semaphore::const_new(3));
    let mut one = Arc::clone(&semaphore).acquire_owned().await.unwrap();
    let two = Arc::clone(&semaphore).acquire_many_owned(2).await.unwrap();
    let none = Arc::clone(&semaphore).try_acquire_owned().map(|_| ()).unwrap_err();
    let none_either = Arc::clone(&semaphore).try_acquire_many_owned(2).is_err();
    let waiting = tokio::spawn(Arc::clone(&semaphore).acquire_many_owned(3));
    tokio::task::yield_now().await;
    one.merge(two);
    let merged = one.num_permits();
    let parted = one.split(1).unwrap();
    let nothing = one.split(9).is_none();
    drop(one);
    let before = waiting.is_finished();
    drop(parted);
    let got = waiting.await.unwrap().unwrap();
    let all = (got.num_permits(), got.semaphore().available_permits());
    got.forget();
    log![none, none_either, merged, nothing, before, all, semaphore.available_permits()]
}

pub(crate) async fn semaphore_close() -> Log {
    let semaphore = Arc::new(Semaphore::new(0));
    let waiting = tokio::spawn(Arc::clone(&semaphore).acquire_owned());
    sleep(MS).await;
    semaphore.close();
    let refused = waiting.await.unwrap().map(|_| ()).unwrap_err();
    let at_once = semaphore.acquire().await.map(|_| ()).unwrap_err();
    let tried = semaphore.try_acquire().map(|_| ()).unwrap_err();
    log![refused, at_once, tried, semaphore.is_closed()]
}

// Notifications ----------------------------------------------------------------

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
    // Who is cancelled leaves the cell to the next.
    let gave_up = timeout(MS, cell.get_or_init(|| async {
        sleep(MS * 5).await;
        1
    }))
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

// Channels -------------------------------------------------------------------

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
    log![refused, got, lost, reserve, sender.is_closed(), receiver.is_closed()]
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
    let back = other.clone().try_reserve_owned().map(|_| ()).map_err(|error| error.to_string());
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
    log![length, count, some, by_hand, counts, refused, weak.upgrade().is_none()]
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

    // Polled by reference, given up, and polled again.
    let (later, mut receiver) = oneshot::channel();
    let early = timeout(MS, &mut receiver).await.is_err();
    later.send(3).unwrap();
    let late = (&mut receiver).await;
    log![got, dropped, not_yet, refused, never, sender.is_closed(), early, late]
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
    log![seen, mine, weak.upgrade().is_none(), alone.send(1), receiver.is_closed()]
}

pub(crate) async fn watch_shows_the_latest() -> Log {
    let (sender, mut receiver) = watch::channel(0);
    let unchanged = receiver.has_changed();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    let changed = (receiver.has_changed(), *receiver.borrow(), receiver.has_changed());
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
        unchanged, changed, seen, old, silent, latest, fresh, counts, marked, gone,
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

// Time -----------------------------------------------------------------------

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
    log![error, at, done, until.is_err(), forever, inner, millis(start)]
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
        let locked = timeout(Duration::ZERO, mutex.lock()).await.map(|guard| *guard);
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
    // A tick that is given up is not lost.
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
    log![ticks, early, after, reset, sooner, now, millis(start), interval.period()]
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

// Several at once --------------------------------------------------------------

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
    let after = (aborted.is_cancelled(), aborted.is_panic(), Arc::strong_count(&dropped));
    // Dropping a handle does not end its task.
    let (sender, receiver) = oneshot::channel();
    drop(tokio::spawn(async move {
        sleep(MS).await;
        sender.send(2).unwrap();
    }));
    log![returned, running, after, abort.is_finished(), receiver.await]
}

tokio::task_local! {
    static NAME: u32;
}

pub(crate) async fn task_locals() -> Log {
    let inside = NAME.scope(7, async { NAME.get() }).await;
    let outside = NAME.try_with(|name| *name).is_err();
    log![inside, outside]
}

// Sockets --------------------------------------------------------------------

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

pub(crate) async fn tcp_echo() -> Log {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut bytes = 0;
        for _ in 0..2 {
            let (mut stream, peer) = listener.accept().await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), peer);
            let mut buffer = [0; 1000];
            loop {
                let count = stream.read(&mut buffer).await.unwrap();
                if count == 0 {
                    break;
                }
                bytes += count;
                stream.write_all(&buffer[..count]).await.unwrap();
            }
        }
        bytes
    });
    let sent: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
    let mut equal = Vec::new();
    for _ in 0..2 {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let copy = sent.clone();
        let writer = tokio::spawn(async move {
            write.write_all(&copy).await.unwrap();
        });
        let mut received = Vec::new();
        read.read_to_end(&mut received).await.unwrap();
        writer.await.unwrap();
        equal.push(received == sent);
    }
    log![equal, server.await.unwrap()]
}

pub(crate) async fn tcp_half_close() -> Log {
    let (mut client, mut server) = pair().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let again = client.write(b"more").await.map_err(|error| error.kind());
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    log![question, again, answer]
}

pub(crate) async fn tcp_split_and_reunite() -> Log {
    let (mut client, server) = pair().await;
    let (other, _keep) = pair().await;
    let (read, write) = server.into_split();
    let (foreign, mine) = other.into_split();
    let error = read.reunite(mine).unwrap_err();
    let text = error.to_string();
    let (read, mine) = (error.0, error.1);
    let same = read.local_addr().unwrap() == write.local_addr().unwrap();
    let foreign = foreign.reunite(mine).is_ok();
    let mut server = write.reunite(read).unwrap();
    {
        let (mut reader, mut writer) = client.split();
        writer.write_all(b"there").await.unwrap();
        let mut buffer = [0; 5];
        let (done, echoed) = tokio::join!(reader.read_exact(&mut buffer), async {
            let mut buffer = [0; 5];
            server.read_exact(&mut buffer).await.unwrap();
            server.write_all(b"again").await
        });
        assert!(done.is_ok() && echoed.is_ok());
        assert_eq!(&buffer, b"again");
    }
    // A forgotten write half leaves its direction open; a dropped one ends it.
    let (read, write) = client.into_split();
    write.forget();
    let mut byte = [0; 1];
    let open = timeout(MS * 50, server.read(&mut byte)).await.is_err();
    drop(read);
    let closed = server.read(&mut byte).await.map_err(|error| error.kind());
    log![text, same, foreign, open, closed]
}

pub(crate) async fn tcp_peek_and_try() -> Log {
    let (client, mut server) = pair().await;
    let mut buffer = [0; 8];
    let nothing = server.try_read(&mut buffer).map_err(|error| error.kind());
    client.writable().await.unwrap();
    let written = client.try_write(b"abc").unwrap();
    server.readable().await.unwrap();
    let peeked = server.peek(&mut buffer).await.unwrap();
    let read = server.try_read(&mut buffer[..2]).unwrap();
    let rest = server.read(&mut buffer[2..]).await.unwrap();
    client.set_nodelay(true).unwrap();
    client.set_ttl(9).unwrap();
    let options = (client.nodelay().unwrap(), client.ttl().unwrap());
    drop(client);
    let end = server.read(&mut [0; 4]).await.unwrap();
    log![nothing, written, peeked, read, rest, &buffer[..3], options, end]
}

pub(crate) async fn tcp_refused() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = TcpStream::connect(address).await.map(|_| ()).map_err(|error| error.kind());
    let none: &[SocketAddr] = &[];
    let nowhere = TcpStream::connect(none).await.map(|_| ()).map_err(|error| error.kind());
    let text = TcpStream::connect("no port").await.map(|_| ()).map_err(|error| error.kind());
    // The second address answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let both: &[SocketAddr] = &[address, listener.local_addr().unwrap()];
    let second = TcpStream::connect(both).await.is_ok();
    log![refused, nowhere, text, second]
}

pub(crate) async fn tcp_address_in_use() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taken = TcpListener::bind(address).await.map(|_| ()).map_err(|error| error.kind());
    let foreign = TcpListener::bind("203.0.113.7:0").await.map(|_| ()).map_err(|e| e.kind());
    drop(listener);
    let free = TcpListener::bind(address).await.is_ok();
    log![taken, foreign, free, address.ip()]
}

pub(crate) async fn tcp_listener_by_hand() -> Log {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(
        TcpStream::connect(address),
        std::future::poll_fn(|cx| listener.poll_accept(cx))
    );
    let (mut client, (mut server, _)) = (client.unwrap(), server.unwrap());
    client.write_all(b"x").await.unwrap();
    listener.set_ttl(5).unwrap();
    log![server.read_u8().await.unwrap(), listener.ttl().unwrap()]
}

pub(crate) async fn udp_sends_and_receives() -> Log {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let two = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let sent = one.send_to(b"hello", two.local_addr().unwrap()).await.unwrap();
    let mut buffer = [0; 3];
    let peeked = two.peek_from(&mut buffer).await.unwrap().0;
    let (count, from) = two.recv_from(&mut buffer).await.unwrap();
    let known = from == one.local_addr().unwrap();
    let nothing = two.try_recv_from(&mut buffer).map_err(|error| error.kind());
    let unconnected = one.send(b"x").await.is_err();
    let long = one.send_to(&[0; 70_000], from).await.is_err();
    one.set_broadcast(true).unwrap();
    one.set_ttl(3).unwrap();
    let options = (one.broadcast().unwrap(), one.ttl().unwrap());
    log![sent, peeked, count, buffer, known, nothing, unconnected, long, options]
}

pub(crate) async fn udp_connected() -> Log {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let before = client.peer_addr().is_err();
    client.connect(server.local_addr().unwrap()).await.unwrap();
    let peer = client.peer_addr().unwrap() == server.local_addr().unwrap();
    stranger.send_to(b"not heard", client.local_addr().unwrap()).await.unwrap();
    client.send(b"ping").await.unwrap();
    let mut buffer = [0; 16];
    let (count, from) = server.recv_from(&mut buffer).await.unwrap();
    server.try_send_to(&buffer[..count], from).unwrap();
    let echoed = client.recv(&mut buffer).await.unwrap();
    let more = client.try_recv(&mut buffer).map_err(|error| error.kind());
    log![before, peer, echoed, &buffer[..4], more]
}

pub(crate) async fn names_resolve() -> Log {
    let mut found = Vec::new();
    for name in ["127.0.0.1:80", "[::1]:81"] {
        found.extend(tokio::net::lookup_host(name).await.unwrap());
    }
    found.extend(tokio::net::lookup_host(("127.0.0.1", 82)).await.unwrap());
    found.extend(tokio::net::lookup_host("127.0.0.1:83".to_owned()).await.unwrap());
    let local = tokio::net::lookup_host("localhost:84")
        .await
        .unwrap()
        .any(|address| address == SocketAddr::from(([127, 0, 0, 1], 84)));
    let wrong = tokio::net::lookup_host("127.0.0.1:port").await.map(|_| ()).map_err(|e| e.kind());
    log![found, local, wrong]
}
