//! The disk of a run does what the machine's does: random programs of operations on files give
//! the same results and the same errors on both.

use std::path::{Path, PathBuf};

use rehearsal_sim::{Config, Random, Verdict, run};

/// Programs that are tried.
const PROGRAMS: u64 = 400;

/// Operations of a program.
const LENGTH: u32 = 60;

/// Files that a program has open at most.
const OPEN_MAX: u64 = 3;

/// Names that mean files, directories, both by turns, and things that cannot exist.
const NAMES: [&str; 16] = [
    "a", "b", "d", "e", "d/a", "d/b", "d/e", "d/e/a", "d/e/b", "a/x", "a/", "d/", "d/.", "d/..",
    "d/../a", "d/e/../b",
];

/// A generator of numbers (SplitMix64), the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len() as u64) as usize]
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// Returns an error as two systems have it in common. Those that the standard library finds itself
/// have no number, and which these are differs between its versions.
fn error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidInput => "error InvalidInput".to_owned(),
        kind => format!("error {kind:?} {:?}", error.raw_os_error()),
    }
}

fn shown<T>(result: std::io::Result<T>, of_value: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => of_value(value),
        Err(failed) => error(&failed),
    }
}

macro_rules! programs {
    ($module:ident, ::$($tokio:ident)::+) => {
        mod $module {
            use ::$($tokio)::+ as tokio;
            use super::{Numbers, LENGTH, OPEN_MAX, error, shown};
            include!("program.rs");
        }
    };
}

programs!(plain, ::tokio);
programs!(facade, ::rehearsal_sim::tokio);

/// A directory of the machine, which goes with its test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("rehearsal-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a new directory");
        Self(path.canonicalize().expect("a directory"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let removed = std::fs::remove_dir_all(&self.0);
        if !std::thread::panicking() {
            removed.expect("it is removed");
        }
    }
}

fn on_the_machine(root: &Path, seed: u64) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let root = root.join(seed.to_string());
    std::fs::create_dir(&root).expect("a new directory");
    runtime
        .expect("a runtime")
        .block_on(plain::program(root, seed))
}

fn in_a_run(seed: u64) -> Vec<String> {
    let config = Config {
        strategy: Box::new(Random::default()),
        ..Config::default()
    };
    let outcome = run(config, move |world| async move {
        let host = world.host("server");
        let program = async move {
            let root = PathBuf::from("/root");
            rehearsal_sim::tokio::fs::create_dir(&root).await?;
            std::io::Result::Ok(facade::program(root, seed).await)
        };
        world.spawn_on(host, program).await
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    let lines = outcome.value.expect("it passes").expect("it ends");
    lines.expect("a new directory")
}

#[test]
#[cfg(target_os = "linux")]
fn random_programs_have_the_same_results_as_on_the_machine() {
    let directory = Directory::new("file-parity");
    let mut errors = 0;
    let mut differences = Vec::new();
    for seed in 0..PROGRAMS {
        let expected = on_the_machine(&directory.0, seed);
        let found = in_a_run(seed);
        errors += found.iter().filter(|line| line.contains("error ")).count();
        let differs = expected.iter().zip(&found).position(|(a, b)| a != b);
        if let Some(index) = differs {
            let before = found[..index].join("\n");
            let (found, expected) = (&found[index], &expected[index]);
            let program = format!("program {seed}: after\n{before}");
            differences.push(format!("{program}\nfound {found}\nexpected {expected}\n"));
        }
        assert_eq!(found.len(), expected.len());
    }
    let some = &differences[..differences.len().min(10)];
    assert!(differences.is_empty(), "{}", some.join("\n"));
    let all = PROGRAMS * u64::from(LENGTH);
    let errors = errors as u64;
    assert!(
        errors > all / 8 && errors < all * 3 / 4,
        "{errors} of {all} fail"
    );
}

#[test]
fn whole_program_outside_a_run_is_the_machines() {
    let directory = Directory::new("file-parity-outside");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    for seed in 0..20 {
        let expected = on_the_machine(&directory.0, seed);
        let root = directory.0.join(format!("{seed}-again"));
        std::fs::create_dir(&root).expect("a new directory");
        assert_eq!(runtime.block_on(facade::program(root, seed)), expected);
    }
}
