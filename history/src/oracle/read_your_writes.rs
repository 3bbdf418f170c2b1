//! Read-your-writes: after an acknowledged write of an actor, its later reads show that
//! write or something newer. A read at a copy that is behind breaks it, and so does an
//! acknowledged write that a crash loses.
//!
//! A read of a value shows the last acknowledged write of its actor, or the value of a write
//! that had not ended when that one was invoked: any other value is older. A read of a list
//! or of a set shows every element that its actor has added, unless a call that had not
//! returned when the element was added removes it. A count is at least the highest number
//! that its actor has received, unless something is ever subtracted from it. An opportunity is
//! a read with a write of its actor before it. Operations without a result are no acknowledged
//! writes, and no reads; nothing else is excused.

use std::collections::BTreeMap;

use super::{Finding, Oracle, Report, Rule, Settings};
use crate::actor::VALUE;
use crate::body::{Body, Value};
use crate::facets::operations::{Operation, OperationEnd};
use crate::facets::{CheckedRun, Facet};
use crate::ids::{ActorId, ObjectId};

/// The oracle `read-your-writes`.
#[derive(Debug)]
pub struct ReadYourWrites;

impl Oracle for ReadYourWrites {
    fn name(&self) -> &'static str {
        "read-your-writes"
    }

    fn claim(&self) -> &'static str {
        "a read shows what its actor has written before, or something newer"
    }

    fn reads(&self) -> &'static [Facet] {
        &[Facet::Operations]
    }

    fn rules(&self) -> &'static [Rule] {
        &[Rule {
            name: "stale",
            meaning: "A read shows neither an acknowledged write of its actor nor a newer one.",
        }]
    }

    fn check(&self, run: &CheckedRun<'_>, _settings: &Settings) -> Finding {
        let mut report = Report::new();
        for (object, operations) in run.operations().objects() {
            Checked::new(run, object, operations).check(&mut report);
        }
        report.finish()
    }
}

/// The effect of a call on what reads of the object show.
#[derive(Clone, Copy)]
pub(super) enum Effect<'a> {
    /// The key, if the object has some, has this value from then on; none: it has none.
    Overwrites(Option<&'a Value>, Option<&'a Value>),
    /// The value is one of the elements from then on.
    Adds(&'a Value),
    /// The count is at least this number from then on.
    Counts(i64),
}

/// The part of an object that a read shows.
#[derive(Clone, Copy)]
enum Shown<'a> {
    /// The value, of a key if the object has some.
    Value(Option<&'a Value>),
    Elements,
    Count,
}

/// Returns the effect that an operation has, or if it is open, may have.
pub(super) fn effect<'a>(operation: &Operation<'a>) -> Option<Effect<'a>> {
    let (call, result) = (operation.call, operation.returned());
    let said = result.and_then(|(result, _)| result.field(VALUE));
    match call.kind.as_str() {
        _ if operation.end == OperationEnd::Failed => None,
        "write" => Some(Effect::Overwrites(None, Some(call.field("value")?))),
        "cas" if said == Some(&Value::Flag(false)) => None,
        "cas" => Some(Effect::Overwrites(None, Some(call.field("to")?))),
        "put" => Some(Effect::Overwrites(
            Some(call.field("key")?),
            Some(call.field("value")?),
        )),
        "delete" => Some(Effect::Overwrites(Some(call.field("key")?), None)),
        "append" | "add" => Some(Effect::Adds(call.field("value")?)),
        "increment" => Some(Effect::Counts(said?.integer()?)),
        _ => None,
    }
}

/// Returns the part of the object that an operation reads.
fn shown<'a>(call: &'a Body) -> Option<Shown<'a>> {
    match call.kind.as_str() {
        "read" => Some(Shown::Value(None)),
        "get" => Some(Shown::Value(Some(call.field("key")?))),
        "list" | "members" => Some(Shown::Elements),
        "count" => Some(Shown::Count),
        _ => None,
    }
}

