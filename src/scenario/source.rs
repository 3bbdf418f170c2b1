//! Reading a scenario file, within limits.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::diagnostic::{Diagnostic, Span};

/// The largest scenario file in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The text of a scenario file.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// A text that claims to come from `path`. Reads nothing.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it is missing, no regular file, unreadable, larger than [`MAX_BYTES`]
    /// or not UTF-8. There is exactly one such problem.
    pub fn read(path: &Path) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let bytes = read_bytes(path).map_err(|refusal| vec![refusal.diagnostic(path)])?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(error) => Err(vec![not_utf8(path, error.utf8_error(), error.as_bytes())]),
        }
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

fn read_bytes(path: &Path) -> Result<Vec<u8>, Refusal> {
    // Asked before opening: opening a pipe would wait for a writer.
    let kind = std::fs::metadata(path).map_err(Refusal::Io)?.file_type();
    if kind.is_dir() {
        return Err(Refusal::NotAFile("a directory"));
    }
    if !kind.is_file() {
        return Err(Refusal::NotAFile("no regular file"));
    }
    // The size is counted and not asked for, since a file may grow meanwhile.
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    let file = File::open(path).map_err(Refusal::Io)?;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(Refusal::Io)?;
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    Ok(bytes)
}

impl Refusal {
    fn diagnostic(self, path: &Path) -> Diagnostic {
        let nothing = Source::new(path, "");
        let shown = path.display();
        match self {
            Refusal::Io(error) if error.kind() == io::ErrorKind::NotFound => Diagnostic::new(
                Code::FileMissing,
                &nothing,
                format!("there is no file `{shown}`"),
            )
            .help("`rehearsal list` shows the scenarios that there are"),
            Refusal::Io(error) => Diagnostic::new(
                Code::Unreadable,
                &nothing,
                format!("cannot read `{shown}`: {error}"),
            )
            .help("check the path and its permissions"),
            Refusal::NotAFile(what) => {
                Diagnostic::new(Code::NotAFile, &nothing, format!("`{shown}` is {what}"))
                    .help("name one scenario file, ending in `.toml`")
            }
            Refusal::TooLarge => Diagnostic::new(
                Code::FileTooLarge,
                &nothing,
                format!("`{shown}` is larger than 1 MiB"),
            )
            .help("use `count` to describe many agents of one kind"),
        }
    }
}

fn not_utf8(path: &Path, error: std::str::Utf8Error, bytes: &[u8]) -> Diagnostic {
    let offset = error.valid_up_to();
    // The replacement characters come after the offset, which stays right.
    let shown = Source::new(path, String::from_utf8_lossy(bytes));
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
