//! Hierarchy: the events of a supervisor's run enclose those of each run that it
//! started, by cause and not by time:
//!
//! > supervisor started < sub-agent announced < sub-agent started
//! > < sub-agent ended < its end reported < supervisor ended
//!
//! and clients see them in the same order. Every sub-agent is announced once and
//! reported once, whichever way it ended.
//!
//! Excused: a supervisor that was cut off (by its deadline, by the death of its
//! host, or because it died silently) need not have reported; a sub-agent that
//! was cut off by its deadline or by the death of its host need not have started,
//! and in the latter case its end is nobody's to order. What a client did not
//! receive is not compared there. If the engine stopped the run early, nothing
//! is called missing.

use rehearsal_agents::event::{ClientId, EventKind, RunId};
use rehearsal_agents::record::{Emission, Fate, RunEnd, RunRecord};

use super::finding::Report;
use super::view::View;
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Hierarchy);
    for child in view.evidence.runs.values() {
        if let Some(parent) = child.parent {
            report.check(1);
            match view.evidence.runs.get(&parent) {
                Some(parent) => Pair::new(view, parent, child).judge(&mut report),
                None => report.broken(None, || {
                    let name = view.record_name(child);
                    format!("{name} was started by {parent}, which was never registered")
                }),
            }
        }
    }
    judge_strangers(view, &mut report);
    judge_labels(view, &mut report);
    report.finish()
}

/// A link of the chain: what it is, and the event if there is one.
type Link<'v> = (&'static str, Option<&'v Emission>);

struct Pair<'v, 'a> {
    view: &'v View<'a>,
    parent: &'v RunRecord,
    child: &'v RunRecord,
    announced: Vec<&'a Emission>,
    reported: Vec<&'a Emission>,
}

impl<'v, 'a> Pair<'v, 'a> {
    fn new(view: &'v View<'a>, parent: &'v RunRecord, child: &'v RunRecord) -> Self {
        let about = |kind: EventKind| {
            of_kind(view, parent, move |found| found == kind)
                .filter(|emission| emission.payload.subagent == Some(child.run))
                .collect()
        };
        Self {
            view,
            parent,
            child,
            announced: about(EventKind::SubagentStarted),
            reported: about(EventKind::SubagentCompleted),
        }
    }

    fn judge(&self, report: &mut Report) {
        let once = [
            (EventKind::SubagentStarted, &self.announced),
            (EventKind::SubagentCompleted, &self.reported),
        ];
        for (kind, emissions) in once {
            if let [_, second, ..] = emissions.as_slice() {
                report.broken(second.at, || {
                    let (second, child) =
                        (self.view.name(second), self.view.run_name(self.child.run));
                    format!("{second} is a second {kind} for {child}")
                });
            }
        }
        let chain = self.chain();
        self.judge_presence(&chain, report);
        let links: Vec<&Emission> = chain.iter().filter_map(|(_, link)| *link).collect();
        for pair in links.windows(2) {
            if let [cause, effect] = pair {
                self.judge_cause(cause, effect, report);
            }
        }
        for client in self.view.subscribers(self.parent.thread) {
            self.judge_receipt(client.id, &links, report);
        }
    }

