//! Texts and files with what is wrong with them.

use std::path::PathBuf;
use std::sync::LazyLock;

use rehearsal::scenario::Code::{self, *};

/// A repro that uses every key.
pub(crate) const GOOD: &str = r#"# A failing run: `rehearsal replay` replays this file.
format = 1
tool = "rehearsal 0.1.0"

[scenario]
name = "example"
file = "scenarios/example.toml"
hash = "00112233445566778899aabbccddeeff"
transport = "websocket"
healthy = true # its twin without the defect
reductions = [
    "agents.0.count = 1",
]

[run]
seed = 7
strategy = "pct:2"
choices = [
    { site = "preempt 0.1", nth = 2, of = 4, take = 3 }, # a remark
    { site = "latency a -> b", nth = 0, of = 9001, take = 17 },
]

[expected]
verdict = "violation"
judge = "no-loss"
message = "event-# of run-# never reached client-#"
fingerprint = "ffeeddccbbaa99887766554433221100"

[shrunk]
runs = 120
decisions = 40
preemptions = 12
"#;

/// The same in the present format: sites are typed.
pub(crate) fn good_with_typed_sites() -> String {
    GOOD.replacen("format = 1", "format = 2", 1)
        .replacen("site = \"preempt 0.1\"", "preempt = \"0.1\"", 1)
        .replacen(
            "site = \"latency a -> b\"",
            "latency = { from = \"a\", to = \"b\" }",
            1,
        )
}

/// A text with what is wrong with it.
pub(crate) struct Case {
    /// The problem, in a few words.
    pub(crate) name: &'static str,
    /// The text.
    pub(crate) text: String,
    /// The expected codes, in order.
    pub(crate) wrong: Vec<Code>,
}

fn case(name: &'static str, from: &str, to: &str, wrong: &[Code]) -> Case {
    changed(name, GOOD, from, to, wrong)
}

/// A case of the present format.
fn typed(name: &'static str, from: &str, to: &str, wrong: &[Code]) -> Case {
    changed(name, &good_with_typed_sites(), from, to, wrong)
}

fn changed(name: &'static str, text: &str, from: &str, to: &str, wrong: &[Code]) -> Case {
    assert!(text.contains(from), "{name}: `{from}` is not in the text");
    Case {
        name,
        text: text.replacen(from, to, 1),
        wrong: wrong.to_vec(),
    }
}

