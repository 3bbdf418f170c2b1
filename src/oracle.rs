//! The oracles of scenario files, tests and `rehearsal conform`; see
//! [`rehearsal_history::oracle`].

pub use rehearsal_history::oracle::{
    Finding, LISTED_MAX, ORACLES, OracleRef, Rule, Scope, Setting, SettingValue, SettingValues,
    Settings, Violation,
};

/// Returns every oracle with each of its names in scenario files.
pub(crate) fn named() -> Vec<(&'static str, OracleRef)> {
    let names = |oracle: OracleRef| {
        let aliases = oracle.aliases().iter().copied();
        std::iter::once(oracle.name())
            .chain(aliases)
            .map(move |name| (name, oracle))
    };
    OracleRef::all().flat_map(names).collect()
}
