//! The `rehearsal` command.

use std::process::ExitCode;

/// A run allocates for each message and step: a tenth of an exploration's time is the allocator's.
#[cfg(not(target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rehearsal::cli::main().into()
}
