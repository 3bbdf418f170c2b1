//! A peer: another way to run the programs.

/// The version of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    /// It keeps its promise under every schedule.
    Healthy,
    /// It carries its defect.
    Defective,
}

/// A program of the catalog: its name, its size, its version, and the number of runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work<'a> {
    pub(crate) program: &'a str,
    pub(crate) size: u32,
    pub(crate) version: Version,
    pub(crate) runs: u32,
}

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

    /// Runs a program so many times, with other seeds each time if there are seeds. An empty
    /// list stands for a peer that cannot be run here.
    fn run(&self, work: Work<'_>) -> Vec<Seen>;
}
