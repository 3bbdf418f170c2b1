//! `rehearsal schema` and `rehearsal new`.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::console::Shown;
use crate::exit::Exit;
use crate::repro::{Draft, shell_word};
use crate::scenario::{self, new, schema};

use super::{print, print_error, select};

pub(super) fn schema(system: Option<&str>) -> io::Result<Exit> {
    let Some(schema) = system.map_or_else(|| Some(schema::json_schema()), schema::json_schema_of)
    else {
        return Ok(no_system(system.unwrap_or_default()));
    };
    print(&schema::text(&schema))?;
    Ok(Exit::Pass)
}

pub(super) fn new(root: &Path, name: &str, system: &str) -> io::Result<Exit> {
    let file = new::path(root, name);
    let (Some(text), Some(schema)) = (new::text(name, system), schema::json_schema_of(system))
    else {
        return Ok(no_system(system));
    };
    // A name that no scenario can have is reported as it would be in a file.
    if let Err(problems) = scenario::parse(&text, &file) {
        select::report(&problems);
        return Ok(Exit::Usage);
    }
    let shown = file.shown();
    match create(&file, &text) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            print_error(&format!("error: `{shown}` exists already\n"));
            return Ok(Exit::Usage);
        }
        Err(error) => {
            print_error(&format!("error: cannot write `{shown}`: {error}\n"));
            return Ok(Exit::Internal);
        }
    }
    // Before its name is printed, which may have no reader.
    place_schema(root, system, &schema);
    print(&format!("{shown}\n"))?;
    Ok(Exit::Pass)
}

fn no_system(system: &str) -> Exit {
    print_error(&format!("error: there is no system `{system}`\n"));
    Exit::Usage
}

/// Writes the schema that the new file names in its first line, unless it is there: an
/// editor completes and checks the file by it. The scenario is valid without it, so that a
/// schema that cannot be written, or is of another version, is said and no error.
fn place_schema(root: &Path, system: &str, schema: &Value) {
    let file = root.join(schema::path_of(system));
    let shown = shell_word(&file.to_string_lossy());
    match create(&file, &schema::text(schema)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if !holds(&file, schema) {
                print_error(&format!(
                    "note: the schema in {shown} is of another version; `rehearsal schema --system {system} > {shown}` writes it anew\n"
                ));
            }
        }
        Err(error) => print_error(&format!("warning: cannot write {shown}: {error}\n")),
    }
}

/// Returns `true` if the file holds that schema.
fn holds(file: &Path, schema: &Value) -> bool {
    let is_file = fs::metadata(file).is_ok_and(|found| found.is_file());
    let text = is_file.then(|| fs::read_to_string(file).unwrap_or_default());
    let there: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    there.as_ref() == Some(schema)
}

/// Writes a file that is not there yet, in one piece: a full disk leaves no part of it that
/// is in the way of the next attempt.
fn create(file: &Path, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(file).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Draft::write(file, text.as_bytes()).and_then(Draft::place)
}
