// Programs of the parity suite: locks.

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

pub(crate) async fn mutex_is_fair_to_waiting_tasks() -> Log {
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
    let part = OwnedMutexGuard::map(owned, |pair| &mut pair.1);
    let shown = format!("{shown} {part}");
    let part = tokio::sync::OwnedMappedMutexGuard::try_map(part, |_| None::<&mut u8>);
    let of_part = part.is_err_and(|part| &*part == "ab");
    let owned = Arc::clone(&shared).lock_owned().await;
    let of_whole = OwnedMutexGuard::try_map(owned, |_| None::<&mut u8>).is_err();
    let unsized_mutex: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2]));
    unsized_mutex.lock().await[0] = 3;
    let of_no_size = format!("{unsized_mutex:?}");
    let free = Arc::clone(&shared).try_lock_owned().is_ok();
    let inner = Arc::try_unwrap(shared).unwrap().into_inner();
    *STATIC.lock().await = 7;
    let fixed = *STATIC.lock().await;
    let made = (Mutex::<u8>::default(), Mutex::from(3));
    log![
        busy, same, text, still_busy, failed, taken, count, shown, free, inner, fixed, made,
        of_part, of_whole, of_no_size
    ]
}

// A wait that is given up leaves the line, and one that is given up after its turn has come passes
// it on.
pub(crate) async fn mutex_passes_over_who_gave_up() -> Log {
    let mutex = Mutex::new(());
    let order = std::sync::Mutex::new(Vec::new());
    let guard = mutex.lock().await;
    let mut gives_up = Box::pin(mutex.lock());
    let mut comes_too_late = Box::pin(mutex.lock());
    let mut waits = Box::pin(mutex.lock());
    tokio::select! {
        biased;
        _ = &mut gives_up => {}
        _ = &mut comes_too_late => {}
        _ = &mut waits => {}
        () = sleep(MS) => order.lock().unwrap().push("all wait"),
    }
    drop(gives_up);
    drop(guard);
    // It has the turn already.
    let busy = mutex.try_lock().is_err();
    drop(comes_too_late);
    let still_busy = mutex.try_lock().is_err();
    drop(waits.await);
    let free = mutex.try_lock().is_ok();
    log![order.into_inner(), busy, still_busy, free]
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
    let list: Arc<RwLock<[u8]>> = Arc::new(RwLock::new([1, 2]));
    let mut writing = Arc::clone(&list).write_owned().await;
    writing[1] = 3;
    let locked = format!("{list:?} {writing:?}");
    drop(writing);
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
        locked,
        format!("{lock:?} {list:?}"),
        Arc::try_unwrap(lock).unwrap().into_inner()
    ]
}

pub(crate) async fn semaphore_permits() -> Log {
    let semaphore = Arc::new(Semaphore::new(2));
    let most = Arc::new(AtomicUsize::new(0));
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (semaphore, most, inside) = (
                Arc::clone(&semaphore),
                Arc::clone(&most),
                Arc::clone(&inside),
            );
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
    let none = Arc::clone(&semaphore)
        .try_acquire_owned()
        .map(|_| ())
        .unwrap_err();
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
    log![
        none,
        none_either,
        merged,
        nothing,
        before,
        all,
        semaphore.available_permits()
    ]
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

pub(crate) async fn rwlock_owned_parts() -> Log {
    let lock = Arc::new(RwLock::new((1, vec![2, 3])));
    let read = Arc::clone(&lock).read_owned().await;
    let same = Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&read), &lock);
    let part = OwnedRwLockReadGuard::map(read, |value| value.1.as_slice());
    let missing = OwnedRwLockReadGuard::try_map(part, |part| part.get(5)).unwrap_err();
    let length = missing.len();
    let busy = lock.try_write().is_err();
    drop(missing);

    let write = Arc::clone(&lock).write_owned().await;
    let write = OwnedRwLockWriteGuard::try_map(write, |_| None::<&mut u8>).unwrap_err();
    let mut part = OwnedRwLockWriteGuard::map(write, |value| &mut value.1);
    part.push(4);
    let mut last = OwnedRwLockMappedWriteGuard::try_map(part, |part| part.last_mut()).unwrap();
    *last += 1;
    let held = lock.try_read().is_err();
    drop(last);

    let write = Arc::clone(&lock).write_owned().await;
    let mut whole = OwnedRwLockWriteGuard::into_mapped(write);
    whole.0 = 7;
    drop(OwnedRwLockMappedWriteGuard::map(whole, |whole| {
        &mut whole.0
    }));
    let write = Arc::clone(&lock).write_owned().await;
    let read = OwnedRwLockWriteGuard::downgrade_map(write, |value| &value.0);
    let shared = (*read, lock.try_read().is_ok(), lock.try_write().is_err());
    drop(read);
    let write = Arc::clone(&lock).write_owned().await;
    let none = OwnedRwLockWriteGuard::try_downgrade_map(write, |_| None::<&u8>);
    let still = lock.try_read().is_err();
    drop(none);
    log![same, length, busy, held, shared, still, lock]
}

pub(crate) async fn rwlock_parts() -> Log {
    let lock = RwLock::new((1, vec![2, 3]));
    let mut whole = RwLockWriteGuard::into_mapped(lock.write().await);
    whole.0 = 7;
    let part = RwLockMappedWriteGuard::map(whole, |whole| &mut whole.1);
    let mut first = RwLockMappedWriteGuard::try_map(part, |part| part.first_mut()).unwrap();
    *first += 1;
    drop(first);
    let read = RwLockWriteGuard::downgrade_map(lock.write().await, |value| &value.0);
    let shared = (*read, lock.try_read().is_ok(), lock.try_write().is_err());
    drop(read);
    let write = lock.write().await;
    let none = RwLockWriteGuard::try_downgrade_map(write, |_| None::<&u8>).unwrap_err();
    let still = lock.try_read().is_err();
    drop(none);
    log![shared, still, lock]
}
