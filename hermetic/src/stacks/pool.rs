//! Stacks that are free, for all threads: a run has a thread of its own, and mapping memory is
//! what a stack costs.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use corosensei::stack::DefaultStack;

/// The most free stacks that are kept.
const MOST: usize = 64;

/// A stack with the size that it was made for.
pub(super) struct SizedStack {
    pub(super) size: usize,
    pub(super) stack: DefaultStack,
}

static FREE: Mutex<Vec<SizedStack>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<SizedStack>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a stack of that size.
///
/// # Errors
///
/// If the system gives no memory for it.
pub(super) fn take(size: usize) -> io::Result<DefaultStack> {
    let mut free = free();
    let index = free.iter().rposition(|free| free.size == size);
    match index {
        Some(index) => Ok(free.swap_remove(index).stack),
        None => DefaultStack::new(size),
    }
}

/// Keeps a stack for the next that needs one of its size.
pub(super) fn give_back(stack: SizedStack) {
    let mut free = free();
    if free.len() < MOST {
        free.push(stack);
    }
}
