//! Causal: of two events that reach a client, one of which happened before the
//! other by the emitters' vector clocks, that one arrives first. This holds
//! between runs and within one; within one run, fifo says more.
//!
//! An arrival that is out of order follows one whose clock already counts it.
//! So the greatest count of each run among the clocks received so far is enough
//! to see that all is well, and only a suspect arrival is compared with those
//! before it.

use std::collections::BTreeMap;

use rehearsal_agents::event::RunId;
use rehearsal_agents::record::Emission;

use super::finding::Report;
use super::view::{Arrival, View};
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Causal);
    for (client, stream) in view.streams() {
        let mut known: BTreeMap<RunId, u32> = BTreeMap::new();
        for (place, arrival) in stream.iter().enumerate() {
            let Some(emission) = arrival.emission else {
                continue;
            };
            if has_past(emission) {
                report.check(1);
            }
            let mine = emission.clock.of(emission.run);
            let suspect = known.get(&emission.run).is_some_and(|count| *count >= mine);
            if suspect && let Some(effect) = effect_among(&stream[..place], emission) {
                report.broken(arrival.delivery.at, || {
                    let (cause, effect) = (view.name(emission), view.name(effect));
                    format!("{client} received {effect} before {cause}, which happened before it")
                });
            }
            for (run, count) in emission.clock.iter() {
                let greatest = known.entry(run).or_default();
                *greatest = (*greatest).max(count);
            }
        }
    }
    report.finish()
}

/// Whether anything at all happened before this event.
fn has_past(emission: &Emission) -> bool {
    emission
        .clock
        .iter()
        .any(|(run, count)| count > u32::from(run == emission.run))
}

/// The first arrival that `cause` should have preceded.
fn effect_among<'a>(earlier: &[Arrival<'a>], cause: &Emission) -> Option<&'a Emission> {
    earlier
        .iter()
        .filter_map(|arrival| arrival.emission)
        .find(|effect| cause.clock.before(&effect.clock))
}
