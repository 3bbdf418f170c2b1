//! `rehearsal schema` and `rehearsal new`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::exit::Exit;
use crate::scenario::{self, new, schema};

use super::{print, print_error, select};

pub(super) fn schema() -> io::Result<Exit> {
    let schema = serde_json::to_string_pretty(&schema::json_schema())?;
    print(&format!("{schema}\n"))?;
    Ok(Exit::Pass)
}

pub(super) fn new(root: &Path, name: &str, system: &str) -> io::Result<Exit> {
    let file = new::path(root, name);
    let Some(text) = new::text(name, system) else {
        print_error(&format!("error: there is no system `{system}`\n"));
        return Ok(Exit::Usage);
    };
    // A name that no scenario can have is reported as it would be in a file.
    if let Err(problems) = scenario::parse(&text, &file) {
        select::report(&problems);
        return Ok(Exit::Usage);
    }
    if let Err(error) = create(&file, &text) {
        let shown = file.display();
        print_error(&match error.kind() {
            io::ErrorKind::AlreadyExists => format!("error: `{shown}` exists already\n"),
            _ => format!("error: cannot write `{shown}`: {error}\n"),
        });
        return Ok(Exit::Usage);
    }
    print(&format!("{}\n", file.display()))?;
    Ok(Exit::Pass)
}

/// Writes a file that is not there yet.
fn create(file: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(text.as_bytes())
}
