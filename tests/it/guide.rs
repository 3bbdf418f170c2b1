//! Pages of the guide, followed to the letter: an empty project outside this repository,
//! the files that the page shows, and the commands that it types. What they print is what
//! the page says. To write that anew: `README_UPDATE=1 cargo test --test it
//! guide::`.

#[path = "guide_project.rs"]
mod guide_project;

use guide_project::{Project, follow_page};

/// The directory of this repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Begins a project of that name.
fn project(name: &str) -> Project {
    let directory = format!("rehearsal-guide-{name}-{}", std::process::id());
    Project::new(std::env::temp_dir().join(directory), "guide", None)
}

#[test]
fn first_page_finds_shrinks_and_replays_the_race() {
    let (project, outputs) = follow_page("docs/guide/getting-started.md", project("bank"));
    let [found, replayed, _kept, again, fixed] = outputs.as_slice() else {
        panic!("{outputs:#?}");
    };
    assert!(
        found.contains("The shrunk run") && found.contains("»"),
        "{found}"
    );
    assert!(replayed.contains("  reproduced: "), "{replayed}");
    assert!(again.contains("tests/regressions/"), "{again}");
    assert!(fixed.contains("ok. 1 passed; 0 failed"), "{fixed}");
    let test = project.read("src/lib.rs");
    let (_, test) = test
        .split_once("#[cfg(test)]\nmod tests")
        .expect("the tests");
    assert!(test.lines().count() <= 20, "under twenty lines");
}

#[test]
fn page_on_own_systems_finds_shrinks_and_replays_the_loss() {
    let (_, outputs) = follow_page("docs/guide/own-system.md", project("queue"));
    let [found, replayed, fixed] = outputs.as_slice() else {
        panic!("{outputs:#?}");
    };
    assert!(
        found.contains("VIOLATION") && found.contains("The shrunk run"),
        "{found}"
    );
    assert!(replayed.contains("reproduced"), "{replayed}");
    assert!(fixed.contains("ok. 1 passed; 0 failed"), "{fixed}");
}

#[test]
fn page_on_cancellation_finds_the_lost_job_and_proves_its_fix() {
    let (_, outputs) = follow_page("docs/guide/cancellation.md", project("inbox"));
    let [found, fixed] = outputs.as_slice() else {
        panic!("{outputs:#?}");
    };
    assert!(
        found.contains("cancelled at each of ") && found.contains("is dropped at the await of"),
        "{found}"
    );
    assert!(fixed.contains("ok. 1 passed; 0 failed"), "{fixed}");
}
