//! `rehearsal report` on the target of a repro.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Console;
use crate::console::Shown;
use crate::exit::Exit;
use crate::report::document::{self, Document};
use crate::report::form::FileForm;
use crate::report::{block, failure, mermaid, summary};
use crate::repro::Draft;
use crate::repro::Repro;
use crate::shrink::{self, Limits, ShrinkResult};
use crate::target::Target;

/// The arguments of `rehearsal report`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReportRequest {
    /// The repro file.
    pub file: PathBuf,
    /// The files to write, and their forms.
    pub forms: Vec<(FileForm, PathBuf)>,
    /// A sequence diagram is printed.
    pub mermaid: bool,
}

/// Prints the run of a repro, and what led to its failure; or writes that in other forms.
pub(super) fn report(
    target: &dyn Target,
    repro: &Repro,
    request: &ReportRequest,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    let file = &request.file;
    let limits = Limits::runs(failure::RUNS_MAX);
    let studied = match shrink::study(target, repro, &limits) {
        Ok(studied) => studied,
        Err(reason) => {
            console.warn(&format!(
                "error: nothing to report of {}: {reason}; `rehearsal replay` says more\n",
                file.shown()
            ));
            return Ok(Exit::NotReproduced);
        }
    };
    let is_text = request.forms.is_empty() && !request.mermaid;
    if is_text {
        print(target, &studied, console)?;
        return Ok(studied.report.verdict.exit());
    }
    let Some(document) = document::document(target, &studied, file) else {
        console.warn("error: nothing to write: the run does not fail\n");
        return Ok(Exit::NotReproduced);
    };
    if !write_forms(&document, request, console)? {
        return Ok(Exit::Internal);
    }
    Ok(studied.report.verdict.exit())
}

fn print(target: &dyn Target, studied: &ShrinkResult, console: &mut dyn Console) -> io::Result<()> {
    let report = &studied.report;
    let run = summary::run(&*studied.variant, report);
    let failure = summary::failure(report);
    let block = block::render(target, studied, None);
    console.print_text(&format!("{run}{failure}{block}"))
}

/// Writes each form that was asked for. Returns `false` if a file cannot be written.
fn write_forms(
    document: &Document,
    request: &ReportRequest,
    console: &mut dyn Console,
) -> io::Result<bool> {
    if request.mermaid {
        console.print(&mermaid::diagram(document))?;
    }
    let mut is_written = true;
    for (form, path) in &request.forms {
        is_written &= write_file(path, &form.render(document), console);
    }
    Ok(is_written)
}

/// Writes a file in one piece, and reports it.
fn write_file(path: &Path, text: &str, console: &mut dyn Console) -> bool {
    let written = Draft::write(path, text.as_bytes()).and_then(Draft::replace);
    match written {
        Ok(()) => console.warn(&format!("wrote {}\n", path.shown())),
        Err(ref error) => {
            console.warn(&format!("error: cannot write {}: {error}\n", path.shown()));
        }
    }
    written.is_ok()
}
