//! The guide's pages on published crates show code that is in the examples.

use std::fs;
use std::path::Path;

/// Each page, and its example.
const PAGES: [(&str, &str); 6] = [
    ("axum", "axum-chat"),
    ("hyper", "http-gateway"),
    ("mcp", "mcp"),
    ("actors", "actors"),
    ("random-data", "stock"),
    ("files", "journal"),
];

/// The mark of code that a page leaves out.
const LEFT_OUT: &str = "// …";

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All source code below a directory.
fn sources(directory: &Path) -> String {
    let mut text = String::new();
    let entries = fs::read_dir(directory).expect("a directory");
    for entry in entries {
        let path = entry.expect("an entry").path();
        text += &if path.is_dir() {
            sources(&path)
        } else {
            read(&path)
        };
    }
    text
}

/// However it is indented and broken into lines.
fn bare(code: &str) -> String {
    let bare: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    bare.replace(",)", ")")
}

/// The parts of a block between blank lines and what is left out.
fn parts(block: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in block.lines() {
        if line.trim().is_empty() || line.trim().starts_with(LEFT_OUT) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            *part += &format!("{line}\n");
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// `tokio` of `tokio = "1"` and of `tokio.workspace = true`.
fn key(line: &str) -> &str {
    line.split([' ', '.', '=']).next().unwrap_or(line)
}

#[test]
fn code_of_the_guide_is_in_the_examples() {
    for (page, example) in PAGES {
        let example = Path::new("examples").join(example);
        let manifest = read(example.join("Cargo.toml")) + &read(".cargo/config.toml");
        let keys: Vec<&str> = manifest.lines().map(key).collect();
        let code = bare(&sources(&example.join("src")));
        let text = read(format!("docs/guide/{page}.md"));
        let mut shown = 0;
        for block in text.split("```").skip(1).step_by(2) {
            let (head, body) = block.split_once('\n').expect("a fence ends its line");
            if head.starts_with("rust") {
                for part in parts(body) {
                    assert!(code.contains(&bare(&part)), "{page}: nowhere is\n{part}");
                    shown += 1;
                }
            } else if head.starts_with("toml") {
                for line in body.lines().filter(|line| !line.is_empty()) {
                    assert!(keys.contains(&key(line)), "{page}: nowhere is {line}");
                }
            }
        }
        assert!(shown >= 5, "{page} shows little");
    }
}
