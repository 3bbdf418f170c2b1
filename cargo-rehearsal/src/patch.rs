//! The patch that puts the shim in the place of tokio.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use toml::{Table, Value};

use crate::arguments::Arguments;
use crate::cargo;
use crate::error::Error;
use crate::files;
use crate::layout::Layout;
use crate::manifest::Git;
use crate::mirror;
use crate::packages::{Packages, Reached};
use crate::project::{FACADE, Project, TOKIO, directory_of};

/// Cargo's name for its own registry.
const CRATES_IO: &str = "crates-io";

/// A project with the shim.
pub(crate) struct Patched {
    /// The manifest to run cargo on.
    pub(crate) manifest: PathBuf,
    /// The directory below which it is.
    pub(crate) mirror: PathBuf,
    /// The file with the patch.
    pub(crate) config: PathBuf,
    /// The directory for what is built.
    pub(crate) build: PathBuf,
}

/// Writes the packages and the patch, and has cargo resolve the project with them.
pub(crate) fn resolve(
    layout: &Layout,
    project: &Project,
    arguments: &Arguments,
) -> Result<Patched, Error> {
    let directory = layout.mirrored(project.directory());
    let patched = Patched {
        manifest: directory.join("Cargo.toml"),
        mirror: layout.mirror(),
        config: layout.config(),
        build: layout.build(),
    };
    let facade = project.facade()?;
    let attempt = |reached| {
        let packages = Packages::new(layout, project, reached)?;
        packages.write()?;
        files::write(&patched.config, &config(layout, facade, reached, &packages))?;
        not_taken(&patched, &packages, arguments)
    };
    if let Some(reached) = reached_before(layout, project)?
        && let Ok(None) = attempt(reached)
    {
        return Ok(patched);
    }
    mirror::reset_lock_file(layout)?;
    let reached = reached(&patched, facade, arguments)?;
    match attempt(reached)? {
        None => Ok(patched),
        Some(name) => Err(Error::NotTaken(name.to_owned())),
    }
}

/// Returns how cargo reached the facade when the project was last built.
fn reached_before(layout: &Layout, project: &Project) -> Result<Option<Reached>, Error> {
    let Ok(text) = fs::read_to_string(layout.config()) else {
        return Ok(None);
    };
    let facade = project.facade()?;
    for reached in [Reached::Relatively, Reached::Absolutely] {
        let packages = Packages::new(layout, project, reached)?;
        if config(layout, facade, reached, &packages) == text {
            return Ok(Some(reached));
        }
    }
    Ok(None)
}

/// Returns how cargo reaches the facade from the mirror: it takes two names of a directory for
/// two packages, and does not say how a manifest names one.
fn reached(patched: &Patched, facade: &Package, arguments: &Arguments) -> Result<Reached, Error> {
    let metadata = metadata(patched, &[], arguments)?;
    let directory = directory_of(facade);
    let mut packages = metadata.packages.iter();
    let absolutely = packages.any(|package| directory_of(package) == directory);
    Ok(if absolutely {
        Reached::Absolutely
    } else {
        Reached::Relatively
    })
}

/// Returns the settings for cargo.
fn config(layout: &Layout, facade: &Package, reached: Reached, packages: &Packages) -> String {
    let mut patches = Table::new();
    let mut patch = |source: &str, name: &str| {
        let path = packages.package(name).to_string_lossy().into_owned();
        let package = Table::from_iter([("path".to_owned(), Value::from(path))]);
        let source = patches.entry(source).or_insert_with(|| Table::new().into());
        if let Value::Table(source) = source {
            source.insert(name.into(), package.into());
        }
    };
    patch(CRATES_IO, TOKIO);
    patch(&source_of(layout, facade, reached), FACADE);
    Table::from_iter([("patch".to_owned(), Value::Table(patches))]).to_string()
}

/// Returns the key of a patch of the package.
fn source_of(layout: &Layout, package: &Package, reached: Reached) -> String {
    match &package.source {
        None => file_url(&reached.path(layout, directory_of(package))),
        Some(source) if source.is_crates_io() => CRATES_IO.to_owned(),
        Some(source) => match Git::parse(&source.repr) {
            Some(git) => git.url.to_owned(),
            None => source.repr.clone(),
        },
    }
}

/// Returns the URL of a directory.
fn file_url(path: &Path) -> String {
    let mut url = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~+".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url += &format!("%{byte:02X}");
        }
    }
    url
}

/// Has cargo resolve the project. Returns the package in whose place the shim was not put.
fn not_taken(
    patched: &Patched,
    packages: &Packages,
    arguments: &Arguments,
) -> Result<Option<&'static str>, Error> {
    let config = patched.config.to_string_lossy().into_owned();
    let metadata = metadata(patched, &["--config".to_owned(), config], arguments)?;
    let taken = |name: &str| {
        let directory = packages.package(name);
        let mut found = metadata.packages.iter();
        found.any(|package| directory_of(package) == directory)
    };
    Ok([FACADE, TOKIO].into_iter().find(|name| !taken(name)))
}

/// Reads the mirrored project.
fn metadata(
    patched: &Patched,
    options: &[String],
    arguments: &Arguments,
) -> Result<Metadata, Error> {
    let mut options = options.to_vec();
    options.extend(["--filter-platform".to_owned(), cargo::host()?]);
    // The lock file of the mirror has to change: what is locked are the versions in it.
    if arguments
        .restrictions
        .iter()
        .any(|&word| word != "--locked")
    {
        options.push("--offline".to_owned());
    }
    let mut command = MetadataCommand::new();
    command.manifest_path(&patched.manifest);
    command.other_options(options);
    command.exec().map_err(Error::Metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_of_a_directory_has_no_spaces() {
        assert_eq!(file_url(Path::new("/a b/c-1")), "file:///a%20b/c-1");
    }
}
