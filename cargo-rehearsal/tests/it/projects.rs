//! Projects that cannot be built with the shim, and what the command says of them.

use crate::support::{Project, build_lock, text};

#[test]
fn project_without_rehearsal_gets_a_hint_to_add_it() {
    let _lock = build_lock();
    let project = Project::copy("races/desk");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.contains("error[rehearsal-missing]: no package of "), "{text}");
    assert!(text.contains("  hint: add `rehearsal` to "), "{text}");
}

#[test]
fn directory_without_a_project_is_an_error() {
    let project = Project::copy("races/desk/src");
    let output = project.cargo_rehearsal(".", &["test"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.contains("error[project-unreadable]: "), "{text}");
}
