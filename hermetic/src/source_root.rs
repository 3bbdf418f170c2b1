//! The directory that the compiler's paths are relative to.
//!
//! A backtrace has whole paths, and [`Location`](std::panic::Location) has those that cargo gave
//! the compiler: relative to the root of the workspace. Reports show both, so both get the second
//! form. It is the one that a reader can open, and the same wherever the workspace lies.

use std::sync::OnceLock;

/// Directories of a package's source code.
const SOURCES: [&str; 4] = ["src", "tests", "examples", "benches"];

/// The root of the workspace of the program that runs.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// Sets the root of the program's workspace, from the directory of one of its packages and the
/// path of one of that package's files: what `env!("CARGO_MANIFEST_DIR")` and `file!()` are
/// there. A program has one workspace, so the first root stays.
pub fn set_source_root(package: &str, file: &str) {
    if let Some(root) = root(package, file) {
        let _ = PROGRAM.set(root.to_owned());
    }
}

/// Returns the path of a file of the program as the compiler knows it, if its root is known, or
/// else from the package's directory of source code on.
pub(crate) fn relative(path: &str) -> &str {
    let own = root(env!("CARGO_MANIFEST_DIR"), file!());
    let roots = [PROGRAM.get().map(String::as_str), own];
    let mut known = roots.into_iter().flatten();
    let relative = known.find_map(|root| path.strip_prefix(root)?.strip_prefix('/'));
    relative.unwrap_or_else(|| within_package(path))
}

/// Returns the directory that `file` is relative to: the package's, or one above it. None if the
/// path is whole, as that of a package outside the workspace.
fn root<'a>(package: &'a str, file: &str) -> Option<&'a str> {
    let mut ends: Vec<usize> = package.match_indices('/').map(|(at, _)| at).collect();
    ends.push(package.len());
    ends.into_iter().find_map(|end| {
        let (root, below) = package.split_at(end);
        let below = below.trim_start_matches('/');
        let in_package = match below {
            "" => file,
            _ => file.strip_prefix(below)?.strip_prefix('/')?,
        };
        let (directory, _) = in_package.split_once('/')?;
        SOURCES.contains(&directory).then_some(root)
    })
}

/// Returns the path from the package's directory of source code on: the same on every machine.
fn within_package(path: &str) -> &str {
    let mut from = None;
    let mut at = 0;
    for component in path.split('/') {
        let is_last = at + component.len() == path.len();
        if SOURCES.contains(&component) && !is_last {
            from = Some(at);
        }
        at += component.len() + 1;
    }
    match from {
        Some(from) => &path[from..],
        None => path.rsplit('/').next().unwrap_or(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_that_of_the_workspace() {
        let cases = [
            (
                "/home/me/shop/cart",
                "cart/src/lib.rs",
                Some("/home/me/shop"),
            ),
            (
                "/home/me/shop/crates/cart",
                "crates/cart/tests/it/main.rs",
                Some("/home/me/shop"),
            ),
            ("/home/me/shop", "src/lib.rs", Some("/home/me/shop")),
            ("/home/me/shop", "tests/cart.rs", Some("/home/me/shop")),
            // A package that is called like a directory of source code.
            ("/home/me/tests", "tests/cart.rs", Some("/home/me/tests")),
            ("/home/me/shop/src", "src/src/lib.rs", Some("/home/me/shop")),
            // Outside the workspace, and published.
            ("/home/me/cart", "/home/me/cart/src/lib.rs", None),
            ("/home/me/shop", "build.rs", None),
        ];
        for (package, file, expected) in cases {
            assert_eq!(root(package, file), expected, "{file} of {package}");
        }
    }

    /// What `Location` says of a file is what a backtrace's path of it becomes.
    #[test]
    fn path_is_the_one_that_the_compiler_has() {
        let root = env!("CARGO_MANIFEST_DIR").strip_suffix("/hermetic");
        let root = root.expect("this package's directory");
        let here = std::panic::Location::caller().file();
        assert_eq!(relative(&format!("{root}/{here}")), here);
        assert_eq!(
            relative(&format!("{root}/agents/src/bus.rs")),
            "agents/src/bus.rs"
        );
    }

    #[test]
    fn path_outside_begins_at_the_source_code() {
        assert_eq!(relative("/home/me/src/chat/src/room.rs"), "src/room.rs");
        assert_eq!(relative("/home/me/chat/room.rs"), "room.rs");
    }
}
