//! The current line of user code, from a backtrace.

use std::backtrace::Backtrace;

use crate::source_root;

/// Packages between user code and the C library.
const IN_BETWEEN: [&str; 7] = [
    "corosensei",
    "tokio",
    "tokio-util",
    "mio",
    "socket2",
    "rehearsal-hermetic",
    "rehearsal-sim",
];
/// Frames of the run itself: those below belong to its caller, outside it.
const END: [&str; 2] = ["src/run.rs", "src/engine/driver.rs"];

/// Returns the place of the first frame of user code on this thread's stack.
pub(crate) fn caller() -> String {
    match places(&backtrace()) {
        Places::Found { first, .. } => first,
        Places::NoUserCode => "site unknown (no frame of user code)".to_owned(),
        Places::NoDebugInfo => "site unknown (no debug info)".to_owned(),
    }
}

/// Returns the place of the first frame on this thread's stack that is in code of the user's
/// own, or else in a library that it uses; none if there is no such frame or no debug info.
/// Takes a backtrace, which is slow.
pub fn own_call_site() -> Option<String> {
    match places(&backtrace()) {
        Places::Found { first, own } => Some(own.unwrap_or(first)),
        Places::NoUserCode | Places::NoDebugInfo => None,
    }
}

fn backtrace() -> String {
    // With whole paths; the short form depends on the working directory.
    format!("{:#}", Backtrace::force_capture())
}

/// The places of user code in a backtrace.
#[derive(PartialEq, Eq, Debug)]
enum Places {
    Found {
        /// The first of all.
        first: String,
        /// The first outside published packages.
        own: Option<String>,
    },
    NoUserCode,
    NoDebugInfo,
}

fn places(backtrace: &str) -> Places {
    let mut symbol = "";
    let mut any_location = false;
    let mut first = None;
    for line in backtrace.lines().map(str::trim) {
        let Some(location) = line.strip_prefix("at ") else {
            symbol = symbol_of(line);
            continue;
        };
        let Some((path, place)) = split(location) else {
            continue;
        };
        any_location = true;
        match owner(path) {
            Owner::Engine => break,
            Owner::Library => {}
            // C functions are recognised by name, because they may have no path.
            Owner::User(_) if matches!(symbol, "main" | "_start") => {}
            Owner::User(path) => {
                let own = format!("{path}:{place}");
                let first = first.take().unwrap_or_else(|| own.clone());
                return Places::Found {
                    first,
                    own: Some(own),
                };
            }
            Owner::Published(path) => {
                first.get_or_insert_with(|| format!("{path}:{place}"));
            }
        }
    }
    match first {
        Some(first) => Places::Found { first, own: None },
        None if any_location => Places::NoUserCode,
        None => Places::NoDebugInfo,
    }
}

/// Returns the text after `12: 0x55d0c0ffee - `, or `12: `, or an empty prefix if the frame is
/// inlined.
fn symbol_of(line: &str) -> &str {
    let line = match line.split_once(": ") {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest.trim(),
        _ => line,
    };
    match line.split_once(" - ") {
        Some((address, rest)) if address.starts_with("0x") => rest.trim(),
        _ => line,
    }
}

/// The owner of a file. Frames are distinguished by file: with line tables only, an inlined
/// function has lost its crate.
enum Owner<'a> {
    /// The part of the simulator that a run is called through.
    Engine,
    /// The standard library, tokio, Rehearsal.
    Library,
    /// User code; the name of the file in reports.
    User(&'a str),
    /// Code of a published package; the same.
    Published(&'a str),
}

fn owner(path: &str) -> Owner<'_> {
    if path.starts_with("/rustc/") || path.contains("/rustlib/src/") {
        return Owner::Library;
    }
    let package = published(path).or_else(|| checked_out(path));
    let Some((package, file)) = package else {
        return Owner::User(source_root::relative(path));
    };
    if !IN_BETWEEN.contains(&name(package)) {
        return Owner::Published(without_registry(path));
    }
    if name(package) == "rehearsal-sim" && END.contains(&file) {
        Owner::Engine
    } else {
        Owner::Library
    }
}

/// Returns the path of a source file of a published package from the package's name and version
/// on, as in `h2-0.4.5/src/lib.rs`, and every other path as it is.
pub fn without_registry(path: &str) -> &str {
    match published(path) {
        Some((package, file)) => &path[path.len() - package.len() - 1 - file.len()..],
        None => path,
    }
}

/// Splits `…/registry/src/INDEX/PACKAGE-VERSION/FILE` into package and file. The index names a
/// host.
fn published(path: &str) -> Option<(&str, &str)> {
    let (_, rest) = path.split_once("/registry/src/")?;
    rest.split_once('/')?.1.split_once('/')
}

