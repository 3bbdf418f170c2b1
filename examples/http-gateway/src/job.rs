//! Jobs and results, as they go over the wire.

use serde::{Deserialize, Serialize};

/// A job; the body of `POST /jobs`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Distinguishes it from all others.
    pub id: String,
    /// Its duration in milliseconds.
    pub work: u64,
}

/// A job was done, once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The job.
    pub id: String,
    /// The worker that did it.
    pub worker: String,
}

/// Why a job has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum Rejection {
    /// No worker has room. The job is not done.
    Busy,
    /// No worker can be reached. The job is not done.
    Unreachable,
    /// A worker has the job and keeps silent. It may be done, once.
    Unknown,
}
