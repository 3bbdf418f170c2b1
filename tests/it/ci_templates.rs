//! The templates for CI services: their scripts are run as the service would run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use saphyr::{LoadableYamlNode, Yaml};

use crate::support::{code, stderr};

/// Returns an empty directory.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ci").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn template(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci").join(name);
    std::fs::read_to_string(path).expect("a template")
}

fn parsed(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).expect("it is YAML");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn text<'a>(yaml: &'a Yaml<'_>) -> &'a str {
    yaml.as_str().expect("a text")
}

/// Runs a script with these variables and the command on its path.
fn shell(script: &str, variables: &[(&str, &str)]) -> Output {
    let directory = Path::new(env!("CARGO_BIN_EXE_rehearsal")).parent();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", directory.expect("a directory").display());
    Command::new("sh")
        .args(["-e", "-c", script])
        .env("PATH", path)
        .envs(variables.iter().copied())
        .output()
        .expect("a shell starts")
}

/// Runs the script of the GitHub action with its inputs.
fn github(out: &Path, arguments: &str) -> Output {
    let action = template("github/action.yml");
    let action = parsed(&action);
    let step = &action["runs"]["steps"][0];
    // The environment has each input under the name that the script reads.
    for (variable, input) in [
        ("COMMAND", "command"),
        ("ARGUMENTS", "arguments"),
        ("OUT", "out"),
    ] {
        let value = format!("${{{{ inputs.{input} }}}}");
        assert_eq!(text(&step["env"][variable]), value);
    }
    let script = text(&step["run"]);
    assert!(!script.contains("${{"), "{script}");
    let command = text(&action["inputs"]["command"]["default"]);
    let summary = out.join("summary.md");
    let variables = [
        ("COMMAND", command),
        ("ARGUMENTS", arguments),
        ("OUT", out.to_str().expect("UTF-8")),
        ("GITHUB_STEP_SUMMARY", summary.to_str().expect("UTF-8")),
    ];
    shell(script, &variables)
}

#[test]
fn github_action_shows_results_and_fails_with_the_finding() {
    let out = directory("github");
    let output = github(&out, "explore programs_stack --seeds 16");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = github(&out, "explore claimed-twice --seeds 64 --no-shrink");
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let summary = std::fs::read_to_string(out.join("summary.md")).expect("a summary");
    assert!(
        summary.contains("| `programs_stack` | passed |"),
        "{summary}"
    );
    assert!(
        summary.contains("| `claimed-twice` | **violation** |"),
        "{summary}"
    );
    assert!(out.join("junit.xml").exists());
    let files = std::fs::read_dir(&out).expect("a directory");
    let repros = files.filter(|file| {
        let path = file.as_ref().expect("a file").path();
        path.extension()
            .is_some_and(|extension| extension == "repro")
    });
    assert!(repros.count() > 0);
}

#[test]
fn github_action_uploads_what_the_command_wrote() {
    let action = template("github/action.yml");
    let action = parsed(&action);
    let upload = &action["runs"]["steps"][1];
    assert!(text(&upload["uses"]).starts_with("actions/upload-artifact@"));
    assert_eq!(text(&upload["with"]["path"]), "${{ inputs.out }}");
    // Failures are what it is for.
    assert_eq!(text(&upload["if"]), "${{ !cancelled() }}");
}

#[test]
fn gitlab_template_runs_each_seed_on_one_node() {
    let template = template("gitlab/rehearsal.yml");
    let template = parsed(&template);
    let job = &template[".rehearsal"];
    let lines = job["script"].as_vec().expect("a script");
    let script = lines.iter().map(text).collect::<Vec<_>>().join("\n");
    let run = |name: &str, node: &[(&str, &str)]| {
        let out = directory(name);
        let variables = [
            ("SWEEP_COMMAND", text(&job["variables"]["SWEEP_COMMAND"])),
            ("SWEEP_ARGUMENTS", "explore programs_stack --json --seeds 9"),
            ("SWEEP_OUT", out.to_str().expect("UTF-8")),
        ];
        let output = shell(&script, &[&variables, node].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(out.join("junit.xml").exists());
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        line["seeds"].as_u64().expect("a count")
    };
    assert_eq!(run("alone", &[]), 9);
    let first = [("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")];
    let second = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")];
    assert_eq!([run("first", &first), run("second", &second)], [4, 5]);
    let junit = text(&job["artifacts"]["reports"]["junit"]);
    assert!(script.contains(junit), "{junit}");
}
