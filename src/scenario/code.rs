//! The stable codes of everything that can be wrong with a scenario file (`S…`), a repro
//! file (`R…`) or a baseline (`B…`).

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $explanation:literal;)+) => {
        /// A kind of problem. Codes are stable: a code keeps its meaning, and is
        /// never given to another problem.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The code as it is printed, for example `S0010`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$name => $code,)+
                }
            }

            /// The meaning of the code and the remedy: one paragraph of
            /// plain text without line breaks.
            pub fn explain(self) -> &'static str {
                match self {
                    $(Code::$name => $explanation,)+
                }
            }
        }
    };
}

codes! {
    /// There is no such file.
    FileMissing = "S0001",
        "The scenario file does not exist. A scenario is named either by its name, which is looked \
         up below `scenarios/`, or by a path, which is used as it stands and starts at the current \
         directory. Check the spelling, and the directory in which the command runs.";
    /// The path leads to a directory or a device.
    NotAFile = "S0002",
        "The path exists but is not a regular file: it is a directory, a pipe or a device. A scenario \
         is one TOML file. Name a file in the directory, or use the scenario's name alone.";
    /// The operating system refused to read the file.
    Unreadable = "S0003",
        "The operating system refused to read the file or directory, for the reason that it gives: \
         missing permissions, or a part of the path that is no directory. Nothing is known about the \
         scenario itself.";
    /// The file is larger than a scenario may be.
    FileTooLarge = "S0004",
        "A scenario file is a page of text; one of more than 1 MiB is a mistake or an attack, and is \
         not read any further. To describe many agents, use `count` instead of repeating \
         `[[agents]]`.";
    /// The file is not text in UTF-8.
    NotUtf8 = "S0005",
        "TOML is text in UTF-8, and the file holds bytes that are not. The message says where the \
         first of them is. Save the file as UTF-8; an editor may have written it as Latin-1 or \
         UTF-16.";
    /// The file says nothing.
    FileEmpty = "S0006",
        "The file is empty, or holds nothing but blanks and comments. The smallest scenario needs \
         `format`, `name`, `claim`, `system`, one `[[agents]]` and `[expect]` with its oracles.";
    /// The text is not TOML.
    Syntax = "S0007",
        "The text is not TOML. What could be read in spite of it has been checked too, but missing \
         keys and contradictions are only reported once the file parses, because the part that did \
         not parse may hold what seems to be missing.";
    /// A key is set twice.
    DuplicateKey = "S0008",
        "TOML allows each key once in a table, and each `[table]` once in a file. Remove one of the \
         two. Several groups of agents are written as several `[[agents]]`, with two brackets.";
    /// Brackets or keys are nested too deep.
    TooDeep = "S0009",
        "Arrays, inline tables or dotted keys are nested deeper than the parser follows. No scenario \
         needs more than a handful of levels.";
    /// A key that no scenario knows in this place.
    UnknownKey = "S0010",
        "The key means nothing in this table, so its author expects something that will not \
         happen. Unknown keys are errors for that reason. The message lists what the table knows, and \
         suggests the nearest one.";
    /// A key that must be there is not.
    MissingKey = "S0011",
        "The key has no sensible default and must be set. The caret points at the table that lacks it, \
         or at the start of the file.";
    /// A value of the wrong type.
    WrongType = "S0012",
        "The value is of another type than the key takes. Durations are strings with a unit, such as \
         \"50ms\"; counts are plain integers; names are strings.";
    /// A number outside of its limits.
    OutOfRange = "S0013",
        "The number is outside of the limits that the message gives. The lower limits exclude what \
         makes no sense, such as a group of no agents; the upper ones keep a slip of the finger from \
         starting a run that never ends.";
    /// A string that is no duration.
    BadDuration = "S0014",
        "A duration is a whole number and a unit without a blank: `us`, `ms`, `s`, `m` or `h`, as in \
         \"50ms\". Fractions are written in the next smaller unit: \"1500ms\" for one and a half \
         seconds. A range is two durations with two dots between them, as in \"1ms..50ms\".";
    /// A duration outside of its limits.
    DurationOutOfRange = "S0015",
        "The duration is outside of the limits that the message gives. Waiting times that may not be \
         zero would otherwise make a loop that never lets time pass; none may be longer than a day.";
    /// A duration that is finer than the timers.
    TooFine = "S0016",
        "Timers fire on whole milliseconds of virtual time, so a finer duration would be rounded \
         without a word. Only the network's latency may be finer: it orders packets within one \
         instant.";
    /// A range that ends before it starts.
    ReversedRange = "S0017",
        "The range's first duration is its least and the second its most; here the second is smaller. \
         Swap them.";
    /// A name that is not among those allowed.
    UnknownName = "S0018",
        "The value is one of a fixed set of names (kinds of agents, oracles, transports, defects, \
         faults, goals, thread policies, failure modes, verdicts), and this is none of them. The \
         message lists them, and suggests the nearest one.";
    /// A format version that this tool does not know.
    UnknownFormat = "S0019",
        "`format` is the version of the file format; the message says what this tool reads. A higher \
         number means that the file was written for a newer tool.";
    /// The name differs from the file's.
    NameMismatch = "S0020",
        "A scenario is found by its file's name, so its `name` must be the file's name without \
         `.toml`. Rename one of the two; copying a file and forgetting the name is the usual cause.";
    /// A name or a claim with impossible text.
    BadText = "S0021",
        "A name is 1 to 64 lower-case letters, digits, `_` and `-`, and starts with a letter, because \
         it becomes the name of a test. A claim is one line of 1 to 300 characters: the sentence that \
         reports print.";
    /// A list without entries where one is needed.
    EmptyList = "S0022",
        "The list has no entries, but at least one is needed: a scenario without agents emits nothing, \
         one without oracles judges nothing, and a supervisor without children supervises nothing.";
    /// A list that names something twice.
    RepeatedEntry = "S0023",
        "The list names the same thing twice. It has no further effect the second time, so one of the \
         two was meant to be something else.";
    /// A parameter that belongs to another kind of agent.
    ForeignParameter = "S0024",
        "The key is a parameter of other kinds of agents and has no effect on this one. `events` \
         belongs to hammer and stress, `delay` to stress, `mode` to failure, `party` to collision, \
         `children` to supervisor; `count`, `thread` and `start_within` belong to a whole \
         `[[agents]]` group and not to a sub-agent.";
    /// A party that does not divide its group.
    UnevenParty = "S0025",
        "Collision agents meet at barriers in parties of `party`, taken from the group in order. If \
         `party` does not divide `count`, the last party is never complete, and its agents wait for \
         ever.";
    /// A sub-agent that cannot be one.
    BadChild = "S0026",
        "A collision agent meets the other agents of its group at a barrier. A sub-agent belongs to no \
         group, so it would never be released. Declare the collision agents as a group of their own.";
    /// Supervisors nested too deep.
    SupervisorsTooDeep = "S0027",
        "Supervisors may supervise supervisors, but only three levels of them: deeper trees show \
         nothing new, and grow beyond what a run can hold.";
    /// More agents, clients or events than a run may have.
    TooBig = "S0028",
        "Taken together, the groups ask for more than one run may hold: 10,000 agents (sub-agents \
         counted), 10,000 clients, 1,000,000 events, or 2,000,000 deliveries (events, each as often \
         as its thread has clients). The limits keep a run within the memory of a \
         laptop; make `count`, `events` or `per_thread` smaller.";
    /// Something that needs a network, without one.
    NeedsNetwork = "S0029",
        "With the transport `in-process` there are no hosts and no links, so this could never have an \
         effect. Use the transport `websocket`, or leave the setting out. Of the faults, only \
         `client-reconnect` exists without a network.";
    /// A fault plan that contradicts itself.
    FaultPlan = "S0030",
        "The fault plan contradicts itself: a budget without any kind to choose from, kinds or other \
         settings with a budget of 0, or `at_least` above the budget. Each run draws between \
         `at_least` and `budget` faults among `kinds`.";
    /// Times that cannot follow each other.
    TimesOutOfOrder = "S0031",
        "One of the two times must come before the other to have an effect: a run's time-out, the \
         window of faults, latencies and delays must lie within the run's budget of virtual time.";
    /// An oracle without anything to judge.
    IdleOracle = "S0032",
        "The oracle would find nothing to check in this scenario, and an oracle that checks nothing is \
         an error and never a pass. `hierarchy` needs a supervisor; `isolation` needs at least two \
         threads, so that there is another tenant to be isolated from.";
    /// A goal that no run, or not every run, can reach.
    UnreachableGoal = "S0033",
        "The goal cannot be reached as the scenario stands: the fault that it names is not among \
         `kinds`, or the kind of agent that leads to it does not take part. Under `reached`, every \
         single run must reach the goal, so a fault named there must be the only kind and `at_least` \
         must be 1 or more; under `sometimes`, one run of the sweep is enough.";
    /// A verdict by an oracle that does not judge.
    AbsentOracle = "S0034",
        "The expected verdict is a violation found by an oracle that is not listed under `oracles`, so \
         it could never be reached. Add it to the list.";
    /// A defect without an expected violation, or the reverse.
    DefectVerdict = "S0035",
        "A scenario either carries a defect and expects the violation that the defect causes, or it \
         carries none and expects every run to pass. A defect that is expected to pass would prove that \
         the oracles are blind; a violation without a defect would be a known bug kept as a habit.";
    /// More problems than are worth printing.
    TooManyProblems = "S0036",
        "The file has more problems than are printed at once. Correct the first ones; many of the \
         others often have the same cause.";
    /// Two files with one name.
    AmbiguousName = "S0037",
        "Two scenario files in different directories have the same name, so the name alone does not \
         say which is meant, and two tests would have one name. Rename one of them.";
    /// A name for which there is no file.
    UnknownScenario = "S0038",
        "No file below the directory of scenarios has this name. Use `rehearsal list` to see the names. \
         An argument with a `/`, or one that ends in `.toml`, is taken for a path instead.";
    /// There is no directory of scenarios.
    NoScenarios = "S0039",
        "Scenarios are looked for below the directory `scenarios/` of the current directory, and it \
         is not there. Change to the project's root, or name scenario files by their paths.";
    /// A repro where a scenario is needed.
    NotAScenario = "S0040",
        "The file is a repro: it holds one failing run of a scenario, and not a scenario. `rehearsal \
         replay` replays it, and `rehearsal keep` makes it a regression that `cargo test` replays first.";
    /// A value that is to be set, and has no place in the file.
    NoPlace = "S0041",
        "A value was to be set with `--set PATH=VALUE`, and the path leads nowhere in the scenario: it \
         numbers an element that the list does not have, or goes into a value that is no table and no \
         list. A path is the keys and positions on the way to the value, with dots between them, as in \
         `agents.0.count`; positions count from 0.";
    /// A system that does not read its own sections.
    SchemaMismatch = "S0042",
        "The system's sections match the schema that the system declares, and its own struct does not \
         take them: schema and deserialization of the struct disagree. Scenario files cannot help it; \
         derive both from one struct.";
    /// A limit that is no amount of its metric.
    BadAmount = "S0043",
        "Each metric has a unit, and its limit is written in it: times are durations such as \"10ms\", \
         shares are percentages such as \"99.5%\" with at most four digits behind the point, rates \
         are numbers for each second of virtual time such as \"100/s\", and counts are plain whole \
         numbers.";
    /// There is no such repro file.
    ReproMissing = "R0001",
        "The repro file does not exist. `rehearsal run` writes one for each failing seed below \
         `target/rehearsal`, or where `--out` says, and prints its path. A path starts at the current \
         directory; cleaning the build directory removes repros that were not kept.";
    /// The path of a repro leads to a directory or a device.
    ReproNotAFile = "R0002",
        "The path exists but is not a regular file: it is a directory, a pipe or a device. A repro is \
         one TOML file whose name ends in `.repro`.";
    /// The operating system refused to read the repro.
    ReproUnreadable = "R0003",
        "The operating system refused to read the file, for the reason that it gives: missing \
         permissions, or a part of the path that is no directory. Nothing is known about the repro \
         itself.";
    /// The file is larger than a repro may be.
    ReproTooLarge = "R0004",
        "A repro holds one line for each deviation, and none of more than 16 MiB, or of \
         400,000 tables, is read. A run of that many choices is hard to learn from: shrink it, or \
         find a smaller one.";
    /// The repro is not text in UTF-8.
    ReproNotUtf8 = "R0005",
        "A repro is TOML, which is text in UTF-8, and the file holds bytes that are not. The message \
         says where the first of them is. The file was damaged, or saved in another encoding.";
    /// The repro says nothing.
    ReproEmpty = "R0006",
        "The file is empty, or holds nothing but blanks and comments. Repros are written whole or not \
         at all, so it was emptied later. Run the seed again to have a new one.";
    /// The repro ends too early.
    ReproTruncated = "R0007",
        "The file ends in the middle of a value, a list or a table: its end is missing. Repros are \
         written whole or not at all, so it was cut off later, for example when it was copied. Copy it \
         again, or run the seed again to have a new one.";
    /// The repro is not TOML.
    ReproSyntax = "R0008",
        "The text is not TOML. What could be read in spite of it has been checked too, but missing \
         keys are only reported once the file parses, because the part that did not parse may hold \
         what seems to be missing.";
    /// A key of a repro is set twice.
    ReproDuplicateKey = "R0009",
        "TOML allows each key once in a table, and each `[table]` once in a file. Remove one of the \
         two.";
    /// Brackets or keys of a repro are nested too deep.
    ReproTooDeep = "R0010",
        "Arrays, inline tables or dotted keys are nested deeper than the parser follows. No repro \
         needs more than a handful of levels.";
    /// A key that no repro knows in this place.
    ReproUnknownKey = "R0011",
        "The key means nothing in this table, so its author expects something that will not \
         happen. The message lists what the table knows, and suggests the nearest one.";
    /// A key of a repro that must be there is not.
    ReproMissingKey = "R0012",
        "A replay cannot do without this key. The caret points at the table that lacks it, or at the \
         start of the file. If the end of the file is missing, it was cut off: run the seed again to \
         have a new one.";
    /// A value of a repro that is of the wrong type.
    ReproWrongType = "R0013",
        "The value is of another type than the key takes. Hashes, fingerprints and cuts are strings; \
         the numbers of a choice are plain integers; only a seed may be either, because seeds beyond \
         the integers of TOML are written as strings of digits.";
    /// A number of a repro outside of its limits.
    ReproOutOfRange = "R0014",
        "The number is outside of the limits that the message gives. Seeds go up to \
         18446744073709551615, the numbers of a choice up to 4294967295, and a choice has at least two \
         alternatives.";
    /// A name in a repro that is not among those allowed.
    ReproUnknownName = "R0015",
        "The value is one of a fixed set of names (strategies, verdicts, judges, transports), and this \
         is none of them. A repro names the strategy of the run, so never the portfolio, and a \
         verdict that is a failure.";
    /// A version of repros that this tool does not know.
    ReproUnknownFormat = "R0016",
        "`format` is the version of the file format; the message says what this tool reads. A higher \
         number means that a newer tool wrote the file, and nothing else in it can be relied on: use \
         that tool.";
    /// Something else where a repro is needed.
    NotARepro = "R0017",
        "The file is a scenario, and not one failing run of it. `rehearsal run` runs scenarios and \
         writes a repro for each failing seed.";
    /// A choice that cannot be made.
    ImpossibleChoice = "R0018",
        "A choice `of` n alternatives takes one of 1 to n - 1. Alternative 0 is the default one: every \
         choice that is not in the list takes it, so a line that takes it means nothing.";
    /// Two choices with one address.
    RepeatedChoice = "R0019",
        "`site` and `nth` together say which choice of the run is meant, and each choice is made once. \
         Remove one of the two lines.";
    /// A hash that is none.
    BadHash = "R0020",
        "A hash or a fingerprint is 32 hexadecimal digits in quotes. It is written by the tool; without \
         it there is no telling if the scenario, or the result of the run, is still the same.";
    /// A cut that is none.
    BadCut = "R0021",
        "A reduction makes the scenario of the file smaller: `agents.0.count = 1` sets a number or \
         another value, `remove agents.1` takes an element out of a list, or sets a key back to its \
         default. Elements of lists count from 0, as in the file. Lines under `cuts` are those of older \
         repros; each sets a number.";
    /// Two cuts of one thing.
    RepeatedCut = "R0022",
        "Two cuts say how much is left of one thing, and only one of them can be right. Remove the \
         other, or run the seed again to have a new repro.";
    /// A scenario's name that is not its file's.
    ReproNameMismatch = "R0023",
        "A scenario's name is its file's name without `.toml`, and here they differ, so that it cannot \
         be said which scenario is meant. One of the two was changed.";
    /// A repro whose scenario cannot be found.
    ReproScenarioMissing = "R0024",
        "The scenario of the repro is looked for where the repro says, seen from the current directory, \
         and if it is not there, by its name below the directory of scenarios. It was renamed or \
         removed, or the command runs in another directory.";
    /// More problems in a repro than are worth printing.
    ReproTooManyProblems = "R0025",
        "The file has more problems than are printed at once. Correct the first ones; many of the \
         others often have the same cause.";
    /// A repro of a test, where one of a scenario is needed.
    ReproOfATest = "R0026",
        "The program of a test is in the test's binary, so that only the test can run_once its repro. Name \
         the file in the environment variable REHEARSAL_REPLAY and run the test with `cargo test`.";
    /// A repro of a user's own system, where one of the reference is needed.
    ReproOfASystem = "R0027",
        "A system that a test binary registers with `Harness::system` is in that binary, so that only its \
         tests can run_once the system's repros. Name the file in the environment variable REHEARSAL_REPLAY and \
         run `cargo test`; to keep it, copy it to `regressions/` where its scenarios are.";
    /// A repro whose scenario is a file that it has no business with.
    ReproForeignFile = "R0028",
        "A repro may come from anyone, and it names the file of its scenario. A file whose name does \
         not end in `.toml` is no scenario and is not opened. Of one outside the current directory \
         that is no valid scenario nothing is shown: it may hold secrets, and the output may be \
         posted. If the file is yours, `rehearsal check` shows what is wrong with it.";
    /// There is no such baseline, or its bytes are no text.
    BaselineUnreadable = "B0001",
        "The baseline cannot be read: there is no such file, it is no regular file, it is larger than \
         a baseline may be, the operating system refuses, or its bytes are no UTF-8. The message says \
         which. `rehearsal run --save-baseline FILE` writes a baseline.";
    /// The text of a baseline is not TOML.
    BaselineSyntax = "B0002",
        "A baseline is TOML, and the file is not, or names a key twice. Baselines are written by \
         `rehearsal run --save-baseline FILE`; write it anew rather than correct it by hand.";
    /// A baseline has a key, a value or a metric that no baseline has.
    BaselineContent = "B0003",
        "The file is TOML but no baseline: a key is missing or unknown, a value is of another type, or \
         a metric has a name that this version does not know. Baselines are written by \
         `rehearsal run --save-baseline FILE`.";
    /// A baseline of another format.
    BaselineFormat = "B0004",
        "The baseline was written in another version of the file format, so that its numbers may mean \
         something else. Write it anew with the version of rehearsal that is to read it.";
    /// A baseline has other scenarios, seeds or strategies than the command runs.
    BaselineMismatch = "B0005",
        "Metrics are compared over the same seeds of the same scenario under the same strategy, and the \
         baseline has no such entry. The message says what it has. Run the command with the seeds and \
         the strategy of the baseline, or save a new one.";
    /// There are no such results, or the file is none of results.
    ResultsUnreadable = "M0001",
        "The file or directory of results cannot be read: there is none, it is no regular file, it is \
         larger than a file of results may be, the operating system refuses, or its text is not that \
         of a file of results. The message says which. `rehearsal explore` writes one below `--out`, \
         whole or not at all, so that it is not the end of a process that has damaged it.";
    /// Results of another format.
    ResultsFormat = "M0002",
        "The results were written by a version of rehearsal with another format of them, and their \
         counts may mean something else. Merge results of one version.";
    /// Results that contradict themselves.
    ResultsContradictory = "M0003",
        "The numbers in the file do not add up: it has been changed by something else than rehearsal. \
         None of it is counted. Remove the file; `rehearsal explore --resume` runs its seeds again.";
    /// Results of two programs that have one name.
    ResultsOfAnotherProgram = "M0004",
        "A seed stands for a run only together with the program: the executable file (and in it the \
         toolchain, the features and the libraries), the scenario file and the version of rehearsal. \
         Results of two programs are results of two sweeps, and adding them up would say of one what \
         is true of neither. Give each build a directory of its own.";
}

