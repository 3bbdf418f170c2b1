//! The command line of this workspace, for the tests of this package: cargo builds no other
//! package's binaries for them.

use std::process::ExitCode;

fn main() -> ExitCode {
    rehearsal::cli::main().into()
}