/// One object with its operations, in the order in which they were invoked.
struct Checked<'r, 'a> {
    run: &'r CheckedRun<'a>,
    object: ObjectId,
    operations: &'r [Operation<'a>],
    /// The places of the acknowledged writes of each actor.
    writes: BTreeMap<ActorId, Vec<usize>>,
    /// The calls that remove each value, or may have removed it.
    removals: BTreeMap<&'a Value, Vec<&'r Operation<'a>>>,
    /// The count only ever grows.
    is_growing: bool,
}

impl<'r, 'a> Checked<'r, 'a> {
    fn new(run: &'r CheckedRun<'a>, object: ObjectId, operations: &'r [Operation<'a>]) -> Self {
        let mut writes: BTreeMap<ActorId, Vec<usize>> = BTreeMap::new();
        for (place, operation) in operations.iter().enumerate() {
            if let Some(actor) = operation.actor
                && operation.result().is_some()
                && effect(operation).is_some()
            {
                writes.entry(actor).or_default().push(place);
            }
        }
        let mut removals: BTreeMap<&Value, Vec<&Operation<'a>>> = BTreeMap::new();
        for operation in operations {
            if operation.call.kind == "remove"
                && operation.end != OperationEnd::Failed
                && let Some(value) = operation.call.field("value")
            {
                removals.entry(value).or_default().push(operation);
            }
        }
        let amounts = operations
            .iter()
            .map(|operation| operation.call.field("by"));
        let mut amounts = amounts.flatten().filter_map(Value::integer);
        Self {
            run,
            object,
            operations,
            writes,
            removals,
            is_growing: amounts.all(|by| by >= 0),
        }
    }

    fn check(&self, report: &mut Report) {
        for read in self.operations {
            if let Some(shown) = shown(read.call)
                && let Some(result) = read.result()
            {
                self.check_read(read, shown, result, report);
            }
        }
    }

    fn check_read(
        &self,
        read: &Operation<'a>,
        shown: Shown<'a>,
        result: &'a Body,
        report: &mut Report,
    ) {
        let value = result.field(VALUE);
        let own = self.own_writes(read);
        let missing = match shown {
            Shown::Value(key) => {
                let mut own = own.filter(|write| overwrites(write, key).is_some());
                // Only the last one: what came before it is overwritten.
                let Some(last) = own.next_back() else { return };
                (!self.is_recent(last, key, value)).then_some(last)
            }
            Shown::Count if !self.is_growing => return,
            Shown::Elements | Shown::Count => {
                let mut own = own.filter(|write| !self.may_be_removed(write)).peekable();
                if own.peek().is_none() {
                    return;
                }
                own.find(|write| !contains(shown, value, effect(write)))
            }
        };
        report.check(1);
        if let Some(write) = missing {
            self.report(read, result, write, report);
        }
    }

    /// Returns the acknowledged writes of the read's actor that had ended when it was
    /// invoked.
    fn own_writes(
        &self,
        read: &Operation<'a>,
    ) -> impl DoubleEndedIterator<Item = &'r Operation<'a>> + use<'_, 'r, 'a> {
        let of_actor = read.actor.and_then(|actor| self.writes.get(&actor));
        let places = of_actor.map_or(&[][..], Vec::as_slice).iter();
        let invoked = read.invoked;
        let operations = self.operations;
        let own = places.map(move |place| &operations[*place]);
        own.filter(move |write| write.returned().is_some_and(|(_, order)| order < invoked))
    }

    /// Returns `true` if the value is that of the write, or of one that had not ended when
    /// the write was invoked.
    fn is_recent(
        &self,
        write: &Operation<'a>,
        key: Option<&Value>,
        value: Option<&'a Value>,
    ) -> bool {
        let mut operations = self.operations.iter();
        operations.any(|other| {
            let ended = other.returned().map_or(usize::MAX, |(_, order)| order);
            overwrites(other, key) == Some(value) && ended > write.invoked
        })
    }

    /// Returns `true` if a call that had not returned when the write was invoked removes what
    /// it adds.
    fn may_be_removed(&self, write: &Operation<'a>) -> bool {
        let Some(Effect::Adds(added)) = effect(write) else {
            return false;
        };
        let removals = self.removals.get(added).map_or(&[][..], Vec::as_slice);
        removals.iter().any(|removal| !removal.ended_before(write))
    }

    fn report(
        &self,
        read: &Operation<'a>,
        result: &Body,
        write: &Operation<'a>,
        report: &mut Report,
    ) {
        let witness = [read.id.into(), write.id.into(), self.object.into()];
        report.broken("stale", witness, read.at, || {
            let names = &self.run.history.names;
            let actor = read.actor.map(|actor| self.run.name(actor).to_string());
            let (call, result) = (read.call.named(names), result.named(names));
            let (actor, object) = (actor.unwrap_or_default(), self.run.name(self.object));
            let (write, at) = (write.call.named(names), write.at);
            format!(
                "{call} of {actor} on {object} returned {result}, which is older than its \
                 {write} at {at}"
            )
        });
    }
}

