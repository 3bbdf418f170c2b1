//! The documents as a book: each page is in the table of contents, every link leads somewhere,
//! and what pages quote is what the commands print.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// The directory of the book.
const BOOK: &str = "docs";

const SUMMARY: &str = "docs/SUMMARY.md";

/// Pages whose transcripts are tested, from which others quote.
const TRANSCRIPTS: [&str; 2] = ["README.md", "docs/guide/getting-started.md"];

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns every page below a directory.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the pages of the book, and those at the root.
fn documents() -> Vec<PathBuf> {
    let mut found = pages(Path::new(BOOK));
    let root = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "AGENTS.md",
        "CHANGELOG.md",
    ];
    found.extend(root.map(PathBuf::from));
    found
}

/// Returns the lines that are not in a block of code.
fn prose(text: &str) -> String {
    let mut in_block = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose += line;
        }
        prose.push('\n');
    }
    prose
}

/// Returns the targets of the links of a page.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let parts = prose.split("](").skip(1);
    let targets = parts.filter_map(|part| Some(part.split_once(')')?.0));
    targets.map(|target| target.trim().to_owned()).collect()
}

/// Returns the anchors of a page, as GitHub and mdBook make them of its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for line in prose(text).lines().filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = seen.entry(anchor.clone()).or_default();
        anchors.insert(match *again {
            0 => anchor,
            number => format!("{anchor}-{number}"),
        });
        *again += 1;
    }
    anchors
}

