//! Users and their threads, which the bridge only reads.

use std::collections::BTreeMap;

use crate::event::{ThreadId, UserId};

/// The owners of threads and the tokens of users.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Directory {
    owners: BTreeMap<ThreadId, UserId>,
    tokens: BTreeMap<UserId, String>,
}

impl Directory {
    /// An empty directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a user with the token that its clients present.
    pub fn add_user(&mut self, user: UserId, token: String) {
        self.tokens.insert(user, token);
    }

    /// Enters a thread with its owner.
    pub fn add_thread(&mut self, thread: ThreadId, owner: UserId) {
        self.owners.insert(thread, owner);
    }

    /// Returns `true` if the thread exists and belongs to the user.
    pub fn owns(&self, user: UserId, thread: ThreadId) -> bool {
        self.owners.get(&thread) == Some(&user)
    }

    /// Returns `true` if the token is the user's.
    pub fn knows(&self, user: UserId, token: &str) -> bool {
        self.tokens.get(&user).is_some_and(|known| known == token)
    }

    /// All threads, in order.
    pub fn threads(&self) -> impl Iterator<Item = ThreadId> + '_ {
        self.owners.keys().copied()
    }
}