fn cut(name: &'static str, before: &str, wrong: &[Code]) -> Case {
    let end = GOOD.find(before).expect("it is in the text");
    Case {
        name,
        text: GOOD[..end].to_owned(),
        wrong: wrong.to_vec(),
    }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let scenario = "format = 1\nname = \"example\"\nclaim = \"It works.\"\n[[agents]]\n";
    let many: String = (0..60).map(|n| format!("x{n} = 1\n")).collect();
    let mut many_codes = vec![ReproUnknownKey; 50];
    many_codes.push(ReproTooManyProblems);
    let deep = format!("deep = {}", "[".repeat(500));
    vec![
        // By hand, as they are edited.
        case(
            "choice out of range",
            "take = 3",
            "take = 4",
            &[ImpossibleChoice],
        ),
        case(
            "choice of the default alternative",
            "take = 3",
            "take = 0",
            &[ImpossibleChoice],
        ),
        case(
            "choice without an alternative",
            "of = 4",
            "of = 1",
            &[ReproOutOfRange],
        ),
        case(
            "a test and a scenario",
            "[run]",
            "[test]\npackage = \"bank\"\nname = \"bank::it_works\"\nfile = \"src/lib.rs\"\n\n[run]",
            &[ReproUnknownKey],
        ),
        case(
            "a test without a name",
            "[run]",
            "[test]\npackage = 7\nfile = \"src/lib.rs\"\n\n[run]",
            &[ReproUnknownKey, ReproMissingKey, ReproWrongType],
        ),
        case(
            "a file that is no scenario",
            "name = \"example\"\nfile = \"scenarios/example.toml\"",
            "name = \"environ\"\nfile = \"/proc/self/environ\"",
            &[ReproForeignFile],
        ),
        case(
            "another scenario's name",
            "\"example\"",
            "\"shared_bridge\"",
            &[ReproNameMismatch],
        ),
        case(
            "a future version",
            "format = 1",
            "format = 7",
            &[ReproUnknownFormat],
        ),
        case(
            "a future version with more in it",
            "format = 1\ntool = \"rehearsal 0.1.0\"",
            "format = 99999999999999999999\ntool = \"rehearsal 9.0.0\"\nnew = { a = [1] }\n= ",
            &[ReproUnknownFormat],
        ),
        case(
            "a version that never was",
            "format = 1",
            "format = 0",
            &[ReproOutOfRange],
        ),
        // Cut off.
        cut(
            "cut off in the choices",
            "{ site = \"latency",
            &[ReproTruncated],
        ),
        cut("cut off in a string", "latency a", &[ReproTruncated]),
        cut("cut off in a table", ", take = 17", &[ReproTruncated]),
        cut("cut off before a part", "\n[expected]", &[ReproMissingKey]),
        cut("cut off before a key", "fingerprint", &[ReproMissingKey]),
        cut("cut off before everything", "format", &[ReproEmpty]),
        // TOML.
        case("not TOML", "seed = 7", "seed = = 7", &[ReproSyntax]),
        case(
            "a key twice",
            "seed = 7",
            "seed = 7\nseed = 8",
            &[ReproDuplicateKey],
        ),
        case("nested too deep", "format = 1", &deep, &[ReproTooDeep]),
        // Keys and types.
        case(
            "unknown key",
            "judge =",
            "jugde =",
            &[ReproMissingKey, ReproUnknownKey],
        ),
        case("missing key", "seed = 7\n", "", &[ReproMissingKey]),
        case("missing format", "format = 1\n", "", &[ReproMissingKey]),
        case(
            "no strategy at all",
            "strategy = \"pct:2\"\n",
            "",
            &[ReproMissingKey],
        ),
        case("missing in a choice", "nth = 2, ", "", &[ReproMissingKey]),
        case(
            "unknown in a choice",
            "nth = 2,",
            "nth = 2, mth = 3,",
            &[ReproUnknownKey],
        ),
        case(
            "a choice that is a number",
            "{ site = \"preempt 0.1\", nth = 2, of = 4, take = 3 }",
            "3",
            &[ReproWrongType],
        ),
        case(
            "wrong type",
            "healthy = true",
            "healthy = \"yes\"",
            &[ReproWrongType],
        ),
        case(
            "unknown table",
            "[shrunk]",
            "[elsewhere]",
            &[ReproUnknownKey],
        ),
        case(
            "a site that is a number",
            "site = \"preempt 0.1\"",
            "site = 1",
            &[ReproWrongType],
        ),
        // Typed sites.
        typed(
            "a site of the first format",
            "preempt = \"0.1\"",
            "site = \"preempt 0.1\"",
            &[ReproMissingKey, ReproUnknownKey],
        ),
        typed(
            "a postponement in the second format",
            "preempt = \"0.1\"",
            "postpone = \"0.1\"",
            &[ReproMissingKey, ReproUnknownKey],
        ),
        typed(
            "a typed site in the first format",
            "format = 2",
            "format = 1",
            &[
                ReproMissingKey,
                ReproUnknownKey,
                ReproMissingKey,
                ReproUnknownKey,
            ],
        ),
        typed(
            "a path that is none",
            "preempt = \"0.1\"",
            "after = \"lunch\"",
            &[ReproOutOfRange],
        ),
        typed(
            "two sites in a choice",
            "preempt = \"0.1\"",
            "preempt = \"0.1\", world = \"coin\"",
            &[ReproUnknownKey],
        ),
        typed("half a link", "from = \"a\", ", "", &[ReproMissingKey]),
        typed(
            "a link that is a text",
            "{ from = \"a\", to = \"b\" }",
            "\"a -> b\"",
            &[ReproWrongType],
        ),
        // Numbers.
        case("negative seed", "seed = 7", "seed = -7", &[ReproOutOfRange]),
        case(
            "seed beyond all",
            "seed = 7",
            "seed = 18446744073709551616",
            &[ReproOutOfRange],
        ),
        case(
            "text beyond all",
            "seed = 7",
            "seed = \"18446744073709551616\"",
            &[ReproOutOfRange],
        ),
        case(
            "seed with a sign",
            "seed = 7",
            "seed = \"+7\"",
            &[ReproOutOfRange],
        ),
        case(
            "seed that is a fraction",
            "seed = 7",
            "seed = 7.5",
            &[ReproWrongType],
        ),
        case("negative number", "nth = 2", "nth = -2", &[ReproOutOfRange]),
        case(
            "huge number",
            "nth = 2",
            "nth = 4294967296",
            &[ReproOutOfRange],
        ),
        case(
            "huge bound",
            "of = 4",
            "of = 99999999999999999999999",
            &[ReproOutOfRange],
        ),
        case(
            "negative runs",
            "runs = 120",
            "runs = -1",
            &[ReproOutOfRange],
        ),
        // Names.
        case(
            "unknown strategy",
            "\"pct:2\"",
            "\"luck\"",
            &[ReproUnknownName],
        ),
        case(
            "the portfolio",
            "\"pct:2\"",
            "\"portfolio\"",
            &[ReproUnknownName],
        ),
        case(
            "unknown verdict",
            "\"violation\"",
            "\"voilation\"",
            &[ReproUnknownName],
        ),
        case(
            "a verdict that is none",
            "\"violation\"",
            "\"pass\"",
            &[ReproUnknownName],
        ),
        case(
            "unknown judge",
            "\"no-loss\"",
            "\"missing\"",
            &[ReproUnknownName],
        ),
        case(
            "unknown transport",
            "\"websocket\"",
            "\"websockets\"",
            &[ReproUnknownName],
        ),
        // Hashes, cuts, choices.
        case("short hash", "00112233", "0011", &[BadHash]),
        case("hash with a sign", "00112233", "+0112233", &[BadHash]),
        case(
            "fingerprint with other letters",
            "ffeedd",
            "ffeegg",
            &[BadHash],
        ),
        case(
            "no cut",
            "agents.0.count = 1",
            "agents.0.cuont = 1",
            &[BadCut],
        ),
        case(
            "negative cut",
            "agents.0.count = 1",
            "agents.0.count = -1",
            &[BadCut],
        ),
        case(
            "cut twice",
            "= 1\",\n]",
            "= 1\",\n    \"agents.0.count = 2\",\n]",
            &[RepeatedCut],
        ),
        case(
            "made twice",
            "latency a -> b\", nth = 0",
            "preempt 0.1\", nth = 2",
            &[RepeatedChoice],
        ),
        // Something else.
        Case {
            name: "a scenario",
            text: scenario.to_owned(),
            wrong: vec![NotARepro],
        },
        case(
            "many problems",
            "[scenario]",
            &format!("{many}[scenario]"),
            &many_codes,
        ),
    ]
}

