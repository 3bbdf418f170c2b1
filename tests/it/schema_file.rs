//! Editors that read TOML with taplo complete and check a scenario file by the schema that
//! its first line names. To write the schema of the shipped files anew:
//! `README_UPDATE=1 cargo test --test it schema_file`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rehearsal::scenario::{discover, new, schema};
use serde_json::Value;

/// The directory of the shipped scenarios.
const ROOT: &str = "scenarios";

/// Returns the path that the first line of a file names as its schema.
fn named_schema(file: &Path, text: &str) -> Option<PathBuf> {
    let relative = text.lines().next()?.strip_prefix("#:schema ")?;
    let directory = file.parent().expect("a file is in a directory");
    let schema = directory.join(relative).canonicalize();
    Some(schema.unwrap_or_else(|error| panic!("{}: {relative}: {error}", file.display())))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Returns the schema for files of a system.
fn schema_of(system: &str) -> Value {
    schema::json_schema_of(system).expect("a system of the table")
}

#[test]
fn schemas_of_the_shipped_files_are_the_printed_ones() {
    for system in new::systems() {
        let file = Path::new(ROOT).join(schema::path_of(system));
        if std::env::var_os("README_UPDATE").is_some() {
            fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
            fs::write(&file, schema::text(&schema_of(system))).expect("the schema is written");
        }
        let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["schema", "--system", system])
            .output()
            .expect("it starts");
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        // Compared as values: the order of keys depends on the features of other crates.
        assert!(
            json(&read(&file)) == json(&printed),
            "{} is not what `rehearsal schema --system {system}` prints",
            file.display()
        );
    }
}

#[test]
fn every_shipped_file_names_the_schema_of_its_system() {
    let files = discover::find(Path::new(ROOT)).expect("there are some");
    assert!(files.len() > 100);
    let mut wrong = Vec::new();
    for file in &files {
        let text = read(file);
        let document: Value = toml::from_str(&text).expect("TOML");
        let system = document["system"]["kind"].as_str().expect("a kind");
        let schema = Path::new(ROOT).join(schema::path_of(system));
        if named_schema(file, &text) != schema.canonicalize().ok() {
            wrong.push(format!("{}: {}", file.display(), schema.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "begin each with `#:schema` and the relative path of its schema: {wrong:#?}"
    );
}

/// An empty directory, named after the test.
fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// Runs `rehearsal new` in a directory of scenarios.
fn create(root: &Path, name: &str, system: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("--scenarios")
        .arg(root)
        .args(["new", name, "--system", system])
        .output()
        .expect("it starts")
}

#[test]
fn new_file_of_every_system_names_the_schema_that_is_written_beside_it() {
    for system in new::systems() {
        let root = directory(&format!("schema_of_{system}"));
        let output = create(&root, "example", system);
        assert!(output.status.success(), "{output:?}");
        let file = root.join("example.toml");
        let text = read(&file);
        let schema = named_schema(&file, &text).expect("the first line names it");
        let schema = json(&read(&schema));
        assert!(schema == schema_of(system), "{system}");
        let document = toml::from_str(&text).expect("TOML");
        let validator = jsonschema::validator_for(&schema).expect("a JSON schema");
        assert!(validator.is_valid(&document), "{system}");
    }
}

#[test]
fn schema_of_another_version_is_left_alone_and_named() {
    let root = directory("schema_of_another_version");
    let schema = root.join(schema::path_of("bus"));
    fs::create_dir_all(root.join("schemas")).expect("a directory");
    fs::write(&schema, "{}").expect("it is written");
    let output = create(&root, "example", "bus");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(read(&schema), "{}");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("of another version"), "{said}");
    assert!(root.join("example.toml").exists());
}
