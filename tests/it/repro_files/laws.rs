//! Laws of reading: what is written comes back, and whatever the text, there is
//! an answer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rehearsal::agents::sections;
use rehearsal::repro::{Expected, Origin, Repro, ScenarioRef, Shrunk, TestRef};
use rehearsal::run::{RunVerdict, StrategyName};
use rehearsal::scenario::{ColorChoice, Edit, NewValue, render_all};
use rehearsal::signature::Signature;
use rehearsal::sim::{
    Deviation, Fingerprint, Interleave, Link, PlainPath, Schedule, Site, SpawnPath,
};

use super::FILE;
use super::cases::GOOD;

/// Text that is hard to write and to read: quotes, line breaks, control
/// characters, brackets and what is beyond ASCII.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9 .-]{1,6}",
        "\\PC{1,4}",
        any::<char>().prop_map(String::from),
        prop::sample::select(
            &[
                "\"",
                "'",
                "\"\"\"",
                "'''",
                "\n",
                "\r\n",
                "\\",
                "#",
                "\u{0}",
                "\u{7f}",
                "\u{1b}[31m",
                "]",
                "}",
                "\u{feff}",
                "é"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// A scenario's name: a file can have it, so no `/`.
fn name() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("s{}", text.replace('/', "_")))
}

fn site() -> impl Strategy<Value = Site> {
    let path = prop::collection::vec(any::<u32>(), 1..4).prop_map(|numbers| {
        let root = SpawnPath::default();
        numbers
            .into_iter()
            .fold(root, |path, number| path.child(number))
    });
    let link = || (text(), text()).prop_map(|(from, to)| Link { from, to });
    prop_oneof![
        path.clone().prop_map(Site::Preempt),
        path.clone().prop_map(Site::After),
        path.clone().prop_map(Site::Postpone),
        path.clone().prop_map(Site::Select),
        path.clone().prop_map(Site::Cancel),
        (path.clone(), path)
            .prop_map(|(spawner, below)| { Site::Interrupt(PlainPath { spawner, below }) }),
        text().prop_map(Site::Durability),
        link().prop_map(Site::Latency),
        link().prop_map(Site::Loss),
        text().prop_map(Site::world),
    ]
}

fn decisions() -> impl Strategy<Value = Vec<Deviation>> {
    let decision = (site(), any::<u32>(), 2..=u32::MAX, any::<u32>());
    prop::collection::vec(decision, 0..12).prop_map(|decisions| {
        let mut places = BTreeSet::new();
        decisions
            .into_iter()
            .filter(|(site, nth, ..)| places.insert((site.clone(), *nth)))
            .map(|(site, nth, bound, value)| Deviation {
                site,
                nth,
                bound,
                value: 1 + value % (bound - 1),
            })
            .collect()
    })
}

/// The lines of one key: no two of them about one place.
fn edits(edit: impl Strategy<Value = Edit>) -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit, 0..6).prop_map(|edits| {
        let mut places = BTreeSet::new();
        let first = |edit: &Edit| places.insert(edit.path.clone());
        edits.into_iter().filter(first).collect()
    })
}

/// Lines as they are written today.
fn edit() -> impl Strategy<Value = Edit> {
    (0..6, 0..4_usize, any::<u32>(), text()).prop_map(|(kind, index, number, text)| {
        let group = sections::Path::of("agents").index(index);
        let faults = sections::Path::of("faults");
        match kind {
            0 => Edit::number(group.key("count"), number.into()),
            1 => Edit::number(group.key("children").index(0).key("events"), number.into()),
            2 => Edit::removed(group),
            3 => Edit::removed(faults),
            4 => Edit::removed(faults.key("kinds").index(index)),
            _ => Edit::text(faults.key("window"), &text),
        }
    })
}

