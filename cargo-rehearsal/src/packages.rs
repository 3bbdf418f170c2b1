//! The shim, and the packages that it is built on.
//!
//! The facade is built on tokio, and so are two packages that the facade uses. A patch of tokio
//! is one for them too. So each of them is built once more under another name, on tokio itself
//! under another name. Only manifests are written: the library's file is the original one.
//!
//! Projects may share a directory for build output. The packages are in a directory whose name is
//! a hash of all that is in it, so that none ever changes below a build, and projects for which
//! they are equal share what is built of them.

use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, Package};
use xxhash_rust::xxh3::Xxh3;

use crate::error::Error;
use crate::files;
use crate::layout::Layout;
use crate::manifest::{Manifest, Place, renamed};
use crate::project::{FACADE, Project, TOKIO};

/// The sources of the shim.
const SHIM: &str = include_str!("../shim/lib.rs");

/// The build script of packages that look at `cfg(tokio_unstable)`: tokio has hooks for tasks,
/// and a seed for its `select!`, under that alone. Set here it is for these packages only, and
/// needs no `RUSTFLAGS`.
const BUILD_SCRIPT: &str = include_str!("../shim/build.rs");

/// The name under which the shim's sources have tokio.
const REAL: &str = "real";

/// The place of the packages on which the facade is built that are the project's own.
#[derive(Clone, Copy)]
pub(crate) enum Reached {
    /// By a relative path, which leads into the mirror.
    Relatively,
    /// By an absolute one.
    Absolutely,
}

/// The packages, as they are to be written.
pub(crate) struct Packages {
    directory: PathBuf,
    /// The texts of files, with their paths in the directory.
    files: Vec<(PathBuf, String)>,
}

impl Packages {
    /// Returns the shim and what is below it.
    pub(crate) fn new(layout: &Layout, project: &Project, reached: Reached) -> Result<Self, Error> {
        let facade = project.facade()?;
        let below = project.built_on_tokio(facade)?;
        let mut writer = Writer {
            layout,
            reached,
            below: &below,
            files: Vec::new(),
        };
        for package in &below {
            writer.below(package)?;
        }
        let tokio = below.iter().find(|package| *package.name == TOKIO);
        let tokio = tokio.ok_or_else(|| Error::NoRehearsal(project.root().to_owned()))?;
        writer.shim(tokio, facade)?;
        Ok(Self {
            directory: layout.packages(&hash(&writer.files)),
            files: writer.files,
        })
    }

    /// Returns the directory of a package.
    pub(crate) fn package(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes the files that are not there.
    pub(crate) fn write(&self) -> Result<(), Error> {
        for (path, text) in &self.files {
            let path = self.directory.join(path);
            if let Some(directory) = path.parent() {
                files::directory(directory)?;
            }
            files::write(&path, text)?;
        }
        Ok(())
    }
}

/// Returns the name under which a package is built below the shim. The facade keeps its own.
fn new_name(name: &str) -> String {
    if name == FACADE {
        name.to_owned()
    } else {
        renamed(name)
    }
}

/// Returns a hash of the files, for the name of a directory.
fn hash(files: &[(PathBuf, String)]) -> String {
    let mut hasher = Xxh3::new();
    for (path, text) in files {
        for part in [path.as_os_str().as_encoded_bytes(), text.as_bytes()] {
            hasher.update(part);
            // In no path and in no text.
            hasher.update(&[0]);
        }
    }
    format!("{:016x}", hasher.digest())
}

struct Writer<'a> {
    layout: &'a Layout,
    reached: Reached,
    below: &'a [&'a Package],
    files: Vec<(PathBuf, String)>,
}

impl Writer<'_> {
    /// Adds the manifest of a package below the shim.
    fn below(&mut self, package: &Package) -> Result<(), Error> {
        let name = new_name(&package.name);
        let mut manifest = Manifest::new(package, &name)?;
        manifest.lib_target(package)?;
        manifest.features(package.features.clone());
        for dependency in &package.dependencies {
            if dependency.kind != DependencyKind::Development {
                manifest.dependency(dependency, self.place(dependency));
            }
        }
        if [FACADE, TOKIO].contains(&package.name.as_str()) {
            manifest.build_script("build.rs");
            self.add(&name, "build.rs", BUILD_SCRIPT.to_owned());
        }
        self.add(&name, "Cargo.toml", manifest.text());
        Ok(())
    }

    /// Adds the shim, with the features of tokio.
    fn shim(&mut self, tokio: &Package, facade: &Package) -> Result<(), Error> {
        let mut manifest = Manifest::new(tokio, TOKIO)?;
        let features = tokio.features.iter();
        manifest.features(features.map(|(name, parts)| {
            let mut parts: Vec<String> = parts
                .iter()
                .filter(|part| tokio.features.contains_key(*part))
                .cloned()
                .collect();
            parts.push(format!("{REAL}/{name}"));
            (name.clone(), parts)
        }));
        let real = renamed(TOKIO);
        manifest.path_dependency(REAL, &real, &beside(&real));
        manifest.path_dependency(FACADE, &facade.name, &beside(FACADE));
        self.add(TOKIO, "src/lib.rs", SHIM.to_owned());
        self.add(TOKIO, "Cargo.toml", manifest.text());
        Ok(())
    }

    fn add(&mut self, package: &str, file: &str, text: String) {
        self.files.push((Path::new(package).join(file), text));
    }

    fn place(&self, dependency: &Dependency) -> Place {
        if self
            .below
            .iter()
            .any(|below| *below.name == dependency.name)
        {
            let package = new_name(&dependency.name);
            let path = beside(&package);
            return Place::Path { package, path };
        }
        match &dependency.path {
            Some(path) => Place::Path {
                package: dependency.name.clone(),
                path: text(&self.reached.path(self.layout, path.as_std_path())),
            },
            None => Place::Elsewhere,
        }
    }
}

impl Reached {
    /// Returns the path by which cargo reaches a directory of the project's own packages.
    pub(crate) fn path(self, layout: &Layout, directory: &Path) -> std::path::PathBuf {
        match self {
            Self::Relatively => layout.mirrored(directory),
            Self::Absolutely => directory.to_owned(),
        }
    }
}

/// Returns the path of a package for the manifest of another.
fn beside(package: &str) -> String {
    format!("../{package}")
}

/// Returns a path as text; paths that cargo can read are UTF-8.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
