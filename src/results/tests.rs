use proptest::prelude::*;

use super::counts::{FailureCount, Failures, Smallest};
use super::*;
use crate::run::signature::Signature;
use crate::scenario::Code;

/// The counts of a seed: as a program has them, they depend on it alone.
fn of_seed(seed: u64) -> Counts {
    let mut counts = Counts {
        runs: 1,
        ..Counts::default()
    };
    let fails = seed % 5 == 3;
    let verdict = if fails { "violation" } else { "pass" };
    counts.verdicts.insert(verdict.to_owned(), 1);
    if fails {
        let signature = Signature {
            judge: "no-loss".to_owned(),
            rule: Some("lost".to_owned()),
        };
        let found = FailureCount {
            count: 1,
            lowest_seed: seed,
            smallest: Smallest {
                deviations: seed * 7 % 11,
                seed,
            },
        };
        counts.failures = Failures([(signature, found)].into());
    }
    let hash = (seed % 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    counts.schedules.add("random", hash);
    if seed % 20 == 7 {
        counts.exercised.insert("judge".to_owned(), 1);
    }
    if seed == 7 {
        counts.goals.insert("reached".to_owned(), 1);
    }
    counts
}

fn part(program: &str, first: u64, last: u64) -> Part {
    let mut counts = Counts::default();
    (first..=last).for_each(|seed| counts.merge(&of_seed(seed)));
    Part {
        program: ProgramId::named(program),
        first,
        last,
        search: None,
        counts,
    }
}

fn results() -> impl Strategy<Value = Results> {
    let one = ("[ab]", 0_u64..60, 0_u64..30)
        .prop_map(|(program, first, more)| part(&program, first, first + more));
    let parts = proptest::collection::btree_set(one, 0..6);
    parts.prop_map(|parts| Results { parts })
}

fn merged(a: &Results, b: &Results) -> Results {
    let mut merged = a.clone();
    merged.merge(b.clone());
    merged
}

proptest! {
    #[test]
    fn merging_has_no_order_and_no_number(a in results(), b in results(), c in results()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a.clone());
        prop_assert_eq!(merged(&merged(&a, &b), &b), merged(&a, &b));
    }

    /// However the seeds are shared out, the view is that of one process.
    #[test]
    fn shards_have_the_result_of_the_whole(
        cuts in proptest::collection::btree_set(1_u64..200, 0..8),
    ) {
        let mut shards = Results::default();
        let mut first = 0;
        for cut in cuts.into_iter().chain([200]) {
            shards.parts.insert(part("a", first, cut - 1));
            first = cut;
        }
        let mut whole = Results::default();
        whole.parts.insert(part("a", 0, 199));
        let program = ProgramId::named("a");
        prop_assert_eq!(shards.view(&program), whole.view(&program));
    }

    /// No seed is counted twice, and none of those that are said to be counted is missing.
    #[test]
    fn every_seed_is_counted_once(a in results()) {
        for (program, view) in a.views() {
            let mut counts = Counts::default();
            let seeds: Vec<u64> = view.seeds.iter().cloned().flatten().collect();
            prop_assert!(seeds.is_sorted_by(|a, b| a < b));
            seeds.iter().for_each(|seed| counts.merge(&of_seed(*seed)));
            prop_assert_eq!(&view.counts, &counts, "{:?}", program);
            prop_assert!(view.contradicting.is_empty());
        }
    }

    #[test]
    fn file_has_what_was_written(a in results()) {
        let directory = tempfile::tempdir().expect("a directory");
        write(&a, &directory.path().join("a.results")).expect("it is written");
        prop_assert_eq!(Directory::read(directory.path()).expect("it is read").results, a);
    }
}

#[test]
fn same_seeds_with_other_counts_are_a_contradiction() {
    let mut results = Results::default();
    results.parts.insert(part("a", 0, 4));
    let mut other = part("a", 0, 4);
    other.counts.verdicts = [("pass".to_owned(), 5)].into();
    results.parts.insert(other);
    let view = results.view(&ProgramId::named("a"));
    assert_eq!(view.contradicting, [Seeds::between(0, 4).expect("seeds")]);
}

#[test]
fn rows_that_share_seeds_are_counted_once_and_named() {
    let results: Results = [part("a", 0, 9), part("a", 5, 12), part("a", 11, 12)]
        .into_iter()
        .collect();
    let view = results.view(&ProgramId::named("a"));
    let seeds = |first, last| Seeds::between(first, last).expect("seeds");
    assert_eq!(view.overlapping, [seeds(5, 12)]);
    assert_eq!(view.seeds, [seeds(0, 9), seeds(11, 12)]);
    assert_eq!(view.counts.runs, 12);
    // The seed that is left is run by a resumed exploration, and then all count.
    let left = without(&seeds(0, 12), view.seeds);
    assert_eq!(left, [seeds(10, 10)]);
}

/// Seed 7 reaches the goal, and after ten seeds it is missed.
#[test]
fn goals_are_those_of_all_parts() {
    let missed = |parts: &[(u64, u64)]| {
        let parts = parts.iter().map(|(first, last)| part("a", *first, *last));
        let view = parts.collect::<Results>().view(&ProgramId::named("a"));
        (view.missed.len(), view.exit(true))
    };
    // Each five seeds have one that fails.
    assert_eq!(missed(&[(0, 2)]), (0, Exit::Pass));
    assert_eq!(missed(&[(10, 29)]), (1, Exit::Violation));
    assert_eq!(missed(&[(10, 29), (0, 9)]), (0, Exit::Violation));
}

