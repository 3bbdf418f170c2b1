//! Effect order: the effects of one turn come in the order in which they were planned. A model
//! answers with several tool calls at once; a runtime that prepares them at the same time may
//! let each have its effect when it is ready.
//!
//! A call names its turn and its place in it in the fields `turn` and `place`, both numbers.
//! Turns are those of one actor. Two effects are in the wrong order if the one with the later
//! place had returned before the other was invoked; effects that overlap are excused, and so
//! are those that failed or have no result.
//!
//! Source: *tool-effect reordering*, of arXiv 2606.17182; see `fresh`.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::body::Value;
use crate::facets::operations::Operation;
use crate::facets::{CheckedRun, Facet};
use crate::ids::ActorId;

/// The oracle `effect-order`.
#[derive(Debug)]
pub struct EffectOrder;

impl Oracle for EffectOrder {
    fn name(&self) -> &'static str {
        "effect-order"
    }

    fn claim(&self) -> &'static str {
        "the effects of a turn come in the order in which they were planned"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "out-of-turn",
            meaning: "An effect came before one that was planned before it.",
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for effects in turns(run).values() {
            for (place, effect) in effects {
                let mut earlier = effects.iter().filter(|(other, _)| other < place).peekable();
                if earlier.peek().is_none() {
                    continue;
                }
                report.check(1);
                let overtaken = earlier.find(|(_, other)| effect.ended_before(other));
                if let Some((_, overtaken)) = overtaken {
                    report_pair(run, effect, overtaken, &mut report);
                }
            }
        }
        report.finish()
    }
}

/// The effects of a turn with their places.
type Turn<'r, 'a> = Vec<(i64, &'r Operation<'a>)>;

/// Returns the effects of each turn of each actor.
fn turns<'r, 'a>(run: &'r CheckedRun<'a>) -> BTreeMap<(ActorId, i64), Turn<'r, 'a>> {
    let mut turns: BTreeMap<_, Turn<'r, 'a>> = BTreeMap::new();
    for (_, operations) in run.operations().objects() {
        for operation in operations.iter().filter(|it| it.result().is_some()) {
            let number = |field| operation.call.field(field).and_then(Value::integer);
            if let (Some(actor), Some(turn), Some(place)) =
                (operation.actor, number("turn"), number("place"))
            {
                let effects = turns.entry((actor, turn)).or_default();
                effects.push((place, operation));
            }
        }
    }
    turns
}

fn report_pair(
    run: &CheckedRun<'_>,
    effect: &Operation<'_>,
    overtaken: &Operation<'_>,
    report: &mut Report,
) {
    let witness = [effect.id.into(), overtaken.id.into()];
    report.broken("out-of-turn", witness, effect.at, || {
        let names = &run.history.names;
        let (call, before) = (effect.call.named(names), overtaken.call.named(names));
        let actor = effect.actor.map(|actor| run.name(actor).to_string());
        let actor = actor.unwrap_or_default();
        format!("{actor}: {call} came before {before}, which was planned before it")
    });
}
