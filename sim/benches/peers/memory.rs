//! The memory of an idle agent beyond its own future: `sim/benches/memory.rs`.

use serde::Deserialize;

use crate::child;
use crate::table::{Figures, Goal, Row};

/// The output of the process.
#[derive(Deserialize)]
struct Report {
    /// Bytes of one agent.
    bytes: u64,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut cargo = child::cargo();
    cargo
        .args(["bench", "--quiet", "--bench", "memory"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let figures = match child::report::<Report>(&mut cargo) {
        Ok(report) => Figures::Bytes(report.bytes),
        Err(why) => Figures::Nothing(why),
    };
    vec![Row {
        work: "memory of an idle agent, beyond its own future".to_owned(),
        peer: "—".to_owned(),
        figures,
        goal: Goal::Bytes(2_048),
    }]
}
