//! The file of results of an exploration, written while it goes on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::explore::{BegunWith, Executed, now};
use crate::results::{self, Counts, Part, ProgramId, Results, SearchMark};
use crate::run::seeds::Seeds;

/// The least real time between two writes, and the most. A process that is killed loses the
/// counts of so much.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
const INTERVAL_MAX: Duration = Duration::from_secs(10);

/// Between the two, a process that is killed loses one part in so many of its time.
const PARTS: u32 = 10;

/// Counts the runs of seeds in a row, and of the search before them.
pub(super) struct Recorder {
    program: ProgramId,
    first: u64,
    counts: Counts,
    search: Option<Part>,
    file: File,
    begun: Instant,
    /// The time of the next write.
    next: Instant,
}

/// The file of results of this process. No other process writes it.
enum File {
    /// It is not there yet, and is to have this name or a similar one.
    Wanted(PathBuf),
    /// It is there.
    There(PathBuf),
    /// It cannot be written, which has been reported, or is not wanted.
    None,
}

impl Recorder {
    /// Returns the recorder of those seeds, whose file is in `out`, if there is to be one. `stem`
    /// is the beginning of its name.
    pub(super) fn new(program: ProgramId, stem: &str, seeds: &Seeds, out: Option<&Path>) -> Self {
        let name = program.file_name(stem, seeds);
        let begun = now();
        Self {
            program,
            first: seeds.first(),
            counts: Counts::default(),
            search: None,
            file: out.map_or(File::None, |out| File::Wanted(out.join(name))),
            begun,
            next: begun + INTERVAL_MIN,
        }
    }

    /// Counts the search before the seeds.
    ///
    /// # Errors
    ///
    /// If the file cannot be written. That is reported once.
    pub(super) fn begun(&mut self, begun: &BegunWith) -> io::Result<()> {
        self.search = Some(Part {
            program: self.program.clone(),
            first: begun.seed,
            last: begun.seed,
            search: Some(SearchMark {
                bound: begun.search.bound,
                complete: begun.search.complete,
            }),
            counts: Counts::of_search(&begun.totals),
        });
        self.write()
    }

    /// Counts the run of the next seed, and writes the file from time to time.
    ///
    /// # Errors
    ///
    /// As [`Recorder::begun`].
    pub(super) fn add(&mut self, run: &Executed) -> io::Result<()> {
        self.counts.add(run);
        if now() < self.next {
            return Ok(());
        }
        self.write()
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// As [`Recorder::begun`].
    pub(super) fn write(&mut self) -> io::Result<()> {
        let results = self.results();
        let file = match std::mem::replace(&mut self.file, File::None) {
            file if results.is_empty() => file,
            File::Wanted(path) => File::There(results::write_new(&results, &path)?),
            File::There(path) => {
                results::write(&results, &path)?;
                File::There(path)
            }
            File::None => File::None,
        };
        self.file = file;
        let now = now();
        let part = now.duration_since(self.begun) / PARTS;
        self.next = now + part.clamp(INTERVAL_MIN, INTERVAL_MAX);
        Ok(())
    }

    /// Returns what has been counted.
    pub(super) fn results(&self) -> Results {
        let more = self.counts.runs.checked_sub(1);
        let seeds = more.map(|more| Part {
            program: self.program.clone(),
            first: self.first,
            last: self.first + more,
            search: None,
            counts: self.counts.clone(),
        });
        seeds.into_iter().chain(self.search.clone()).collect()
    }
}
