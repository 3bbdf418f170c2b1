//! `rehearsal verify-determinism`: pairs of runs in different processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{assert_shows, code, stderr, stdout};

fn verify(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("verify-determinism")
        .args(arguments)
        .output()
        .expect("the command starts")
}

/// Returns the path of a script that starts this command line and changes what it reads or
/// prints.
fn script(name: &str, text: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("verify");
    fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(name);
    let text = text.replace("REHEARSAL", env!("CARGO_BIN_EXE_rehearsal"));
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may be run");
    path
}

fn line(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).expect("one line of JSON")
}

#[test]
fn healthy_systems_agree() {
    let arguments = ["collision", "lock_contention", "--pairs", "60", "--json"];
    let output = verify(&[&arguments[..], &["--jobs", "2", "--seed", "7"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = line(&output);
    assert_eq!(found["compared"], 60);
    assert_eq!(found["agreed"], 60);
    assert_eq!(found["differences"], Value::Array(Vec::new()));
    assert_eq!(found["processes"], 4);
    // The bridge over both transports, and with both simulations of TCP.
    assert!(found["targets"].as_u64() > Some(4), "{found}");
    let strategies = found["strategies"].as_object().expect("an object");
    assert!(strategies.len() > 4, "{found}");
}

/// The second program runs other seeds than it was given.
#[test]
fn runs_that_differ_are_shown_with_the_effect_at_which_they_part() {
    let other = script(
        "other-seeds",
        "sed 's/\"seed\":/\"seed\":1/g' | REHEARSAL \"$@\"",
    );
    let other = other.to_str().expect("UTF-8");
    let seed_fits = ["--seed", "11", "--strategy", "random"];
    let arguments = ["lock_contention", "--pairs", "1", "--against", other];
    let output = verify(&[&arguments[..], &seed_fits].concat());
    assert_eq!(code(&output), 12, "{}", stderr(&output));
    let text = stdout(&output);
    assert_shows(
        &text,
        &[
            "DIFFERENT  lock_contention",
            "strategy random, seed ",
            "they part at effect ",
            "then one: ",
            "then the other: ",
            "see it     rehearsal run lock_contention",
            "--check-determinism",
            "0 of 1 pair agreed",
            "the second of each pair by another one",
        ],
    );
}

/// The second program prints other fingerprints of the same runs, but for runs alone.
#[test]
fn run_that_differs_only_among_others_is_told_apart() {
    let other = script(
        "other-fingerprints",
        "REHEARSAL \"$@\" | sed '/\"texts\":null/s/\"fingerprint\":\"./\"fingerprint\":\"x/'",
    );
    let other = other.to_str().expect("UTF-8");
    let output = verify(&["collision", "--pairs", "2", "--against", other, "--json"]);
    assert_eq!(code(&output), 12, "{}", stderr(&output));
    let found = line(&output);
    assert_eq!(found["differing"], 2);
    let difference = &found["differences"][0];
    assert_eq!(difference["place"]["kind"], "alone");
    let other = difference["fingerprints"][1].as_str().expect("a text");
    assert!(other.starts_with('x'), "{difference}");
}

#[test]
fn program_that_ends_before_its_time_is_no_agreement() {
    for (program, message) in [
        ("/bin/false", "/bin/false ended with exit status: 1"),
        ("/bin/true", "a process ended after 0 of 3 runs"),
    ] {
        let output = verify(&[
            "collision",
            "--pairs",
            "3",
            "--jobs",
            "1",
            "--against",
            program,
        ]);
        assert_eq!(code(&output), 1, "{program}: {}", stdout(&output));
        assert_shows(&stderr(&output), &[message]);
        assert_shows(
            &stdout(&output),
            &["0 of 0 pairs agreed; 3 were to be compared"],
        );
    }
}

#[test]
fn nothing_to_compare_is_bad_usage() {
    for (arguments, part) in [
        (&["collision", "--pairs", "0"][..], "--pairs"),
        (&["no-such-scenario"], "no-such-scenario"),
        (&["collision", "--strategy", "exhaustive:1"], "is a search"),
        (&["collision", "--test", "x"], "--test"),
    ] {
        let output = verify(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert_shows(&stderr(&output), &[part]);
    }
}

#[test]
fn digests_of_nothing_are_bad_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("digests")
        .stdin(Stdio::null())
        .output()
        .expect("the command starts");
    assert_eq!(code(&output), 2);
    assert_shows(&stderr(&output), &["`verify-determinism` starts this"]);
}
