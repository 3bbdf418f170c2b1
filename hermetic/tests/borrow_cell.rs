//! Borrows of a [`BorrowCell`].
#![expect(
    clippy::disallowed_methods,
    reason = "a borrow that is sent needs a thread to be sent to"
)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rehearsal_hermetic::{BorrowCell, Cells, ExclusiveBorrow, SharedBorrow};

struct Lock<T: ?Sized>(BorrowCell<T>);

impl<T: ?Sized> Cells for Lock<T> {
    type Value = T;

    fn cell(&self) -> &BorrowCell<T> {
        &self.0
    }
}

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

fn can_share<T>(cell: &BorrowCell<T>) -> bool {
    !panics(|| drop(cell.share()))
}

fn can_exclude<T>(cell: &BorrowCell<T>) -> bool {
    !panics(|| drop(cell.exclude()))
}

#[test]
fn any_number_shares_or_one_excludes() {
    let cell = BorrowCell::new(1);
    let shared = [cell.share(), cell.share()];
    assert!(can_share(&cell) && !can_exclude(&cell));
    drop(shared);
    let mut exclusive = cell.exclude();
    *exclusive += 1;
    assert!(!can_share(&cell) && !can_exclude(&cell));
    drop(exclusive);
    assert!(can_share(&cell) && can_exclude(&cell));
    assert_eq!(cell.into_inner(), 2);
}

#[test]
fn downgraded_borrow_is_a_shared_one() {
    let cell = BorrowCell::new((1, 2));
    let shared = cell.exclude().downgrade();
    assert!(can_share(&cell) && !can_exclude(&cell));
    drop(shared);
    let part = cell.exclude().downgrade_map(|pair| &pair.1);
    assert_eq!(*part, 2);
    assert!(can_share(&cell) && !can_exclude(&cell));
    drop(part);
    let kept = cell.exclude().try_downgrade_map(|_| None::<&u8>);
    assert!(!can_share(&cell), "it is exclusive still");
    drop(kept);
    assert!(can_exclude(&cell));
}

#[test]
fn part_is_borrowed_as_the_whole() {
    let cell = BorrowCell::new((1, 2));
    let mut part = cell.exclude().map(|pair| &mut pair.1);
    *part = 3;
    assert!(!can_share(&cell));
    let whole = part.try_map(|_| None::<&mut u8>);
    assert_eq!(whole.err().map(|part| *part), Some(3));
    let part = cell.share().map(|pair| &pair.1);
    assert!(!can_exclude(&cell));
    assert_eq!(
        part.try_map(|part| Some(part)).ok().map(|part| *part),
        Some(3)
    );
    assert!(can_exclude(&cell));
}

#[test]
fn choice_of_a_part_that_panics_ends_the_borrow() {
    let cell = BorrowCell::new(1);
    assert!(panics(|| drop(
        cell.share().map(|_| -> &u8 { panic!("no part") })
    )));
    assert!(panics(|| drop(
        cell.exclude().map(|_| -> &mut u8 { panic!("no part") })
    )));
    assert!(can_exclude(&cell));
}

/// Notes its drop.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn owned_borrow_keeps_the_value() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let lock = Arc::new(Lock(BorrowCell::new(Dropped(Arc::clone(&is_dropped)))));
    let shared = SharedBorrow::owned(&lock);
    drop(lock);
    assert!(!shared.0.load(Ordering::Relaxed));
    let lock = Arc::clone(shared.keeper());
    drop(shared);
    let exclusive = ExclusiveBorrow::owned(&lock);
    drop(lock);
    let part = exclusive.map(|dropped| &mut dropped.0);
    assert!(!part.load(Ordering::Relaxed));
    drop(part);
    assert!(is_dropped.load(Ordering::Relaxed));
}

#[test]
fn cell_of_what_is_not_shared_is_sent() {
    let cell = BorrowCell::new(Cell::new(1));
    let sent = thread::spawn(move || {
        cell.share().set(2);
        cell.into_inner().get()
    });
    assert_eq!(sent.join().expect("it returns"), 2);
}

#[test]
fn owned_borrow_is_sent_with_its_lock() {
    let lock: Arc<Lock<[u8]>> = Arc::new(Lock(BorrowCell::new([1, 2])));
    let mut exclusive = ExclusiveBorrow::owned(&lock);
    thread::spawn(move || exclusive[1] = 3)
        .join()
        .expect("it returns");
    assert_eq!(*lock.0.share(), [1, 3]);
}
