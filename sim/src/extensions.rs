//! Values that belong to a run: one of each type, for code that builds on the simulator.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::rc::Rc;

/// The values of a run, in the order in which they were inserted: a map by `TypeId` would
/// drop them in an order that differs from build to build.
#[derive(Default)]
pub(crate) struct Extensions(RefCell<Vec<(TypeId, Rc<dyn Any>)>>);

impl Extensions {
    /// Returns the value of that type.
    pub(crate) fn get<T: 'static>(&self) -> Option<Rc<T>> {
        let values = self.0.borrow();
        let (_, value) = values.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        let value = Rc::clone(value).downcast::<T>();
        Some(value.expect("values are stored under their type"))
    }

    /// Inserts a value, and returns the one of its type that was there.
    pub(crate) fn insert<T: 'static>(&self, value: T) -> Option<Rc<T>> {
        let before = self.get::<T>();
        let value: Rc<dyn Any> = Rc::new(value);
        let mut values = self.0.borrow_mut();
        values.retain(|(id, _)| *id != TypeId::of::<T>());
        values.push((TypeId::of::<T>(), value));
        before
    }

    /// Takes every value, for the caller to drop.
    pub(crate) fn take(&self) -> Vec<(TypeId, Rc<dyn Any>)> {
        self.0.take()
    }
}
