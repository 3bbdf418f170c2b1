//! Repro files that are right, wrong, damaged or hostile: what is read, and what
//! is reported.

mod cases;
mod laws;

use std::collections::BTreeSet;
use std::path::Path;

use rehearsal::repro::{Drawn, Repro};
use rehearsal::scenario::{Code, ColorChoice, Diagnostic, FileKind, render_all};
use rehearsal::sim::{Alternative, Deviation, DeviationKind, PickDeviation, Schedule, Site};

use crate::support::codes;

use cases::{Case, GOOD};

/// The file that every text claims to come from.
const FILE: &str = "target/rehearsal/example-seed-7.repro";

fn problems(text: &str) -> Vec<Diagnostic> {
    match Repro::parse(text, Path::new(FILE)) {
        Ok(repro) => panic!("nothing was reported: {repro:?}"),
        Err(problems) => problems,
    }
}

/// Compares with the reviewed snapshot of that name.
fn assert_looks_like(name: &str, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("bad_repro__{name}"), shown));
}

#[test]
fn the_text_that_all_cases_start_from_is_right() {
    let repro = Repro::parse(GOOD, Path::new(FILE)).expect("it is right");
    assert_eq!(repro.seed, 7);
    assert_eq!(repro.schedule.len(), 2);
    assert_eq!(repro.cuts.len(), 1);
    assert!(repro.shrunk.is_some());
}

#[test]
fn both_formats_mean_the_same() {
    let first = Repro::parse(GOOD, Path::new(FILE)).expect("it is right");
    let text = cases::good_with_typed_sites();
    let second = Repro::parse(&text, Path::new(FILE)).expect("it is right");
    assert_eq!(first, second);
    let sites: Vec<&Site> = first
        .schedule
        .deviations()
        .iter()
        .map(|d| &d.site)
        .collect();
    assert!(matches!(sites[..], [Site::Preempt(_), Site::Latency(_)]));
    let written = first.to_toml();
    assert!(written.contains("format = 2"), "{written}");
    assert!(
        written.contains("{ preempt = \"0.1\", nth = 2,"),
        "{written}"
    );
}

/// A tool that does not know postponements reads every repro without one.
#[test]
fn only_postponements_need_the_third_format() {
    let text = cases::good_with_typed_sites();
    let third = text.replacen("format = 2", "format = 3", 1);
    let mut repro = Repro::parse(&third, Path::new(FILE)).expect("it is right");
    assert_eq!(
        repro,
        Repro::parse(&text, Path::new(FILE)).expect("it is right")
    );
    assert!(repro.to_toml().contains("format = 2"));
    let mut deviations = repro.schedule.deviations().to_vec();
    let path = "0.2".parse().expect("a path");
    deviations.push(Deviation::postponement(path, 7));
    repro.schedule = Schedule::new(deviations);
    let written = repro.to_toml();
    assert!(written.contains("format = 3"), "{written}");
    assert!(
        written.contains("{ postpone = \"0.2\", nth = 7, of = 2, take = 1 }"),
        "{written}"
    );
    let read = Repro::parse(&written, Path::new(FILE)).expect("it was just written");
    assert_eq!(read.schedule, repro.schedule);
}

#[test]
fn site_of_an_interruption_is_a_path_of_a_plain_task() {
    let text = cases::good_with_typed_sites().replacen("format = 2", "format = 3", 1);
    let with =
        |path: &str| text.replacen("preempt = \"0.1\"", &format!("interrupt = \"{path}\""), 1);
    let repro = Repro::parse(&with("0.2/1"), Path::new(FILE)).expect("it is right");
    let path = "0.2/1".parse().expect("a path");
    let sites: Vec<&Site> = repro
        .schedule
        .deviations()
        .iter()
        .map(|d| &d.site)
        .collect();
    assert!(sites.contains(&&Site::Interrupt(path)), "{sites:?}");
    assert!(repro.to_toml().contains("format = 3"));
    let shown = render_all(&problems(&with("0.2")), ColorChoice::Plain);
    assert!(
        shown.contains("\"0.2\" is no path of a plain task"),
        "{shown}"
    );
}

