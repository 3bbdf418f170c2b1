//! Fields of messages.

use serde_json::Value as Json;

use super::open::Id;

/// The form of a field's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A text.
    Text,
    /// A text or a whole number.
    Id,
    /// A whole number that is not negative.
    Count,
    /// A list.
    List,
    /// An object.
    Object,
    /// Any value but null.
    Any,
}

impl Form {
    fn fits(self, value: &Json) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Id => value.is_string() || value.is_i64() || value.is_u64(),
            Self::Count => value.is_u64(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => !value.is_null(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Id => "a text or a whole number",
            Self::Count => "a whole number",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Any => "a value",
        }
    }
}

/// A field that a message must have; the parts of its path are separated by dots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Needed(pub(super) &'static str, pub(super) Form);

/// Returns the value at a path whose parts are separated by dots.
pub(super) fn at<'m>(message: &'m Json, path: &str) -> Option<&'m Json> {
    path.split('.')
        .try_fold(message, |value, part| value.get(part))
}

/// Returns the text at a path.
pub(super) fn text<'m>(message: &'m Json, path: &str) -> Option<&'m str> {
    at(message, path)?.as_str()
}

/// Returns the id at a path.
pub(super) fn id(message: &Json, path: &str) -> Option<Id> {
    at(message, path).and_then(Id::of)
}

/// Returns the complaint about the first field that is not as it must be.
pub(super) fn lacks(message: &Json, needed: &[Needed]) -> Option<String> {
    needed.iter().find_map(|Needed(path, form)| {
        let value = at(message, path);
        let fits = value.is_some_and(|value| form.fits(value));
        (!fits).then(|| match value {
            None => format!("it has no `{path}`"),
            Some(_) => format!("its `{path}` is not {}", form.words()),
        })
    })
}

/// The characters of a text from a stream that a message quotes.
const QUOTED_CHARS_MAX: usize = 64;

/// Returns a text from a stream, shortened if it is long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns a text from a stream in quotes, shortened if it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}
