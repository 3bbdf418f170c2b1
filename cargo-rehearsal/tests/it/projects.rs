//! Ways to name the packages of a project, and projects that cannot be built with the shim.

use std::fs::{self, File};
use std::path::{Component, Path};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::ROOT;
use crate::support::{Project, TARGET, assert_patched, build_lock, target, text};

#[test]
fn every_package_of_a_workspace_gets_the_shim() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let output = project.cargo_rehearsal(".", &["tree", "--workspace"], &[]);
    assert_patched(&text(&output));
}

/// Names Rehearsal by a relative path.
fn name_relatively(project: &Project) {
    let checkout = fs::canonicalize(ROOT).expect("this repository");
    let place = fs::canonicalize(project.path("checks")).expect("a directory");
    let up = place
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    let mut relative = up.map(|_| "../").collect::<String>();
    relative += &checkout
        .strip_prefix("/")
        .unwrap_or(Path::new(""))
        .to_string_lossy();
    let manifest = project.read("checks/Cargo.toml");
    let manifest = manifest.replace(&format!("{ROOT:?}"), &format!("{relative:?}"));
    assert!(manifest.contains("\"../"), "{manifest}");
    fs::write(project.path("checks/Cargo.toml"), manifest).expect("a file");
}

#[test]
fn rehearsal_may_be_named_by_a_relative_path() {
    let _lock = build_lock();
    let project = Project::copy("races");
    name_relatively(&project);
    let output = project.cargo_rehearsal("checks", &["tree"], &[]);
    assert_patched(&text(&output));
}

#[test]
fn target_directory_may_be_named_with_parents() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let directory = target().join("..").join(TARGET);
    let directory = directory.to_str().expect("UTF-8");
    let variables = [("CARGO_TARGET_DIR", directory)];
    let output = project.cargo_rehearsal(".", &["tree", "--workspace"], &variables);
    assert_patched(&text(&output));
}

#[test]
fn project_may_be_within_a_package_on_which_it_depends() {
    let _lock = build_lock();
    let project = Project::copy("races/desk");
    let manifest = project.read("Cargo.toml");
    let bench = "[workspace]\n[[bench]]\nname = \"measure\"\n";
    fs::write(project.path("Cargo.toml"), manifest + "\n" + bench).expect("a file");
    for directory in ["benches/measure", "benches/own/src"] {
        fs::create_dir_all(project.path(directory)).expect("a directory");
    }
    fs::write(project.path("benches/measure/main.rs"), "fn main() {}").expect("a file");
    let manifest = format!(
        "[workspace]\n[package]\nname = \"own\"\nedition = \"2024\"\n[dependencies]\n\
         desk = {{ path = \"../..\" }}\n\
         rehearsal = {{ path = {ROOT:?}, default-features = false }}\n"
    );
    fs::write(project.path("benches/own/Cargo.toml"), manifest).expect("a file");
    fs::write(project.path("benches/own/src/lib.rs"), "").expect("a file");
    fs::copy(
        project.path("Cargo.lock"),
        project.path("benches/own/Cargo.lock"),
    )
    .expect("a file");
    // The second time, the mirror is there.
    for _ in 0..2 {
        let output = project.cargo_rehearsal("benches/own", &["tree"], &[]);
        assert_patched(&text(&output));
    }
}

#[test]
fn features_of_the_shim_are_those_that_the_project_requires_of_tokio() {
    let _lock = build_lock();
    let project = Project::copy("races/desk");
    let manifest = project.read("Cargo.toml");
    let manifest = manifest.replace("\"macros\", \"rt\", \"sync\"", "\"process\", \"sync\"");
    let rehearsal = format!("rehearsal = {{ path = {ROOT:?}, default-features = false }}");
    let manifest = format!("{manifest}\n[dev-dependencies]\n{rehearsal}\n");
    fs::write(project.path("Cargo.toml"), manifest).expect("a file");
    let words = ["tree", "--prefix", "none", "--format", "{p} [{f}]"];
    let output = text(&project.cargo_rehearsal(".", &words, &[]));
    let features = |package: &str| {
        let line = output.lines().find(|line| line.starts_with(package));
        let features = line.and_then(|line| line.split_once(" ["));
        let (_, features) = features.unwrap_or_else(|| panic!("{package}\n{output}"));
        let features = features.trim_end_matches(" (*)").trim_end_matches(']');
        features.split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    let shim = features("tokio v");
    assert!(shim.contains(&"process".to_owned()), "{output}");
    assert!(!shim.contains(&"fs".to_owned()), "{output}");
    let real = features("rehearsal-below-tokio v");
    assert!(
        shim.iter().all(|feature| real.contains(feature)),
        "{output}"
    );
}

#[test]
fn lock_file_is_not_changed_if_it_is_locked() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let before = project.read("Cargo.lock");
    let output = project.cargo_rehearsal(".", &["tree", "--locked"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output);
    assert!(error.contains("error[project-unreadable]: "), "{error}");
    assert!(error.contains("--locked"), "{error}");
    assert_eq!(project.read("Cargo.lock"), before);
    let written = project.cargo_rehearsal(".", &["tree"], &[]);
    assert_patched(&text(&written));
    for restriction in ["--locked", "--offline", "--frozen"] {
        let words = ["tree", "--workspace", restriction];
        assert_patched(&text(&project.cargo_rehearsal(".", &words, &[])));
    }
}

#[test]
fn directory_that_cannot_be_written_is_an_error_with_a_hint() {
    let _lock = build_lock();
    let project = Project::copy("races");
    let file = project.path("Cargo.toml");
    // No user may make a directory there.
    for target in [file.as_path(), Path::new("/sys/target")] {
        let mut command = project.command(".", &["test"]);
        let output = command.env("CARGO_TARGET_DIR", target).output();
        let output = output.expect("cargo starts");
        assert_eq!(output.status.code(), Some(2));
        let text = text(&output);
        let begins = format!("error[file]: {}/rehearsal/shim", target.display());
        assert!(text.contains(&begins), "{text}");
        assert!(text.contains("  hint: set CARGO_TARGET_DIR to "), "{text}");
    }
}

#[test]
fn project_without_rehearsal_gets_a_hint_to_add_it() {
    let _lock = build_lock();
    let project = Project::copy("races/desk");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(
        text.contains("error[rehearsal-missing]: no package of "),
        "{text}"
    );
    assert!(text.contains("  hint: add `rehearsal` to "), "{text}");
}

#[test]
fn directory_without_a_project_is_an_error() {
    let _lock = build_lock();
    let project = Project::copy("races/desk/src");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.contains("error[project-unreadable]: "), "{text}");
}

