//! The tokens of a workflow. A step is paid before it begins, so that no step can use more
//! than there is.

use std::sync::Mutex;

use crate::record::recorder::lock;

/// The tokens that are left.
#[derive(Debug)]
pub(super) struct Budget(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    Unlimited,
    Left(u32),
    UsedUp,
}

impl Budget {
    pub(super) fn new(tokens: Option<u32>) -> Self {
        Self(Mutex::new(tokens.map_or(State::Unlimited, State::Left)))
    }

    /// Takes the tokens for a step. Returns `false` if there are too few; then no later
    /// step gets any, however few it needs.
    pub(super) fn take(&self, tokens: u32) -> bool {
        let mut state = lock(&self.0);
        let (granted, after) = match *state {
            State::Unlimited => (true, State::Unlimited),
            State::Left(left) => match left.checked_sub(tokens) {
                Some(left) => (true, State::Left(left)),
                None => (false, State::UsedUp),
            },
            State::UsedUp => (false, State::UsedUp),
        };
        *state = after;
        granted
    }

    /// Takes the tokens for a step if there are enough, and forgets that there were not.
    pub(super) fn take_or_forget(&self, tokens: u32) -> bool {
        let mut state = lock(&self.0);
        match *state {
            State::Left(left) => match left.checked_sub(tokens) {
                Some(left) => *state = State::Left(left),
                None => return false,
            },
            State::Unlimited => {}
            State::UsedUp => return false,
        }
        true
    }

    /// Returns `true` if a step was refused.
    pub(super) fn is_used_up(&self) -> bool {
        matches!(*lock(&self.0), State::UsedUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_is_final() {
        let budget = Budget::new(Some(25));
        assert!(budget.take(20));
        assert!(!budget.is_used_up());
        assert!(!budget.take(6));
        assert!(budget.is_used_up());
        assert!(!budget.take(5));
    }

    #[test]
    fn last_token_can_be_used() {
        let budget = Budget::new(Some(25));
        assert!(budget.take(25));
        assert!(!budget.is_used_up());
        assert!(!budget.take(1));
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let budget = Budget::new(None);
        assert!((0..100).all(|_| budget.take(u32::MAX)));
    }
}
