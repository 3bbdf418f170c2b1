//! Project rules that no compiler checks.

mod language;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn sources() -> Vec<PathBuf> {
    let directories = ["src", "hermetic", "sim", "agents", "tests", "benches"];
    directories.into_iter().flat_map(rust_files).collect()
}

fn rust_files(directory: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.as_ref().to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn offences(rule: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut offences = Vec::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for (number, line) in text.lines().enumerate() {
            if rule(&path, line) {
                offences.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    offences
}

#[track_caller]
fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

/// It polls its branches in an order that tokio draws.
#[test]
fn tokios_own_select_stays_in_the_facade() {
    let name = concat!("tokio::", "select!");
    none(&offences(|path, line| {
        let facade = path.starts_with("sim/src/shim/tokio") || path.starts_with("sim/tests");
        let comment = line.trim_start().starts_with("//");
        line.contains(name) && !facade && !comment
    }));
}

#[test]
fn no_test_is_passed_over_and_nothing_is_left_to_do() {
    let banned = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
    ];
    none(&offences(|_, line| {
        banned.iter().any(|word| line.contains(word))
    }));
}

/// Files are read and text is printed by the root crate only.
#[test]
fn the_simulator_and_the_agents_touch_no_files_and_print_nothing() {
    let banned = [
        concat!("std::", "fs"),
        concat!("std::", "env"),
        concat!("println", "!("),
        concat!("eprint", "ln!("),
    ];
    none(&offences(|path, line| {
        let inside = ["hermetic/src", "sim/src", "agents/src"]
            .iter()
            .any(|crate_| path.starts_with(crate_));
        let comment = line.trim_start().starts_with("//");
        // Outside a run files are tokio's, and some of the signatures name the library's types.
        let signature = path.starts_with("sim/src/shim/tokio/fs") && line.contains(" as machine;");
        inside && !comment && !signature && banned.iter().any(|word| line.contains(word))
    }));
}

/// The sources of each crate of this workspace, and those of its top-level modules that
/// may import each other in a circle. `ARCHITECTURE.md` says why.
const CRATES: [(&str, &[&str]); 6] = [
    ("hermetic/src", &[]),
    ("sim/src", &[]),
    ("history/src", &[]),
    ("agents/src", &[]),
    ("macros/src", &[]),
    ("src", &[]),
];

#[test]
fn top_level_modules_import_each_other_in_one_direction() {
    for (sources, allowed) in CRATES {
        let imports = Imports::of(Path::new(sources));
        let circular = imports.circular();
        let unexpected: Vec<_> = circular
            .iter()
            .filter(|module| !allowed.contains(&module.as_str()))
            .map(|module| format!("{module} imports {:?}", imports.0[module]))
            .collect();
        let listed = unexpected.join("\n");
        assert!(unexpected.is_empty(), "circles in {sources}:\n{listed}");
    }
}

#[test]
fn circles_are_found_through_re_exports_and_several_modules() {
    let modules = ["a", "b", "c"].map(str::to_owned).into();
    let exports = BTreeMap::from([("B".to_owned(), "b".to_owned())]);
    let mut imports = Imports::default();
    for (module, depth, line) in [
        ("a", 1, "use crate::B;"),
        ("b", 2, "use super::super::c::{self, C};"),
        ("c", 1, "    let a = crate::a::new();"),
        ("c", 2, "use super::b::Own;"),
        ("a", 1, "// use crate::a;"),
    ] {
        imports.add(module, &named(line, depth), &modules, &exports);
    }
    let all: Vec<_> = imports.circular().into_iter().collect();
    assert_eq!(all, ["a", "b", "c"]);
    imports.0.remove("c");
    assert!(imports.circular().is_empty());
}

/// For each top-level module of a crate, those that it imports.
#[derive(Default)]
struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    fn of(sources: &Path) -> Self {
        let root = std::fs::read_to_string(sources.join("lib.rs")).expect("a library");
        let modules: BTreeSet<String> = root.lines().filter_map(declared).collect();
        let exports = re_exports(&root, &modules);
        let mut imports = Self::default();
        for path in rust_files(sources) {
            let inside = path.strip_prefix(sources).expect("below the sources");
            let mut names: Vec<String> = inside
                .with_extension("")
                .iter()
                .map(|name| name.to_string_lossy().into_owned())
                .collect();
            if names.last().is_some_and(|name| name == "mod") {
                names.pop();
            }
            if names
                .iter()
                .any(|name| name == "tests" || name.ends_with("_tests"))
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            // What tests within a file import is no dependency of the module.
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            for line in code.lines() {
                imports.add(&names[0], &named(line, names.len()), &modules, &exports);
            }
        }
        imports
    }

    fn add(
        &mut self,
        module: &str,
        named: &[String],
        modules: &BTreeSet<String>,
        exports: &BTreeMap<String, String>,
    ) {
        let named = named.iter().map(|name| exports.get(name).unwrap_or(name));
        let others = named.filter(|name| modules.contains(*name) && *name != module);
        let imported = self.0.entry(module.to_owned()).or_default();
        imported.extend(others.cloned());
    }

    /// Returns the modules from which imports lead back to themselves.
    fn circular(&self) -> BTreeSet<String> {
        let leads_back = |module: &&String| {
            let mut reached = BTreeSet::new();
            let mut open = vec![*module];
            while let Some(next) = open.pop() {
                for imported in self.0.get(next).into_iter().flatten() {
                    if reached.insert(imported) {
                        open.push(imported);
                    }
                }
            }
            reached.contains(*module)
        };
        self.0.keys().filter(leads_back).cloned().collect()
    }
}

/// The module that a line of a crate's root declares.
fn declared(line: &str) -> Option<String> {
    let line = line
        .trim_start_matches("pub ")
        .trim_start_matches("pub(crate) ");
    Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
}

/// For each name that the root of a crate re-exports, the module that it comes from.
fn re_exports(root: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for statement in root.split(';') {
        let Some((_, path)) = statement.split_once("use ") else {
            continue;
        };
        let module = path.split("::").next().unwrap_or_default().trim();
        if !modules.contains(module) {
            continue;
        }
        for name in path
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .skip(1)
        {
            exports.insert(name.to_owned(), module.to_owned());
        }
    }
    // A module by its own name is that module.
    exports.retain(|name, _| !modules.contains(name));
    exports
}

/// The names at the root of the crate that a line mentions; `depth` is that of the
/// line's module.
fn named(line: &str, depth: usize) -> Vec<String> {
    if line.trim_start().starts_with("//") {
        return Vec::new();
    }
    let from_inside = "super::".repeat(depth);
    let mut names = Vec::new();
    for root in ["crate::", from_inside.as_str()] {
        for (start, _) in line.match_indices(root) {
            let before = line[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &line[start + root.len()..];
            let group = rest
                .strip_prefix('{')
                .and_then(|rest| rest.split('}').next());
            for name in group.unwrap_or(rest).split(',') {
                let name: String = name
                    .trim_start()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                names.push(name);
                if group.is_none() {
                    break;
                }
            }
        }
    }
    names
}
