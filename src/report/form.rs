//! The forms of a report that are files.

use serde::{Deserialize, Serialize};

use super::document::Document;
use super::{otlp, page, perfetto};

/// A form of a report that is written into a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum FileForm {
    /// A page for a browser.
    Html,
    /// A trace for Perfetto.
    Perfetto,
    /// Spans of OpenTelemetry.
    Otlp,
}

impl FileForm {
    /// Returns the contents of the file.
    pub(crate) fn render(self, document: &Document) -> String {
        match self {
            Self::Html => page::html(document),
            Self::Perfetto => perfetto::trace(document),
            Self::Otlp => otlp::traces(document),
        }
    }
}
