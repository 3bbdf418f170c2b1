//! A project that follows a page of the guide. Two test programs share this file, each of
//! which has `ROOT`, the directory of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ROOT;

const FENCE: &str = "```";
const CHECKOUT: &str = "../rehearsal";

/// A project that follows a page.
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
    /// The directory of a command that the page types.
    tools: Option<PathBuf>,
}

impl Project {
    /// Begins an empty project in a directory of that path. What it builds is in the directory
    /// of the name `target`, beside the temporary files of this package's tests.
    pub(crate) fn new(root: PathBuf, target: &str, tools: Option<PathBuf>) -> Self {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a directory");
        let project = Self {
            root,
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join(target),
            tools,
        };
        // The versions that are there already.
        let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).expect("a lock file");
        project.write("Cargo.lock", &lock);
        project
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap_or_default()
    }

    /// Returns the output of a line for the shell, as far as it is the same every time.
    pub(crate) fn run(&self, line: &str) -> String {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("REHEARSAL_") || text.starts_with("CARGO_") {
                command.env_remove(name);
            }
        }
        if let Some(tools) = &self.tools {
            let mut path = tools.clone().into_os_string();
            path.push(":");
            path.push(std::env::var_os("PATH").unwrap_or_default());
            command.env("PATH", path);
        }
        command
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never");
        // Where the page says `target`, this project has another directory.
        let link = self.root.join("target");
        if !link.exists() {
            std::os::unix::fs::symlink(&self.target, link).expect("a link");
        }
        let output = command.output().expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !errors.contains("could not compile") && !errors.contains("error: failed to"),
            "{line}\n{errors}"
        );
        let target = self.target.to_string_lossy().into_owned();
        let root = format!("{}/", self.root.to_string_lossy());
        telling(&text.replace(&target, "target").replace(&root, ""))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Of what `cargo test` prints: the blocks of tests that failed, or how many passed.
fn telling(output: &str) -> String {
    let mut told = String::new();
    let mut within = false;
    for line in output.lines() {
        within = (within || line.starts_with("---- ")) && line != "failures:";
        if within {
            told += &format!("{line}\n");
        } else if let Some((result, _)) = line.split_once("; 0 ignored")
            && !result.contains(" 0 passed; 0 failed")
            && result.contains("ok.")
        {
            told += &format!("{result}\n");
        }
    }
    told.trim_end().to_owned()
}

/// A fenced block of a page: what stands behind the fence, and what is in it.
struct Block<'a> {
    info: &'a str,
    text: &'a str,
}

/// The page with each console block as `print` returns it.
fn follow(page: &str, mut print: impl FnMut(&Block<'_>) -> Option<String>) -> String {
    let mut written = String::new();
    let mut rest = page;
    while let Some(start) = rest.find(FENCE) {
        let (before, after) = rest.split_at(start + FENCE.len());
        let end = after.find(FENCE).expect("a block ends");
        let (block, tail) = after.split_at(end);
        let (info, text) = block.split_once('\n').expect("a block has lines");
        let new = print(&Block { info, text });
        written += before;
        written += &format!("{info}\n{}", new.as_deref().unwrap_or(text));
        written += FENCE;
        rest = &tail[FENCE.len()..];
    }
    written + rest
}

/// Puts what a block shows into the project's file: at its end, or in the place of a
/// function.
fn apply(project: &Project, file: &str, function: Option<&str>, text: &str) {
    let there = project.read(file);
    let Some(function) = function else {
        let gap = if there.is_empty() { "" } else { "\n" };
        return project.write(file, &format!("{there}{gap}{text}"));
    };
    let first = text.lines().next().expect("a block has lines");
    let start = there.find(first).expect("what is replaced is there");
    let (before, after) = there.split_at(start);
    assert!(text.contains(&format!("fn {function}(")));
    let indent = &first[..first.len() - first.trim_start().len()];
    let last = format!("\n{indent}}}\n");
    let end = after.find(&last).expect("the function ends") + last.len();
    project.write(file, &format!("{before}{text}{}", &after[end..]));
}

/// The lines that replay and keep a failure are those that its block prints.
fn as_printed(line: &str, outputs: &[String]) -> String {
    let label = match line.split(' ').next() {
        Some(word) if word.starts_with("REHEARSAL_REPLAY=") => "  replay  ",
        Some("mkdir") => "  keep    ",
        _ => return line.to_owned(),
    };
    let mut lines = outputs.iter().flat_map(|output| output.lines());
    let printed = lines.find_map(|line| line.strip_prefix(label));
    let printed = printed.unwrap_or_else(|| panic!("no block says how: {outputs:#?}"));
    printed.to_owned()
}

/// Follows a page in a project. Returns the project, and the output of each command; the page
/// must show them.
pub(crate) fn follow_page(page: &str, project: Project) -> (Project, Vec<String>) {
    let page = Path::new(ROOT).join(page);
    let text = fs::read_to_string(&page).expect("there is a guide");
    let mut outputs = Vec::new();
    let written = follow(&text, |block| {
        let words: Vec<&str> = block.info.split(' ').collect();
        match words.as_slice() {
            // A reader has the checkout beside the project.
            ["toml", file] => apply(&project, file, None, &block.text.replace(CHECKOUT, ROOT)),
            ["rust", file] => apply(&project, file, None, block.text),
            ["rust", file, function] => apply(&project, file, Some(function), block.text),
            ["console"] => {
                let command = block.text.lines().next().expect("a command");
                let line = command.strip_prefix("$ ").expect("it starts with `$ `");
                let line = as_printed(line, &outputs);
                let output = project.run(&line);
                let shown = match output.as_str() {
                    "" => format!("$ {line}\n"),
                    output => format!("$ {line}\n{output}\n"),
                };
                outputs.push(output);
                return Some(shown);
            }
            ["sh"] | ["rust,ignore"] => {}
            _ => panic!("a block of {}", block.info),
        }
        None
    });
    if std::env::var_os("README_UPDATE").is_some() {
        fs::write(&page, &written).expect("the page is written");
        return (project, outputs);
    }
    for (number, (found, expected)) in text.lines().zip(written.lines()).enumerate() {
        assert_eq!(found, expected, "{}, line {}", page.display(), number + 1);
    }
    assert_eq!(text.lines().count(), written.lines().count());
    (project, outputs)
}
