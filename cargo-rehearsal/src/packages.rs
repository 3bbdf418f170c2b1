//! The shim, and the packages that it is built on.
//!
//! The facade is built on tokio, and so are two packages that the facade uses. A patch of tokio
//! is one for them too. So each of them is built once more under another name, on tokio itself
//! under another name. Only manifests are written: the library's file is the original one.

use std::path::Path;

use cargo_metadata::{Dependency, DependencyKind, Package};

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

/// Writes the shim and what is below it.
pub(crate) fn write(layout: &Layout, project: &Project, reached: Reached) -> Result<(), Error> {
    let facade = project.facade()?;
    let below = project.built_on_tokio(facade)?;
    let writer = Writer {
        layout,
        reached,
        below: &below,
    };
    for package in &below {
        writer.below(package)?;
    }
    let tokio = below.iter().find(|package| *package.name == TOKIO);
    let tokio = tokio.ok_or_else(|| Error::NoRehearsal(project.root().to_owned()))?;
    writer.shim(tokio, facade)
}

/// Returns the name under which a package is built below the shim. The facade keeps its own.
fn new_name(name: &str) -> String {
    if name == FACADE {
        name.to_owned()
    } else {
        renamed(name)
    }
}

struct Writer<'a> {
    layout: &'a Layout,
    reached: Reached,
    below: &'a [&'a Package],
}

impl Writer<'_> {
    /// Writes the manifest of a package below the shim.
    fn below(&self, package: &Package) -> Result<(), Error> {
        let name = new_name(&package.name);
        let mut manifest = Manifest::new(package, &name)?;
        manifest.lib_target(package)?;
        manifest.features(package.features.clone());
        for dependency in &package.dependencies {
            if dependency.kind != DependencyKind::Development {
                manifest.dependency(dependency, self.place(dependency));
            }
        }
        let directory = self.layout.package(&name);
        files::directory(&directory)?;
        if [FACADE, TOKIO].contains(&package.name.as_str()) {
            manifest.build_script("build.rs");
            files::write(&directory.join("build.rs"), BUILD_SCRIPT)?;
        }
        files::write(&directory.join("Cargo.toml"), &manifest.text())
    }

    /// Writes the shim, with the features of tokio.
    fn shim(&self, tokio: &Package, facade: &Package) -> Result<(), Error> {
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
        let real = self.layout.package(&renamed(TOKIO));
        manifest.path_dependency(REAL, &renamed(TOKIO), &text(&real));
        let path = self.layout.package(FACADE);
        manifest.path_dependency(FACADE, &facade.name, &text(&path));
        let directory = self.layout.package(TOKIO);
        files::directory(&directory.join("src"))?;
        files::write(&directory.join("src/lib.rs"), SHIM)?;
        files::write(&directory.join("Cargo.toml"), &manifest.text())
    }

    fn place(&self, dependency: &Dependency) -> Place {
        if self
            .below
            .iter()
            .any(|below| *below.name == dependency.name)
        {
            let package = new_name(&dependency.name);
            let path = text(&self.layout.package(&package));
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

/// Returns a path as text; paths that cargo can read are UTF-8.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