/// A tool without disks reads every repro in which nothing is lost.
#[test]
fn only_losses_of_crashes_need_the_fifth_format() {
    let text = cases::good_with_typed_sites().replacen("format = 2", "format = 5", 1);
    let mut repro = Repro::parse(&text, Path::new(FILE)).expect("it is right");
    assert!(repro.to_toml().contains("format = 2"));
    let mut deviations = repro.schedule.deviations().to_vec();
    deviations.push(Deviation {
        site: Site::Durability("data 1".to_owned()),
        nth: 3,
        bound: 4,
        value: 2,
    });
    repro.schedule = Schedule::new(deviations);
    let written = repro.to_toml();
    assert!(written.contains("format = 5"), "{written}");
    assert!(
        written.contains("{ durability = \"data 1\", nth = 3, of = 4, take = 2 }"),
        "{written}"
    );
    let read = Repro::parse(&written, Path::new(FILE)).expect("it was just written");
    assert_eq!(read.schedule, repro.schedule);
    let older = written.replacen("format = 5", "format = 4", 1);
    assert!(Repro::parse(&older, Path::new(FILE)).is_err());
}

/// Seed and strategy give the choices again, and a search has its picks beside them.
#[test]
fn choices_that_are_drawn_again_need_the_sixth_format() {
    let mut repro = Repro::parse(GOOD, Path::new(FILE)).expect("it is right");
    repro.schedule = Schedule::default();
    let picks = vec![
        PickDeviation {
            pick: 3,
            instead: Alternative::Take(2),
        },
        PickDeviation {
            pick: 9,
            instead: Alternative::Postpone,
        },
    ];
    for picks in [Vec::new(), picks] {
        repro.drawn = Some(Drawn { picks });
        let written = repro.to_toml();
        assert!(written.contains("format = 6"), "{written}");
        assert!(written.contains("choices = \"drawn\""), "{written}");
        let read = Repro::parse(&written, Path::new(FILE)).expect("it was just written");
        assert_eq!(read, repro);
        let older = written.replacen("format = 6", "format = 5", 1);
        assert!(Repro::parse(&older, Path::new(FILE)).is_err());
    }
}

#[test]
fn wrong_picks_are_reported_in_one_pass() {
    let text = cases::good_with_typed_sites().replacen("format = 2", "format = 6", 1);
    let start = text.find("choices = [").expect("a list");
    let end = start + text[start..].find("\n]").expect("its end") + 2;
    let with = |choices: &str| format!("{}{choices}{}", &text[..start], &text[end..]);
    let wrong = "choices = \"drwan\"\npicks = [{ pick = 1 }, { pick = -1, take = 0 }]";
    assert_eq!(
        codes(&problems(&with(wrong))),
        [
            Code::ReproUnknownName,
            Code::ReproMissingKey,
            Code::ReproOutOfRange,
            Code::ReproOutOfRange,
        ]
    );
    // A list has its deviations, and no picks.
    let both = "choices = []\npicks = [{ pick = 1, postpone = true }]";
    assert_eq!(codes(&problems(&with(both))), [Code::ReproUnknownKey]);
}

/// A label that looks like one of the simulator's sites is still a label.
#[test]
fn a_label_is_never_taken_for_a_site_of_the_scheduler() {
    let mut repro = Repro::parse(GOOD, Path::new(FILE)).expect("it is right");
    let labels = ["preempt 0.1", "after 0.1", "latency a -> b", "strategy"];
    let decision = |label: &&str| Deviation {
        site: Site::world(*label),
        nth: 0,
        bound: 2,
        value: 1,
    };
    repro.schedule = Schedule::new(labels.iter().map(decision).collect());
    let read = Repro::parse(&repro.to_toml(), Path::new(FILE)).expect("it was just written");
    assert_eq!(read.schedule, repro.schedule);
    assert_eq!(read.schedule.count(DeviationKind::World), labels.len());
}

