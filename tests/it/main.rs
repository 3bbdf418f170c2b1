//! The integration tests of the command and of the library, in one binary: each binary
//! links the whole workspace anew.
//!
//! Three more binaries stand beside it, because their `main` is what they test:
//! `scenarios`, `harness` and `systems`.

mod answers;
mod bad_input;
mod book;
mod cancel;
mod ci_templates;
mod cli;
mod compatibility;
#[cfg(target_os = "linux")]
mod conditions;
mod conform;
mod determinism;
mod effects;
mod explore;
mod github;
mod guide;
mod guide_examples;
mod kills;
mod large_repro;
mod laws;
mod logs;
mod mcp;
mod merged_results;
mod metrics;
mod open_sets;
mod oracles_apart;
mod own_kind;
mod packaging;
mod plain_tasks;
mod profiles;
mod readme;
mod replay;
mod repro_files;
mod result_files;
mod scenario_files;
mod scenario_meaning;
mod scenario_properties;
mod schema_file;
mod schema_page;
mod score;
mod shrink;
mod snapshots;
mod support;
mod sweep;
mod test_macro;
mod tidy;
mod turmoil_deployment;
mod turmoil_network;
mod two_locks;
mod two_simulators;
mod two_simulators_bus;
mod two_simulators_decisions;
mod two_simulators_store;
mod untrusted;
mod vacuity;
mod verify;
mod watchdog;
