//! The marks of the registry.

use crate::goal::Mark;

/// A class was refused because none is registered under that name.
pub const CLASS_REFUSED: Mark = Mark::new("class-refused");

/// An event was emitted before the registry had its WebSocket manager.
pub const EMITTED_EARLY: Mark = Mark::new("emitted-early");

/// A task asked for the registry while another one was opening it.
pub const OPENED_ONCE: Mark = Mark::new("opened-once");

/// The flag `use_master_registry` was switched on while agents of the old interface were
/// registered.
pub const FLAG_SWITCHED: Mark = Mark::new("flag-switched");

/// The classes were registered again.
pub const CLASSES_RENEWED: Mark = Mark::new("classes-renewed");

/// A creation was given up because the connection of its user was lost.
pub const CREATION_DROPPED: Mark = Mark::new("creation-dropped");

/// A user repeated a request that it had no answer to after a reconnect.
pub const REQUEST_REPEATED: Mark = Mark::new("request-repeated");

/// An agent was stopped before it had done its work.
pub const AGENT_STOPPED: Mark = Mark::new("agent-stopped");

/// The agents of a user that was away for too long were unregistered.
pub const SESSION_EXPIRED: Mark = Mark::new("session-expired");

/// An event waited because a user was slow to acknowledge those before it.
pub const WINDOW_FULL: Mark = Mark::new("window-full");

/// A tool failed.
pub const TOOL_FAILED: Mark = Mark::new("tool-failed");