    /// The links that must follow each other, as far as they can be demanded.
    fn chain(&self) -> Vec<Link<'a>> {
        let started = |run| first(self.view, run, |kind| kind == EventKind::AgentStarted);
        let ended = |run| first(self.view, run, EventKind::is_terminal);
        let mut chain = vec![
            ("agent_started of the supervisor", started(self.parent)),
            ("subagent_started", self.announced.first().copied()),
        ];
        let began = started(self.child);
        if began.is_some() || !may_not_start(self.child) {
            chain.push(("agent_started", began));
        }
        // Others speak for those whose host died, and know nothing of their
        // last moments.
        if self.child.end != Some(RunEnd::HostDied) {
            chain.push(("terminal event", ended(self.child)));
        }
        // If nobody joined the sub-agent, nothing orders the two ends.
        if !self.reported.is_empty() || !is_cut_off(self.parent) {
            chain.push(("subagent_completed", self.reported.first().copied()));
            chain.push(("terminal event of the supervisor", ended(self.parent)));
        }
        chain
    }

    fn judge_presence(&self, chain: &[Link<'_>], report: &mut Report) {
        if !self.view.at_rest() {
            return;
        }
        for (place, (what, link)) in chain.iter().enumerate() {
            if link.is_none() {
                // It is missed when that comes which it should have preceded.
                let next = chain[place..].iter().find_map(|(_, link)| *link);
                report.broken(next.map(|next| next.at), || {
                    let child = self.view.record_name(self.child);
                    let parent = self.view.run_name(self.parent.run);
                    let last = self.view.emissions_of(self.child.run).last();
                    let last = last.map_or("nothing".to_owned(), |last| self.view.name(last));
                    format!(
                        "{child}, started by {parent}, lacks its {what}; it emitted last: {last}"
                    )
                });
            }
        }
    }

    fn judge_cause(&self, cause: &Emission, effect: &Emission, report: &mut Report) {
        if !cause.clock.before(&effect.clock) {
            report.broken(effect.at, || {
                let (cause, effect) = (self.view.name(cause), self.view.name(effect));
                let child = self.view.run_name(self.child.run);
                format!("for {child}, {effect} was emitted without having waited for {cause}")
            });
        }
    }

    fn judge_receipt(&self, client: ClientId, links: &[&Emission], report: &mut Report) {
        let places: Vec<(usize, &Emission)> = links
            .iter()
            .filter_map(|link| Some((self.view.place(client, link.id)?, *link)))
            .collect();
        for pair in places.windows(2) {
            if let [(due_first, cause), (due_later, effect)] = pair
                && due_later < due_first
            {
                let at = self
                    .view
                    .stream(client)
                    .get(*due_first)
                    .map(|arrival| arrival.delivery.at);
                report.broken(at, || {
                    let (cause, effect) = (self.view.name(cause), self.view.name(effect));
                    format!("{client} received {effect} before {cause}")
                });
            }
        }
    }
}

/// Whether the run may have been cut off before its first event.
fn may_not_start(run: &RunRecord) -> bool {
    matches!(run.end, Some(RunEnd::TimedOut | RunEnd::HostDied))
}

fn is_cut_off(run: &RunRecord) -> bool {
    matches!(
        run.end,
        None | Some(RunEnd::TimedOut | RunEnd::HostDied | RunEnd::DiedSilently)
    )
}

/// A run's events of some kinds that were not refused.
fn of_kind<'a>(
    view: &View<'a>,
    run: &RunRecord,
    is_kind: impl Fn(EventKind) -> bool,
) -> impl Iterator<Item = &'a Emission> {
    let found: Vec<&'a Emission> = view
        .emissions_of(run.run)
        .iter()
        .copied()
        .filter(|emission| !matches!(emission.fate, Fate::Rejected(_)))
        .filter(|emission| is_kind(emission.kind))
        .collect();
    found.into_iter()
}

fn first<'a>(
    view: &View<'a>,
    run: &RunRecord,
    is_kind: impl Fn(EventKind) -> bool,
) -> Option<&'a Emission> {
    of_kind(view, run, is_kind).next()
}

/// Nobody may announce or report a run that it did not start.
fn judge_strangers(view: &View<'_>, report: &mut Report) {
    for emission in &view.evidence.emissions {
        let names_subagent = matches!(
            emission.kind,
            EventKind::SubagentStarted | EventKind::SubagentCompleted
        );
        let Some(child) = emission.payload.subagent.filter(|_| names_subagent) else {
            continue;
        };
        let parent = view.evidence.runs.get(&child).and_then(|run| run.parent);
        if parent != Some(emission.run) {
            report.broken(emission.at, || {
                let (name, child) = (view.name(emission), view.run_name(child));
                format!("{name} speaks for {child}, which it did not start")
            });
        }
    }
}

/// Clients must be told who started a run.
fn judge_labels(view: &View<'_>, report: &mut Report) {
    for (client, stream) in view.streams() {
        for arrival in stream {
            let Some(run) = view.evidence.runs.get(&arrival.run()) else {
                continue;
            };
            let event = &arrival.delivery.event;
            if event.parent_run != run.parent {
                report.broken(arrival.delivery.at, || {
                    let name = view.wire_name(event);
                    let told = parent_name(event.parent_run);
                    let real = parent_name(run.parent);
                    format!("{name} reached {client} as started by {told}, not by {real}")
                });
            }
        }
    }
}

fn parent_name(parent: Option<RunId>) -> String {
    parent.map_or("nobody".to_owned(), |run| run.to_string())
}
