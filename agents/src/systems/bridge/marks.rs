//! The marks of the bridge.

use crate::capability::Capability;
use crate::goal::Mark;

/// `ensure_integration` was called while another call was under way.
pub const CONCURRENT_STARTUP: Mark = Mark::new("concurrent-startup");

/// The registry's sweep found an entry past its time to live.
pub const SWEPT: Mark = Mark::new("swept").needing(Capability::Sweep);