/// An oracle that one part gives something to check is vacuous in none.
#[test]
fn oracles_are_exercised_by_all_parts() {
    let vacuous = |parts: &[(u64, u64)]| {
        let parts = parts.iter().map(|(first, last)| part("a", *first, *last));
        let view = parts.collect::<Results>().view(&ProgramId::named("a"));
        view.vacuous
    };
    let view = View {
        vacuous: vec!["judge".to_owned()],
        ..View::default()
    };
    assert_eq!(
        (view.exit(true), view.exit(false)),
        (Exit::Violation, Exit::Pass)
    );
    let none: [&str; 0] = [];
    assert_eq!(vacuous(&[(8, 12)]), none, "too few to know");
    assert_eq!(vacuous(&[(8, 22)]), ["judge"]);
    assert_eq!(vacuous(&[(8, 22), (23, 30)]), none);
    assert_eq!(vacuous(&[(8, 22), (7, 7)]), none);
}

#[test]
fn searches_count_once_and_the_furthest_of_them() {
    let search = |complete, runs: u64| {
        let mut part = part("a", 0, runs - 1);
        part.last = 0;
        part.search = Some(SearchMark { bound: 1, complete });
        part.counts.schedules = schedules::Schedules::default();
        part
    };
    let results: Results = [search(false, 3), search(true, 8), part("a", 0, 4)]
        .into_iter()
        .collect();
    let view = results.view(&ProgramId::named("a"));
    assert_eq!((view.searched.runs, view.counts.runs), (8, 5));
    assert_eq!(view.searched_seeds, [0]);
}

#[test]
fn results_of_two_builds_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let (old, other) = (part("a", 0, 4), part("b", 0, 4));
    let mut new = old.clone();
    new.program = new.program.built_as("new");
    let [old, other, new] = [old, other, new].map(|part| Results::from_iter([part]));
    write(&old, &path("1.results")).expect("it is written");
    write(&other, &path("2.results")).expect("it is written");
    let found = Directory::read(directory.path()).expect("two programs");
    assert!(found.conflicts().is_empty());
    write(&new, &path("3.results")).expect("it is written");
    let found = Directory::read(directory.path()).expect("three programs");
    let problems = found.conflicts();
    let [problem] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert_eq!(problem.code, Code::ResultsOfAnotherProgram);
    assert!(problem.message.contains("the executable file differs"));
    let this = ProgramId::named("a");
    assert_eq!(found.conflicts_with(&this).len(), 1);
    assert!(found.conflicts_with(&ProgramId::named("c")).is_empty());
}

#[test]
fn file_of_another_process_is_left_as_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.results");
    let [first, second] = [part("a", 0, 4), part("a", 0, 9)].map(|part| Results::from_iter([part]));
    assert_eq!(write_new(&first, &path).expect("it is written"), path);
    let other = write_new(&second, &path).expect("it is written");
    assert_eq!(other, directory.path().join("a-2.results"));
    assert_eq!(file::read(&path).expect("results"), first);
    assert_eq!(file::read(&other).expect("results"), second);
}

/// Each number of a part is changed in turn, and none of the changed parts is believed.
#[test]
fn part_whose_numbers_do_not_add_up_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.results");
    let good = part("a", 0, 9);
    let changes: [fn(&mut Part); 9] = [
        |part| part.last = 12,
        |part| part.first = 20,
        |part| part.counts.runs = 11,
        |part| part.counts.verdicts = [("pass".to_owned(), 3)].into(),
        |part| part.counts.verdicts.extend([("fine".to_owned(), 0)]),
        |part| part.counts.goals.extend([("reached".to_owned(), 11)]),
        |part| part.counts.failures = Failures::default(),
        |part| part.counts.schedules = schedules::Schedules::default(),
        |part| {
            let mut failures = part.counts.failures.0.values_mut();
            failures.next().expect("a failure").lowest_seed = 10;
        },
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut part = good.clone();
        change(&mut part);
        write(&Results::from_iter([part]), &path).expect("it is written");
        let problems = Directory::read(directory.path()).expect_err("it is refused");
        let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [Code::ResultsContradictory], "change {index}");
    }
    write(&Results::from_iter([good]), &path).expect("it is written");
    assert!(Directory::read(directory.path()).is_ok());
}

#[test]
fn damaged_files_are_reported_each() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).expect("a file");
    };
    write("a.results", "{");
    write("b.results", "{\"format\":1,\"pieces\":[]}");
    write("c.results", "{\"format\":2,\"parts\":[],\"more\":0}");
    write("d.txt", "something else");
    std::fs::create_dir(directory.path().join("e.results")).expect("a directory");
    let problems = Directory::read(directory.path()).expect_err("none is right");
    let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(
        codes,
        [
            Code::ResultsUnreadable,
            Code::ResultsFormat,
            Code::ResultsUnreadable,
            Code::ResultsUnreadable,
        ]
    );
}
