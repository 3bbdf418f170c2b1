//! Systems of a user's own under `Harness`. This binary is two things: started with
//! `SYSTEMS_CAST` in its environment it is a user's test binary with the systems
//! named there, else it starts itself as one and looks at what comes out.

mod one_lock;
mod own_agent;
mod registries;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use rehearsal::agents::bridge::BridgeSystem;
use rehearsal::repro::{EXTENSION, Repro};
use rehearsal::{Capability, Harness, Unsupported};

use one_lock::{Flaw, OneLock};
use own_agent::{Haste, Reviewer};
use registries::{Lists, Slip};

const CAST: &str = "SYSTEMS_CAST";
const SCENARIOS: &str = "SYSTEMS_SCENARIOS";

/// Takes the test's name, for a directory of its own.
type Test = fn(&str);

fn main() -> ExitCode {
    if let Ok(cast) = std::env::var(CAST) {
        return project(&cast);
    }
    let tests: [(&str, Test); 15] = [
        ("an_own_bridge_passes_what_it_supports", own_bridge_passes),
        ("a_lossy_bridge_is_caught_and_replays", lossy_bridge),
        ("an_indiscreet_bridge_is_caught", indiscreet_bridge),
        ("a_twin_of_an_own_bridge_replays", indiscreet_twin),
        ("an_own_agent_passes", own_agent_passes),
        ("an_own_agent_with_a_flaw_is_caught", hasty_agent),
        ("an_own_registry_passes", own_registry_passes),
        ("a_forgetful_registry_is_caught", forgetful_registry),
        ("what_is_unsupported_can_fail", unsupported_fails),
        (
            "repro_of_an_unregistered_system_is_refused",
            repro_of_nobody,
        ),
        (
            "a_repro_without_its_capability_fails",
            repro_without_its_capability,
        ),
        ("a_repro_of_the_reference_is_its", repro_of_the_reference),
        ("the_guide_shows_what_is_printed", guide),
        ("a_bad_name_is_refused", bad_names),
        ("the_command_line_sends_to_cargo_test", command_line),
    ];
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            let body = move || {
                test(name);
                Ok::<(), Failed>(())
            };
            Trial::test(name, body)
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

// What a user writes -------------------------------------------------------------

fn one_lock(flaw: Flaw) -> BridgeSystem {
    BridgeSystem::new(move |deps| Arc::new(OneLock::new(deps, flaw)))
        .without(Capability::WebSocket)
        .without(Capability::Recovery)
        .without(Capability::Gaps)
        .without(Capability::RegistryEvents)
        .without(Capability::Sweep)
        .without(Capability::Locks)
}

fn project(cast: &str) -> ExitCode {
    let root = std::env::var_os(SCENARIOS).unwrap_or_else(|| "scenarios/bridge".into());
    let mut harness = Harness::new().scenarios(root);
    for word in cast.split(',') {
        harness = match word {
            "own" => harness.system("own", one_lock(Flaw::None)),
            "lossy" => harness.system("own", one_lock(Flaw::DropsEverySeventh)),
            "indiscreet" => harness.system("own", one_lock(Flaw::SendsToAll)),
            "forgets" => harness.system("own", one_lock(Flaw::None).without(Capability::Resume)),
            "lists" => harness.system("lists", lists(Slip::None)),
            "forgetful" => harness.system("lists", lists(Slip::ForgetsTheReverse)),
            "agent" => harness.system("agent", with_agent(Haste::None)),
            "hasty" => harness.system("agent", with_agent(Haste::ResultFirst)),
            "reference" => harness.reference(),
            "my-bridge" => harness.system(word, as_in_the_guide()),
            "fails" => harness.unsupported(Unsupported::Fails),
            other => harness.system(other, BridgeSystem::reference()),
        };
    }
    harness.run()
}

fn as_in_the_guide() -> BridgeSystem {
    BridgeSystem::reference()
        .without(Capability::Recovery)
        .without(Capability::RegistryEvents)
}

/// An agent of one's own, in the place of the mock agents that analyse data.
fn with_agent(haste: Haste) -> BridgeSystem {
    BridgeSystem::reference().with_agent("data", Reviewer(haste))
}

fn lists(slip: Slip) -> BridgeSystem {
    BridgeSystem::with_registry(move || Box::new(Lists::new(slip)))
}

// Projects -----------------------------------------------------------------------

/// A project of a test's own, with some of our scenarios.
struct Project {
    root: PathBuf,
}

impl Project {
    fn new(name: &str, scenarios: &[&str]) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("systems")
            .join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("scenarios/regressions")).expect("a directory");
        let project = Self { root };
        for scenario in scenarios {
            let text = fs::read_to_string(format!("scenarios/bridge/{scenario}.toml"));
            let text = text.expect("it is there");
            // Few seeds: what many of them show is tested elsewhere.
            let few = text.lines().map(|line| match line.starts_with("seeds = ") {
                true => "seeds = 14",
                false => line,
            });
            let text = few.collect::<Vec<_>>().join("\n");
            let file = Path::new(scenario).file_name().expect("a name");
            let file = Path::new("scenarios").join(file).with_extension("toml");
            fs::write(project.root.join(file), text).expect("a file");
        }
        project
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    fn command(&self, cast: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        clean(&mut command)
            .env(CAST, cast)
            .env(SCENARIOS, self.path("scenarios"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .args(["--test-threads", "1"]);
        command
    }

    /// The first repro that a run of the project has left.
    fn repro(&self, text: &str) -> PathBuf {
        let directory = self.path("target/rehearsal");
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let repros = entries.map(|entry| entry.path()).filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == EXTENSION)
        });
        let found = repros.min();
        found.unwrap_or_else(|| panic!("no repro, but\n{text}"))
    }
}

fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("REHEARSAL_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(command: &mut Command) -> (i32, String) {
    let output: Output = command.output().expect("it starts");
    let mut text = String::from_utf8(output.stdout).expect("UTF-8");
    text += &String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code().expect("an exit code"), text)
}

#[track_caller]
fn tells(text: &str, expected: &[&str]) {
    for word in expected {
        assert!(text.contains(word), "{word} in\n{text}");
    }
}

// Tests --------------------------------------------------------------------------

/// All our scenarios, with all their seeds.
fn own_bridge_passes(_: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    clean(&mut command).env(CAST, "own");
    let (code, text) = run(&mut command);
    assert_eq!(code, 0, "{text}");
    tells(
        &text,
        &[
            "own/lock-order-inversion+healthy",
            "own/shared_bridge: left out: websocket (transport), registry-events (oracle invariants)",
            "own does not support websocket (transport), recovery (fault bridge-crash)",
            "own does not support gaps (goal gap-marked)",
            "own: 33 scenarios run, 9 unsupported (websocket 8, recovery 1, gaps 1); left out:",
        ],
    );
    assert!(!text.contains("test bridge/lock-order-inversion"), "{text}");
}

fn lossy_bridge(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    let (code, text) = run(&mut project.command("lossy"));
    assert_eq!(code, 101, "{text}");
    let file = project.repro(&text);
    let shown = file.display().to_string();
    let kept = project.path("scenarios/regressions");
    tells(
        &text,
        &[
            "VIOLATION  own/shared_bridge",
            "no-loss at",
            "The shrunk run",
            &format!("REHEARSAL_REPLAY={shown} cargo test --test systems"),
            &format!("cp {shown} {}/", kept.display()),
            "-- --exact own/shared_bridge",
        ],
    );
    assert!(!text.contains("rehearsal replay"), "{text}");
    let repro = Repro::read(&file).expect("it is valid");
    assert_eq!(repro.system(), Some("own"));
    assert_eq!(repro.expected.signature.judge, "no-loss");
    assert!(repro.shrunk.is_some());

    let mut replay = project.command("lossy");
    let (code, text) = run(replay.env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &["test own/shared_bridge", "reproduced: ", "no-loss"],
    );

    // The bug is fixed; the repro is kept, so that it stays so.
    fs::copy(&file, kept.join("lossy.repro")).expect("it is copied");
    let (code, text) = run(&mut project.command("own"));
    assert_eq!(code, 0, "{text}");
    tells(&text, &["test regressions/lossy", "2 passed"]);
    let (code, text) = run(project.command("lossy").arg("regressions"));
    assert_eq!(code, 101, "{text}");
    tells(&text, &["regressions/lossy", "no-loss"]);
}

