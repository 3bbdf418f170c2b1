//! What `rehearsal report` writes, read by the programs that it is written for.

mod forms;
mod page;
