//! The memory of agents.
//!
//! | module | contents |
//! |---|---|
//! | `context` | the part of a conversation that a model is shown, which is bounded |
//! | `kinds` | memory that lasts: short-term, long-term, of entities, and external, by user |

mod context;
mod kinds;

pub(super) use self::context::{Item, ModelContext};
pub(super) use self::kinds::Memory;
