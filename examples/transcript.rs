//! Holds a page of the guide to what a failing test prints. To write it anew:
//! `README_UPDATE=1 cargo test -p EXAMPLE`.

use std::fs;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rehearsal::{Test, TestLocation, TestOutcome, World};

const FENCE: &str = "```";
const CONSOLE: &str = "console\n";
const REPLAY: &str = "REHEARSAL_REPLAY=";

/// The page's block of the test `shown` is what the test at `place` prints, which is set
/// up like it and has another name, so that both may run at once.
pub(crate) fn check<F, Fut>(
    page: &str,
    shown: &str,
    place: TestLocation,
    set: impl FnOnce(Test) -> Test,
    program: F,
) where
    F: Fn(World) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: TestOutcome> + 'static,
{
    let test = set(Test::new(place));
    let failed = catch_unwind(AssertUnwindSafe(|| test.run(program)));
    let payload = failed.expect_err("the test fails");
    let told = payload.downcast_ref::<String>().expect("a text");
    let told = without_directory(&told.replace(place.name, shown));
    let path = format!("../../docs/guide/{page}.md");
    let text = fs::read_to_string(&path).expect("a page of the guide");
    let mut parts: Vec<String> = text.split(FENCE).map(str::to_owned).collect();
    let is_shown = |part: &&mut String| {
        let first = part.strip_prefix(CONSOLE).and_then(|b| b.lines().next());
        first.is_some_and(|line| line.contains(&format!("::{shown} ")))
    };
    let block = parts.iter_mut().find(is_shown).expect("it is shown");
    let new = format!("{CONSOLE}{}\n", told.trim_end());
    if std::env::var_os("README_UPDATE").is_some() {
        *block = new;
        fs::write(&path, parts.join(FENCE)).expect("the page is written");
    } else {
        assert_eq!(*block, new, "{path}");
    }
}

/// With `target` in the place of the directory that this was built in, and paths from the root of
/// the workspace.
fn without_directory(told: &str) -> String {
    let (_, rest) = told.split_once(REPLAY).expect("how it is replayed");
    let (directory, _) = rest.split_once("/rehearsal/").expect("a repro");
    let told = told.replace(&format!("{directory}/rehearsal/"), "target/rehearsal/");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.expect("two directories above the package").display();
    told.replace(&format!("{root}/"), "")
}