/// Splits a path in one of Rehearsal's own packages that is a directory: this one, and its
/// neighbour.
fn checked_out(path: &str) -> Option<(&'static str, &str)> {
    let here = env!("CARGO_MANIFEST_DIR");
    let within = |directory: &str| path.strip_prefix(directory)?.strip_prefix('/');
    let is_source = |file: &&str| file.starts_with("src/");
    if let Some(file) = within(here).filter(is_source) {
        return Some(("rehearsal-hermetic", file));
    }
    let neighbour = within(here.strip_suffix("/hermetic")?)?;
    let file = neighbour.strip_prefix("sim/").filter(is_source)?;
    Some(("rehearsal-sim", file))
}

/// Returns the name without the version.
fn name(package: &str) -> &str {
    let is_version = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    package
        .match_indices('-')
        .find(|(at, _)| is_version(&package[at + 1..]))
        .map_or(package, |(at, _)| &package[..at])
}

/// Splits `path:line:column`, or `path:line`.
fn split(location: &str) -> Option<(&str, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (rest, last) = location.rsplit_once(':')?;
    if !is_number(last) {
        return None;
    }
    match rest.rsplit_once(':') {
        Some((path, line)) if is_number(line) => Some((path, &location[path.len() + 1..])),
        _ => Some((rest, last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    fn with(frames: &str) -> String {
        match of(frames) {
            Places::Found { first, .. } => first,
            other => format!("{other:?}"),
        }
    }

    fn of(frames: &str) -> Places {
        places(&format!(
            "   0:     0x55d0 - std::backtrace_rs::backtrace::trace
                               at /rustc/17067/library/std/src/../../backtrace/src/lib.rs:66:14
   1:     0x55d1 - pthread_create
                               at {HERE}/src/outward.rs:10:5
                          note
                               at {HERE}/src/watch.rs:10:5
                          std::thread::spawn
                               at /rustc/17067/library/std/src/thread/mod.rs:700:5
   2:     0x55d2 - tokio::runtime::blocking::pool::spawn_blocking
                               at /home/me/.cargo/registry/src/index.example-6f17/tokio-1.54.1/src/pool.rs:1:2
{frames}   9:     0x55d3 - rehearsal_sim::engine::run::h0123
                               at {HERE}/../sim/src/run.rs:9:9
  10:     0x55d4 - caller::main
                               at /home/me/caller/src/main.rs:3:3
"
        ).replace("hermetic/../sim", "sim"))
    }

    #[test]
    fn call_site_is_the_first_line_of_user_code() {
        let own = "   3: 0x1 - <chat::Room as core::future::Future>::poll
             at /home/me/src/chat/src/room.rs:31:5
   4: 0x1 - other::f
             at /home/me/src/chat/src/other.rs:1:1\n";
        assert_eq!(with(own), "src/room.rs:31:5");
        let inlined = "   3: 0x1 - core::ops::function::FnOnce::call_once
             at /rustc/17067/library/core/src/ops.rs:1:1
             {closure#0}
             at /home/me/chat/tests/room.rs:8\n";
        assert_eq!(with(inlined), "tests/room.rs:8");
    }

    #[test]
    fn library_is_named_with_its_version_and_without_the_machine() {
        let library = "   3: 0x1 - tokio_sqlite::open
             at /home/me/.cargo/registry/src/index.example-6f17/tokio-sqlite-0.3.1/src/lib.rs:7:9\n";
        assert_eq!(with(library), "tokio-sqlite-0.3.1/src/lib.rs:7:9");
    }

    #[test]
    fn path_of_a_published_package_begins_with_its_name() {
        let path = "/home/me/.cargo/registry/src/index-1949cf8c6b5b557f/h2-0.4.5/src/a.rs";
        assert_eq!(without_registry(path), "h2-0.4.5/src/a.rs");
        assert_eq!(without_registry("src/a.rs"), "src/a.rs");
    }

    #[test]
    fn caller_of_the_run_is_not_the_site() {
        assert_eq!(of(""), Places::NoUserCode);
        let bare = "   0: 0x1 - chat::room::enter\n   1: 0x2 - main\n";
        assert_eq!(places(bare), Places::NoDebugInfo);
    }

    #[test]
    fn own_code_is_found_behind_a_library() {
        let both = "   3: 0x1 - futures_util::join
             at /home/me/.cargo/registry/src/index.example-6f17/futures-util-0.3.1/src/join.rs:7:9
   4: 0x1 - chat::room
             at /home/me/chat/src/room.rs:31:5\n";
        let Places::Found { first, own } = of(both) else {
            panic!("there is user code");
        };
        assert_eq!(first, "futures-util-0.3.1/src/join.rs:7:9");
        assert_eq!(own.as_deref(), Some("src/room.rs:31:5"));
    }
}
