//! Shared parts of facade objects: tokio's own object, or a channel's
//! identity.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::operation::ResourceKind;
use crate::point::Resource;

/// A tokio object in an `Arc`, which tokio's owned guards require. It is moved there at first
/// use, so that `new` can be `const`.
pub(super) struct Shared<L> {
    cell: OnceLock<Arc<L>>,
    initial: Mutex<Option<L>>,
}

impl<L> Shared<L> {
    pub(super) const fn new(inner: L) -> Self {
        Self {
            cell: OnceLock::new(),
            initial: Mutex::new(Some(inner)),
        }
    }

    pub(super) fn arc(&self) -> &Arc<L> {
        self.cell.get_or_init(|| {
            let mut initial = self.initial.lock().unwrap_or_else(PoisonError::into_inner);
            match initial.take() {
                Some(inner) => Arc::new(inner),
                None => unreachable!("only the first use of the cell takes it"),
            }
        })
    }
}

impl<L> Deref for Shared<L> {
    type Target = L;

    fn deref(&self) -> &L {
        self.arc()
    }
}

impl<L: fmt::Debug> fmt::Debug for Shared<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arc().fmt(f)
    }
}

/// A channel's identity, held by one of its sides. The drop of a side is an operation on the
/// channel: the last drop closes it.
#[derive(Clone, Debug)]
pub(super) struct Side(Arc<Resource>);

impl Side {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self(Arc::new(Resource::new(ResourceKind::Channel)))
    }

    /// Returns the identity alone, for weak handles.
    pub(super) fn downgrade(&self) -> Arc<Resource> {
        Arc::clone(&self.0)
    }

    pub(super) fn upgrade(resource: &Arc<Resource>) -> Self {
        Self(Arc::clone(resource))
    }
}

impl Deref for Side {
    type Target = Resource;

    fn deref(&self) -> &Resource {
        &self.0
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.0.touch();
    }
}

/// A guard that touches a resource when dropped: a permit gives back its room.
#[derive(Debug)]
pub(super) struct Touch<'a>(pub(super) &'a Resource);

impl Drop for Touch<'_> {
    fn drop(&mut self) {
        self.0.touch();
    }
}
