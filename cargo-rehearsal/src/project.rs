//! The project and its packages, as cargo sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::arguments::Arguments;
use crate::cargo;
use crate::error::Error;

/// The package with the facade.
pub(crate) const FACADE: &str = "rehearsal-sim";

/// The package in whose place the shim is put.
pub(crate) const TOKIO: &str = "tokio";

/// The project's packages and those that they depend on.
pub(crate) struct Project {
    metadata: Metadata,
    /// The direct dependencies of each package, without those of its tests.
    dependencies: BTreeMap<PackageId, Vec<PackageId>>,
    /// The directory of the manifest that cargo is to be run on.
    directory: PathBuf,
}

impl Project {
    /// Reads the project. Its lock file is written if it has none.
    pub(crate) fn read(arguments: &Arguments) -> Result<Self, Error> {
        let mut command = MetadataCommand::new();
        if let Some(path) = &arguments.manifest {
            command.manifest_path(path);
        }
        command.other_options(options(arguments)?);
        let metadata = command.exec().map_err(Error::Metadata)?;
        let manifest = match &arguments.manifest {
            Some(path) => std::path::absolute(path).map_err(Error::file(path))?,
            None => nearest_manifest(&metadata)?,
        };
        let directory = manifest.parent().unwrap_or(&manifest).to_owned();
        let dependencies = dependencies(&metadata);
        Ok(Self {
            metadata,
            dependencies,
            directory,
        })
    }

    /// Returns the directory of the workspace.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Returns the directory for build output.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// Returns the directory of the manifest that cargo is to be run on.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the directories of all packages that are not from a registry or a repository.
    pub(crate) fn local_directories(&self) -> impl Iterator<Item = &Path> {
        let local = |package: &&Package| package.source.is_none();
        let directory = |package| directory_of(package);
        self.metadata.packages.iter().filter(local).map(directory)
    }

    /// Returns the package with the facade.
    pub(crate) fn facade(&self) -> Result<&Package, Error> {
        let mut found = self.packages_named(FACADE);
        match (found.next(), found.next()) {
            (Some(package), None) => Ok(package),
            (None, _) => Err(Error::NoRehearsal(self.root().to_owned())),
            (Some(_), Some(_)) => Err(Error::Twice(FACADE.to_owned())),
        }
    }

    /// Returns the packages between a package and tokio, both of them included: those that
    /// have to be built on tokio itself.
    pub(crate) fn built_on_tokio(&self, top: &Package) -> Result<Vec<&Package>, Error> {
        let below = self.below(&top.id);
        let mut kept: Vec<&Package> = below
            .iter()
            .map(|id| &self.metadata[*id])
            .filter(|package| {
                let below = self.below(&package.id);
                below.iter().any(|id| is_tokio(&self.metadata[*id]))
            })
            .collect();
        kept.sort_by(|one, other| one.name.cmp(&other.name));
        for pair in kept.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(Error::Twice(pair[0].name.to_string()));
            }
        }
        Ok(kept)
    }

    fn packages_named(&self, name: &str) -> impl Iterator<Item = &Package> {
        let packages = self.metadata.packages.iter();
        packages.filter(move |package| *package.name == name)
    }

    /// Returns a package and all that it depends on.
    fn below<'a>(&'a self, top: &'a PackageId) -> BTreeSet<&'a PackageId> {
        let mut found = BTreeSet::from([top]);
        let mut open = vec![top];
        while let Some(id) = open.pop() {
            let direct = self.dependencies.get(id).into_iter().flatten();
            open.extend(direct.filter(|id| found.insert(id)));
        }
        found
    }
}

/// Returns the options for reading a project: as restricted as the command is, and without the
/// packages of other platforms, which cargo would have to download.
fn options(arguments: &Arguments) -> Result<Vec<String>, Error> {
    let platform = cargo::host()?;
    let mut options = vec!["--filter-platform".to_owned(), platform];
    options.extend(arguments.restrictions.iter().map(|&word| word.to_owned()));
    Ok(options)
}

/// Returns the directory of a package.
pub(crate) fn directory_of(package: &Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}

fn is_tokio(package: &Package) -> bool {
    *package.name == TOKIO
        && package
            .source
            .as_ref()
            .is_some_and(|source| source.is_crates_io())
}

/// Returns the manifest that cargo finds from the current directory on.
fn nearest_manifest(metadata: &Metadata) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(Error::Start)?;
    let found = here
        .ancestors()
        .map(|directory| directory.join("Cargo.toml"));
    let root = metadata.workspace_root.join("Cargo.toml");
    let nearest = found.into_iter().find(|path| path.is_file());
    Ok(nearest.unwrap_or_else(|| root.into_std_path_buf()))
}

fn dependencies(metadata: &Metadata) -> BTreeMap<PackageId, Vec<PackageId>> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    nodes
        .map(|node| {
            let direct = node.deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind != DependencyKind::Development)
            });
            let direct = direct.map(|dependency| dependency.pkg.clone()).collect();
            (node.id.clone(), direct)
        })
        .collect()
}
