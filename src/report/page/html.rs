//! The file of a page. The document stands in it as data; the only script and the only style
//! that the page allows are its own, by their hashes, so that no text of a run becomes markup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::report::document::Document;

/// The markup, with a place for each part.
const MARKUP: &str = include_str!("assets/page.html");

const STYLE: &str = include_str!("assets/page.css");

/// The modules of the script, each after those that it uses.
const MODULES: &[&str] = &[
    include_str!("assets/text.js"),
    include_str!("assets/model.js"),
    include_str!("assets/rows.js"),
    include_str!("assets/lanes.js"),
    include_str!("assets/pane.js"),
    include_str!("assets/details.js"),
    include_str!("assets/filters.js"),
    include_str!("assets/header.js"),
    include_str!("assets/main.js"),
];

/// Returns the page of a document.
pub(super) fn page(document: &Document) -> String {
    with_data(&data(document))
}

fn with_data(data: &str) -> String {
    let script = format!("\n{}", MODULES.join("\n"));
    let style = format!("\n{STYLE}");
    // In order of their places. The data come last, so that nothing in them is a place.
    let parts = [
        ("{{script-hash}}", hash(&script)),
        ("{{style-hash}}", hash(&style)),
        ("{{style}}", style),
        ("{{script}}", script),
        ("{{data}}", data.to_owned()),
    ];
    let mut page = MARKUP.to_owned();
    for (place, part) in parts {
        let begin = page.find(place).expect("the markup has each place");
        page.replace_range(begin..begin + place.len(), &part);
    }
    page
}

/// Returns the source expression of a content-security policy for an inline element.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// Returns the document as JSON that ends no script element.
fn data(document: &Document) -> String {
    let json = serde_json::to_string(document).expect("a document has string keys only");
    escaped(&json)
}

/// Escapes what has a meaning in markup; in JSON it stands in strings only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text += &format!("\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_end_no_element_and_read_back_as_they_were() {
        let text = "</script><!--<script>alert(1)</script>&amp;\u{2028}{{data}}";
        let json = escaped(&serde_json::to_string(text).expect("a string"));
        assert!(!json.contains(['<', '>', '&', '\u{2028}']));
        let read: String = serde_json::from_str(&json).expect("JSON");
        assert_eq!(read, text);
    }

    #[test]
    fn policy_allows_the_pages_own_script_and_style_and_nothing_else() {
        let page = with_data("{}");
        let element = |begin: &str, end: &str| {
            let (_, rest) = page.split_once(begin).expect(begin);
            rest.split_once(end).expect(end).0.to_owned()
        };
        let script = element("<script type=\"module\">", "</script>");
        let style = element("<style>", "</style>");
        let policy = element("Content-Security-Policy\" content=\"", "\"");
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; \
                 form-action 'none'",
                hash(&script),
                hash(&style)
            )
        );
        assert_eq!(page.matches("<script").count(), 2, "data and script");
    }

    #[test]
    fn script_makes_no_markup_of_texts_and_loads_nothing() {
        let banned = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "fetch(",
            "XMLHttpRequest",
            "import(",
            "http:",
            "https:",
        ];
        for module in MODULES {
            for word in banned {
                let allowed = module.replace("http://www.w3.org/2000/svg", "");
                assert!(!allowed.contains(word), "{word}");
            }
        }
    }
}
