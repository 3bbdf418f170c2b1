//! The values that the tasks of a workflow share.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::super::wire::Object;
use crate::record::recorder::lock;

/// Values by name. Cheap to clone; clones are the same values.
#[derive(Clone, Default, Debug)]
pub(in super::super) struct Context(Arc<Mutex<Object>>);

impl Context {
    pub(in super::super) fn new(values: Object) -> Self {
        Self(Arc::new(Mutex::new(values)))
    }

    /// Returns a context of its own with the same values and one more.
    pub(in super::super) fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut values = self.snapshot();
        values.insert(name.to_owned(), value.into());
        Self::new(values)
    }

    /// Adds a value.
    pub(in super::super) fn insert(&self, name: impl Into<String>, value: impl Into<Value>) {
        lock(&self.0).insert(name.into(), value.into());
    }

    /// Returns a copy of the values.
    pub(in super::super) fn snapshot(&self) -> Object {
        lock(&self.0).clone()
    }
}
