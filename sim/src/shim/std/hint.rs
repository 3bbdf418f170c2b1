//! Hints, as in `std::hint`.

pub use ::std::hint::*;

/// Has every other ready task go first, in a run whose operations are scheduling points: a loop
/// that spins waits for another task. As `std::hint::spin_loop`.
pub fn spin_loop() {
    super::thread::yield_now();
}
