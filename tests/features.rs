//! The weight of the library for a package that only has `#[rehearsal::test]`s.

use std::process::Command;

/// Crates of the command line and its server, of scenario files, of the systems that they
/// describe, and of the drawing of problems in them.
const LEFT_OUT: [&str; 9] = [
    "annotate-snippets",
    "clap",
    "indicatif",
    "libtest-mimic",
    "rmcp",
    "signal-hook",
    "tokio-tungstenite",
    "tracing-subscriber",
    "tungstenite",
];

/// Returns the names of the crates that the library depends on.
fn crates(features: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
        ])
        .args(["--package", "rehearsal", "--offline", "--locked"])
        .args(features)
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let names = text.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn library_without_features_compiles_no_command_line() {
    let (all, few) = (crates(&[]), crates(&["--no-default-features"]));
    for name in LEFT_OUT {
        assert!(all.iter().any(|found| found == name), "{name} has gone");
        assert!(few.iter().all(|found| found != name), "{name} is compiled");
    }
}
