//! Manifests of the packages that are built below the shim.

use cargo_metadata::{Dependency, DependencyKind, Package, Target, TargetKind};
use toml::{Table, Value};

use crate::error::Error;

/// The prefix of the names of packages in whose place the shim, or what is built on the shim, is
/// put for everybody else.
const RENAMED: &str = "rehearsal-below-";

/// Returns the name of a package below the shim.
pub(crate) fn renamed(name: &str) -> String {
    format!("{RENAMED}{name}")
}

/// A manifest that is being written.
pub(crate) struct Manifest(Table);

impl Manifest {
    /// Begins the manifest of a package that is built from the sources of another.
    pub(crate) fn new(original: &Package, name: &str) -> Result<Self, Error> {
        let mut package = Table::new();
        package.insert("name".into(), name.into());
        package.insert("version".into(), original.version.to_string().into());
        package.insert("edition".into(), original.edition.to_string().into());
        package.insert("publish".into(), false.into());
        if let Some(license) = &original.license {
            package.insert("license".into(), license.clone().into());
        }
        let mut manifest = Table::new();
        manifest.insert("package".into(), package.into());
        // A workspace of its own, so that cargo does not take it for a member of the project's.
        manifest.insert("workspace".into(), Table::new().into());
        Ok(Self(manifest))
    }

    /// Takes the library's sources from where they are.
    pub(crate) fn lib_target(&mut self, original: &Package) -> Result<(), Error> {
        let unsupported = |part| Error::Unsupported {
            package: original.name.to_string(),
            part,
        };
        if original.targets.iter().any(Target::is_custom_build) {
            return Err(unsupported("a build script"));
        }
        let library = |target: &&Target| target.is_kind(TargetKind::Lib);
        let library = original.targets.iter().find(library);
        let library = library.ok_or_else(|| unsupported("no library"))?;
        let mut table = Table::new();
        table.insert("name".into(), library.name.replace('-', "_").into());
        table.insert("path".into(), library.src_path.as_str().into());
        self.0.insert("lib".into(), table.into());
        // Cargo hides warnings in packages of a registry, and these are not in one any more.
        let lints = Table::from_iter([("warnings".to_owned(), "allow".into())]);
        let lints = Table::from_iter([("rust".to_owned(), Value::Table(lints))]);
        self.0.insert("lints".into(), lints.into());
        Ok(())
    }

    /// Sets a build script.
    pub(crate) fn build_script(&mut self, file: &str) {
        if let Some(Value::Table(package)) = self.0.get_mut("package") {
            package.insert("build".into(), file.into());
        }
    }

    /// Sets the features.
    pub(crate) fn features(&mut self, features: impl IntoIterator<Item = (String, Vec<String>)>) {
        let features = features
            .into_iter()
            .map(|(name, parts)| (name, parts.into()));
        let features: Table = features.collect();
        self.0.insert("features".into(), features.into());
    }

    /// Adds a dependency under the name that the sources use.
    pub(crate) fn dependency(&mut self, original: &Dependency, place: Place) {
        let mut table = Table::new();
        match place {
            Place::Path { package, path } => {
                table.insert("package".into(), package.into());
                table.insert("path".into(), path.into());
            }
            Place::Elsewhere => elsewhere(&mut table, original),
        }
        table.insert("features".into(), original.features.clone().into());
        if !original.uses_default_features {
            table.insert("default-features".into(), false.into());
        }
        if original.optional {
            table.insert("optional".into(), true.into());
        }
        let name = original.rename.as_ref().unwrap_or(&original.name);
        self.dependencies(original)
            .insert(name.clone(), table.into());
    }

    /// Adds a dependency on a package in a directory.
    pub(crate) fn path_dependency(&mut self, name: &str, package: &str, path: &str) {
        let mut table = Table::new();
        table.insert("package".into(), package.into());
        table.insert("path".into(), path.into());
        child(&mut self.0, "dependencies").insert(name.into(), table.into());
    }

    /// Returns the table for dependencies of the same kind and for the same machines.
    fn dependencies(&mut self, original: &Dependency) -> &mut Table {
        let mut table = &mut self.0;
        if let Some(target) = &original.target {
            // A dependency is chosen before the build script says that this is set.
            let target = target.to_string().replace("tokio_unstable", "all()");
            table = child(child(table, "target"), &target);
        }
        child(
            table,
            match original.kind {
                DependencyKind::Build => "build-dependencies",
                _ => "dependencies",
            },
        )
    }

    /// Returns the text of the manifest.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }
}

/// The place of a dependency.
pub(crate) enum Place {
    /// A directory.
    Path { package: String, path: String },
    /// Where the original manifest has it from.
    Elsewhere,
}

/// Returns the table of that name in a table.
fn child<'a>(table: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = table.entry(name).or_insert_with(|| Table::new().into());
    match entry {
        Value::Table(table) => table,
        other => unreachable!("{other} is not a table"),
    }
}

fn elsewhere(table: &mut Table, original: &Dependency) {
    table.insert("version".into(), original.req.to_string().into());
    if original.rename.is_some() {
        table.insert("package".into(), original.name.clone().into());
    }
    if let Some(index) = &original.registry {
        table.insert("registry-index".into(), index.clone().into());
    }
    let source = original.source.as_ref().map(|source| source.repr.as_str());
    if let Some(git) = source.and_then(Git::parse) {
        table.insert("git".into(), git.url.into());
        if let Some((key, value)) = git.reference {
            table.insert(key.into(), value.into());
        }
    }
}

/// A source in a git repository, as cargo writes it.
pub(crate) struct Git<'a> {
    pub(crate) url: &'a str,
    /// `branch`, `tag` or `rev`, and its value.
    reference: Option<(&'a str, &'a str)>,
}

impl<'a> Git<'a> {
    /// Reads `git+URL?branch=NAME#COMMIT`.
    pub(crate) fn parse(source: &'a str) -> Option<Self> {
        let source = source.strip_prefix("git+")?;
        let source = source.split_once('#').map_or(source, |(source, _)| source);
        Some(match source.split_once('?') {
            Some((url, query)) => Self {
                url,
                reference: query.split_once('='),
            },
            None => Self {
                url: source,
                reference: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_in_a_repository_is_taken_apart() {
        let git = Git::parse("git+https://a.b/c.git?tag=v1#0123").expect("a repository");
        assert_eq!(git.url, "https://a.b/c.git");
        assert_eq!(git.reference, Some(("tag", "v1")));
        let git = Git::parse("git+https://a.b/c#0123").expect("a repository");
        assert_eq!((git.url, git.reference), ("https://a.b/c", None));
        assert!(Git::parse("registry+https://a.b/c").is_none());
    }
}
