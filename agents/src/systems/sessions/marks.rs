//! The marks of the sessions.

use crate::goal::Mark;

/// Two sessions were open at one time.
pub const SESSIONS_OVERLAPPED: Mark = Mark::new("sessions-overlapped");

/// A session was closed after an error.
pub const SESSION_FAILED: Mark = Mark::new("session-failed");

/// A part of a session's work was done in a session below it.
pub const DELEGATED: Mark = Mark::new("delegated");

/// A token was refreshed.
pub const TOKEN_REFRESHED: Mark = Mark::new("token-refreshed");

/// The service refused a token.
pub const TOKEN_REFUSED: Mark = Mark::new("token-refused");

/// A request was repeated because it had no answer.
pub const REQUEST_REPEATED: Mark = Mark::new("request-repeated");

/// Tests were repaired.
pub const HEALED: Mark = Mark::new("healed");

/// A session took longer than the baseline allows.
pub const TIME_REGRESSION: Mark = Mark::new("time-regression");

/// The tests of a session were worse than the baseline allows.
pub const QUALITY_REGRESSION: Mark = Mark::new("quality-regression");

/// The longest gap between two checkpoints was found.
pub const BOTTLENECK_DETECTED: Mark = Mark::new("bottleneck-detected");
