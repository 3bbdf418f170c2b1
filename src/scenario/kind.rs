//! The kinds of systems that scenario files can be of.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rehearsal_agents::system::{AnySystem, SystemInfo};

use super::schema::{Node, SystemSchema};

/// A kind of system: what `system.kind` of a scenario file names. It lives as long as
/// the process.
pub struct Kind {
    system: SystemHandle,
    schema: SystemSchema,
}

enum SystemHandle {
    Shipped(&'static dyn AnySystem),
    Defined(Arc<dyn AnySystem>),
}

impl Kind {
    fn new(system: SystemHandle) -> Self {
        let schema = SystemSchema::new(match &system {
            SystemHandle::Shipped(system) => *system,
            SystemHandle::Defined(system) => &**system,
        });
        Self { system, schema }
    }

    /// The system itself.
    pub fn system(&self) -> &dyn AnySystem {
        match &self.system {
            SystemHandle::Shipped(system) => *system,
            SystemHandle::Defined(system) => &**system,
        }
    }

    /// The system's entry in the table of systems.
    pub fn info(&self) -> &'static SystemInfo {
        self.system().info()
    }

    /// The name in scenario files.
    pub fn name(&self) -> &'static str {
        self.info().name
    }

    /// One line about what the system does.
    pub fn summary(&self) -> &'static str {
        self.info().summary
    }

    /// The schema of the system's files.
    pub(super) fn schema(&self) -> &SystemSchema {
        &self.schema
    }

    /// The root of that schema.
    pub(super) fn root(&'static self) -> Node<'static> {
        self.schema.root()
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name()).finish()
    }
}

/// The kinds of systems that a reader of scenario files admits.
#[derive(Clone)]
pub struct Kinds {
    kinds: Vec<&'static Kind>,
    /// The schema of what files of every kind have.
    shared: &'static SystemSchema,
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Default for Kinds {
    /// Those of the systems that ship with this crate.
    fn default() -> Self {
        Self::shipped().clone()
    }
}

impl Kinds {
    /// Returns those of the systems that ship with this crate; none without the feature
    /// `scenarios`.
    pub fn shipped() -> &'static Self {
        #[cfg(feature = "scenarios")]
        use rehearsal_agents::systems::SYSTEMS;
        #[cfg(not(feature = "scenarios"))]
        static SYSTEMS: &[&dyn AnySystem] = &[];
        static SHIPPED: OnceLock<Kinds> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let kinds = SYSTEMS.iter().map(|system| {
                let kind = Kind::new(SystemHandle::Shipped(*system));
                &*Box::leak(Box::new(kind))
            });
            Self::new(kinds.collect())
        })
    }

    /// Returns that kind alone.
    pub(super) fn of(kind: &'static Kind) -> Self {
        Self {
            kinds: vec![kind],
            shared: &kind.schema,
        }
    }

    fn new(kinds: Vec<&'static Kind>) -> Self {
        let infos: Vec<&SystemInfo> = kinds.iter().map(|kind| kind.info()).collect();
        let shared = Box::leak(Box::new(SystemSchema::shared(&infos)));
        Self { kinds, shared }
    }

    /// Adds a kind of system. Returns `false` if its name is taken.
    pub fn define(&mut self, system: Arc<dyn AnySystem>) -> bool {
        if self.find(system.info().name).is_some() {
            return false;
        }
        let kind = Kind::new(SystemHandle::Defined(system));
        let mut kinds = self.kinds.clone();
        kinds.push(Box::leak(Box::new(kind)));
        *self = Self::new(kinds);
        true
    }

    /// Returns the kind with that name.
    pub fn find(&self, name: &str) -> Option<&'static Kind> {
        self.iter().find(|kind| kind.name() == name)
    }

    /// Every kind, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Kind> + '_ {
        self.kinds.iter().copied()
    }

    /// The kind, if there is only one.
    pub(super) fn only(&self) -> Option<&'static Kind> {
        match self.kinds.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The root of the schema of what files of every kind have.
    pub(super) fn shared(&self) -> Node<'static> {
        self.shared.root()
    }
}
