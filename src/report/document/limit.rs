//! The limit of events in a page: of more, those that say least are left out, the farthest from
//! the failure first.

use super::{Event, Kind, Run};

/// The events of a run in a page, at most.
pub(super) const EVENTS_MAX: usize = 50_000;

/// The places of events after some were left out: for one that was, that of the next one that
/// was not or, behind the last of these, of the last. None if nothing was left out.
pub(super) struct Places(Option<Vec<usize>>);

impl Places {
    /// Returns the places of events of which some have a place of their own.
    fn new(own: &[Option<usize>]) -> Self {
        let last = own.iter().rev().flatten().next();
        let mut following = last.copied().unwrap_or(0);
        let mut places: Vec<usize> = own
            .iter()
            .rev()
            .map(|place| {
                following = place.unwrap_or(following);
                following
            })
            .collect();
        places.reverse();
        Self(Some(places))
    }

    /// Returns the place of an event.
    pub(super) fn of(&self, event: usize) -> usize {
        let Some(places) = &self.0 else {
            return event;
        };
        places[event.min(places.len() - 1)]
    }
}

/// Leaves out the surplus of events.
pub(super) fn limit(run: &mut Run) -> Places {
    limit_to(run, EVENTS_MAX)
}

fn limit_to(run: &mut Run, most: usize) -> Places {
    let Some(surplus @ 1..) = run.events.len().checked_sub(most) else {
        return Places(None);
    };
    let failure = run
        .events
        .iter()
        .position(|event| event.kind == Kind::Failure);
    let failure = failure.unwrap_or(run.events.len());
    let mut order: Vec<usize> = (0..run.events.len()).collect();
    let weight = |event: &Event| (event.matters, !event.kind.is_minor());
    order.sort_by_key(|number| {
        let distance = number.abs_diff(failure);
        (weight(&run.events[*number]), std::cmp::Reverse(distance))
    });
    let mut kept = vec![true; run.events.len()];
    for number in order.into_iter().take(surplus) {
        kept[number] = false;
    }
    let mut next = 0;
    let places: Vec<Option<usize>> = kept
        .iter()
        .map(|kept| {
            kept.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect();
    let mut number = 0;
    run.events.retain(|_| {
        number += 1;
        kept[number - 1]
    });
    for event in &mut run.events {
        event.causes = event
            .causes
            .iter()
            .filter_map(|cause| places[*cause])
            .collect();
    }
    run.left_out = surplus;
    let places = Places::new(&places);
    for fault in &mut run.faults {
        fault.from = places.of(fault.from);
        fault.to = fault.to.map(|to| places.of(to));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, causes: &[usize]) -> Event {
        Event {
            step: 0,
            at: 0,
            kind,
            label: String::new(),
            task: None,
            host: None,
            text: String::new(),
            causes: causes.to_vec(),
            about: Vec::new(),
            lock: None,
            matters: kind == Kind::Failure,
        }
    }

    #[test]
    fn surplus_of_polls_goes_first_and_causes_keep_their_events() {
        let mut run = Run {
            verdict: "violation",
            fingerprint: String::new(),
            end: 0,
            hosts: Vec::new(),
            tasks: Vec::new(),
            entities: Vec::new(),
            locks: Vec::new(),
            faults: Vec::new(),
            spans: Vec::new(),
            events: vec![
                event(Kind::Note, &[]),
                event(Kind::Poll, &[0]),
                event(Kind::Note, &[0, 1]),
                event(Kind::Poll, &[2]),
                event(Kind::Failure, &[2, 3]),
            ],
            left_out: 0,
        };
        let places = limit_to(&mut run, 4);
        assert_eq!(run.left_out, 1);
        let kinds: Vec<Kind> = run.events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [Kind::Note, Kind::Note, Kind::Poll, Kind::Failure]);
        assert_eq!(run.events[1].causes, [0]);
        assert_eq!(run.events[3].causes, [1, 2]);
        assert_eq!((places.of(1), places.of(4)), (1, 3));
    }
}
