//! Jobs on stacks of their own: suspended in their middle, resumed, unwound, and ended by an
//! overflow.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::rc::Rc;

use rehearsal_hermetic::{JobResult, OwnStack, is_on_own_stack, is_unwinding, suspend};

const SIZE: usize = 256 * 1024;

fn nested(depth: u32) -> u32 {
    match depth {
        0 => u32::from(suspend()),
        _ => nested(depth - 1) + 1,
    }
}

#[test]
fn job_goes_on_where_it_was_suspended() {
    let mut stack = OwnStack::new(SIZE, nested).expect("there is memory");
    assert!(!is_on_own_stack() && !suspend());
    assert_eq!(stack.run(10), JobResult::Suspended);
    assert!(!is_on_own_stack(), "the caller is on its own stack");
    assert_eq!(stack.resume(), JobResult::Returned(11));
    // The next job is on the same stack.
    assert_eq!(stack.run(0), JobResult::Suspended);
    assert_eq!(stack.resume(), JobResult::Returned(1));
}

#[test]
fn stacks_are_suspended_in_any_order() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut stacks = [1, 2, 3].map(|number| {
        let order = Rc::clone(&order);
        OwnStack::new(SIZE, move |()| {
            order.borrow_mut().push(number);
            suspend();
            order.borrow_mut().push(-number);
        })
        .expect("there is memory")
    });
    for stack in &mut stacks {
        assert_eq!(stack.run(()), JobResult::Suspended);
    }
    for index in [2, 0, 1] {
        assert_eq!(stacks[index].resume(), JobResult::Returned(()));
    }
    assert_eq!(*order.borrow(), [1, 2, 3, -3, -1, -2]);
}

#[test]
fn stack_within_a_stack_suspends_to_the_outer_one() {
    let mut outer = OwnStack::new(SIZE, |()| {
        let mut inner = OwnStack::new(SIZE, |()| suspend()).expect("there is memory");
        assert_eq!(inner.run(()), JobResult::Suspended);
        assert!(suspend(), "the outer stack is the current one again");
        assert_eq!(inner.resume(), JobResult::Returned(true));
    })
    .expect("there is memory");
    assert_eq!(outer.run(()), JobResult::Suspended);
    assert_eq!(outer.resume(), JobResult::Returned(()));
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn dropped_stack_runs_the_destructors_of_its_job() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let record = Rc::clone(&seen);
    let mut stack = OwnStack::new(SIZE, move |()| {
        let _dropped = OnDrop(|| record.borrow_mut().push((is_unwinding(), suspend())));
        suspend();
        record.borrow_mut().push((false, true));
    })
    .expect("there is memory");
    assert_eq!(stack.run(()), JobResult::Suspended);
    drop(stack);
    // It was unwound, a suspension had no effect meanwhile, and the job did not go on.
    assert_eq!(*seen.borrow(), [(true, false)]);
    assert!(!is_unwinding());
}

#[test]
fn panic_in_a_job_reaches_the_caller() {
    let mut stack = OwnStack::new(SIZE, |panics: bool| {
        suspend();
        assert!(!panics, "as it was told");
    })
    .expect("there is memory");
    assert_eq!(stack.run(true), JobResult::Suspended);
    let caught = catch_unwind(AssertUnwindSafe(|| stack.resume()));
    assert!(caught.is_err());
    assert!(!is_on_own_stack());
    drop(stack);
}

#[test]
fn stack_that_was_never_used_is_dropped() {
    let drops = Rc::new(Cell::new(0));
    let counted = Rc::clone(&drops);
    let dropped = OnDrop(move || counted.set(counted.get() + 1));
    let stack: OwnStack<(), ()> = OwnStack::new(SIZE, move |()| {
        let _ = &dropped;
    })
    .expect("there is memory");
    drop(stack);
    assert_eq!(drops.get(), 1);
}

const OVERFLOW: &str = "REHEARSAL_TEST_OVERFLOW";

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX {
        return frame[0];
    }
    recurse(depth + 1) + frame[1]
}

#[test]
#[cfg(target_os = "linux")]
fn overflow_ends_the_process_with_a_message() {
    use std::os::unix::process::ExitStatusExt;

    if std::env::var_os(OVERFLOW).is_some() {
        let mut stack = OwnStack::new(SIZE, recurse).expect("there is memory");
        stack.run(0);
        return;
    }
    let this = std::env::current_exe().expect("a test binary");
    let child = Command::new(this)
        .args(["--exact", "overflow_ends_the_process_with_a_message"])
        .env(OVERFLOW, "1")
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&child.stderr);
    assert!(text.contains("has overflowed its stack"), "{text}");
    assert!(child.status.signal().is_some(), "{:?}", child.status);
}
