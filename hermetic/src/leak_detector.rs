//! Detection of threads and sockets that leak from a watched thread.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, needs_drop};

use crate::call_site;

/// The kinds of leaks from a watched thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeakKind {
    /// A thread of the operating system was started.
    Thread,
    /// A socket of the operating system was made, or a pair of them.
    Socket,
}

impl fmt::Display for LeakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "a real thread",
            Self::Socket => "a real socket",
        })
    }
}

/// The first leak since watching began, and the number of later ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leak {
    /// The kind.
    pub kind: LeakKind,
    /// Call site: `file:line:column` of the first frame that is neither of the standard
    /// library, tokio nor Rehearsal, the file named from its package's directory on; or the
    /// reason for which it is not known.
    pub site: String,
    /// Leaks after this one.
    pub more: u64,
}

/// A thread's watch. As with a scope, all of it is there from the thread's first
/// instruction to its last.
struct Watch {
    /// Called at the first leak; none while the thread is not watched.
    notify: Cell<Option<fn()>>,
    /// `true` while a site is looked up, which may itself make a socket or thread.
    busy: Cell<bool>,
    count: Cell<u64>,
    first: RefCell<Option<ManuallyDrop<First>>>,
}

struct First {
    kind: LeakKind,
    site: String,
}

thread_local! {
    static WATCH: Watch = const {
        assert!(!needs_drop::<Watch>(), "a destructor would be registered");
        Watch {
            notify: Cell::new(None),
            busy: Cell::new(false),
            count: Cell::new(0),
            first: RefCell::new(None),
        }
    };
}

/// A guard that stops watching when dropped. It stays on its thread.
#[derive(Debug)]
#[must_use = "watching ends when this is dropped"]
pub struct Watching(PhantomData<*const ()>);

/// Watches this thread: until the guard is dropped, the first thread that it starts and the
/// first socket that it makes are recorded with their site, and others counted. They happen all
/// the same. `notify` is called at the first one, on this thread, before it happens.
///
/// Guards do not nest: a second one begins anew, and the first that is dropped ends
/// the watch.
///
/// Without effect where [`is_watchful`](crate::is_watchful) is false.
pub fn watch(notify: fn()) -> Watching {
    clear();
    WATCH.with(|watch| watch.notify.set(Some(notify)));
    Watching(PhantomData)
}

/// Returns `true` if anything has leaked since this thread's watch began, or since
/// [`take_leak`]. Costs one read of a thread-local.
#[inline]
pub fn has_leaked() -> bool {
    let has_leaked = WATCH.try_with(|watch| watch.count.get() > 0);
    has_leaked.expect("a watch has no destructor")
}

/// Takes the first leak since this thread's watch began or since the last call.
pub fn take_leak() -> Option<Leak> {
    WATCH.with(|watch| {
        let more = watch.count.replace(0).saturating_sub(1);
        let first = watch.first.try_borrow_mut().ok()?.take()?;
        let First { kind, site } = ManuallyDrop::into_inner(first);
        Some(Leak { kind, site, more })
    })
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCH.with(|watch| watch.notify.set(None));
        clear();
    }
}

fn clear() {
    drop(take_leak());
}

/// Records that something is about to leak from this thread.
#[allow(dead_code, reason = "on some targets nothing calls it")]
pub(crate) fn note(kind: LeakKind) {
    WATCH.with(|watch| {
        let Some(notify) = watch.notify.get() else {
            return;
        };
        if watch.busy.get() {
            return;
        }
        watch.count.set(watch.count.get() + 1);
        if watch.count.get() > 1 {
            return;
        }
        watch.busy.set(true);
        let site = call_site::caller();
        if let Ok(mut first) = watch.first.try_borrow_mut() {
            *first = Some(ManuallyDrop::new(First { kind, site }));
        }
        notify();
        watch.busy.set(false);
    });
}