/// Returns the path with `..` taken away.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leaves the project", path.display()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Returns what is wrong with a link of a page, if anything is.
fn broken(page: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let directory = page.parent().expect("a page is in a directory");
    let target = match file {
        "" => page.to_owned(),
        file => plain(&directory.join(file)),
    };
    if !target.exists() {
        return Some(format!("{}: no file {link}", page.display()));
    }
    // The book has the pages of its directory and nothing else.
    if page.starts_with(BOOK) && !target.starts_with(BOOK) {
        return Some(format!("{}: {link} is not in the book", page.display()));
    }
    let has_anchor = anchor.is_empty() || anchors(&read(&target)).contains(anchor);
    (!has_anchor).then(|| format!("{}: no heading {link}", page.display()))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for page in documents() {
        for link in links(&read(&page)) {
            wrong.extend(broken(&page, &link));
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 100, "only {checked} links");
}

#[test]
fn broken_links_are_found() {
    let page = Path::new("docs/guide/ci.md");
    assert_eq!(broken(page, "page.md#keys"), None);
    assert_eq!(broken(page, "https://example.com/x"), None);
    assert!(broken(page, "nowhere.md").is_some());
    assert!(broken(page, "page.md#no-such-heading").is_some());
    assert!(broken(page, "#no-such-heading").is_some());
    assert!(broken(page, "../../README.md").is_some());
    assert_eq!(broken(Path::new("README.md"), "docs/score.md"), None);
}

#[test]
fn table_of_contents_names_each_page_once() {
    let summary = Path::new(SUMMARY);
    let mut named: Vec<PathBuf> = links(&read(summary))
        .iter()
        .map(|link| Path::new(BOOK).join(link))
        .collect();
    named.sort();
    let mut pages = pages(Path::new(BOOK));
    pages.retain(|page| page != summary);
    assert_eq!(named, pages);
    let book: toml::Table = toml::from_str(&read("book.toml")).expect("TOML");
    assert_eq!(book["book"]["src"].as_str(), Some("docs"));
}

#[test]
fn page_of_the_guide_lists_each_page_of_it() {
    let index = Path::new("docs/guide/README.md");
    let named = links(&read(index));
    for page in pages(Path::new("docs/guide")) {
        let name = page.file_name().expect("a name").to_string_lossy();
        let is_listed = page == index || named.contains(&name.clone().into_owned());
        assert!(is_listed, "{} does not list {name}", index.display());
    }
}

/// Returns the blocks of a page with that word behind the fence.
fn blocks(text: &str, word: &str) -> Vec<String> {
    let parts = text.split("```").skip(1).step_by(2);
    let blocks = parts.filter_map(|block| block.split_once('\n'));
    let blocks = blocks.filter(|(head, _)| *head == word);
    blocks.map(|(_, body)| body.to_owned()).collect()
}

#[test]
fn quoted_failures_are_those_of_the_tested_transcripts() {
    let transcripts: String = TRANSCRIPTS.iter().map(read).collect();
    let lines: BTreeSet<&str> = transcripts.lines().collect();
    let page = read("docs/guide/reading-a-failure.md");
    let quoted = blocks(&page, "text");
    assert!(quoted.len() >= 5, "the page quotes little");
    for line in quoted.iter().flat_map(|block| block.lines()) {
        assert!(lines.contains(line), "printed by no command: {line}");
    }
}

/// Returns the arguments of a line that runs `rehearsal`, without its remark.
fn arguments(line: &str) -> Option<Vec<&str>> {
    // Without what a shell does with its output.
    let command = line.split(" #").next()?.split(" | ").next()?;
    let command = command.split(" > ").next()?.trim();
    let arguments = command
        .strip_prefix("rehearsal ")
        .or_else(|| command.strip_prefix("cargo run --release -- "))?;
    Some(arguments.split_whitespace().collect())
}

/// Words that stand for what a reader puts there.
fn is_placeholder(word: &&str) -> bool {
    word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// Checks that the command takes these arguments. With `--help` everything before it is
/// read, and nothing is run.
fn assert_understood(page: &Path, arguments: &[&str]) {
    let words = arguments.iter().map(|word| match is_placeholder(word) {
        true => "x",
        false => word,
    });
    let mut words: Vec<&str> = words.collect();
    // Behind `--` it would belong to another command.
    let end = words.iter().position(|word| *word == "--");
    words.insert(end.unwrap_or(words.len()), "--help");
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(words)
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let page = page.display();
    assert!(output.status.success(), "{page}: {arguments:?}\n{said}");
}

#[test]
fn commands_of_the_documents_are_understood() {
    let mut checked = 0;
    for page in documents() {
        let text = read(&page);
        for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
            if let Some(arguments) = arguments(line) {
                assert_understood(&page, &arguments);
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "only {checked} commands");
}

#[test]
fn commands_for_coding_agents_are_understood() {
    let page = Path::new("AGENTS.md");
    let text = read(page);
    let quoted = text.lines().filter(|line| !line.starts_with('$'));
    let quoted = quoted.flat_map(|line| line.split('`').skip(1).step_by(2));
    let commands: Vec<Vec<&str>> = quoted.filter_map(arguments).collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        assert_understood(page, &command);
    }
}

#[test]
fn tables_of_exit_codes_are_complete() {
    use rehearsal::exit::Exit;
    let codes = [
        Exit::Pass,
        Exit::Internal,
        Exit::Usage,
        Exit::Unknown,
        Exit::NothingSelected,
        Exit::Violation,
        Exit::Stuck,
        Exit::Nondeterminism,
        Exit::NotReproduced,
        Exit::Hang,
    ];
    for page in ["AGENTS.md", "docs/guide/ci.md"] {
        let text = read(page);
        let cells = text
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let listed: BTreeSet<&str> = cells.flat_map(|cell| cell.split(", ")).collect();
        for code in codes {
            let code = code.code().to_string();
            assert!(listed.contains(code.as_str()), "{page} lacks {code}");
        }
    }
}

/// The file that `rehearsal new` writes, broken as the page shows it.
#[test]
fn problems_on_the_page_of_the_first_scenario_are_those_reported() {
    let page = read("docs/guide/first-scenario.md");
    let shown = blocks(&page, "text").concat();
    let text = rehearsal::scenario::new::text("my_scenario", "bus").expect("a system");
    let text = text.replacen("mailbox = 64", "mailbox = 0", 1).replacen(
        "kind = \"requester\"\ncount",
        "kind = \"requestor\"\ncuont",
        1,
    );
    let problems = rehearsal::scenario::parse(&text, Path::new("my_scenario.toml"));
    let problems = problems.expect_err("it is wrong in three places");
    let titles: String = problems
        .iter()
        .map(|problem| format!("error[{}]: {}\n", problem.code, problem.message))
        .collect();
    assert_eq!(shown, titles);
}
