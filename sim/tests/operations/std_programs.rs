// Programs on threads, written against the crate that is called `std`. Their results depend on no
// order of threads.

use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError, TrySendError};
use std::sync::{Arc, Barrier, Once};
use std::thread;

type Log = Vec<String>;

macro_rules! log {
    ($($value:expr),* $(,)?) => { vec![$(format!("{:?}", $value)),*] };
}

pub(crate) fn threads_end() -> Log {
    let named = thread::Builder::new().name("named".to_owned());
    let named = named
        .spawn(|| thread::current().name().map(str::to_owned))
        .unwrap();
    let outside = named.thread().name().map(str::to_owned);
    let other = thread::spawn(|| thread::current().id());
    let same = other.thread().id();
    let id = other.join().unwrap();
    log![
        named.join().unwrap(),
        outside,
        id == same,
        id == thread::current().id()
    ]
}

pub(crate) fn permit_is_kept() -> Log {
    let parked = thread::spawn(|| {
        thread::park();
        7
    });
    parked.thread().unpark();
    parked.thread().unpark();
    thread::current().unpark();
    thread::park();
    thread::park_timeout(Duration::from_millis(1));
    log![parked.join().unwrap()]
}

pub(crate) fn channel_is_in_order_and_ends() -> Log {
    let (sender, receiver) = mpsc::channel();
    let other = sender.clone();
    let sends = thread::spawn(move || {
        for number in 0..5 {
            other.send(number).unwrap();
        }
    });
    sends.join().unwrap();
    let first = receiver.recv();
    let rest: Vec<_> = receiver.try_iter().collect();
    let empty = receiver.try_recv() == Err(TryRecvError::Empty);
    let late = receiver.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout);
    drop(sender);
    let over = (
        receiver.try_recv(),
        receiver.recv(),
        receiver.recv_timeout(Duration::from_secs(9)),
    );
    log![first, rest, empty, late, over]
}

pub(crate) fn value_without_a_receiver_comes_back() -> Log {
    let (sender, receiver) = mpsc::channel();
    let (bounded, other) = mpsc::sync_channel(0);
    drop((receiver, other));
    let refused = (sender.send(1), bounded.send(2), bounded.try_send(3));
    let (waits, receiver) = mpsc::sync_channel(0);
    let waits = thread::spawn(move || waits.send(4));
    thread::sleep(Duration::from_millis(2));
    drop(receiver);
    log![refused, waits.join().unwrap()]
}

pub(crate) fn bound_is_kept() -> Log {
    let (sender, receiver) = mpsc::sync_channel(2);
    let filled = (sender.send(1), sender.try_send(2), sender.try_send(3));
    let waits = thread::spawn(move || sender.send(4));
    let received: Vec<_> = receiver.iter().collect();
    log![filled, received, waits.join().unwrap()]
}

pub(crate) fn values_are_handed_over() -> Log {
    let (sender, receiver) = mpsc::sync_channel(0);
    let not_awaited = sender.try_send(0) == Err(TrySendError::Full(0));
    let sends = thread::spawn(move || {
        for number in 1..4 {
            sender.send(number).unwrap();
        }
    });
    let received: Vec<_> = receiver.into_iter().collect();
    sends.join().unwrap();
    log![not_awaited, received]
}

pub(crate) fn barrier_has_one_leader() -> Log {
    let barrier = Arc::new(Barrier::new(3));
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.wait().is_leader())
        })
        .collect();
    let leaders = threads.into_iter().map(|thread| thread.join().unwrap());
    log![
        leaders.filter(|leads| *leads).count(),
        Barrier::new(0).wait().is_leader()
    ]
}

pub(crate) fn function_is_called_once() -> Log {
    let pair = Arc::new((Once::new(), std::sync::Mutex::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let pair = Arc::clone(&pair);
            thread::spawn(move || {
                pair.0.call_once(|| *pair.1.lock().unwrap() += 1);
                pair.0.is_completed()
            })
        })
        .collect();
    let completed: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    pair.0.call_once_force(|_| *pair.1.lock().unwrap() += 1);
    let calls = *pair.1.lock().unwrap();
    log![completed, calls]
}
