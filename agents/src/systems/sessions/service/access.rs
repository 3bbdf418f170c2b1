//! Tokens: the newest one of each subject is valid until it expires.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::super::wire::{Serial, Token};
use crate::record::recorder::lock;

/// The newest token of each subject that the service has seen.
#[derive(Debug, Default)]
pub(super) struct Access(Mutex<BTreeMap<String, Serial>>);

impl Access {
    /// Returns `true` if the token is valid at that time.
    pub(super) fn admits(&self, token: &Token, now_us: u64) -> bool {
        let mut newest = lock(&self.0);
        let seen = newest.entry(token.subject.clone()).or_default();
        if token.serial < *seen || token.expires_us <= now_us {
            return false;
        }
        *seen = token.serial;
        true
    }
}
