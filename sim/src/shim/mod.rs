//! The facade: the modules of tokio, tokio-util and the standard library as programs use them.

pub mod std;
pub mod sync;
pub mod tokio;
pub mod tokio_util;
