//! Numbers of users, threads, runs and clients.
//!
//! Each kind counts up in order of declaration, from a start of its own: the first agent
//! is `run-4` on `thread-3` of `user-2`, read by `client-1`, and the next one has the next
//! of each. A number that the same user already bears in another kind is passed over. So a
//! system that takes one of the four for another never finds the right entity by it.
//!
//! The kinds overlap on purpose: neighbours on the way from a client over its user and
//! thread to a run are one apart, so that from two users on a mistaken number is that of
//! *another user's* entity for one of them, and of no entity for the other. Disjoint ranges
//! would show the latter alone: a lookup that fails is refused or forgotten, whereas one
//! that succeeds hands a user's events to another.

use std::collections::BTreeSet;

use crate::event::{ClientId, RunId, ThreadId, UserId};

/// The last number of each kind, and all numbers that users bear.
#[derive(Debug)]
pub(super) struct Numbering {
    client: u32,
    user: u32,
    thread: u32,
    run: u32,
    /// The numbers of each user and of everything that belongs to it.
    borne: BTreeSet<(UserId, u32)>,
}

impl Default for Numbering {
    fn default() -> Self {
        Self {
            client: 0,
            user: 1,
            thread: 2,
            run: 3,
            borne: BTreeSet::new(),
        }
    }
}

impl Numbering {
    /// Returns the ids of the next user and of its thread.
    pub(super) fn tenant(&mut self) -> (UserId, ThreadId) {
        self.user = successor(self.user);
        let user = UserId(self.user);
        self.borne.insert((user, self.user));
        self.thread = Self::bear(&mut self.borne, user, self.thread);
        (user, ThreadId(self.thread))
    }

    /// Returns the id of the user's next run.
    pub(super) fn run(&mut self, user: UserId) -> RunId {
        self.run = Self::bear(&mut self.borne, user, self.run);
        RunId(self.run)
    }

    /// Returns the id of the user's next client.
    pub(super) fn client(&mut self, user: UserId) -> ClientId {
        self.client = Self::bear(&mut self.borne, user, self.client);
        ClientId(self.client)
    }

    /// Adds the first number after `last` that the user does not bear yet.
    fn bear(borne: &mut BTreeSet<(UserId, u32)>, user: UserId, last: u32) -> u32 {
        let mut number = successor(last);
        while !borne.insert((user, number)) {
            number = successor(number);
        }
        number
    }
}

fn successor(number: u32) -> u32 {
    number.checked_add(1).expect("fewer than 2^32 of each kind")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A declaration; runs and clients are those of one of the users so far.
    #[derive(Clone, Copy, Debug)]
    enum Declared {
        Tenant,
        Run(prop::sample::Index),
        Client(prop::sample::Index),
    }

    fn declared() -> impl Strategy<Value = Declared> {
        prop_oneof![
            Just(Declared::Tenant),
            any::<prop::sample::Index>().prop_map(Declared::Run),
            any::<prop::sample::Index>().prop_map(Declared::Client),
        ]
    }

    #[test]
    fn first_agents_are_one_apart() {
        let mut numbering = Numbering::default();
        for number in 1..=3 {
            let (user, thread) = numbering.tenant();
            assert_eq!((user, thread), (UserId(number + 1), ThreadId(number + 2)));
            assert_eq!(numbering.run(user), RunId(number + 3));
            assert_eq!(numbering.client(user), ClientId(number));
        }
    }

    #[test]
    fn clients_pass_over_the_numbers_of_their_user() {
        let mut numbering = Numbering::default();
        let (user, thread) = numbering.tenant();
        assert_eq!((user, thread), (UserId(2), ThreadId(3)));
        assert_eq!([(); 2].map(|()| numbering.run(user)), [RunId(4), RunId(5)]);
        let clients = [(); 3].map(|()| numbering.client(user));
        assert_eq!(clients, [1, 6, 7].map(ClientId));
    }

    proptest! {
        #[test]
        fn no_user_bears_a_number_twice(declarations in prop::collection::vec(declared(), 0..60)) {
            let mut numbering = Numbering::default();
            let mut tenants = vec![numbering.tenant()];
            let mut borne = vec![(tenants[0].0, 2), (tenants[0].0, 3)];
            let (mut runs, mut clients) = (Vec::new(), Vec::new());
            for declaration in declarations {
                match declaration {
                    Declared::Tenant => {
                        let (user, thread) = numbering.tenant();
                        borne.extend([(user, user.0), (user, thread.0)]);
                        tenants.push((user, thread));
                    }
                    Declared::Run(index) => {
                        let user = index.get(&tenants).0;
                        runs.push(numbering.run(user));
                        borne.extend(runs.last().map(|run| (user, run.0)));
                    }
                    Declared::Client(index) => {
                        let user = index.get(&tenants).0;
                        clients.push(numbering.client(user));
                        borne.extend(clients.last().map(|client| (user, client.0)));
                    }
                }
            }
            // In order of declaration, so that none is handed out twice.
            prop_assert!(tenants.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
            prop_assert!(runs.is_sorted_by(|a, b| a < b));
            prop_assert!(clients.is_sorted_by(|a, b| a < b));
            let distinct: BTreeSet<_> = borne.iter().copied().collect();
            prop_assert_eq!(distinct.len(), borne.len());
        }
    }
}