/// Lines as format 1 had them.
fn cut() -> impl Strategy<Value = Edit> {
    (0..8, 0..4_usize, any::<u32>()).prop_map(|(kind, index, left)| {
        let group = |key| sections::Path::of("agents").index(index).key(key);
        let faults = |key| sections::Path::of("faults").key(key);
        let path = match kind {
            0 => group("count"),
            1 => group("events"),
            2 => group("children"),
            3 => group("party"),
            4 => sections::Path::of("clients").key("per_thread"),
            5 => faults("budget"),
            6 => faults("from_ms"),
            _ => faults("kind"),
        };
        Edit {
            path,
            value: NewValue::Format1(left),
        }
    })
}

/// The parts of its scenario that a repro leaves out.
fn cuts() -> impl Strategy<Value = Vec<Edit>> {
    (edits(edit()), edits(cut())).prop_map(|(today, format_1)| [today, format_1].concat())
}

fn expected() -> impl Strategy<Value = Expected> {
    let failures = [
        RunVerdict::Violation,
        RunVerdict::Deadlock,
        RunVerdict::Livelock,
        RunVerdict::Timeout,
        RunVerdict::Panic,
        RunVerdict::Unknown,
    ];
    let judges = [
        "no-loss", "fifo", "deadlock", "panic", "timeout", "reached", "program",
    ];
    (
        prop::sample::select(failures.to_vec()),
        prop::sample::select(judges.to_vec()).prop_map(str::to_owned),
        prop::option::of(text()),
        any::<u128>(),
    )
        .prop_map(|(verdict, judge, rule, fingerprint)| Expected {
            verdict,
            signature: Signature { judge, rule },
            fingerprint: Fingerprint(fingerprint),
        })
}

fn strategy() -> impl Strategy<Value = StrategyName> {
    prop::sample::select(StrategyName::samplers())
}

fn repro() -> impl Strategy<Value = Repro> {
    let scenario = (
        name(),
        "[a-z/]{0,8}",
        any::<u128>(),
        any::<bool>(),
        any::<bool>(),
        prop::option::of("[A-Za-z0-9_-]{1,8}"),
        edits(edit()),
    );
    let seed = prop_oneof![any::<u64>(), Just(u64::MAX), Just(i64::MAX as u64), Just(0)];
    let shrunk = prop::option::of((any::<u64>(), any::<usize>(), any::<usize>()));
    let run = (
        seed,
        strategy(),
        prop::sample::select(&Interleave::ALL[..]),
        decisions(),
        prop::collection::vec(text(), 0..12),
    );
    (scenario, any::<bool>(), cuts(), run, expected(), shrunk).prop_map(
        |(
            (name, directory, hash, healthy, known, system, set),
            of_test,
            cuts,
            run,
            expected,
            shrunk,
        )| {
            let (seed, strategy, interleave, decisions, remarks) = run;
            let file = PathBuf::from(format!("{directory}/{name}.toml"));
            Repro {
                // A test has nothing to cut.
                cuts: if of_test { Vec::new() } else { cuts },
                origin: if of_test {
                    Origin::Test(TestRef {
                        package: directory,
                        name,
                        file,
                    })
                } else {
                    Origin::Scenario(ScenarioRef {
                        name,
                        file,
                        hash,
                        system,
                        healthy,
                        kind: known.then(|| "bridge".to_owned()),
                        set,
                    })
                },
                seed,
                strategy,
                interleave,
                schedule: Schedule::new(decisions),
                drawn: None,
                remarks,
                expected,
                shrunk: shrunk.map(|(runs, decisions, preemptions)| Shrunk {
                    runs,
                    decisions,
                    preemptions,
                }),
            }
        },
    )
}

/// Large texts that are made to exhaust the reader: what grows with their square,
/// or with the number of problems, would be noticed.
#[test]
fn floods_get_a_short_answer() {
    let most = 4 * 1024 * 1024;
    let choice = "{ site = \"p\", nth = 1, of = 4, take = 9 },";
    for (before, part) in [
        ("", "="),
        ("", "["),
        ("", "\u{0}"),
        ("", "[[run.choices]]\n"),
        ("[run]\nchoices = [", choice),
        ("format = 1\nx = [", "\"\","),
    ] {
        let text = format!("{before}{}", part.repeat(most / part.len()));
        let text = if part == choice { text + "]\n" } else { text };
        let Err(problems) = Repro::parse(&text, Path::new(FILE)) else {
            panic!("{part} again and again is no repro");
        };
        let shown = render_all(&problems, ColorChoice::Plain);
        assert!(shown.len() < 50_000, "{} bytes on {part}", shown.len());
        assert!(shown.contains(FILE), "{shown}");
    }
}

