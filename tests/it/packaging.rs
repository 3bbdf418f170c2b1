//! The metadata of the packages that are published.

use std::fs;
use std::path::Path;

use toml::Table;

/// The slugs of crates.io that packages of this workspace use.
const CATEGORIES: [&str; 4] = [
    "asynchronous",
    "development-tools::cargo-plugins",
    "development-tools::testing",
    "simulation",
];

const LICENSES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(directory: &str) -> Table {
    toml::from_str(&read(Path::new(directory).join("Cargo.toml"))).expect("TOML")
}

/// Returns the directories of the packages that are published.
fn published() -> Vec<String> {
    let workspace = manifest(".");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("a list");
    let members = members.iter().filter_map(|member| member.as_str());
    let named = members.filter(|member| !member.contains('*'));
    let mut directories: Vec<String> = named.map(str::to_owned).collect();
    directories.push(".".to_owned());
    directories.retain(|directory| {
        let publish = manifest(directory)["package"].get("publish").cloned();
        publish.and_then(|publish| publish.as_bool()) != Some(false)
    });
    directories
}

fn texts<'a>(package: &'a Table, key: &str) -> Vec<&'a str> {
    let list = package.get(key).and_then(|list| list.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|text| text.as_str())
        .collect()
}

#[test]
fn published_packages_say_what_they_are() {
    let directories = published();
    assert!(directories.len() >= 7, "{directories:?}");
    for directory in directories {
        let manifest = manifest(&directory);
        let package = manifest["package"].as_table().expect("a table");
        let description = package["description"].as_str().expect("a text");
        assert!((10..200).contains(&description.len()), "{directory}");
        let keywords = texts(package, "keywords");
        assert!(
            (1..=5).contains(&keywords.len()),
            "{directory}: {keywords:?}"
        );
        for keyword in keywords {
            let is_sound =
                keyword.len() <= 20 && keyword.starts_with(|c: char| c.is_ascii_lowercase());
            assert!(is_sound, "{directory}: {keyword}");
        }
        let categories = texts(package, "categories");
        assert!(!categories.is_empty(), "{directory}");
        assert!(
            categories.iter().all(|slug| CATEGORIES.contains(slug)),
            "{directory}"
        );
        let readme = Path::new(&directory).join("README.md");
        assert!(read(readme).starts_with("# "), "{directory}");
        for license in LICENSES {
            let own = read(Path::new(&directory).join(license));
            assert!(own == read(license), "{directory}/{license}");
        }
    }
}

/// A package refers to others by their version: a path means nothing in a registry.
#[test]
fn published_packages_depend_on_versions() {
    let workspace = manifest(".");
    let shared = workspace["workspace"]["dependencies"]
        .as_table()
        .expect("a table");
    for directory in published() {
        let manifest = manifest(&directory);
        let Some(own) = manifest.get("dependencies").and_then(|own| own.as_table()) else {
            continue;
        };
        for (name, dependency) in own.iter().chain(shared) {
            let has = |key: &str| {
                dependency
                    .as_table()
                    .is_some_and(|table| table.contains_key(key))
            };
            assert!(!has("path") || has("version"), "{directory}: {name}");
        }
    }
}

/// Returns the requirements of a table of dependencies that is not the workspace's, by package.
fn requirements(dependencies: &Table) -> Vec<(String, String)> {
    let requirement = |(name, dependency): (&String, &toml::Value)| {
        let is_ours = dependency.get("path").is_some();
        let version = dependency.get("version").unwrap_or(dependency).as_str()?;
        let package = dependency.get("package").and_then(toml::Value::as_str);
        (!is_ours).then(|| (package.unwrap_or(name).to_owned(), version.to_owned()))
    };
    dependencies.iter().filter_map(requirement).collect()
}

/// A project that locks an older version than a requirement says gets a newer one when it adds
/// these packages. One that the requirement allows, but no test has run with, may not compile.
#[test]
fn requirements_are_the_versions_that_the_tests_run_with() {
    let lock: Table = toml::from_str(&read("Cargo.lock")).expect("TOML");
    let locked = lock["package"].as_array().expect("a list").iter();
    let locked: Vec<(&str, &str)> = locked
        .filter_map(|package| {
            let version = package["version"].as_str()?;
            let version = version.split('+').next()?;
            Some((package["name"].as_str()?, version))
        })
        .collect();
    let workspace = manifest(".");
    let mut found = requirements(
        workspace["workspace"]["dependencies"]
            .as_table()
            .expect("it"),
    );
    for directory in published() {
        let manifest = manifest(&directory);
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        found.extend(dependencies.map(requirements).unwrap_or_default());
    }
    assert!(found.len() > 40, "{found:?}");
    for (package, version) in &found {
        assert!(
            locked.contains(&(package, version)),
            "{package} {version} is required, and another version is in the lock file"
        );
    }
}
