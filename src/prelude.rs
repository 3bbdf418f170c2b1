//! The imports of a test that records a history: `use rehearsal::prelude::*;`.

pub use rehearsal_history::{
    Actor, Body, Draft, LogPlace, Phase, Receipt, RecordsHistory, SpanDraft, SpanEnd, Value,
};
pub use rehearsal_sim::World;
