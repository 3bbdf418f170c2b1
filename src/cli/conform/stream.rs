//! Streams, which a wire profile checks.

use std::fmt::Write;
use std::io;

use rehearsal_history::wire::{
    Stop, StreamFinding, WIRE_PROFILES, WireProfile, WireRule, check_stream,
};
use serde::Serialize;

use super::super::{print, print_error, print_result};
use super::{Input, at_place, printable};
use crate::exit::Exit;
use crate::report::summary::many;

pub(super) fn conform(
    profile: &'static WireProfile,
    input: &Input,
    json: bool,
) -> io::Result<Exit> {
    let reader = input.open();
    let finding = match reader.and_then(|reader| check_stream(profile, reader)) {
        Ok(finding) => finding,
        Err(error) => {
            print_error(&input.unreadable(&error));
            return Ok(Exit::Usage);
        }
    };
    let text = if json {
        line_of_json(profile, &finding)?
    } else {
        lines(profile, input, &finding)
    };
    let exit = print_result(&text, exit_of(&finding))?;
    print_error(&complaint(input, &finding));
    Ok(exit)
}

/// Returns the exit code: a rule that is broken counts more than a stream that could not be
/// checked to its end.
fn exit_of(finding: &StreamFinding) -> Exit {
    match finding.stop {
        _ if !finding.violations.is_empty() => Exit::Violation,
        Some(Stop::Unreadable(_)) => Exit::Usage,
        Some(Stop::Limit { .. }) => Exit::Unknown,
        None if finding.messages == 0 => Exit::NothingSelected,
        None => Exit::Pass,
    }
}

/// Returns the reason for which a stream was not checked to its end, or not at all.
fn complaint(input: &Input, finding: &StreamFinding) -> String {
    let file = input.name();
    match &finding.stop {
        Some(Stop::Unreadable(problem)) => at_place(input, problem),
        Some(Stop::Limit { line, message }) => {
            format!("error: {file}:{line}: {message}; the rest is not checked\n")
        }
        None if finding.messages == 0 => format!("error: {file} has no messages\n"),
        None => String::new(),
    }
}

fn lines(profile: &WireProfile, input: &Input, finding: &StreamFinding) -> String {
    let mut text = String::new();
    let file = input.name();
    for violation in &finding.violations {
        let (line, rule) = (violation.line, violation.rule);
        let message = printable(&violation.message);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{file}:{line}: {}: {message}", rule.name);
        let _ = writeln!(text, "    {} ({})", rule.meaning, rule.section);
    }
    if finding.unlisted > 0 {
        let _ = writeln!(text, "and {} violations more", finding.unlisted);
    }
    let messages = many(finding.messages, "message");
    let result = match finding.violations.len() as u64 + finding.unlisted {
        0 if finding.is_pass() => "pass".to_owned(),
        0 => "not checked to its end".to_owned(),
        1 => "1 violation".to_owned(),
        broken => format!("{broken} violations"),
    };
    let _ = writeln!(text, "{}  {messages}  {result}", profile.name);
    let _ = writeln!(text, "    {}", profile.specification);
    text
}

/// The line of `rehearsal conform PROFILE FILE --json`. The fields are a contract.
#[derive(Serialize)]
struct StreamLine<'a> {
    profile: &'static str,
    specification: &'static str,
    /// Messages that were checked.
    checked: u64,
    violations: Vec<StreamViolation<'a>>,
    /// Violations beyond those listed.
    unlisted: u64,
    /// The reason for which the rest of the stream was not checked; null if all of it was.
    stopped: Option<StreamStop<'a>>,
}

/// One entry of `violations`.
#[derive(Serialize)]
struct StreamViolation<'a> {
    rule: &'static str,
    line: u64,
    message: &'a str,
    meaning: &'static str,
    section: &'static str,
}

/// The value of `stopped`.
#[derive(Serialize)]
struct StreamStop<'a> {
    reason: &'static str,
    line: u64,
    message: &'a str,
}

fn line_of_json(profile: &WireProfile, finding: &StreamFinding) -> io::Result<String> {
    let violations = finding.violations.iter().map(|violation| StreamViolation {
        rule: violation.rule.name,
        line: violation.line,
        message: &violation.message,
        meaning: violation.rule.meaning,
        section: violation.rule.section,
    });
    let stopped = finding.stop.as_ref().map(|stop| match stop {
        Stop::Unreadable(problem) => StreamStop {
            reason: "unreadable",
            line: problem.line,
            message: &problem.message,
        },
        Stop::Limit { line, message } => StreamStop {
            reason: "limit",
            line: *line,
            message,
        },
    });
    let line = StreamLine {
        profile: profile.name,
        specification: profile.specification,
        checked: finding.messages,
        violations: violations.collect(),
        unlisted: finding.unlisted,
        stopped,
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// One line of `rehearsal conform --list --json`. The fields are a contract.
#[derive(Serialize)]
struct ProfileLine {
    profile: &'static str,
    claim: &'static str,
    specification: &'static str,
    rules: Vec<RuleEntry>,
}

/// One entry of `rules`.
#[derive(Serialize)]
struct RuleEntry {
    rule: &'static str,
    meaning: &'static str,
    section: &'static str,
}

/// Prints the profiles with their rules.
pub(super) fn list(json: bool) -> io::Result<Exit> {
    let mut text = String::new();
    for profile in WIRE_PROFILES {
        if json {
            text += &serde_json::to_string(&profile_line(profile))?;
            text.push('\n');
        } else {
            write_profile(&mut text, profile);
        }
    }
    print(&text)?;
    Ok(Exit::Pass)
}

fn profile_line(profile: &WireProfile) -> ProfileLine {
    let entry = |rule: &WireRule| RuleEntry {
        rule: rule.name,
        meaning: rule.meaning,
        section: rule.section,
    };
    ProfileLine {
        profile: profile.name,
        claim: profile.claim,
        specification: profile.specification,
        rules: profile.rules().map(entry).collect(),
    }
}

fn write_profile(text: &mut String, profile: &WireProfile) {
    let (name, claim, specification) = (profile.name, profile.claim, profile.specification);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name}: {claim}\n  {specification}");
    let width = profile.rules().map(|rule| rule.name.len()).max();
    let width = width.unwrap_or_default();
    for rule in profile.rules() {
        let (name, meaning, section) = (rule.name, rule.meaning, rule.section);
        let _ = writeln!(text, "  {name:width$}  {meaning} ({section})");
    }
    text.push('\n');
}
