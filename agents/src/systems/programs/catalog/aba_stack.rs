//! A stack whose top is replaced by compare and swap: the ABA problem, as in Treiber's stack.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "aba-stack",
    idea: "A swap compares the top of a stack, and takes one that came back for the old one.",
    promise: "popped-items-are-gone",
};

/// The top of a stack, the items below each, and a number that every change raises.
#[derive(Clone, Copy, Debug)]
struct Stack {
    top: Option<usize>,
    below: [Option<usize>; 2],
    changes: u32,
}

impl Stack {
    fn replace(&mut self, top: Option<usize>) {
        self.top = top;
        self.changes += 1;
    }

    fn push(&mut self, item: usize) {
        self.below[item] = self.top;
        self.replace(Some(item));
    }
}

async fn pop(stack: &Shared<Stack>, version: Version) -> Option<usize> {
    loop {
        let seen = stack.get().await;
        let item = seen.top?;
        let swap = |stack: &mut Stack| {
            let is_same = match version {
                Version::Healthy => stack.changes == seen.changes,
                Version::Defective => stack.top == seen.top,
            };
            if is_same {
                stack.replace(seen.below[item]);
            }
            is_same
        };
        if stack.update(swap).await {
            return Some(item);
        }
    }
}

/// Runs with two tasks; the second does `size` operations before it takes two items and puts
/// one back.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let stack = Shared::new(Stack {
        top: Some(1),
        below: [None, Some(0)],
        changes: 0,
    });
    let (of_first, of_second) = (stack.clone(), stack.clone());
    let first = spawn(async move { pop(&of_first, version).await });
    let second = spawn(async move {
        work(size).await;
        let upper = pop(&of_second, version).await;
        let lower = pop(&of_second, version).await;
        if let Some(item) = upper {
            of_second.update(|stack| stack.push(item)).await;
        }
        lower
    });
    let popped = join([first, second]).await;
    let left = stack.get().await.top;
    promise(left.is_none() || !popped.contains(&left), || {
        format!("{left:?} is on the stack and was taken")
    })
}
