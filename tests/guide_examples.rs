//! The guide's pages on published crates show code that is in the examples.

use std::path::Path;

const PAGES: [(&str, &str); 2] = [("axum", "axum-chat"), ("hyper", "http-gateway")];

/// The blocks of a page that name a file, with that.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let (head, body) = block.split_once('\n').expect("a fence ends its line");
        if let Some((_, file)) = head.split_once(' ') {
            blocks.push((file.to_owned(), body.to_owned()));
        }
    }
    blocks
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn what_the_guide_shows_is_in_the_examples() {
    for (page, example) in PAGES {
        let blocks = blocks(&read(format!("docs/guide/{page}.md")));
        assert!(blocks.len() >= 5, "{page} shows little");
        for (file, block) in blocks {
            let own = Path::new("examples").join(example).join(&file);
            let source = read(if own.exists() { &own } else { Path::new(&file) });
            assert!(source.contains(&block), "{page}: {file} has no\n{block}");
        }
    }
}
