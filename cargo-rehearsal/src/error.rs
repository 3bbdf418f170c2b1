//! What can go wrong before cargo is run.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A reason for which the project cannot be built with the shim.
#[derive(Debug)]
pub(crate) enum Error {
    /// An option without its value.
    NoValue(&'static str),
    /// An option that this command sets itself.
    Taken(&'static str),
    /// Cargo could not read the project.
    Metadata(cargo_metadata::Error),
    /// No package of the project depends on Rehearsal.
    NoRehearsal(PathBuf),
    /// The project has the package in two versions.
    Twice(String),
    /// A package that the shim is built on has a part that the shim cannot give another name.
    Unsupported { package: String, part: &'static str },
    /// Cargo did not take the shim.
    NotTaken(String),
    /// A file could not be written.
    File(PathBuf, io::Error),
    /// The compiler does not print for which platform it compiles.
    NoHost,
    /// Cargo or the compiler could not be started.
    Start(io::Error),
}

impl Error {
    /// Returns a function that adds the file to an error.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File(path.to_owned(), error)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoValue(_) => "option-without-value",
            Self::Taken(_) => "option-taken",
            Self::Metadata(_) => "project-unreadable",
            Self::NoRehearsal(_) => "rehearsal-missing",
            Self::Twice(_) => "package-twice",
            Self::Unsupported { .. } => "package-unsupported",
            Self::NotTaken(_) => "shim-not-taken",
            Self::File(..) => "file",
            Self::NoHost => "platform-unknown",
            Self::Start(_) => "cargo-missing",
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoRehearsal(_) => {
                Some("add `rehearsal` to the [dev-dependencies] of a package and write a test")
            }
            Self::Twice(_) => Some("`cargo tree --duplicates` shows which packages require them"),
            Self::Taken("--config") => Some("put the setting into .cargo/config.toml"),
            Self::Taken(_) => Some("set CARGO_TARGET_DIR instead"),
            Self::File(_, error) => hint_for_file(error.kind()),
            Self::NotTaken(_) => Some(
                "a `[patch]` of the project's own for the same package has precedence; remove it",
            ),
            _ => None,
        }
    }

    /// Prints the error on standard error.
    pub(crate) fn print(&self) {
        let mut text = format!("error[{}]: {self}\n", self.code());
        if let Some(hint) = self.hint() {
            text += &format!("  hint: {hint}\n");
        }
        // There is no other place for an error if this fails.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Returns the hint for a file that cannot be read or written.
fn hint_for_file(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists => {
            Some("set CARGO_TARGET_DIR to a directory that can be written")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(
            "make room, or set CARGO_TARGET_DIR to a directory elsewhere; `cargo clean` removes \
             what was built",
        ),
        _ => None,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(option) => write!(f, "`{option}` without a value"),
            Self::Taken(option) => write!(f, "`{option}` is an option that this command sets"),
            Self::Metadata(error) => write!(f, "cargo cannot read the project: {error}"),
            Self::NoRehearsal(root) => {
                write!(f, "no package of {} depends on rehearsal", root.display())
            }
            Self::Twice(name) => write!(f, "the project has two versions of {name}"),
            Self::Unsupported { package, part } => {
                write!(
                    f,
                    "{package} has {part}, which cannot be built below the shim"
                )
            }
            Self::NotTaken(name) => write!(f, "cargo did not take the shim for {name}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoHost => f.write_str("`rustc -vV` does not print the platform"),
            Self::Start(error) => write!(f, "cargo or rustc does not start: {error}"),
        }
    }
}
