//! An actor system, rehearsed.
