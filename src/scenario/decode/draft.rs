//! A scenario while it is being read: every part that is right so far.

use std::path::Path;
use std::sync::Arc;

use rehearsal_agents::spec::{BridgeSpec, ClientSettings};

use super::agents::{self, Group};
use super::expect::{self, Expected};
use super::faults::{self, Faults};
use super::item::At;
use super::problems::Problems;
use super::section::Section;
use super::settings::{self, Bridge, Budget, Network, System};
use super::words::quote;
use crate::scenario::code::Code;
use crate::scenario::source::Source;
use crate::scenario::{BudgetSpec, Expect, Scenario};
use crate::system::SystemChoice;

/// The version of the format that this tool reads.
const FORMAT: u64 = 1;
/// Seeds that `cargo test` runs unless the file says otherwise.
const DEFAULT_SEEDS: u32 = 64;
/// Longest name, in characters.
const LONGEST_NAME: usize = 64;
/// Longest claim, in characters.
const LONGEST_CLAIM: usize = 300;

/// The parts of a scenario; a part is `None` if it is missing or wrong, which
/// has then been reported.
pub(super) struct Draft<'a> {
    name: Option<&'a str>,
    claim: Option<&'a str>,
    seeds: Option<At<u32>>,
    pub(super) system: Option<System>,
    pub(super) bridge: Option<Bridge>,
    pub(super) clients: Option<ClientSettings>,
    pub(super) network: Option<Network>,
    pub(super) budget: Option<Budget>,
    pub(super) agents: Option<Vec<Group>>,
    pub(super) faults: Option<Faults>,
    pub(super) expect: Option<Expected>,
    /// Whether what seems to be absent is absent, and not misspelt.
    pub(super) reliable: bool,
}

impl<'a> Draft<'a> {
    /// Reads every part. `None` if the file is written in another version of
    /// the format, of which nothing more can be said.
    pub(super) fn read(
        mut root: Section<'a>,
        file: &Path,
        problems: &mut Problems,
    ) -> Option<Self> {
        if !format_is_known(&mut root, problems) {
            return None;
        }
        let mut draft = Self {
            name: name(&mut root, file, problems),
            claim: claim(&mut root, problems),
            seeds: root.small("seeds", DEFAULT_SEEDS, 1..=1_000_000, problems),
            system: settings::system(&mut root, problems),
            bridge: settings::bridge(&mut root, problems),
            clients: settings::clients(&mut root, problems),
            network: settings::network(&mut root, problems),
            budget: settings::budget(&mut root, problems),
            agents: agents::agents(&mut root, problems),
            faults: faults::faults(&mut root, problems),
            expect: expect::expect(&mut root, problems),
            reliable: problems.complete(),
        };
        draft.reliable &= root.finish(problems);
        Some(draft)
    }

    /// The scenario, if no part is missing.
    pub(super) fn finish(self, source: &Arc<Source>) -> Option<Scenario> {
        let system = self.system?;
        let budget = self.budget?;
        let expected = self.expect?;
        let transport = system.transport?.value;
        Some(Scenario {
            name: self.name?.to_owned(),
            file: source.path().to_owned(),
            hash: source.hash(),
            claim: self.claim?.to_owned(),
            spec: BridgeSpec {
                transport,
                defect: system.defect?.map(|defect| defect.value),
                bridge: self.bridge?.settings,
                agents: self.agents?.into_iter().map(|group| group.spec).collect(),
                clients: self.clients?,
                network: self.network?.settings,
                faults: self.faults?.plan,
            },
            system: SystemChoice::Reference,
            declared_transport: transport,
            seeds: self.seeds?.value,
            budget: BudgetSpec {
                steps: budget.steps,
                virtual_time: budget.virtual_time.value,
            },
            expect: Expect {
                oracles: values(expected.oracles?),
                reached: values(expected.reached?),
                sometimes: values(expected.sometimes?),
                verdict: expected.verdict?.value,
            },
        })
    }
}

fn values<T>(items: Vec<At<T>>) -> Vec<T> {
    items.into_iter().map(|item| item.value).collect()
}

/// False if the file says that it is written in a format that is not known.
fn format_is_known(root: &mut Section<'_>, problems: &mut Problems) -> bool {
    let format = root
        .need(
            "format",
            "the version of the format: `format = 1`",
            problems,
        )
        .and_then(|item| item.number(0..=u64::MAX, problems));
    let Some(format) = format else { return true };
    if format.value == FORMAT {
        return true;
    }
    problems.report(
        Code::UnknownFormat,
        format.span.unwrap_or_default(),
        format!("unknown format {}", format.value),
        "this tool reads format 1",
        "write `format = 1`, or use the tool that the file was written for",
    );
    false
}

fn name<'a>(root: &mut Section<'a>, file: &Path, problems: &mut Problems) -> Option<&'a str> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy());
    let stem = stem.as_deref().unwrap_or_default();
    let example = format!(
        "the file's name without `.toml`: `name = \"{}\"`",
        quote(stem)
    );
    let name = root.need("name", &example, problems)?.text(problems)?;
    let span = name.span.unwrap_or_default();
    if !is_name(name.value) {
        problems.report(
            Code::BadText,
            span,
            format!("`{}` cannot be a name", quote(name.value)),
            "not a name",
            "use lower-case letters, digits, `_` and `-`, a letter first, at most 64 in all",
        );
        return None;
    }
    if name.value != stem {
        problems.report(
            Code::NameMismatch,
            span,
            format!(
                "the scenario's name differs from its file's, `{}`",
                quote(stem)
            ),
            "differs from the file's name",
            format!("write \"{}\", or rename the file", quote(stem)),
        );
        return None;
    }
    Some(name.value)
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= LONGEST_NAME
        && text.chars().all(allowed)
}

fn claim<'a>(root: &mut Section<'a>, problems: &mut Problems) -> Option<&'a str> {
    let example = "what the scenario claims, in one sentence: `claim = \"…\"`";
    let claim = root.need("claim", example, problems)?.text(problems)?;
    let text = claim.value;
    let complaint = if text.trim().is_empty() {
        "says nothing"
    } else if text.chars().any(char::is_control) {
        "more than one line"
    } else if text.chars().count() > LONGEST_CLAIM {
        "too long"
    } else {
        return Some(text);
    };
    problems.report(
        Code::BadText,
        claim.span.unwrap_or_default(),
        "the claim is not one sentence",
        complaint,
        "say on one line of at most 300 characters what the scenario shows",
    );
    None
}
