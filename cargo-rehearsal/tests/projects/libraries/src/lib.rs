//! Libraries that use plain tokio.
