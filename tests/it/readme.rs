//! Every transcript in the README and in AGENTS.md is what the command prints. To write them
//! anew: `README_UPDATE=1 cargo test --test it readme::`.

use std::process::Command;

use rehearsal::agents::system::AnySystem;
use rehearsal::agents::systems::SYSTEMS;
use rehearsal::oracle::OracleRef;
use rehearsal::sim::{STRATEGIES, StrategyInfo, StrategyName};

const OPEN: &str = "```console\n";
const CLOSE: &str = "\n```";

/// The output of one `$ …` line. `cargo run --release -- X` is our own binary.
fn output_of(line: &str) -> String {
    let arguments = line
        .strip_prefix("cargo run --release -- ")
        .or_else(|| line.strip_prefix("rehearsal "))
        .unwrap_or_else(|| panic!("`{line}` is not a command of this project"));
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(arguments.split_whitespace())
        // Repros are shown where they are unless `--out` says otherwise.
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("the command starts");
    let mut text = String::from_utf8(output.stdout).expect("UTF-8");
    text += &String::from_utf8(output.stderr).expect("UTF-8");
    text.trim_end().to_owned()
}

/// A transcript with the output of its command as it is now.
fn regenerated(block: &str) -> String {
    let command = block.lines().next().expect("a transcript has a command");
    let line = command.strip_prefix("$ ").expect("it starts with `$ `");
    format!("{command}\n{}", output_of(line))
}

#[test]
fn transcripts_are_what_the_commands_print() {
    check_transcripts("README.md");
    check_transcripts("AGENTS.md");
}

fn check_transcripts(path: &str) {
    let text = std::fs::read_to_string(path).expect("there is such a page");
    let mut rest = text.as_str();
    let mut written = String::new();
    let mut transcripts = 0;
    while let Some(start) = rest.find(OPEN) {
        let (before, after) = rest.split_at(start + OPEN.len());
        let end = after.find(CLOSE).expect("a transcript ends");
        let (block, tail) = after.split_at(end);
        written += before;
        written += &regenerated(block);
        rest = tail;
        transcripts += 1;
    }
    written += rest;
    assert!(transcripts > 0, "{path} has transcripts");
    if std::env::var_os("README_UPDATE").is_some() {
        std::fs::write(path, &written).expect("the page is written");
    } else {
        similar(path, &text, &written);
    }
}

/// The first line that differs says more than two whole texts.
fn similar(path: &str, found: &str, expected: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{path}, line {}", number + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

/// The picture of a page is of the README's first run. If that run changes, the picture is to be
/// made anew: `README_UPDATE=1 cargo test --workspace --test pages picture`.
#[test]
fn picture_is_of_the_run_of_the_first_transcript() {
    let read = |path| std::fs::read_to_string(path).expect("there is such a page");
    let (readme, page) = (read("README.md"), read("docs/guide/page.md"));
    let (_, run) = readme.split_once("fingerprint ").expect("a run");
    let fingerprint: String = run.chars().take_while(char::is_ascii_hexdigit).collect();
    let caption = format!("`sequence-apart-from-send`, seed 21, fingerprint `{fingerprint}`");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&caption), "page.md lacks {caption}");
    assert!(readme.contains("](docs/guide/page.png)") && page.contains("](page.png)"));
}

/// The scenario file that the README shows is valid, and passes.
#[test]
fn the_scenario_in_the_readme_passes() {
    use rehearsal::run::{RunOptions, RunVerdict, StrategyName, run_once};
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    let (_, after) = readme.split_once("```toml\n").expect("a scenario file");
    let (text, _) = after.split_once("```").expect("it ends");
    let (_, name) = text.split_once("name = \"").expect("a name");
    let (name, _) = name.split_once('"').expect("it ends");
    let file = format!("{name}.toml");
    let scenario = rehearsal::scenario::parse(text, file.as_ref())
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    for seed in 0..u64::from(scenario.seeds) {
        let report = run_once(&scenario, RunOptions::new(seed, StrategyName::RANDOM));
        assert_eq!(report.verdict, RunVerdict::Pass, "{:?}", report.failures);
    }
}

/// Rows of the README's table of strategies.
fn strategies() -> String {
    let row = |info: &&StrategyInfo| {
        let name = match &info.parameter {
            Some(parameter) => format!("`{0}`, `{0}:{1}`", info.name, parameter.default),
            None => format!("`{}`", info.name),
        };
        let paper = info.paper.unwrap_or("–");
        format!("| {name} | {} | {paper} |\n", info.summary)
    };
    STRATEGIES.iter().map(row).collect()
}

#[test]
fn strategies_are_listed_as_in_their_table() {
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    let rows = strategies();
    assert!(readme.contains(&rows), "the README lacks\n{rows}");
    for (command, searches) in [("run", false), ("explore", true)] {
        let help = output_of(&format!("rehearsal {command} --help"));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let listed = words(&StrategyName::help(searches));
        assert!(words(&help).contains(&listed), "{help}\nlacks: {listed}");
    }
    let members = StrategyName::portfolio();
    assert!(
        members
            .iter()
            .all(|member| rows.contains(member.info().name))
    );
}

#[test]
fn oracles_are_listed_as_in_their_table() {
    let row = |oracle: OracleRef| format!("| `{oracle}` | {} |\n", oracle.claim());
    let rows: String = OracleRef::all().map(row).collect();
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    assert!(readme.contains(&rows), "the README lacks\n{rows}");
}

#[test]
fn systems_are_listed_as_in_their_table() {
    let row = |system: &&dyn AnySystem| {
        let info = system.info();
        format!(
            "| [`{0}`](agents/src/systems/{0}/mod.rs) | {1} |\n",
            info.name, info.summary
        )
    };
    let rows: String = SYSTEMS.iter().map(row).collect();
    let readme = std::fs::read_to_string("README.md").expect("there is a README");
    assert!(readme.contains(&rows), "the README lacks\n{rows}");
}
