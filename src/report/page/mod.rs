//! The page of a failure: one HTML file that shows the run, its causes and the nearest run that
//! passes. It works from a file, without a network.

mod html;

use std::io;
use std::path::{Path, PathBuf};

use super::document::{self, Document};
use crate::repro::Draft;
use crate::shrink::ShrinkResult;
use crate::target::Target;

/// The extension of pages.
const EXTENSION: &str = "html";

/// Returns the page of a failure.
pub(crate) fn html(document: &Document) -> String {
    html::page(document)
}

/// Writes the page of a failure whose repro is in `file` beside that: a reader finds the old
/// file or the new one, never a part. `whole` is what failed, without cuts. Returns its path.
///
/// # Errors
///
/// If the run does not fail, or the file cannot be written.
pub(crate) fn write_beside(
    whole: &dyn Target,
    studied: &ShrinkResult,
    file: &Path,
) -> io::Result<PathBuf> {
    let document = document::document(whole, studied, file);
    let document = document.ok_or_else(|| io::Error::other("the run does not fail"))?;
    let page_file = file.with_extension(EXTENSION);
    Draft::write(&page_file, html(&document).as_bytes())?.replace()?;
    Ok(page_file)
}
