//! The places of what this command writes, all of them in the project's build output.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files;
use crate::project::Project;

/// The directory in the build output.
const DIRECTORY: &str = "rehearsal/shim";

/// The places of one project.
pub(crate) struct Layout {
    base: PathBuf,
    root: PathBuf,
}

impl Layout {
    /// Creates the directory. Its path has no links and no `..`, because it is compared with
    /// what cargo makes of it.
    pub(crate) fn new(project: &Project) -> Result<Self, Error> {
        let base = project.target().join(DIRECTORY);
        files::directory(&base)?;
        let base = base.canonicalize().map_err(Error::file(&base))?;
        let root = project.root().to_owned();
        Ok(Self { base, root })
    }

    /// Returns the name of the project among those that share a directory for build output.
    fn project(&self) -> String {
        self.root.to_string_lossy().replace(['/', '\\'], "-")
    }

    /// Returns the directory of the mirror, and of what belongs to it.
    pub(crate) fn mirror(&self) -> PathBuf {
        self.base.join("mirror").join(self.project())
    }

    /// Returns the path in the mirror of an absolute path of the machine.
    ///
    /// The mirror has all that is above the project too, so that the relative paths in the
    /// project's manifests lead to the same packages. Each project has one: what is a link in one
    /// is a directory in another.
    pub(crate) fn mirrored(&self, path: &Path) -> PathBuf {
        self.mirror().join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns the path in the mirror of a file of the project.
    pub(crate) fn in_project(&self, file: &str) -> PathBuf {
        self.mirrored(&self.root).join(file)
    }

    /// Returns the directory of the packages that this command writes, by the hash of them.
    pub(crate) fn packages(&self, hash: &str) -> PathBuf {
        self.base.join("packages").join(hash)
    }

    /// Returns the file with the settings for cargo.
    pub(crate) fn config(&self) -> PathBuf {
        self.base.join(format!("config{}.toml", self.project()))
    }

    /// Returns the file that is locked while the mirror is changed.
    pub(crate) fn mirror_lock(&self) -> PathBuf {
        self.base.join(format!("lock{}", self.project()))
    }

    /// Returns the directory for what cargo builds.
    pub(crate) fn build(&self) -> PathBuf {
        self.base.join("build")
    }

    /// Returns the file that remembers the lock file from which the mirror's own was made.
    pub(crate) fn lock_origin(&self) -> PathBuf {
        self.in_project(".Cargo.lock.origin")
    }
}
