//! Reading a file of the user's, within limits.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::diagnostic::{Diagnostic, Span};

use crate::console::Shown;

/// The largest scenario file in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The kind of a file. It decides the largest size and the words of diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A scenario.
    Scenario,
    /// A failing run.
    Repro,
    /// The metrics of scenarios.
    Baseline,
    /// The results of explorations.
    Results,
}

impl FileKind {
    /// The largest such file in bytes.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Scenario => MAX_BYTES,
            Self::Repro | Self::Baseline => 16 * 1024 * 1024,
            Self::Results => 64 * 1024 * 1024,
        }
    }

    /// The word for it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Repro => "repro",
            Self::Baseline => "baseline",
            Self::Results => "results",
        }
    }
}

/// The text of a scenario file or of a repro file.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    kind: FileKind,
    path: PathBuf,
    text: String,
}

impl Source {
    /// The text of a scenario that claims to come from `path`. Reads nothing.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Self::of(FileKind::Scenario, path, text)
    }

    /// A text that claims to come from `path`. Reads nothing.
    pub fn of(kind: FileKind, path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            kind,
            path: path.into(),
            text: text.into(),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it is missing, no regular file, unreadable, larger than
    /// [`FileKind::max_bytes`] or not UTF-8. There is exactly one such problem.
    pub fn read(kind: FileKind, path: &Path) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let bytes = read_bytes(path, kind.max_bytes())
            .map_err(|refusal| vec![refusal.diagnostic(kind, path)])?;
        match String::from_utf8(bytes) {
            // A byte order mark has no column.
            Ok(text) => Ok(Self::of(kind, path, text.trim_start_matches('\u{feff}'))),
            Err(error) => {
                let (error, bytes) = (error.utf8_error(), error.as_bytes());
                Err(vec![not_utf8(kind, path, error, bytes)])
            }
        }
    }

    /// Its kind.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// The path as the user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The hash of the text, by which a saved failure recognises its scenario.
    pub fn hash(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(self.text.as_bytes())
    }
}

/// The path alone: the text would drown everything around it.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.path).finish()
    }
}

/// Why there are no bytes.
enum Refusal {
    NotAFile(&'static str),
    TooLarge,
    Io(io::Error),
}

fn read_bytes(path: &Path, most: usize) -> Result<Vec<u8>, Refusal> {
    // Requirement before opening: opening a pipe would wait for a writer.
    let kind = std::fs::metadata(path).map_err(Refusal::Io)?.file_type();
    if kind.is_dir() {
        return Err(Refusal::NotAFile("a directory"));
    }
    if !kind.is_file() {
        return Err(Refusal::NotAFile("no regular file"));
    }
    // The size is counted and not asked for, since a file may grow meanwhile.
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    let file = File::open(path).map_err(Refusal::Io)?;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(Refusal::Io)?;
    if bytes.len() > most {
        return Err(Refusal::TooLarge);
    }
    Ok(bytes)
}

impl Refusal {
    fn diagnostic(self, kind: FileKind, path: &Path) -> Diagnostic {
        let nothing = Source::of(kind, path, "");
        let shown = path.shown();
        let [find_it, name_it, shrink_it] = match kind {
            FileKind::Scenario => [
                "`rehearsal list` shows the scenarios that there are",
                "name one scenario file, ending in `.toml`",
                "use `count` to describe many agents of one kind",
            ],
            FileKind::Repro => [
                "`rehearsal run` writes one for each failing seed, and says where",
                "name one repro file, ending in `.repro`",
                "`rehearsal shrink` makes smaller ones of those that the tool wrote",
            ],
            FileKind::Baseline => [
                "`rehearsal run … --save-baseline FILE` writes one",
                "name one file that `--save-baseline` has written",
                "save the metrics of fewer scenarios in one file",
            ],
            FileKind::Results => [
                "`rehearsal explore` leaves results below `--out`",
                "name the directory that `rehearsal explore --out` has written to",
                "leave the results of the shards apart, and merge their directories",
            ],
        };
        match self {
            Refusal::Io(error) if error.kind() == io::ErrorKind::NotFound => Diagnostic::new(
                Code::FileMissing,
                &nothing,
                format!("there is no file `{shown}`"),
            )
            .help(find_it),
            Refusal::Io(error) => Diagnostic::new(
                Code::Unreadable,
                &nothing,
                format!("cannot read `{shown}`: {error}"),
            )
            .help("check the path and its permissions"),
            Refusal::NotAFile(what) => {
                Diagnostic::new(Code::NotAFile, &nothing, format!("`{shown}` is {what}"))
                    .help(name_it)
            }
            Refusal::TooLarge => Diagnostic::new(
                Code::FileTooLarge,
                &nothing,
                format!(
                    "`{shown}` is larger than {} MiB",
                    kind.max_bytes() / (1024 * 1024)
                ),
            )
            .help(shrink_it),
        }
    }
}

fn not_utf8(kind: FileKind, path: &Path, error: std::str::Utf8Error, bytes: &[u8]) -> Diagnostic {
    let offset = error.valid_up_to();
    // The replacement characters come after the offset, which stays right.
    let shown = Source::of(kind, path, String::from_utf8_lossy(bytes));
    let byte = bytes.get(offset).copied().unwrap_or_default();
    Diagnostic::new(
        Code::NotUtf8,
        &shown,
        format!("the file is not UTF-8: byte 0x{byte:02X} at offset {offset}"),
    )
    .at(
        Span::new(offset, offset + '\u{FFFD}'.len_utf8()),
        "the first byte that is not UTF-8",
    )
    .help("save the file as UTF-8")
}
