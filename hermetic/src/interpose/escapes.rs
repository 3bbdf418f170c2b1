//! `pthread_create`, `socket` and `socketpair` as every part of the program finds them: calls
//! by a watched thread are recorded, and then executed.
#![expect(
    unsafe_code,
    reason = "the definitions of C symbols, and the calls behind them"
)]

use std::mem::transmute;
use std::ptr;

use libc::{c_int, c_void, pthread_attr_t, pthread_t};

use crate::leak_detector::{LeakKind, note};

use super::Next;

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type PthreadCreate =
    unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;
type Socket = unsafe extern "C" fn(c_int, c_int, c_int) -> c_int;
type SocketPair = unsafe extern "C" fn(c_int, c_int, c_int, *mut c_int) -> c_int;

static PTHREAD_CREATE: Next = Next::new(c"pthread_create");
static SOCKET: Next = Next::new(c"socket");
static SOCKETPAIR: Next = Next::new(c"socketpair");

/// As `pthread_create(3)`.
///
/// # Safety
///
/// As for the C library's.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    note(LeakKind::Thread);
    let next = PTHREAD_CREATE.find();
    if next.is_null() {
        return libc::EAGAIN;
    }
    // SAFETY: the C library's function of this name has this type.
    let next = unsafe { transmute::<*mut c_void, PthreadCreate>(next) };
    // SAFETY: the arguments are the caller's own.
    unsafe { next(thread, attributes, start, argument) }
}

/// As `socket(2)`.
///
/// # Safety
///
/// There is none for the caller; it is a C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    note(LeakKind::Socket);
    let next = SOCKET.find();
    if next.is_null() {
        // SAFETY: the arguments are the caller's own, as this system call takes them.
        return unsafe { libc::syscall(libc::SYS_socket, domain, kind, protocol) as c_int };
    }
    // SAFETY: the C library's function of this name has this type.
    let next = unsafe { transmute::<*mut c_void, Socket>(next) };
    // SAFETY: the arguments are the caller's own.
    unsafe { next(domain, kind, protocol) }
}

/// As `socketpair(2)`.
///
/// # Safety
///
/// `pair` is valid for writes of two `int`s.
#[unsafe(no_mangle)]
unsafe extern "C" fn socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    pair: *mut c_int,
) -> c_int {
    note(LeakKind::Socket);
    let next = SOCKETPAIR.find();
    if next.is_null() {
        // SAFETY: the arguments are the caller's own, as this system call takes them.
        return unsafe {
            libc::syscall(libc::SYS_socketpair, domain, kind, protocol, pair) as c_int
        };
    }
    // SAFETY: the C library's function of this name has this type.
    let next = unsafe { transmute::<*mut c_void, SocketPair>(next) };
    // SAFETY: the arguments are the caller's own.
    unsafe { next(domain, kind, protocol, pair) }
}

/// Returns `true` if looking them up by name finds this crate's.
pub(crate) fn found_by_name() -> bool {
    [
        (c"pthread_create", pthread_create as *const c_void),
        (c"socket", socket as *const c_void),
        (c"socketpair", socketpair as *const c_void),
    ]
    .into_iter()
    .all(|(name, ours)| {
        // SAFETY: the name is a C string.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        ptr::eq(found, ours)
    })
}