fn indiscreet_bridge(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    let (code, text) = run(&mut project.command("indiscreet"));
    assert_eq!(code, 101, "{text}");
    let repro = Repro::read(&project.repro(&text)).expect("it is valid");
    assert_eq!(repro.expected.signature.judge, "isolation", "{text}");
}

/// It carries what the scenario without a defect is there to find.
fn indiscreet_twin(name: &str) {
    let project = Project::new(name, &["defects/broadcast-to-all"]);
    let (code, text) = run(&mut project.command("indiscreet"));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &["VIOLATION  own/broadcast-to-all+healthy", "The shrunk run"],
    );
    let file = project.repro(&text);
    let (code, text) = run(project.command("indiscreet").env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &["test own/broadcast-to-all+healthy", "reproduced: "],
    );
}

/// By itself, and as a sub-agent.
const OF_AGENTS: [&str; 2] = ["shared_bridge", "supervisor_hierarchy"];

fn own_agent_passes(name: &str) {
    let project = Project::new(name, &OF_AGENTS);
    let (code, text) = run(&mut project.command("agent"));
    assert_eq!(code, 0, "{text}");
    tells(&text, &["agent: 2 scenarios run, 0 unsupported\n"]);
}

fn hasty_agent(name: &str) {
    let project = Project::new(name, &OF_AGENTS);
    let (code, text) = run(&mut project.command("hasty"));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &[
            "VIOLATION  agent/shared_bridge",
            "VIOLATION  agent/supervisor_hierarchy",
            "protocol at",
            "(reviewer-1)",
        ],
    );
    let repro = Repro::read(&project.repro(&text)).expect("it is valid");
    assert_eq!(repro.expected.signature.judge, "protocol");
}

const OF_REGISTRIES: [&str; 3] = ["shared_bridge", "cleanup", "defects/sweep-without-recheck"];

fn own_registry_passes(name: &str) {
    let project = Project::new(name, &OF_REGISTRIES);
    let (code, text) = run(&mut project.command("lists,reference"));
    assert_eq!(code, 0, "{text}");
    tells(
        &text,
        &[
            "test lists/sweep-without-recheck+healthy",
            "test bridge/sweep-without-recheck ",
            "7 passed",
            "lists: 3 scenarios run, 0 unsupported\n",
        ],
    );
}

fn forgetful_registry(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    let (code, text) = run(&mut project.command("forgetful"));
    assert_eq!(code, 101, "{text}");
    tells(&text, &["VIOLATION  lists/shared_bridge", "invariants at"]);
    let repro = Repro::read(&project.repro(&text)).expect("it is valid");
    assert_eq!(repro.expected.signature.judge, "invariants");
}

fn unsupported_fails(name: &str) {
    let project = Project::new(name, &["shared_bridge", "bridge_crash"]);
    let (code, text) = run(&mut project.command("own"));
    assert_eq!(code, 0, "{text}");
    tells(&text, &["1 passed", "1 ignored"]);
    let (code, text) = run(&mut project.command("own,fails"));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &[
            "2 failed",
            "own does not support websocket (transport), recovery (fault bridge-crash)",
            "parts of it were left out; left out: websocket (transport)",
        ],
    );
    let (code, text) = run(&mut project.command("lists,fails"));
    assert_eq!(code, 0, "{text}");
}