/// Returns the value that the operation gives to the key, if it overwrites that.
pub(super) fn overwrites<'a>(
    operation: &Operation<'a>,
    key: Option<&Value>,
) -> Option<Option<&'a Value>> {
    match effect(operation) {
        Some(Effect::Overwrites(of, value)) if of == key => Some(value),
        _ => None,
    }
}

/// Returns `true` if a read that shows this shows the effect.
fn contains(shown: Shown<'_>, value: Option<&Value>, effect: Option<Effect<'_>>) -> bool {
    match (shown, effect, value) {
        (Shown::Elements, Some(Effect::Adds(added)), Some(Value::List(elements))) => {
            elements.contains(added)
        }
        (Shown::Elements, Some(Effect::Adds(_)), _) => false,
        (Shown::Count, Some(Effect::Counts(number)), value) => value
            .and_then(Value::integer)
            .is_some_and(|count| count >= number),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::{Statistics, Verdict};

    use super::*;
    use crate::actor::{Actors, Reply};

    /// Judges what the closure records.
    fn judge(record: impl FnOnce(&Actors)) -> Finding {
        let actors = Actors::default();
        record(&actors);
        let history = actors.recorder().with(|history| history.clone());
        let statistics = Statistics::default();
        let run = CheckedRun::new(&history, &Verdict::Pass, &statistics);
        ReadYourWrites.check(&run, &Settings::default())
    }

    fn call(actors: &Actors, actor: &str, call: impl Into<Body>, result: &impl Reply) {
        actors.actor(actor).invoke("thing", call).returned(result);
    }

    fn write(value: i64) -> Body {
        Body::new("write").with("value", value)
    }

    /// Returns the reads that were checked, and the stale ones.
    fn counts(finding: &Finding) -> (u64, u64) {
        (finding.checked, finding.broken())
    }

    #[test]
    fn a_later_write_of_another_actor_is_newer() {
        let finding = judge(|actors| {
            call(actors, "ann", write(1), &());
            call(actors, "ben", write(2), &());
            call(actors, "ann", "read", &2_i64);
        });
        assert_eq!(counts(&finding), (1, 0));
    }

    #[test]
    fn a_write_at_the_same_time_may_be_newer() {
        let finding = judge(|actors| {
            let other = actors.actor("ben").invoke("thing", write(2));
            call(actors, "ann", write(1), &());
            other.returned(&());
            call(actors, "ann", "read", &2_i64);
        });
        assert_eq!(counts(&finding), (1, 0));
    }

    #[test]
    fn a_write_that_ended_before_is_older() {
        let finding = judge(|actors| {
            call(actors, "ben", write(2), &());
            call(actors, "ann", write(1), &());
            call(actors, "ann", "read", &2_i64);
            call(actors, "ann", "read", &None::<i64>);
        });
        assert_eq!(counts(&finding), (2, 2));
    }

    #[test]
    fn only_acknowledged_writes_before_the_read_count() {
        let finding = judge(|actors| {
            let ann = actors.actor("ann");
            ann.invoke("thing", write(1)).unanswered();
            ann.invoke("thing", write(2)).failed("full");
            call(actors, "ann", "read", &None::<i64>);
            call(actors, "ann", write(3), &());
            call(actors, "ben", "read", &None::<i64>);
        });
        assert_eq!(counts(&finding), (0, 0));
    }

    #[test]
    fn keys_are_apart() {
        let keyed = |kind: &'static str, key: i64| Body::new(kind).with("key", key);
        let finding = judge(|actors| {
            call(actors, "ann", keyed("put", 1).with("value", 5_i64), &());
            call(actors, "ann", keyed("get", 2), &None::<i64>);
            call(actors, "ann", keyed("get", 1), &5_i64);
            call(actors, "ben", keyed("delete", 1), &());
            call(actors, "ann", keyed("get", 1), &None::<i64>);
        });
        assert_eq!(counts(&finding), (2, 0));
    }

    #[test]
    fn lists_and_sets_have_every_element_that_the_actor_added() {
        for (add, read) in [("append", "list"), ("add", "members")] {
            let element = |value: i64| Body::new(add).with("value", value);
            let finding = judge(|actors| {
                call(actors, "ann", element(1), &());
                call(actors, "ann", element(2), &());
                call(actors, "ann", read, &vec![1_i64, 2, 3]);
                call(actors, "ann", read, &vec![2_i64]);
                call(actors, "ann", read, &Vec::<i64>::new());
            });
            assert_eq!(counts(&finding), (3, 2), "{add}");
        }
    }

    #[test]
    fn an_element_that_a_call_removes_need_not_be_there() {
        let element = |kind: &'static str, value: i64| Body::new(kind).with("value", value);
        let finding = judge(|actors| {
            call(actors, "ann", element("add", 1), &());
            call(actors, "ann", element("add", 2), &());
            call(actors, "ben", element("remove", 1), &());
            call(actors, "ann", "members", &vec![2_i64]);
            call(actors, "ann", "members", &Vec::<i64>::new());
        });
        assert_eq!(counts(&finding), (2, 1));
    }

    #[test]
    fn an_element_that_was_added_after_its_removal_is_there() {
        let element = |kind: &'static str| Body::new(kind).with("value", 1_i64);
        let finding = judge(|actors| {
            call(actors, "ben", element("remove"), &());
            call(actors, "ann", element("add"), &());
            call(actors, "ann", "members", &Vec::<i64>::new());
        });
        assert_eq!(counts(&finding), (1, 1));
        let finding = judge(|actors| {
            let removal = actors.actor("ben").invoke("thing", element("remove"));
            call(actors, "ann", element("add"), &());
            removal.returned(&());
            call(actors, "ann", "members", &Vec::<i64>::new());
        });
        assert_eq!(counts(&finding), (0, 0));
    }

    #[test]
    fn a_count_is_at_least_what_the_actor_was_told() {
        let finding = judge(|actors| {
            call(actors, "ann", "increment", &4_i64);
            call(actors, "ann", "count", &4_i64);
            call(actors, "ann", "count", &3_i64);
        });
        assert_eq!(counts(&finding), (2, 1));
        let decrement = Body::new("increment").with("by", -1_i64);
        let finding = judge(|actors| {
            call(actors, "ann", "increment", &4_i64);
            call(actors, "ben", decrement, &3_i64);
            call(actors, "ann", "count", &3_i64);
        });
        assert_eq!(counts(&finding), (0, 0));
    }
}
