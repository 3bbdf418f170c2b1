//! Threads, as far as tasks stand in for them.

use crate::engine::stacks;

/// Has every other ready task go first, in a run whose operations are scheduling points. As
/// `std::thread::yield_now`.
pub fn yield_now() {
    if !stacks::yield_now() {
        ::std::thread::yield_now();
    }
}