/// One thing that happens to files.
#[derive(Clone, Debug)]
enum Damage {
    CutAt(usize),
    Flip(usize, u8),
    Swap(usize, usize),
    Double(usize),
    Drop(usize),
    Insert(usize, String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..GOOD.len();
    let line = 0..GOOD.lines().count();
    let pieces = [
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "=",
        ",",
        "\n",
        "-1",
        "4294967296",
        "9e99",
        "[run]\n",
        "[[run]]\n",
        "\u{0}",
        "é",
    ];
    prop_oneof![
        at.clone().prop_map(Damage::CutAt),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (line.clone(), line.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        line.clone().prop_map(Damage::Double),
        line.prop_map(Damage::Drop),
        (at, prop::sample::select(pieces.to_vec()))
            .prop_map(|(at, piece)| Damage::Insert(at, piece.to_owned())),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &Damage) -> Vec<u8> {
    match damage {
        Damage::CutAt(at) => bytes.truncate(*at),
        Damage::Flip(at, byte) => {
            if let Some(there) = bytes.get_mut(*at) {
                *there ^= byte;
            }
        }
        Damage::Insert(at, piece) => {
            let at = (*at).min(bytes.len());
            bytes.splice(at..at, piece.bytes());
        }
        Damage::Swap(..) | Damage::Double(_) | Damage::Drop(_) => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            let line = |number: usize| number % lines.len().max(1);
            match *damage {
                _ if lines.is_empty() => {}
                Damage::Swap(a, b) => {
                    let (a, b) = (line(a), line(b));
                    lines.swap(a, b);
                }
                Damage::Double(at) => {
                    let at = line(at);
                    lines.insert(at, lines[at]);
                }
                Damage::Drop(at) => {
                    let at = line(at);
                    lines.remove(at);
                }
                _ => {}
            }
            bytes = lines.concat();
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_repros_are_read_back(repro in repro()) {
        let text = repro.to_toml();
        let back = Repro::parse(&text, Path::new(FILE));
        let back = back.map_err(|problems| {
            TestCaseError::fail(format!("{}\n{text}", render_all(&problems, ColorChoice::Plain)))
        })?;
        // Remarks are comments: they do not come back.
        prop_assert_eq!(back, Repro { remarks: Vec::new(), ..repro });
    }

    #[test]
    fn a_damaged_file_gets_an_answer(damages in prop::collection::vec(damage(), 1..6)) {
        let bytes = damages.iter().fold(GOOD.as_bytes().to_vec(), damaged);
        let file = super::cases::directory().join("damaged.repro");
        std::fs::write(&file, &bytes)?;
        if let Err(problems) = Repro::read(&file) {
            prop_assert!(!problems.is_empty());
            let shown = render_all(&problems, ColorChoice::Plain);
            prop_assert!(shown.contains("damaged.repro"));
            prop_assert!(!shown.contains('\u{1b}'), "an escape sequence got through");
        }
        let text = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(
            Repro::parse(&text, Path::new(FILE)),
            Repro::parse(&text, Path::new(FILE))
        );
    }

    #[test]
    fn a_damaged_random_file_gets_an_answer(
        repro in repro(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let bytes = damages.iter().fold(repro.to_toml().into_bytes(), damaged);
        let text = String::from_utf8_lossy(&bytes);
        if let Err(problems) = Repro::parse(&text, Path::new(FILE)) {
            prop_assert!(!render_all(&problems, ColorChoice::Plain).is_empty());
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in text()) {
        let _ = Repro::parse(&text, Path::new(FILE)).map_err(|problems| {
            render_all(&problems, ColorChoice::Plain)
        });
    }
}
