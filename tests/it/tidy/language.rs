//! The language of code and documents: words that are banned, with what to say instead,
//! and how doc comments begin. The reasons are in `CONTRIBUTING.md`.
//!
//! Each count has a ceiling that may only be lowered: a count above it fails, and so does
//! a count below it, until the ceiling follows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// This file, which has to spell what it bans.
const TABLE: &str = "tests/it/tidy/language.rs";

/// Names of products, whose parts are no words.
const NAMES: [&str; 1] = ["GitLab"];

/// Percentage of doc comments that may begin with a question word.
const QUESTIONS_MAX_PERCENT: usize = 4;

/// A dialect word in all its forms. A form of several words is found in prose and in
/// identifiers alike.
struct Banned {
    forms: &'static [&'static str],
    say: &'static str,
    ceiling: usize,
}

const fn banned(forms: &'static [&'static str], say: &'static str, ceiling: usize) -> Banned {
    Banned {
        forms,
        say,
        ceiling,
    }
}

#[rustfmt::skip]
const BANNED: &[Banned] = &[
    banned(&["affair", "affairs"], "the component that checks or handles it", 0),
    banned(&["aftermath"], "failure report", 0),
    banned(&["audience"], "reporter", 0),
    banned(&["boring"], "default choice, default schedule; not so: deviation", 0),
    banned(&["bury", "buries", "buried"], "terminate orphaned runs", 0),
    banned(&["casting"], "compatibility", 0),
    banned(&["curtain", "curtains"], "start of the agents", 0),
    banned(&["dismissal"], "end of the supervisor", 0),
    banned(&["doorway"], "listener", 0),
    banned(&["ferry"], "connector", 0),
    banned(&["goodbyes"], "drain timeout", 0),
    banned(&["harbour"], "listener", 0),
    banned(&["house", "houses"], "topology, simulator, project", 0),
    banned(&["hunt", "hunts"], "search", 0),
    banned(&["lab"], "shrink session", 0),
    banned(&["leash", "leashed"], "cancellation", 0),
    banned(&["lineage"], "spawn tree", 0),
    banned(&["mend", "mends", "mended", "mending"], "fix", 0),
    banned(&["nobody"], "no task, no host, nothing", 4),
    banned(&["notebook", "notebooks"], "recorder", 0),
    banned(&["on its way", "on their way"], "in flight", 0),
    banned(&["overture"], "startup", 0),
    banned(&["play", "plays", "played", "playing"], "run, replay", 0),
    banned(&["seated", "seat clients"], "subscribed", 0),
    banned(&["see off", "sees off", "see clients off"], "drain", 0),
    banned(&["settler", "settlers"], "quiescence waiters", 0),
    banned(&["somebody"], "the component", 0),
    banned(&["speak for the dead"], "report the agent's death", 0),
    banned(&["stage", "stages", "staged"], "run state, target, topology", 0),
    banned(&["stranger", "strangers"], "the library, the foreign task, the unknown key", 0),
    banned(&["strike the set", "strikes the set"], "shut down and count", 0),
    banned(&["take down", "takes down", "taken down"], "record", 0),
    banned(&["telephone", "telephones"], "connector", 0),
    banned(&["theatre"], "simulation", 0),
    banned(&["timepiece"], "clock", 0),
    banned(&["tour", "tours"], "portable scenario", 1),
    banned(&["whoever"], "the component", 0),
];

/// The number of doc comments that begin with each question word, as long as their share is above
/// the limit. Empty from then on.
const QUESTIONS: &[(&str, usize)] = &[];

const QUESTION_WORDS: [&str; 7] = ["Who", "What", "Which", "Whether", "Where", "When", "How"];

/// A line of a file.
struct Line {
    place: String,
    text: String,
}

/// Returns the lines of all files with one of these extensions, hidden directories and
/// build directories left out.
fn lines(extensions: &[&str]) -> Vec<Line> {
    let mut lines = Vec::new();
    for path in files(Path::new("."), extensions) {
        let path = path.strip_prefix(".").expect("below the root");
        if path == Path::new(TABLE) {
            continue;
        }
        let text = fs::read_to_string(path).expect("UTF-8");
        lines.extend(text.lines().enumerate().map(|(number, line)| Line {
            place: format!("{}:{}", path.display(), number + 1),
            text: line.to_owned(),
        }));
    }
    lines
}

