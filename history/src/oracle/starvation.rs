//! Starvation: no actor waits beyond a bound because another is slow. A wait is an answer to a
//! message, from its sending to its acceptance or refusal; a delivery, from the acceptance of a
//! message to its receipt at an actor that is owed it; or an operation, from its invocation to
//! its result.
//!
//! The bound is the setting `within_ms`, 10 seconds without it; `waits` says which waits are
//! bounded, all without it. The setting `except` names the actor that is slow on purpose: its
//! own waits are excused, and no others. The time during which a fault was in force does
//! not count. A wait without an end is for other oracles: `no-loss`, `deadlock`.

use std::time::Duration;

use rehearsal_sim::VirtualTime;

use super::within::{WITHIN, within};
use super::{Finding, Oracle, Report, Rule, Setting, SettingValues, Settings};
use crate::entry::{EntryKind, FaultPhase};
use crate::facets::messages::Sending;
use crate::facets::operations::OperationEnd;
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, EntityId};

/// The setting with the actor that is slow.
const EXCEPT: &str = "except";

/// The setting with the kinds of waits.
const WAITS: &str = "waits";

const ANSWERS: &str = "answers";
const DELIVERIES: &str = "deliveries";
const OPERATIONS: &str = "operations";

/// The oracle `starvation`.
#[derive(Debug)]
pub struct Starvation;

impl Oracle for Starvation {
    fn name(&self) -> &'static str {
        "starvation"
    }

    fn claim(&self) -> &'static str {
        "no actor waits beyond a bound because another is slow"
    }

    fn reads(&self) -> &'static [Facet] {
        &[]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "delayed",
            meaning: "An actor waited for longer than the bound.",
        }]
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: WITHIN,
                meaning: "The longest wait in milliseconds of virtual time: 10,000 without this.",
                values: SettingValues::Number,
            },
            Setting {
                name: WAITS,
                meaning: "The kinds of waits that are bounded: all without this.",
                values: SettingValues::Words(&[ANSWERS, DELIVERIES, OPERATIONS]),
            },
            Setting {
                name: EXCEPT,
                meaning: "The actor that is slow, whose own waits are excused.",
                values: SettingValues::Text,
            },
        ]
    }

    fn is_opt_in(&self) -> bool {
        true
    }

    fn check(&self, run: &CheckedRun<'_>, settings: &Settings) -> Finding {
        let mut check = Check {
            run,
            within: within(settings),
            except: settings.text(EXCEPT),
            faults: faults(run),
            report: Report::new(),
        };
        let words = settings.words(WAITS);
        let all = words.is_empty();
        let bounds = |kind: &str| all || words.iter().any(|word| *word == kind);
        if bounds(ANSWERS) {
            check.answers();
        }
        if bounds(DELIVERIES) {
            check.deliveries();
        }
        if bounds(OPERATIONS) {
            check.operations();
        }
        check.report.finish()
    }
}

/// A stretch of virtual time.
type Interval = (VirtualTime, VirtualTime);

/// Returns the times during which at least one fault was in force, in order.
fn faults(run: &CheckedRun<'_>) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    let (mut active, mut since) = (0_u32, VirtualTime::ZERO);
    for entry in &run.history.entries {
        let EntryKind::Fault { phase, .. } = &entry.kind else {
            continue;
        };
        match phase {
            FaultPhase::Began => {
                if active == 0 {
                    since = entry.at;
                }
                active += 1;
            }
            FaultPhase::Ended if active > 0 => {
                active -= 1;
                if active == 0 {
                    intervals.push((since, entry.at));
                }
            }
            FaultPhase::Ended => {}
        }
    }
    let times = run.history.entries.iter().map(|entry| entry.at);
    if active > 0
        && let Some(last) = times.max()
    {
        intervals.push((since, last));
    }
    intervals
}

/// The waits of one run under their bound.
struct Check<'r, 'a> {
    run: &'r CheckedRun<'a>,
    within: Duration,
    except: Option<&'r str>,
    faults: Vec<Interval>,
    report: Report,
}

impl Check<'_, '_> {
    fn answers(&mut self) {
        for sending in self.run.messages().sendings() {
            let Some(answered) = self.answered_at(sending) else {
                continue;
            };
            let actor = self.run.history.entries[sending.order].actor;
            let wait = (sending.at, answered);
            self.wait(actor, sending.id().into(), wait, || {
                format!("the answer to {}", self.run.describe(sending))
            });
        }
    }

    fn deliveries(&mut self) {
        let messages = self.run.messages();
        for sending in messages.sendings() {
            let accepted = sending.accepted().and_then(|_| self.answered_at(sending));
            let Some(accepted) = accepted else { continue };
            for actor in messages.owed_to(sending) {
                let Some(place) = messages.place(actor, sending.id()) else {
                    continue;
                };
                let arrived = messages.inbox(actor)[place].delivery.at;
                let wait = (accepted.min(arrived), arrived);
                self.wait(Some(actor), sending.id().into(), wait, || {
                    self.run.describe(sending)
                });
            }
        }
    }

    fn operations(&mut self) {
        for (object, operations) in self.run.operations().objects() {
            for operation in operations {
                let OperationEnd::Returned { at, .. } = operation.end else {
                    continue;
                };
                let wait = (operation.at, at);
                self.wait(operation.actor, operation.id.into(), wait, || {
                    let call = operation.call.named(&self.run.history.names);
                    format!("the result of {call} on {}", self.run.name(object))
                });
            }
        }
    }

    /// Returns the time of the system's answer to a message.
    fn answered_at(&self, sending: &Sending<'_>) -> Option<VirtualTime> {
        let place = sending.answered?;
        Some(self.run.history.entries[place].at)
    }

    /// Checks one wait.
    fn wait(
        &mut self,
        actor: Option<ActorId>,
        entity: EntityId,
        (from, to): Interval,
        what: impl Fn() -> String,
    ) {
        let name = actor.map(|actor| self.run.name(actor).to_string());
        let name = name.unwrap_or_else(|| "the driver".to_owned());
        if self.except == Some(name.as_str()) {
            return;
        }
        self.report.check(1);
        let waited = to.since(from).saturating_sub(self.under_faults((from, to)));
        if waited > self.within {
            let witness = actor.map(EntityId::from);
            let witness = std::iter::once(entity).chain(witness);
            let within = self.within;
            self.report.broken("delayed", witness, to, || {
                format!(
                    "{name} waited {waited:?} for {}; the bound is {within:?}",
                    what()
                )
            });
        }
    }

    /// Returns the time of an interval during which a fault was in force.
    fn under_faults(&self, (from, to): Interval) -> Duration {
        let overlaps = self.faults.iter().map(|(began, ended)| {
            let (began, ended) = ((*began).max(from), (*ended).min(to));
            if began < ended {
                ended.since(began)
            } else {
                Duration::ZERO
            }
        });
        overlaps.sum()
    }
}
