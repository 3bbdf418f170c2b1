//! Terminals: narrow ones, and ones that show ASCII only.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{CASES, Project, REPRO};
use crate::support::{code, stdout};

/// The streams that go to a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    /// Results, problems and the display of progress.
    Both,
    /// Results alone.
    Output,
}

/// Runs a command on a terminal of that width. Returns its exit code and what the terminal got,
/// without colours.
fn on_terminal(command: Command, columns: u16) -> (Option<i32>, String) {
    with_streams(command, columns, Streams::Both)
}

/// As [`on_terminal`], with these streams of the command's.
fn with_streams(mut command: Command, columns: u16, streams: Streams) -> (Option<i32>, String) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).expect("a terminal");
    grantpt(&terminal).expect("it is ours");
    unlockpt(&terminal).expect("it is open");
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).expect("a size");
    let name = ptsname(&terminal, Vec::new()).expect("a name");
    let name = name.to_str().expect("UTF-8");
    let open = || {
        let file = File::options().read(true).write(true).open(name);
        file.expect("the other end")
    };
    command
        .stdin(open())
        .stdout(open())
        .stderr(match streams {
            Streams::Both => Stdio::from(open()),
            Streams::Output => Stdio::null(),
        })
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    let mut child = command.spawn().expect("it starts");
    // The copies of the other end that it holds.
    drop(command);
    let mut terminal = File::from(terminal);
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    // An error is the end: nothing has the other end open any more.
    while let Ok(count @ 1..) = terminal.read(&mut part) {
        bytes.extend(&part[..count]);
    }
    let status = child.wait().expect("it ends");
    let text = String::from_utf8(bytes).expect("UTF-8");
    (status.code(), without_sequences(&text))
}

/// Returns a text without control sequences, and with line ends alone.
fn without_sequences(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = sequence.find(|c: char| ('@'..='~').contains(&c));
        rest = end.map_or("", |end| &sequence[end + 1..]);
    }
    plain.push_str(rest);
    plain.replace('\r', "")
}

/// Lines that are the same in each run: the others say how long it took.
fn lasting_lines(text: &str) -> impl Iterator<Item = &str> {
    let times = [" s", "a second", "real time", "per second"];
    text.lines()
        .filter(move |line| !times.iter().any(|time| line.contains(time)))
}

#[test]
fn terminal_of_20_columns_gets_every_word() {
    for case in &CASES {
        let name = case.name();
        let expected = Project::new(&format!("wide-{name}")).run(case.arguments);
        assert_eq!(code(&expected), case.exit, "{name}");
        let project = Project::new(&format!("narrow-{name}"));
        let (exit, shown) = on_terminal(project.command(case.arguments), 20);
        assert_eq!(exit, Some(case.exit), "{name}: {shown}");
        for line in lasting_lines(&stdout(&expected)) {
            // Long columns are wrapped.
            assert!(
                letters(&shown).contains(&letters(line)),
                "{name}: `{line}` is missing in\n{shown}"
            );
        }
    }
}

fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Returns `true` if a line is wider than the terminal and could be broken between two words.
/// A name or a path is copied, and stays whole.
fn is_too_wide(line: &str, columns: u16) -> bool {
    line.chars().count() > columns.into() && line.split_whitespace().count() > 1
}

/// The names stay whole, to be typed, and each claim is there; a pipe gets one line for each.
#[test]
fn list_fits_on_narrow_terminals_and_a_pipe_gets_whole_lines() {
    let project = Project::new("list");
    let piped = stdout(&project.run(&["list"]));
    let name = "sequence-apart-from-send";
    let claim = "Events that one run sends at once must be appended in the order of their numbers.";
    let row = format!("{name}  {claim}");
    assert!(piped.lines().any(|line| line == row), "{piped}");
    for columns in [24, 40, 60, 100] {
        let (exit, shown) = on_terminal(project.command(&["list"]), columns);
        assert_eq!(exit, Some(0), "{shown}");
        let is_wide = |line: &&str| is_too_wide(line, columns);
        assert_eq!(shown.lines().find(is_wide), None, "{columns}:\n{shown}");
        assert!(
            shown.split_whitespace().eq(piped.split_whitespace()),
            "{columns}:\n{shown}"
        );
        assert!(shown.contains(name), "{columns}:\n{shown}");
    }
}

/// Long lines go on below their column. Commands and paths are to be copied: they stand on a line
/// of their own, whatever its length.
#[test]
fn blocks_fit_on_narrow_terminals_and_commands_stay_whole() {
    for case in [&CASES[0], &CASES[1], &CASES[2], &CASES[3], &CASES[5]] {
        let name = case.name();
        let expected = Project::new(&format!("piped-{name}")).run(case.arguments);
        let piped = stdout(&expected);
        let commands: Vec<&str> = piped.lines().filter(|line| is_next_step(line)).collect();
        let is_shrunk = ["run", "explore", "shrink"].contains(&name);
        let steps = commands.len();
        assert_eq!(steps, if is_shrunk { 4 } else { 0 }, "{piped}");
        for columns in [30, 60, 80, 100] {
            let project = Project::new(&format!("narrow-{columns}-{name}"));
            let command = project.command(case.arguments);
            let (exit, shown) = with_streams(command, columns, Streams::Output);
            assert_eq!(exit, Some(case.exit), "{shown}");
            for command in &commands {
                assert!(shown.lines().any(|line| line == *command), "{shown}");
            }
            let blocks = shown.lines().filter(|line| !is_next_step(line));
            let is_wide = |line: &&str| is_too_wide(line, columns);
            assert_eq!(blocks.clone().find(is_wide), None, "{columns}:\n{shown}");
            for line in lasting_lines(&piped) {
                assert!(
                    letters(&shown).contains(&letters(line)),
                    "{columns}: {line}"
                );
            }
        }
    }
}

/// Returns `true` for the lines after a failure that are to be copied.
fn is_next_step(line: &str) -> bool {
    ["  replay  ", "  report  ", "  keep    ", "  page    "]
        .iter()
        .any(|name| line.starts_with(name))
}

#[test]
fn terminal_without_utf_8_gets_ascii_and_a_pipe_does_not() {
    let project = Project::new("ascii");
    assert_eq!(code(&project.run(&["shrink", REPRO])), 0);
    let in_locale = |locale: &str| {
        let mut command = project.command(&["report", REPRO]);
        command.env("LC_ALL", locale);
        command
    };
    // As wide as the longest line: a pipe's lines are not broken.
    let columns = 500;
    let (exit, shown) = on_terminal(in_locale("C.UTF-8"), columns);
    assert_eq!(exit, Some(10));
    assert!(shown.contains("  »") && shown.contains("  ×"), "{shown}");
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1"] {
        let (exit, ascii) = on_terminal(in_locale(locale), columns);
        assert_eq!(exit, Some(10), "{locale}");
        assert!(ascii.is_ascii(), "{locale}: {ascii}");
        let piped = stdout(&in_locale(locale).output().expect("it starts"));
        assert!(piped.contains("  »"), "{locale}");
        for line in piped.lines() {
            let line = line.replace('»', "*").replace('×', "x");
            assert!(
                ascii.contains(&line),
                "{locale}: `{line}` is missing in\n{ascii}"
            );
        }
    }
}
