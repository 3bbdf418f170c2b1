//! The guide's page on the shim, followed to the letter. To write its output anew:
//! `README_UPDATE=1 cargo test -p cargo-rehearsal --test it page::`.

use std::path::Path;

use crate::guide_project::{Project, follow_page};
use crate::support::{CARGO_REHEARSAL, TARGET, build_lock, place};

#[test]
fn page_on_any_tokio_program_finds_the_race_in_the_handler() {
    let _lock = build_lock();
    let tools = Path::new(CARGO_REHEARSAL).parent().map(Path::to_owned);
    let project = Project::new(place("booking"), TARGET, tools);
    let (project, outputs) = follow_page("docs/guide/any-tokio-program.md", project);
    let [found, replayed, fixed] = outputs.as_slice() else {
        panic!("{outputs:#?}");
    };
    assert!(
        found.contains("The shrunk run") && found.contains("»"),
        "{found}"
    );
    assert!(found.contains("the Mutex of src/lib.rs"), "{found}");
    assert!(replayed.contains("  reproduced: "), "{replayed}");
    assert!(fixed.contains("ok. 1 passed; 0 failed"), "{fixed}");
    assert!(!project.read("src/lib.rs").contains("rehearsal::tokio"));
}
