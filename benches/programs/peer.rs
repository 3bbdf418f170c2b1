//! A peer: another way to run the programs.

/// The result of one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// The promise is kept.
    Nothing,
    /// The promise is broken, or the program does not end.
    Failure,
}

/// Another simulator or runtime.
pub(crate) trait Peer {
    /// Returns the name in the table.
    fn name(&self) -> &'static str;

    /// Runs a program with its defect so many times, with other seeds each time if there are
    /// seeds. An empty list stands for a peer that cannot be run here.
    fn run(&self, program: &str, size: u32, runs: u32) -> Vec<Seen>;
}
