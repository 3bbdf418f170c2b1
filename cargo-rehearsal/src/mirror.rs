//! A directory of links to the project's files.
//!
//! Cargo has no option for the place of the lock file, and a patch changes it. So cargo is run
//! on a directory that has links to all that the project's directory has, but a lock file of its
//! own. The links are made anew where files have come or gone.

use std::fs;
use std::path::Path;

use toml::Table;

use crate::error::Error;
use crate::files::{self, is_link};
use crate::layout::Layout;
use crate::project::Project;

const LOCK_FILE: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

/// Brings the mirror up to date.
pub(crate) fn update(layout: &Layout, project: &Project) -> Result<(), Error> {
    mirror_directory(layout, project.root(), Path::new(MANIFEST))?;
    mirror_manifest(layout, project.root())?;
    for directory in project.local_directories() {
        if !directory.starts_with(project.root()) {
            mirror_outside(layout, project.root(), directory)?;
        }
    }
    copy_lock_file(layout, project.root())
}

/// Mirrors a package outside the project. Where it is above the project, only what is beside
/// the project is linked; else the topmost directory that does not contain the project.
fn mirror_outside(layout: &Layout, root: &Path, directory: &Path) -> Result<(), Error> {
    if let Ok(below) = root.strip_prefix(directory) {
        let mut directory = directory.to_owned();
        for name in below {
            mirror_directory(layout, &directory, Path::new(name))?;
            directory.push(name);
        }
        return Ok(());
    }
    let mut path = directory;
    while let Some(above) = path.parent() {
        if root.starts_with(above) {
            files::directory(&layout.mirrored(above))?;
            return files::link(path, &layout.mirrored(path));
        }
        path = above;
    }
    Ok(())
}

/// Links everything in a directory, without the lock file and `except`.
fn mirror_directory(layout: &Layout, directory: &Path, except: &Path) -> Result<(), Error> {
    let mirror = layout.mirrored(directory);
    files::directory(&mirror)?;
    for entry in entries(directory)? {
        if entry != Path::new(LOCK_FILE) && entry != except {
            mirror_entry(&directory.join(&entry), &mirror.join(&entry))?;
        }
    }
    remove_broken_links(&mirror)
}

/// Links a file or a directory. One with a `main.rs` becomes a directory of links, because it may
/// be a target of the package around it, such as `benches/NAME`: cargo looks for targets in
/// directories, and not in links to them.
fn mirror_entry(original: &Path, mirror: &Path) -> Result<(), Error> {
    let is_target = original.join("main.rs").is_file();
    if is_target == is_link(mirror) {
        remove(mirror)?;
    }
    if !is_target {
        return files::link(original, mirror);
    }
    files::directory(mirror)?;
    for entry in entries(original)? {
        files::link(&original.join(&entry), &mirror.join(&entry))?;
    }
    remove_broken_links(mirror)
}

/// Removes what is in the mirror, if anything is.
fn remove(mirror: &Path) -> Result<(), Error> {
    let removed = match is_link(mirror) {
        true => fs::remove_file(mirror),
        false if mirror.is_dir() => fs::remove_dir_all(mirror),
        false => Ok(()),
    };
    removed.map_err(Error::file(mirror))
}

/// Removes the links to what is no longer there.
fn remove_broken_links(mirror: &Path) -> Result<(), Error> {
    for entry in entries(mirror)? {
        let path = mirror.join(entry);
        if is_link(&path) && !path.exists() {
            fs::remove_file(&path).map_err(Error::file(&path))?;
        }
    }
    Ok(())
}

/// Mirrors the manifest of the project. One that is no workspace becomes one: the mirror is in
/// the directory for build output, which may be within another workspace.
fn mirror_manifest(layout: &Layout, root: &Path) -> Result<(), Error> {
    let original = root.join(MANIFEST);
    let mirror = layout.in_project(MANIFEST);
    let text = fs::read_to_string(&original).map_err(Error::file(&original))?;
    // Cargo has read it before.
    let is_workspace = text
        .parse::<Table>()
        .is_ok_and(|manifest| manifest.contains_key("workspace"));
    if mirror.exists() || is_link(&mirror) {
        let is_up_to_date = is_link(&mirror) == is_workspace;
        if !is_up_to_date {
            fs::remove_file(&mirror).map_err(Error::file(&mirror))?;
        }
    }
    match is_workspace {
        true => files::link(&original, &mirror),
        false => files::write(&mirror, &format!("{text}\n[workspace]\n")),
    }
}

/// Returns the names of what is in a directory.
fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let entries = fs::read_dir(directory).map_err(Error::file(directory))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into()));
    names
        .collect::<Result<_, _>>()
        .map_err(Error::file(directory))
}

/// Copies the lock file, if it has changed since it was last copied: cargo then adds to the copy
/// what the patch needs.
fn copy_lock_file(layout: &Layout, root: &Path) -> Result<(), Error> {
    let original = root.join(LOCK_FILE);
    let text = fs::read_to_string(&original).map_err(Error::file(&original))?;
    let copy = layout.in_project(LOCK_FILE);
    let origin = layout.lock_origin();
    let unchanged = fs::read_to_string(&origin).is_ok_and(|found| found == text);
    if unchanged && copy.is_file() {
        return Ok(());
    }
    files::write(&copy, &text)?;
    // Last: a command that is killed before has the next one copy it again.
    files::write(&origin, &text)
}

/// Makes the lock file of the mirror equal to the project's again.
pub(crate) fn reset_lock_file(layout: &Layout) -> Result<(), Error> {
    let origin = layout.lock_origin();
    let text = fs::read_to_string(&origin).map_err(Error::file(&origin))?;
    files::write(&layout.in_project(LOCK_FILE), &text)
}