/// Removes what the command has written, but not what is built.
fn begin_anew() {
    let base = target().join("rehearsal/shim");
    for written in ["mirror", "packages"] {
        let _ = fs::remove_dir_all(base.join(written));
    }
}

fn start(mut command: Command) -> Child {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    child.expect("cargo starts")
}

#[test]
fn commands_at_once_do_not_disturb_each_other() {
    let _lock = build_lock();
    let absolute = Project::copy("races");
    let relative = Project::copy_to("races", "other");
    name_relatively(&relative);
    for _ in 0..3 {
        begin_anew();
        let children = [&absolute, &relative, &absolute, &relative]
            .map(|project| start(project.command(".", &["tree", "--workspace"])));
        for child in children {
            assert_patched(&text(&child.wait_with_output().expect("an end")));
        }
    }
}

#[test]
fn command_that_is_killed_leaves_nothing_that_stops_the_next() {
    let _lock = build_lock();
    let project = Project::copy("races");
    // The lock file has the packages of the checkout.
    assert_patched(&text(&project.cargo_rehearsal(".", &["tree"], &[])));
    let base = target().join("rehearsal/shim");
    for written in ["mirror", "packages"] {
        begin_anew();
        let mut child = start(project.command(".", &["tree"]));
        while !base.join(written).exists() {
            assert!(
                child.try_wait().expect("a status").is_none(),
                "it has ended"
            );
            thread::yield_now();
        }
        child.kill().expect("it is killed");
        child.wait().expect("an end");
        assert_patched(&text(&project.cargo_rehearsal(".", &["tree"], &[])));
    }
}

/// Returns the directory of the project as it is in the names of files.
fn dashed(project: &Project) -> String {
    let directory = project.path("").to_string_lossy().replace('/', "-");
    directory.trim_end_matches('-').to_owned()
}

#[test]
fn patch_may_be_copied_into_the_manifest() {
    let _lock = build_lock();
    let project = Project::copy("races");
    assert_patched(&text(&project.cargo_rehearsal(".", &["tree"], &[])));
    let file = format!("rehearsal/shim/config{}.toml", dashed(&project));
    let patch = fs::read_to_string(target().join(file)).expect("the settings");
    let manifest = project.read("Cargo.toml") + "\n" + &patch;
    fs::write(project.path("Cargo.toml"), manifest).expect("a file");
    let mut command = project.cargo(".");
    command.args(["tree", "--workspace", "--offline"]);
    assert_patched(&text(&command.output().expect("cargo starts")));
}

/// Returns `true` if the process waits for the lock on a file.
#[cfg(target_os = "linux")]
fn waits_for_a_lock(process: u32) -> bool {
    let locks = fs::read_to_string("/proc/locks").expect("the locks of the machine");
    let process = process.to_string();
    let mut waiting = locks.lines().filter(|line| line.contains(" -> "));
    waiting.any(|line| line.split_whitespace().any(|word| word == process))
}

#[cfg(target_os = "linux")]
#[test]
fn mirror_is_changed_by_one_command_at_a_time() {
    let _lock = build_lock();
    let project = Project::copy("races");
    begin_anew();
    let base = target().join("rehearsal/shim");
    fs::create_dir_all(&base).expect("a directory");
    let file = base.join(format!("lock{}", dashed(&project)));
    let file = File::create(file).expect("a file");
    file.lock().expect("a lock");
    let mut child = start(project.command(".", &["tree", "--workspace"]));
    while !waits_for_a_lock(child.id()) {
        assert!(
            child.try_wait().expect("a status").is_none(),
            "it has ended"
        );
        thread::yield_now();
    }
    assert!(!base.join("mirror").exists());
    file.unlock().expect("a lock");
    assert_patched(&text(&child.wait_with_output().expect("an end")));
}