#[test]
fn every_case_reports_what_is_wrong_and_nothing_else() {
    let mut failed = String::new();
    for Case { name, text, wrong } in cases::all() {
        let problems = problems(&text);
        let helpless = problems.iter().any(|problem| problem.help.is_none());
        if codes(&problems) != wrong || helpless {
            let shown = render_all(&problems, ColorChoice::Plain);
            failed += &format!("{name}: {wrong:?} is wrong, and reported was\n{shown}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn diagnostics_look_as_reviewed() {
    let mut shown = String::new();
    for Case { name, text, wrong } in cases::all() {
        if wrong.len() > 9 {
            continue; // shown often enough
        }
        let drawn = render_all(&problems(&text), ColorChoice::Plain);
        shown += &format!("== {name}\n{drawn}\n");
    }
    assert_looks_like("texts", shown.trim_end());
}

#[test]
fn files_that_cannot_be_read() {
    let mut shown = String::new();
    for (name, path, wrong) in cases::files() {
        let Err(problems) = Repro::read(path) else {
            panic!("{name} was read");
        };
        let drawn = render_all(&problems, ColorChoice::Plain);
        assert_eq!(codes(&problems), [*wrong], "{name}: {drawn}");
        shown += &format!("== {name}\n{drawn}\n");
    }
    let shown = shown.replace(env!("CARGO_TARGET_TMPDIR"), "$DIR");
    assert_looks_like("files", shown.trim_end());
}

#[test]
fn every_code_of_repros_is_reported_by_some_case() {
    let from_texts = cases::all().into_iter().flat_map(|case| case.wrong);
    let from_files = cases::files().iter().map(|(_, _, wrong)| *wrong);
    let reported: BTreeSet<Code> = from_texts.chain(from_files).collect();
    let elsewhere = [
        Code::ReproScenarioMissing,
        Code::ReproOfATest,
        Code::ReproOfASystem,
    ];
    let silent: Vec<_> = Code::ALL
        .iter()
        .filter(|code| code.name().starts_with('R'))
        .filter(|code| !reported.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(silent.is_empty(), "never reported: {silent:?}");
}

/// A repro may be larger than a scenario.
#[test]
fn sixteen_mebibytes_are_read_and_no_more() {
    let most = FileKind::Repro.max_bytes();
    let path = cases::directory().join("large.repro");
    let mut text = GOOD.to_owned();
    text.push_str(&"#".repeat(most - text.len()));
    std::fs::write(&path, &text).expect("a file");
    assert!(Repro::read(&path).is_ok());
    text.push('#');
    std::fs::write(&path, &text).expect("a file");
    let problems = Repro::read(&path).expect_err("too large");
    assert_eq!(codes(&problems), [Code::ReproTooLarge]);
    std::fs::remove_file(&path).expect("it was there");
}

/// A table of eight bytes takes a kilobyte of memory: a text of nothing else is refused before it
/// is parsed. What stands in comments and texts does not count.
#[test]
fn many_tables_are_refused_before_they_are_read() {
    let most = FileKind::Repro.max_bytes() - 16;
    for part in ["{a=1},", "{a.b.c.d.e=1},", "[],", "1,"] {
        let text = format!("x=[{}]", part.repeat(most / part.len()));
        assert_eq!(codes(&problems(&text)), [Code::ReproTooLarge], "{part}");
    }
    let most = most - GOOD.len();
    let text = format!("{GOOD}\n#{}", "{.,[=".repeat(most / 5));
    assert!(Repro::parse(&text, Path::new(FILE)).is_ok());
}

/// A file that is cut off after any byte is an error, unless only something is
/// missing that means nothing.
#[test]
fn a_file_cut_off_anywhere_is_recognised() {
    let good = Repro::parse(GOOD, Path::new(FILE)).expect("it is right");
    let needed = GOOD.find("\n[shrunk]").expect("it is the last part");
    let needed = GOOD[..needed].trim_end().len();
    for end in 1..needed {
        let Some(text) = GOOD.get(..end) else {
            continue;
        };
        let problems = problems(text);
        let expected = [
            Code::ReproTruncated,
            Code::ReproMissingKey,
            Code::ReproSyntax,
            Code::ReproEmpty,
            Code::ReproOutOfRange,
            Code::ReproNameMismatch,
        ];
        for problem in &problems {
            assert!(
                expected.contains(&problem.code),
                "cut off at {end}: {}",
                problem.render(ColorChoice::Plain)
            );
        }
    }
    let rest = Repro::parse(&GOOD[..needed], Path::new(FILE)).expect("nothing needed is missing");
    assert_eq!(rest.schedule, good.schedule);
    assert_eq!(rest.shrunk, None);
}

/// Every problem of a file in one pass, in the order of the file.
#[test]
fn all_problems_come_at_once() {
    let text = GOOD
        .replacen("websocket", "carrier-pigeon", 1)
        .replacen("take = 3", "take = 4", 1)
        .replacen("seed = 7", "sead = 7", 1);
    let problems = problems(&text);
    let places: Vec<_> = problems.iter().map(Diagnostic::span).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(
        codes(&problems),
        [
            Code::ReproUnknownName,
            Code::ReproMissingKey,
            Code::ReproUnknownKey,
            Code::ImpossibleChoice,
        ]
    );
}
