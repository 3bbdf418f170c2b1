//! `rehearsal check`.

use std::io;
use std::path::{Path, PathBuf};

use crate::console::Shown;
use crate::exit::Exit;
use crate::report::summary::many;
use crate::scenario::{self, discover};

use super::{print, print_error, select};

pub(super) fn check(root: &Path, given: &[PathBuf]) -> io::Result<Exit> {
    let files = if given.is_empty() {
        match discover::find(root) {
            Ok(files) => files,
            Err(problems) => {
                select::report(&problems);
                return Ok(Exit::Usage);
            }
        }
    } else {
        given.to_vec()
    };
    if files.is_empty() {
        print_error(&format!("no scenario files below {}\n", root.shown()));
        return Ok(Exit::NothingSelected);
    }
    let mut bad = 0;
    for file in &files {
        if let Err(problems) = scenario::load(file) {
            select::report(&problems);
            bad += 1;
        }
    }
    let total = many(files.len() as u64, "scenario file");
    if bad == 0 {
        print(&format!("{total}, all valid\n"))?;
        Ok(Exit::Pass)
    } else {
        print_error(&format!("{bad} of {total} not valid\n"));
        Ok(Exit::Usage)
    }
}
