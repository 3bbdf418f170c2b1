//! The users of the store: they run scripts, and record what they ask and what they are
//! answered.
//!
//! | module | contents |
//! |---|---|
//! | `edge` | calls to the store with their record |
//! | `agent` | scripts over keys: writers, counters, appenders |
//! | `contributor` | the script over a workspace |
//! | `reviser`, `curator` | turns over documents, with statements and tools that change |
//! | `tester` | the pair of writes that a crash may tear |
//! | `submitter`, `worker` | tasks and their results |
//! | `auditor` | the comparison at the end |

mod agent;
mod auditor;
mod contributor;
mod curator;
mod edge;
mod reviser;
mod submitter;
mod tester;
mod worker;

pub(super) use agent::Agent;
pub(super) use auditor::Auditor;
pub(super) use edge::Environment;
pub(super) use submitter::Submitter;
pub(super) use tester::{Tester, TesterDisk};
pub(super) use worker::Worker;
