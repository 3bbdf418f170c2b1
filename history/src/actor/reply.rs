//! Results of operations as values of a history.

use crate::body::{Body, Value};

/// The kind of the bodies of results.
const RETURNED: &str = "ok";

/// The field of a result's value.
pub(crate) const VALUE: &str = "value";

/// A result of an operation that a history can hold.
pub trait Reply {
    /// Returns the value; none for a result that says nothing, or says that nothing is there.
    fn value(&self) -> Option<Value>;
}

/// Returns a result as it is recorded.
pub(super) fn body_of(reply: &impl Reply) -> Body {
    let body = Body::new(RETURNED);
    match reply.value() {
        Some(value) => body.with(VALUE, value),
        None => body,
    }
}

impl Reply for () {
    fn value(&self) -> Option<Value> {
        None
    }
}

impl<T: Reply> Reply for Option<T> {
    fn value(&self) -> Option<Value> {
        self.as_ref().and_then(Reply::value)
    }
}

impl<T: Reply> Reply for Vec<T> {
    fn value(&self) -> Option<Value> {
        Some(Value::List(self.iter().filter_map(Reply::value).collect()))
    }
}

impl Reply for Value {
    fn value(&self) -> Option<Value> {
        Some(self.clone())
    }
}

impl Reply for &str {
    fn value(&self) -> Option<Value> {
        Some(Value::Text((*self).to_owned().into()))
    }
}

macro_rules! replies {
    ($($type:ty),*) => {
        $(impl Reply for $type {
            fn value(&self) -> Option<Value> {
                Some(Value::from(self.clone()))
            }
        })*
    };
}

replies!(bool, i64, u32, String);
