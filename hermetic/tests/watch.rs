//! Leaks of a watched thread are recorded, and nothing else is.
#![cfg(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl"),
    not(target_feature = "crt-static")
))]
#![expect(
    clippy::disallowed_methods,
    reason = "what is banned elsewhere is what this crate answers for"
)]

use std::cell::Cell;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::thread;

use rehearsal_hermetic::{LeakKind, has_leaked, is_watchful, take_leak, watch};

thread_local! {
    static NOTIFIED: Cell<u32> = const { Cell::new(0) };
}

fn notify() {
    NOTIFIED.set(NOTIFIED.get() + 1);
}

/// Line of the start in [`start_a_thread`].
const START: u32 = line!() + 3;

fn start_a_thread() -> u32 {
    thread::spawn(|| 7).join().expect("it does not panic")
}

/// Returns true if a site is in this file's line `line`, named as the compiler names it.
fn is_of_this_file(site: &str, line: u32) -> bool {
    site.starts_with(&format!("{}:{line}:", file!()))
}

#[test]
fn leaks_are_detected_in_this_build() {
    assert!(is_watchful());
}

#[test]
fn first_leak_has_a_site_and_others_are_counted() {
    let watching = watch(notify);
    assert!(!has_leaked());
    assert_eq!(start_a_thread(), 7);
    assert!(has_leaked());
    start_a_thread();
    drop(UnixStream::pair().expect("a pair"));
    assert_eq!(NOTIFIED.get(), 1);
    let leak = take_leak().expect("a thread was started");
    assert_eq!((leak.kind, leak.more), (LeakKind::Thread, 2));
    assert!(is_of_this_file(&leak.site, START), "{}", leak.site);
    assert!(!has_leaked());
    drop(watching);
}

#[test]
fn sockets_of_all_kinds_are_recorded() {
    const FIRST_LINE: u32 = line!() + 2;
    let sorts: [fn(); 3] = [
        || drop(TcpListener::bind("127.0.0.1:0").expect("a port")),
        || drop(UdpSocket::bind("127.0.0.1:0").expect("a port")),
        || drop(UnixStream::pair().expect("a pair")),
    ];
    for (line, sort) in (FIRST_LINE..).zip(sorts) {
        let _watching = watch(notify);
        sort();
        let leak = take_leak().expect("a socket was made");
        assert_eq!((leak.kind, leak.more), (LeakKind::Socket, 0));
        assert!(is_of_this_file(&leak.site, line), "{}", leak.site);
    }
}

#[test]
fn leaks_of_an_unwatched_thread_are_not_recorded() {
    start_a_thread();
    assert!(!has_leaked());
    let watching = watch(notify);
    thread::scope(|scope| {
        // The start is recorded; the thread itself is not watched.
        scope.spawn(|| {
            start_a_thread();
            assert!(!has_leaked() && take_leak().is_none());
        });
    });
    assert_eq!(take_leak().map(|leak| leak.more), Some(0));
    start_a_thread();
    drop(watching);
    assert!(!has_leaked() && take_leak().is_none());
    start_a_thread();
    assert!(!has_leaked() && take_leak().is_none());
}

#[test]
fn watched_threads_do_not_disturb_each_other() {
    let gate = Barrier::new(8);
    thread::scope(|scope| {
        for lane in 0..8 {
            let gate = &gate;
            scope.spawn(move || {
                let _watching = watch(notify);
                gate.wait();
                if lane % 2 == 0 {
                    start_a_thread();
                }
                gate.wait();
                assert_eq!(take_leak().is_some(), lane % 2 == 0);
            });
        }
    });
}
