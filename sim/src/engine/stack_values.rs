//! Values that belong to the code that is being executed, and not to the thread.
//!
//! The values of a scope, for the functions that it calls, would be in a thread-local, were it
//! not that the thread goes to another stack in the middle of them. Values here go with the
//! stack.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The identity of a kind of value: the address of a static.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key(*const ());

impl Key {
    /// Returns the key that the static has. It must not be of size zero.
    pub(crate) fn of<T>(of: &'static T) -> Self {
        assert_ne!(size_of::<T>(), 0, "statics without a size share an address");
        Self(std::ptr::from_ref(of).cast())
    }
}

/// The values of one stack, the innermost last.
pub(super) type Values = Vec<(Key, Rc<dyn Any>)>;

thread_local! {
    /// `true` in a function that may block its thread: that of a task that blocks, or of
    /// `block_in_place`. `false` where a future is polled.
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
    /// `true` once the thread has had a value.
    static ANY: Cell<bool> = const { Cell::new(false) };
    static VALUES: RefCell<Values> = const { RefCell::new(Vec::new()) };
    /// Those that there were when the current poll began.
    static BEFORE: RefCell<Values> = const { RefCell::new(Vec::new()) };
}

/// Returns `true` if there are no values at all: in nearly every run, so that a switch of stacks
/// has nothing to do for them.
#[inline]
fn are_none() -> bool {
    ANY.try_with(Cell::get).is_ok_and(|any| !any)
}

/// Begins a poll, which may be suspended.
#[inline]
pub(super) fn begin_poll() {
    if are_none() {
        return;
    }
    let is_empty = |values: &Values| values.is_empty();
    if !VALUES.with_borrow(is_empty) || !BEFORE.with_borrow(is_empty) {
        // Dropped outside the borrow.
        drop(BEFORE.replace(current()));
    }
}

/// Returns the values that there were before the poll that is suspended.
#[inline]
pub(super) fn before_poll() -> Values {
    match are_none() {
        true => Values::new(),
        false => BEFORE.with_borrow(Clone::clone),
    }
}

/// Returns `true` if the code on the current stack may block its thread.
#[inline]
pub(crate) fn may_block() -> bool {
    MAY_BLOCK.try_with(Cell::get).expect("no destructor")
}

/// Sets whether the code on the current stack may block its thread. Returns what was set before.
#[inline]
pub(crate) fn set_may_block(may_block: bool) -> bool {
    let replaced = MAY_BLOCK.try_with(|slot| slot.replace(may_block));
    replaced.expect("no destructor")
}

/// Returns the innermost value of that key.
pub(crate) fn innermost(key: Key) -> Option<Rc<dyn Any>> {
    let of_key = |values: &Values| values.iter().rfind(|(one, _)| *one == key).cloned();
    VALUES.with_borrow(of_key).map(|(_, value)| value)
}

/// Adds a value within those that there are.
pub(crate) fn enter(key: Key, value: Rc<dyn Any>) {
    ANY.set(true);
    VALUES.with_borrow_mut(|values| values.push((key, value)));
}

/// Removes the innermost value of that key.
pub(crate) fn leave(key: Key) -> Option<Rc<dyn Any>> {
    VALUES.with_borrow_mut(|values| {
        let index = values.iter().rposition(|(one, _)| *one == key)?;
        Some(values.remove(index).1)
    })
}

/// Moves what the current poll has changed to the values that there are now before it. `from`:
/// those that there were before it was suspended.
#[inline]
pub(super) fn move_changes(from: &Values) {
    if !are_none() {
        move_changed_values(from);
    }
}

fn move_changed_values(from: &Values) {
    let (to, own) = (before_poll(), current());
    let has = |values: &Values, one: &(Key, Rc<dyn Any>)| {
        let is_one = |(_, value): &(Key, Rc<dyn Any>)| Rc::ptr_eq(value, &one.1);
        values.iter().any(is_one)
    };
    let was_removed = |one: &(Key, Rc<dyn Any>)| has(from, one) && !has(&own, one);
    let kept = to.iter().filter(|one| !was_removed(one));
    let added = own.iter().filter(|one| !has(from, one));
    set_current(kept.chain(added).cloned().collect());
}

/// Returns the values of the current stack.
#[inline]
pub(super) fn current() -> Values {
    match are_none() {
        true => Values::new(),
        false => VALUES.with_borrow(Clone::clone),
    }
}

/// Sets the values of the current stack.
#[inline]
pub(super) fn set_current(values: Values) {
    if are_none() {
        return; // There are no others.
    }
    // Dropped outside the borrow.
    drop(VALUES.replace(values));
}
