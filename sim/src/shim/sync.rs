//! Scheduling points of a program's own.

use crate::engine::{Engine, context, stacks};

/// Passes a scheduling point, in a run whose operations are points: before an access to memory
/// that tasks share in a way that the facade does not see. Elsewhere nothing.
///
/// ```
/// use rehearsal_sim::sync::point;
/// # let mut total = 1;
/// let read = total;
/// point!();
/// total = read + 1;
/// # assert_eq!(total, 2);
/// ```
#[doc(inline)]
pub use crate::__rehearsal_point as point;

/// See [`point!`](point).
#[doc(hidden)]
#[macro_export]
macro_rules! __rehearsal_point {
    () => {
        $crate::sync::pass_point()
    };
}

/// The expansion of [`point!`](point).
#[doc(hidden)]
pub fn pass_point() {
    let goes_on = context::with(|engine: &Engine| engine.operation_point(None));
    if goes_on == Some(false) {
        stacks::suspend();
    }
    // The memory is no resource: what follows is an operation on all of it.
    if context::with(Engine::operations_are_points) == Some(true) {
        context::with(Engine::yielded);
    }
}
