//! The systems under test: one folder each, and one line in [`SYSTEMS`].

use crate::system::AnySystem;

/// Declares the module of each system and lists it.
macro_rules! systems {
    ($($module:ident,)*) => {
        $(pub mod $module;)*

        /// Every system that ships with this crate.
        pub static SYSTEMS: &[&dyn AnySystem] = &[$($module::SYSTEM,)*];
    };
}

systems! {
    bridge,
    bus,
    registry,
    gateway,
    workflow,
    runtime,
    store,
    decisions,
    sessions,
    programs,
}

/// Returns the system with that name.
pub fn find(name: &str) -> Option<&'static dyn AnySystem> {
    SYSTEMS
        .iter()
        .copied()
        .find(|system| system.info().name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn assert_unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            assert!(seen.insert(name), "{what} `{name}` twice");
        }
    }

    #[test]
    fn every_system_is_found_by_its_own_name() {
        assert_unique("system", SYSTEMS.iter().map(|system| system.info().name));
        for system in SYSTEMS {
            let info = system.info();
            let found = find(info.name).expect("it is listed");
            assert_eq!(found.info().summary, info.summary);
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn names_within_a_system_are_unique() {
        for system in SYSTEMS {
            let info = system.info();
            assert_unique("defect", info.defects.iter().map(|defect| defect.name()));
            assert_unique("role", info.roles.iter().map(|role| role.name));
            let faults: Vec<_> = info.fault_names().map(|(name, _)| name).collect();
            assert_unique("fault", faults.iter().map(String::as_str));
        }
    }

    #[test]
    fn faults_strike_declared_roles() {
        for system in SYSTEMS {
            let info = system.info();
            for fault in info.faults {
                for role in fault.roles() {
                    assert!(
                        info.roles.iter().any(|declared| declared.name == role),
                        "{}: {fault}",
                        info.name
                    );
                }
            }
        }
    }
}
