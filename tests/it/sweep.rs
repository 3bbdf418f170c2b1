//! Manifests and scripts for engines that run many processes: each shard's command is run as
//! its engine would run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{code, stderr, stdout};

const EXE: &str = env!("CARGO_BIN_EXE_rehearsal");

/// Returns an empty directory.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("sweep")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn sweep(engine: &str, results: &Path, explore: &[&str]) -> Output {
    Command::new(EXE)
        .args(["sweep", "--emit", engine, "--shards", "3", "--results"])
        .arg(results)
        .arg("--")
        .args(explore)
        .output()
        .expect("the command starts")
}

/// The exploration that is shared out: its seeds are no multiple of the shards.
const EXPLORE: [&str; 4] = ["programs_stack", "--seeds", "100", "--json"];

fn emitted(engine: &str, results: &Path) -> String {
    let output = sweep(engine, results, &EXPLORE);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

/// Returns the seeds that a shard has run, and asserts that it has passed.
fn seeds(program: &str, arguments: &[&str], index: Option<(&str, u32)>) -> u64 {
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some((variable, index)) = index {
        command.env(variable, index.to_string());
    }
    let directory = Path::new(EXE).parent().expect("a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", directory.display()));
    let output = command.output().expect("it starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let line: Value = serde_json::from_str(&stdout(&output)).expect("one line of JSON");
    line["seeds"].as_u64().expect("a count")
}

/// Asserts that the shards share the seeds out, and that none is run a second time.
fn assert_shared_out(seeds: impl Fn(u32) -> u64) {
    let shards: Vec<u64> = (0..3).map(&seeds).collect();
    assert_eq!(shards, [33, 33, 34]);
    let again: Vec<u64> = (0..3).map(seeds).collect();
    assert_eq!(again, [0, 0, 0]);
}

/// Returns the merged results of the shards, and of one exploration without shards.
fn merged(results: &Path) -> (String, String) {
    let whole = results.with_extension("whole");
    let _ = std::fs::remove_dir_all(&whole);
    let explored = Command::new(EXE)
        .arg("explore")
        .args(EXPLORE)
        .arg("--out")
        .arg(&whole)
        .output();
    assert_eq!(code(&explored.expect("the command starts")), 0);
    let merge = |directories: &[PathBuf]| {
        let merge = Command::new(EXE)
            .args(["merge", "--json"])
            .args(directories)
            .output();
        let merge = merge.expect("the command starts");
        assert_eq!(code(&merge), 0, "{}", stderr(&merge));
        stdout(&merge)
    };
    let shards = [0, 1, 2].map(|index| results.join(format!("shard-{index}")));
    (merge(&shards), merge(&[whole]))
}

#[test]
fn slurm_script_runs_each_seed_once() {
    let results = directory("slurm's results");
    let script = emitted("slurm", &results);
    assert!(script.contains("#SBATCH --array=0-2\n"), "{script}");
    assert_shared_out(|index| seeds("sh", &["-c", &script], Some(("SLURM_ARRAY_TASK_ID", index))));
    let (shards, whole) = merged(&results);
    assert_eq!(shards, whole);
}

#[test]
fn aws_batch_job_runs_each_seed_once() {
    let results = directory("batch results");
    let job: Value = serde_json::from_str(&emitted("aws-batch", &results)).expect("JSON");
    assert_eq!(job["arrayProperties"]["size"], 3);
    let command = strings(&job["containerOverrides"]["command"]);
    let [shell, arguments @ ..] = &command[..] else {
        panic!("{command:?}");
    };
    assert_shared_out(|index| seeds(shell, arguments, Some(("AWS_BATCH_JOB_ARRAY_INDEX", index))));
    // What the shell's exit says is no accident of the machine.
    let ended = job["retryStrategy"]["evaluateOnExit"]
        .as_array()
        .expect("rules");
    let codes: Vec<&Value> = ended.iter().map(|rule| &rule["onExitCode"]).collect();
    assert_eq!(codes, ["10", "11", "12", "14", "2", "4"]);
}

#[test]
fn kubernetes_job_runs_each_seed_once() {
    let results = directory("kubernetes");
    let job: Value = serde_json::from_str(&emitted("kubernetes", &results)).expect("JSON");
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(spec["completions"], 3);
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Never");
    let container = &spec["template"]["spec"]["containers"][0];
    let command = strings(&container["command"]);
    assert_shared_out(|index| {
        let expand = |word: &&str| word.replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
        let words: Vec<String> = command.iter().map(expand).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        seeds(words[0], &words[1..], None)
    });
    let rules = spec["podFailurePolicy"]["rules"].as_array().expect("rules");
    let actions: Vec<&Value> = rules.iter().map(|rule| &rule["action"]).collect();
    assert_eq!(actions, ["Ignore", "FailIndex", "FailJob"]);
    for rule in &rules[1..] {
        assert_eq!(rule["onExitCodes"]["containerName"], container["name"]);
    }
}

fn strings(value: &Value) -> Vec<&str> {
    let values = value.as_array().expect("an array");
    values
        .iter()
        .map(|v| v.as_str().expect("a string"))
        .collect()
}

#[test]
fn parallel_script_quotes_each_word_twice() {
    let script = emitted("parallel", &directory("it's parallel"));
    // What parallel does with the line that it is given, for the shard 1.
    let line = script.lines().last().expect("a line").trim();
    let unquoted = Command::new("sh")
        .args(["-c", &format!("printf %s {line}")])
        .output()
        .expect("a shell");
    let line = stdout(&unquoted).replace("@SHARD@", "1");
    assert_eq!(seeds("sh", &["-c", &line], None), 33);
    assert!(script.contains("seq 0 2 | parallel"), "{script}");
}

/// What follows the command, parallel would add to it.
#[test]
fn more_arguments_of_parallel_stand_before_its_command() {
    let script = emitted("parallel", &directory("parallel"));
    // Shows the arguments in the place of parallel, after the index has been read.
    let shown = format!("parallel() {{ cat > /dev/null; printf '[%s]' \"$@\"; }}\n{script}");
    let output = Command::new("sh")
        .args(["-c", &shown, "sh", "--sshlogin", "a,b"])
        .output()
        .expect("a shell");
    let arguments = stdout(&output);
    let (options, command) = arguments.split_once("[rehearsal ").expect("a command");
    assert!(options.ends_with("[--sshlogin][a,b]"), "{arguments}");
    assert_eq!(command.matches('[').count(), 0, "{arguments}");
}

#[test]
fn arguments_of_the_user_are_expanded_by_no_engine() {
    let set = [
        "programs_stack",
        "--seeds",
        "9",
        "--set",
        "claim=$(HOME) `id` $HOME",
    ];
    let job = sweep("kubernetes", Path::new("results"), &set);
    assert!(stdout(&job).contains("$$(HOME)"), "{}", stdout(&job));
    let script = sweep("slurm", Path::new("results"), &set);
    assert!(
        stdout(&script).contains("'claim=$(HOME) `id` $HOME'"),
        "{}",
        stdout(&script)
    );
}

#[test]
fn what_no_shard_could_run_is_refused_here() {
    for (wrong, problem) in [
        (&["programs_stack"][..], "--seeds is needed"),
        (&["no_such_scenario", "--seeds", "9"], "no_such_scenario"),
        (
            &["programs_stack", "--seeds", "9", "--shard", "0/2"],
            "--shard",
        ),
        (
            &["programs_stack", "--seeds", "9", "--out", "x"],
            "--results",
        ),
        (
            &["programs_stack", "--seeds", "9", "--resume", "x"],
            "--resume",
        ),
        (&["programs_stack", "--strategy", "exhaustive"], "no shards"),
        (&["programs_stack", "--seed", "9"], "--seed"),
    ] {
        let output = sweep("slurm", Path::new("results"), wrong);
        assert_eq!(code(&output), 2, "{wrong:?}");
        assert_eq!(stdout(&output), "", "{wrong:?}");
        assert!(
            stderr(&output).contains(problem),
            "{wrong:?}: {}",
            stderr(&output)
        );
    }
}
