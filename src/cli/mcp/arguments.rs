//! The arguments of the tools, as flags of the command line. Each value is one argument with its
//! flag (`--flag=value`), and names follow `--`: no value can become a flag.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

/// The arguments of `list`: none.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ListArguments {}

/// The arguments of `run`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct RunArguments {
    /// Names of scenarios, or paths of their files.
    pub(super) scenarios: Vec<String>,
    /// The one seed to run; without this and `seeds`, seed 0.
    seed: Option<u64>,
    /// A count of seeds, or a range such as `10..20`.
    seeds: Option<String>,
    /// The strategy that chooses the schedules.
    strategy: Option<String>,
    /// Values set instead of the file's, such as `agents.0.count=5`.
    #[serde(default)]
    set: Vec<String>,
    /// Each seed is run twice, and two different runs are an error.
    #[serde(default)]
    check_determinism: bool,
}

/// The arguments of `explore`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ExploreArguments {
    /// Names of scenarios, or paths of their files; if there are none, all without a seeded
    /// defect.
    #[serde(default)]
    pub(super) scenarios: Vec<String>,
    /// The `#[rehearsal::test]` to explore instead of scenarios. Cargo builds it.
    pub(super) test: Option<String>,
    /// The package of the test.
    package: Option<String>,
    /// A count of seeds, or a range such as `1000..2000`.
    seeds: Option<String>,
    /// The real time after which no seed is begun, such as `60s`.
    time: Option<String>,
    /// The strategy that chooses the schedules; `exhaustive:2` tries every schedule within two
    /// deviations.
    strategy: Option<String>,
    /// The most schedules of an exhaustive search.
    max_runs: Option<u64>,
    /// Worker threads.
    jobs: Option<u32>,
    /// Values set instead of the file's, such as `agents.0.count=5`.
    #[serde(default)]
    set: Vec<String>,
}

/// The arguments of `replay`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayArguments {
    /// The repro file.
    pub(super) file: PathBuf,
    /// The package of the repro's test.
    package: Option<String>,
}

/// The arguments of `shrink`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ShrinkArguments {
    /// The repro file, which is replaced by a smaller one.
    pub(super) file: PathBuf,
    /// The real time that it may take, such as `60s`.
    time: Option<String>,
    /// The package of the repro's test.
    package: Option<String>,
}

/// The arguments of `report`.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportArguments {
    /// The repro file.
    pub(super) file: PathBuf,
    /// The form of the report.
    #[serde(default)]
    form: ReportForm,
    /// The package of the repro's test.
    package: Option<String>,
}

/// The forms of a report that are text.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "kebab-case")]
enum ReportForm {
    /// The causal timeline of the failure.
    #[default]
    Text,
    /// A sequence diagram in Mermaid's language.
    Mermaid,
}

/// A command line under construction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CommandLine(Vec<OsString>);

impl CommandLine {
    /// Returns the command line of a command, without its arguments.
    fn of(command: &str) -> Self {
        Self(vec![command.into()])
    }

    fn flag(mut self, flag: &str, is_set: bool) -> Self {
        self.0.extend(is_set.then(|| flag.into()));
        self
    }

    fn value(mut self, flag: &str, value: Option<impl ToString>) -> Self {
        let written = value.map(|value| format!("{flag}={}", value.to_string()).into());
        self.0.extend(written);
        self
    }

    fn values(self, flag: &str, values: &[String]) -> Self {
        values
            .iter()
            .fold(self, |line, value| line.value(flag, Some(value)))
    }

    fn names<T: Into<OsString>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.0.push("--".into());
        self.0.extend(names.into_iter().map(Into::into));
        self
    }

    /// Returns the arguments, after those that every command takes.
    pub(super) fn with_directories(self, scenarios: &Path, out: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "--scenarios".into(),
            scenarios.into(),
            "--out".into(),
            out.into(),
        ];
        arguments.extend(self.0);
        arguments
    }
}

impl From<ListArguments> for CommandLine {
    fn from(_: ListArguments) -> Self {
        Self::of("list").flag("--json", true)
    }
}

impl From<RunArguments> for CommandLine {
    fn from(run: RunArguments) -> Self {
        Self::of("run")
            .flag("--json", true)
            .value("--seed", run.seed)
            .value("--seeds", run.seeds)
            .value("--strategy", run.strategy)
            .values("--set", &run.set)
            .flag("--check-determinism", run.check_determinism)
            .names(run.scenarios)
    }
}

impl From<ExploreArguments> for CommandLine {
    fn from(explore: ExploreArguments) -> Self {
        Self::of("explore")
            .flag("--json", true)
            .value("--test", explore.test)
            .value("--package", explore.package)
            .value("--seeds", explore.seeds)
            .value("--for", explore.time)
            .value("--strategy", explore.strategy)
            .value("--max-runs", explore.max_runs)
            .value("--jobs", explore.jobs)
            .values("--set", &explore.set)
            .names(explore.scenarios)
    }
}

impl From<ReplayArguments> for CommandLine {
    fn from(replay: ReplayArguments) -> Self {
        Self::of("replay")
            .flag("--json", true)
            .value("--package", replay.package)
            .names([replay.file])
    }
}

impl From<ShrinkArguments> for CommandLine {
    fn from(shrink: ShrinkArguments) -> Self {
        Self::of("shrink")
            .value("--for", shrink.time)
            .value("--package", shrink.package)
            .names([shrink.file])
    }
}

impl From<ReportArguments> for CommandLine {
    fn from(report: ReportArguments) -> Self {
        Self::of("report")
            .flag("--mermaid", report.form == ReportForm::Mermaid)
            .value("--package", report.package)
            .names([report.file])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_look_like_flags_stay_values() {
        let run: RunArguments = serde_json::from_value(serde_json::json!({
            "scenarios": ["--out=/elsewhere"],
            "strategy": "--junit=x",
            "set": ["--baseline=x"],
        }))
        .expect("arguments");
        let expected = [
            "run",
            "--json",
            "--strategy=--junit=x",
            "--set=--baseline=x",
            "--",
            "--out=/elsewhere",
        ];
        assert_eq!(
            CommandLine::from(run),
            CommandLine(expected.map(OsString::from).to_vec())
        );
    }
}
