//! The forms of a report that other programs read, written by the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rehearsal_browser_tests::Page;
use serde_json::Value;

use crate::page::pictures;

const KEPT: &str = "scenarios/regressions/sequence-apart-from-send.repro";

/// The file of mermaid.js, if `MERMAID_JS` names no other.
const MERMAID: &str = "target/mermaid/package/dist/mermaid.min.js";

fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("a workspace")
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn rehearsal(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal-browser-tests"));
    command.args(arguments).current_dir(root());
    command.output().expect("the command line runs")
}

/// Shrinks a copy of the kept repro, so that one deviation decides it. Returns its path.
fn shrunk(name: &str) -> String {
    let copy = scratch(name);
    std::fs::copy(root().join(KEPT), &copy).expect("a copy");
    let path = copy.to_str().expect("UTF-8").to_owned();
    let output = rehearsal(&["shrink", &path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    path
}

fn report(arguments: &[&str]) -> String {
    let output = rehearsal(&[&["report"], arguments].concat());
    // The code of a violation that is reproduced.
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn page_of_a_shrunk_repro_shows_claim_rule_witness_and_command() {
    let repro = shrunk("page.repro");
    // Shrinking leaves a page beside the repro, and the report writes the same one.
    let beside = scratch("page.html");
    let named = scratch("named.html");
    report(&[&repro, "--html", named.to_str().expect("UTF-8")]);
    let read = |path: &Path| std::fs::read_to_string(path).expect("a page");
    assert_eq!(read(&named), read(&beside));

    let mut page = Page::open(&named, &scratch("chromium-forms")).expect("a page");
    let header = page.evaluate("document.querySelector('#header').innerText");
    let header = header
        .expect("a header")
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for part in [
        "VIOLATION",
        "sequence-apart-from-send",
        "must be appended in the order of their numbers",
        "reached client-1 before",
        "fifo/overtaken",
        "event-",
        "rehearsal replay ",
    ] {
        assert!(header.contains(part), "{part} is missing in\n{header}");
    }
    pictures(&mut page, "violation");
    page.press("c").expect("a key");
    let differences = page.evaluate("document.querySelectorAll('.row.difference').length");
    assert_eq!(differences.expect("a number"), 2);
    pictures(&mut page, "violation-compared");
    let arrows = page.evaluate("document.querySelectorAll('.link.message').length > 0");
    assert_eq!(arrows.expect("arrows"), true);
    assert_eq!(page.errors().expect("errors"), Vec::<Value>::new());
    assert_eq!(page.requests().expect("requests"), Vec::<String>::new());
}

/// The picture of the README and the guide is of the run that the README prints first.
/// `README_UPDATE=1` writes it anew.
#[test]
fn run_of_the_readme_has_the_page_of_its_picture() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal-browser-tests"));
    command
        .args(["run", "sequence-apart-from-send", "--seed", "21"])
        .current_dir(root())
        // The page names its repro: below `target/rehearsal`, as for a reader.
        .env_remove("CARGO_TARGET_DIR");
    let output = command.output().expect("the command line runs");
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let file = root().join("target/rehearsal/sequence-apart-from-send-seed-21.html");
    let mut page = Page::open(&file, &scratch("chromium-readme")).expect("a page");
    page.press("c").expect("a key");
    let differences = page.evaluate("document.querySelectorAll('.row.difference').length");
    assert_eq!(differences.expect("a number"), 2);
    pictures(&mut page, "readme");
    if std::env::var_os("README_UPDATE").is_some() {
        let picture = scratch("pictures").join("readme-light.png");
        std::fs::copy(picture, root().join("docs/guide/page.png")).expect("a copy");
    }
}

#[test]
fn sequence_diagram_is_read_by_mermaid() {
    let diagram = report(&[&shrunk("mermaid.repro"), "--mermaid"]);
    let library = std::env::var_os("MERMAID_JS");
    let library = library.map_or_else(|| root().join(MERMAID), PathBuf::from);
    let library = std::fs::read_to_string(&library).unwrap_or_else(|error| {
        panic!("{}: {error}; `.ci/browser` installs it", library.display())
    });
    let empty = scratch("empty.html");
    std::fs::write(&empty, "<!doctype html><title>empty</title>").expect("a file");
    let mut page = Page::open(&empty, &scratch("chromium-mermaid")).expect("a page");
    page.evaluate(&library).expect("a library");
    let mut parse = |text: &str| {
        let text = serde_json::to_string(text).expect("JSON");
        page.evaluate(&format!(
            "mermaid.parse({text}, {{ suppressErrors: true }})"
        ))
        .expect("an answer")
    };
    assert_eq!(parse(&diagram)["diagramType"], "sequence", "{diagram}");
    assert_eq!(
        parse(&format!("{diagram}    p0 ->\n")),
        false,
        "it tells them apart"
    );
    for part in ["participant p0 as ", "->>", "» ", "✗ "] {
        assert!(diagram.contains(part), "{part} is missing in\n{diagram}");
    }
}

#[test]
fn forms_go_into_files_in_one_piece() {
    let repro = shrunk("forms.repro");
    let trace = scratch("trace.json");
    let page = scratch("forms-page.html");
    let [trace_text, page_text] = [&trace, &page].map(|path| path.to_str().expect("UTF-8"));
    report(&[&repro, "--perfetto", trace_text, "--html", page_text]);
    let trace = std::fs::read_to_string(&trace).expect("a trace");
    let trace: Value = serde_json::from_str(&trace).expect("JSON");
    assert!(
        trace["traceEvents"]
            .as_array()
            .is_some_and(|list| list.len() > 100)
    );

    // A directory cannot be replaced: an error, and the other file all the same.
    let taken = scratch("taken.html");
    std::fs::create_dir_all(taken.join("inside")).expect("a directory");
    let arguments = ["report", &repro, "--html", taken.to_str().expect("UTF-8")];
    let output = rehearsal(&arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("cannot write") && text.contains("taken.html"),
        "{text}"
    );
}
