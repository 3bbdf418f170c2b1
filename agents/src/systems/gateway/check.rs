//! Contradictions between sections that are right by themselves.

use super::participants::ChatSettings;
use super::settings::GatewayFile;
use crate::sections::words::grouped;
use crate::sections::{Contradiction, Path, Rule, Shared};

/// The most chats in one run.
const CHATS_MAX: u64 = 100_000;

/// The oracles that need a chat.
const OF_CHATS: [&str; 9] = [
    "no-loss",
    "exactly-once",
    "fifo",
    "causal",
    "isolation",
    "terminal-exactly-once",
    "protocol",
    "hierarchy",
    "linearizable",
];

/// The oracle that needs a delegation.
const OF_DELEGATIONS: &str = "hierarchy";

/// Returns every contradiction.
pub(super) fn contradictions(file: &GatewayFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let mut found = times(file, shared);
    if let Some(chats) = file.chats.sound() {
        found.extend(oracles(chats, shared));
        found.extend(size(file, chats));
    }
    found
}

/// A wait that is longer than the run is never given up.
fn times(file: &GatewayFile, shared: &Shared<'_>) -> Vec<Contradiction> {
    let Some(limit) = shared.virtual_time else {
        return Vec::new();
    };
    let section = |name| Path::of(name).key("timeout");
    let deployment = file.deployment.sound().map(|section| section.timeout);
    let client = file.client.sound().map(|section| section.timeout);
    let delegation = file.delegation.sound().map(|section| section.timeout);
    [
        (deployment, section("deployment")),
        (client, section("client")),
        (delegation, section("delegation")),
    ]
    .into_iter()
    .filter_map(|(time, place)| Contradiction::after_the_end("`timeout`", time?, place, limit))
    .collect()
}

/// A run must fit into the memory of a laptop.
fn size(file: &GatewayFile, chats: &[ChatSettings]) -> Option<Contradiction> {
    let users = file.deployment.sound()?.users;
    let chats = u64::try_from(chats.len()).ok()?;
    let all = chats.saturating_mul(users.into());
    (all > CHATS_MAX).then(|| {
        let message = format!("{} chats in one run", grouped(all));
        let place = Path::of("deployment").key("users");
        Contradiction::new(Rule::TooBig, message, place)
            .label("each has all chats")
            .help(format!("a run holds at most {} chats", grouped(CHATS_MAX)))
    })
}

/// An oracle that checks nothing is an error.
fn oracles(chats: &[ChatSettings], shared: &Shared<'_>) -> Vec<Contradiction> {
    let delegates = chats.iter().any(|chat| chat.delegates_to.is_some());
    let oracles = shared.oracles.iter().enumerate();
    oracles
        .filter_map(|(index, oracle)| {
            let (label, help) = if chats.is_empty() && OF_CHATS.contains(oracle) {
                ("no user chats", "it needs a chat; otherwise remove it")
            } else if *oracle == OF_DELEGATIONS && !delegates {
                let help = "it needs a chat with `delegates_to`; otherwise remove it";
                ("no task is delegated", help)
            } else {
                return None;
            };
            Some(Contradiction::idle_oracle(index, oracle, label).help(help))
        })
        .collect()
}