fn repro_of_nobody(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    let (_, text) = run(&mut project.command("lossy"));
    let file = project.repro(&text);
    fs::copy(&file, project.path("scenarios/regressions/own.repro")).expect("it is copied");
    let (code, text) = run(&mut project.command("lists"));
    assert_eq!(code, 101, "{text}");
    let told = "the system `own`, which is not registered here; registered: `lists`";
    tells(&text, &["regressions/own", told, "1 failed"]);
    let (code, text) = run(project.command("lists").env("REHEARSAL_REPLAY", &file));
    assert_eq!(code, 2, "{text}");
    tells(&text, &["REHEARSAL_REPLAY: ", told]);
    assert!(!text.contains("running"), "{text}");
}

/// A system that is registered without a capability later on no longer runs what needed it.
fn repro_without_its_capability(name: &str) {
    let project = Project::new(name, &["client_reconnect"]);
    let (_, text) = run(&mut project.command("lossy"));
    let kept = project.path("scenarios/regressions/own.repro");
    fs::copy(project.repro(&text), &kept).expect("it is copied");
    let (code, text) = run(&mut project.command("forgets"));
    assert_eq!(code, 101, "{text}");
    let told = "takes what `own` is registered without: resume (fault client-reconnect)";
    tells(&text, &["regressions/own", told, "1 ignored"]);

    let text = fs::read_to_string(&kept).expect("it is there");
    let bad = text.replace("system = \"own\"", "system = \"o/n\"");
    fs::write(&kept, bad).expect("a file");
    let (code, text) = run(&mut project.command("own"));
    assert_eq!(code, 101, "{text}");
    tells(
        &text,
        &["error[R0014]", "`o/n` cannot be the name of a system"],
    );
}

/// It is run with the reference, although that is not registered.
fn repro_of_the_reference(name: &str) {
    const NAME: &str = "sequence-apart-from-send";
    let project = Project::new(name, &[&format!("defects/{NAME}")]);
    let kept = project.path("scenarios/regressions/kept.repro");
    fs::copy(format!("scenarios/regressions/{NAME}.repro"), &kept).expect("it is copied");
    let (code, text) = run(&mut project.command("own"));
    assert_eq!(code, 0, "{text}");
    tells(&text, &["test regressions/kept", "2 passed"]);
    let (code, text) = run(project.command("own").env("REHEARSAL_REPLAY", &kept));
    assert_eq!(code, 0, "{text}");
    let test = format!("test bridge/{NAME}");
    tells(&text, &[&test, "1 passed", "reproduced"]);
}

fn guide(_: &str) {
    let page = fs::read_to_string("docs/guide/systems.md").expect("it is there");
    let (_, block) = page.split_once("```text\ntest ").expect("a block");
    let (block, _) = block.split_once("```").expect("its end");
    let block = format!("test {block}");
    assert_eq!(block.lines().count(), 3);
    let mut printed = String::new();
    for test in ["my-bridge/bridge_crash", "my-bridge/shared_bridge"] {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        clean(&mut command).env(CAST, "my-bridge").arg(test);
        let (code, text) = run(command.env("REHEARSAL_SEED", "0"));
        assert_eq!(code, 0, "{text}");
        printed += &text;
    }
    let lines: Vec<&str> = block.lines().collect();
    tells(&printed, &lines);
}

fn bad_names(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    for (cast, told) in [
        ("my bridge", "`my bridge` cannot be the name of a system"),
        ("regressions", "`regressions` cannot be"),
        ("own,own", "two systems are registered as `own`"),
    ] {
        let (code, text) = run(&mut project.command(cast));
        assert_eq!(code, 2, "{text}");
        tells(&text, &[told]);
    }
}

fn command_line(name: &str) {
    let project = Project::new(name, &["shared_bridge"]);
    let (_, text) = run(&mut project.command("lossy"));
    let file = project.repro(&text);
    for command in ["replay", "shrink", "report", "keep"] {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        let (code, text) = run(clean(&mut tool).arg(command).arg(&file));
        assert_eq!(code, 2, "{command}: {text}");
        let replay = format!("REHEARSAL_REPLAY={} cargo test", file.display());
        tells(&text, &["error[R0027]", "the system `own`", &replay]);
    }
}