/// The directory that cases write to.
pub(crate) fn directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("repro_files");
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// Files that cannot be read, with what must be reported. They are written
/// once: tests run side by side, and one must not truncate what another reads.
pub(crate) fn files() -> &'static [(&'static str, PathBuf, Code)] {
    static FILES: LazyLock<Vec<(&str, PathBuf, Code)>> = LazyLock::new(written_files);
    &FILES
}

fn written_files() -> Vec<(&'static str, PathBuf, Code)> {
    let written = |name: &str, bytes: &[u8]| {
        let path = directory().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    let latin = GOOD.replace("remark", "remarqu").into_bytes();
    let at = GOOD.find("remark").expect("it is there") + 6;
    let mut latin: Vec<u8> = latin;
    latin[at] = 0xe9;
    let mut files = vec![
        ("missing", directory().join("nowhere.repro"), ReproMissing),
        ("a directory", directory(), ReproNotAFile),
        (
            "below a file",
            written("file.repro", b"").join("x"),
            ReproUnreadable,
        ),
        ("empty", written("empty.repro", b""), ReproEmpty),
        ("not UTF-8", written("latin.repro", &latin), ReproNotUtf8),
    ];
    let large = vec![b'#'; rehearsal::scenario::FileKind::Repro.max_bytes() + 1];
    files.push(("too large", written("huge.repro", &large), ReproTooLarge));
    if cfg!(unix) {
        files.push(("a device", PathBuf::from("/dev/zero"), ReproNotAFile));
    }
    files
}
