//! The facade: the modules of tokio and tokio-util as programs use them.

pub mod tokio;
pub mod tokio_util;