impl Code {
    /// Returns the code that a problem of any file has in results.
    pub(super) fn in_results(self) -> Self {
        match self {
            Self::FileMissing
            | Self::NotAFile
            | Self::Unreadable
            | Self::FileTooLarge
            | Self::NotUtf8 => Self::ResultsUnreadable,
            other => other,
        }
    }

    /// Returns the code that a problem of any file has in a baseline.
    pub(super) fn in_baseline(self) -> Self {
        match self {
            Self::FileMissing
            | Self::NotAFile
            | Self::Unreadable
            | Self::FileTooLarge
            | Self::NotUtf8 => Self::BaselineUnreadable,
            other => other,
        }
    }

    /// Returns the code that a problem of any file has in a repro.
    pub(super) fn in_repro(self) -> Self {
        match self {
            Self::FileMissing => Self::ReproMissing,
            Self::NotAFile => Self::ReproNotAFile,
            Self::Unreadable => Self::ReproUnreadable,
            Self::FileTooLarge => Self::ReproTooLarge,
            Self::NotUtf8 => Self::ReproNotUtf8,
            Self::FileEmpty => Self::ReproEmpty,
            Self::Syntax => Self::ReproSyntax,
            Self::DuplicateKey => Self::ReproDuplicateKey,
            Self::TooDeep => Self::ReproTooDeep,
            Self::UnknownKey => Self::ReproUnknownKey,
            Self::MissingKey => Self::ReproMissingKey,
            Self::WrongType => Self::ReproWrongType,
            Self::OutOfRange => Self::ReproOutOfRange,
            Self::UnknownName => Self::ReproUnknownName,
            Self::UnknownFormat => Self::ReproUnknownFormat,
            Self::TooManyProblems => Self::ReproTooManyProblems,
            other => other,
        }
    }
}

impl Code {
    /// The code with that name, in either case.
    pub fn parse(name: &str) -> Option<Code> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_consecutive_and_unique() {
        for letter in ["S", "R", "B", "M"] {
            let codes = Code::ALL.iter().map(|code| code.name());
            let codes = codes.filter(|code| code.starts_with(letter));
            for (position, code) in codes.enumerate() {
                assert_eq!(code, format!("{letter}{:04}", position + 1));
            }
        }
    }

    #[test]
    fn every_code_has_a_paragraph() {
        for code in Code::ALL {
            let text = code.explain();
            assert!(text.len() > 80, "{code} is hardly explained");
            assert!(!text.contains('\n') && !text.contains("  "), "{code}");
            assert!(text.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_by_its_name() {
        assert_eq!(Code::parse("s0010"), Some(Code::UnknownKey));
        assert_eq!(Code::parse("S9999"), None);
    }
}