fn files(directory: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_none_or(|name| name.starts_with('.')) {
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            // Cargo marks its build directories, wherever they are.
            if !path.join("CACHEDIR.TAG").exists() {
                found.extend(files(&path, extensions));
            }
        } else if extension.is_some_and(|extension| extensions.contains(&extension)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the words of a line in small letters, with a space on each side of each. The
/// parts of an identifier are words.
fn spaced(line: &str) -> String {
    let mut spaced = String::from(" ");
    let mut after_small = false;
    for letter in line.chars() {
        let starts_part = letter.is_uppercase() && after_small;
        if (starts_part || !letter.is_alphabetic()) && !spaced.ends_with(' ') {
            spaced += "  ";
        }
        if letter.is_alphabetic() {
            spaced.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    spaced + " "
}

/// Returns how often each form stands in a line that [`spaced`] has taken apart.
fn occurrences(line: &str, forms: &[String]) -> usize {
    forms.iter().map(|form| line.matches(form).count()).sum()
}

/// Reports a count that differs from its ceiling, with the lines if it is above.
fn compare(report: &mut String, name: &str, say: &str, ceiling: usize, found: &[&Line]) {
    let count = found.len();
    if count < ceiling {
        writeln!(
            report,
            "`{name}`: {count}, less than {ceiling}: lower the ceiling in {TABLE} to {count}"
        )
        .expect("a string takes everything");
    } else if count > ceiling {
        writeln!(report, "`{name}`: {count}, more than {ceiling}: {say}")
            .expect("a string takes everything");
        for Line { place, text } in found {
            writeln!(report, "    {place}: {}", text.trim()).expect("a string takes everything");
        }
    }
}

#[test]
fn banned_words_stay_within_their_ceilings() {
    let lines = lines(&["rs", "md", "toml"]);
    let words = |line: &Line| {
        let names = NAMES.iter();
        spaced(&names.fold(line.text.clone(), |text, name| text.replace(name, "")))
    };
    let texts: Vec<String> = lines.iter().map(words).collect();
    let mut report = String::new();
    for row in BANNED {
        let forms: Vec<String> = row.forms.iter().map(|form| spaced(form)).collect();
        let mut found = Vec::new();
        for (line, text) in lines.iter().zip(&texts) {
            found.extend(std::iter::repeat_n(line, occurrences(text, &forms)));
        }
        let say = format!("say {}", row.say);
        compare(&mut report, row.forms[0], &say, row.ceiling, &found);
    }
    assert!(report.is_empty(), "\n{report}");
}

/// Returns the first lines of all doc comments.
fn docs(lines: &[Line]) -> Vec<(&Line, &str)> {
    let mut docs = Vec::new();
    let mut before = None;
    for line in lines {
        let text = line.text.trim_start();
        let mark = ["///", "//!"]
            .into_iter()
            .find(|mark| text.starts_with(mark) && !text.starts_with("////"));
        if let Some(mark) = mark
            && before != Some(mark)
        {
            docs.push((line, text[mark.len()..].trim_start()));
        }
        before = mark;
    }
    docs
}

#[test]
fn few_doc_comments_begin_with_a_question_word() {
    let lines = lines(&["rs"]);
    let docs = docs(&lines);
    let question = |text: &str| {
        let first = text.split(|letter: char| !letter.is_alphabetic()).next();
        QUESTION_WORDS.into_iter().find(|word| first == Some(word))
    };
    let questions: Vec<(&Line, &str)> = docs
        .iter()
        .filter_map(|(line, text)| Some((*line, question(text)?)))
        .collect();
    if questions.len() * 100 < docs.len() * QUESTIONS_MAX_PERCENT {
        let message = "the share is under the limit: empty the table of question words";
        assert!(QUESTIONS.is_empty(), "{message}");
        return;
    }
    let mut report = String::new();
    for word in QUESTION_WORDS {
        let ceiling = QUESTIONS.iter().find(|(known, _)| *known == word);
        let ceiling = ceiling.map_or(0, |(_, ceiling)| *ceiling);
        let with_word = questions.iter().filter(|(_, found)| *found == word);
        let found: Vec<&Line> = with_word.map(|(line, _)| *line).collect();
        let say = "begin with a noun phrase or a verb in the third person";
        compare(&mut report, word, say, ceiling, &found);
    }
    let (count, all) = (questions.len(), docs.len());
    assert!(
        report.is_empty(),
        "\n{count} of {all} doc comments\n{report}"
    );
}

#[test]
fn words_are_found_in_prose_and_in_identifiers() {
    let count = |line: &str, form: &str| occurrences(&spaced(line), &[spaced(form)]);
    let curtains = "the Curtain, RAISE_CURTAIN; curtain curtainRail";
    assert_eq!(count(curtains, "curtain"), 4);
    let sets = "world.strike_the_set(); // strike the set";
    assert_eq!(count(sets, "strike the set"), 2);
    let parts = "broadcasting to HouseRules and a warehouse";
    assert_eq!(count(parts, "casting"), 0);
    assert_eq!(count(parts, "house"), 1);
}

#[test]
fn each_word_is_banned_once_and_no_replacement_is_banned() {
    let forms: Vec<&str> = BANNED.iter().flat_map(|row| row.forms).copied().collect();
    for (number, form) in forms.iter().enumerate() {
        assert!(!forms[..number].contains(form), "{form} twice");
        for Banned { say, .. } in BANNED {
            let count = occurrences(&spaced(say), &[spaced(form)]);
            assert_eq!(count, 0, "{form} in `{say}`");
        }
    }
}
