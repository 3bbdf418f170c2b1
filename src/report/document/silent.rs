//! What leads to a failure in a run whose program records nothing: the packets that a task waited
//! for, and the steps at locks that several tasks use.

use std::collections::BTreeMap;

use super::{Event, Kind, LockWord};

/// Such events that are marked at most; of more, the last ones before the failure.
const MARKED_MAX: usize = 200;

/// Marks them among the events up to the failure, or all of them in a run that passes.
pub(super) fn mark(events: &mut [Event], failure: Option<usize>) {
    let shared = shared_locks(events);
    let mut telling = packets_waited_for(events);
    telling.extend(events.iter().enumerate().filter_map(|(number, event)| {
        let (lock, word) = event.lock?;
        (shared[&lock] && word != LockWord::WaitsNoMore).then_some(number)
    }));
    telling.retain(|number| failure.is_none_or(|failure| *number < failure));
    telling.sort_unstable();
    let last = telling.len().saturating_sub(MARKED_MAX);
    for number in &telling[last..] {
        events[*number].matters = true;
    }
}

/// Returns, of each lock, true if more than one task takes steps at it.
fn shared_locks(events: &[Event]) -> BTreeMap<usize, bool> {
    let mut first_tasks = BTreeMap::new();
    let mut shared = BTreeMap::new();
    for event in events {
        if let Some((lock, _)) = event.lock {
            let first = *first_tasks.entry(lock).or_insert(event.task);
            *shared.entry(lock).or_insert(false) |= first != event.task;
        }
    }
    shared
}

/// Returns the arrivals that woke a task, and the departures of their packets. Others are
/// acknowledgements, for the most part.
fn packets_waited_for(events: &[Event]) -> Vec<usize> {
    let of_kind = |wanted: Kind| move |number: &&usize| events[**number].kind == wanted;
    let polls = events.iter().filter(|event| event.kind == Kind::Poll);
    let arrivals = polls.flat_map(|poll| poll.causes.iter().filter(of_kind(Kind::Arrival)));
    let both = arrivals.flat_map(|arrival| {
        let departures = events[*arrival].causes.iter();
        departures.filter(of_kind(Kind::Packet)).chain([arrival])
    });
    both.copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use rehearsal_sim::World;
    use rehearsal_sim::tokio::io::{AsyncReadExt, AsyncWriteExt};
    use rehearsal_sim::tokio::net::{TcpListener, TcpStream};
    use rehearsal_sim::tokio::sync::Mutex;

    use super::*;
    use crate::report::document::events::{Events, Focus, events};
    use crate::report::document::index::Index;
    use crate::run::{RunOptions, StrategyName, run_once};
    use crate::shrink::described;
    use crate::target::{Program, TestRef, WorldSpec};

    /// A server that counts bytes, and two clients that send `bytes` each. Nothing is recorded.
    async fn counted(world: World, bytes: usize) {
        let total = Arc::new(Mutex::new(0));
        let counting = Arc::clone(&total);
        let server = world.spawn_on(world.host("server"), async move {
            let listener = TcpListener::bind("0.0.0.0:80").await.expect("bound");
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.expect("accepted");
                while let Ok(1) = stream.read(&mut [0; 1]).await {
                    *counting.lock().await += 1;
                    stream.write_all(b".").await.expect("sent");
                }
            }
        });
        let clients = ["ann", "bob"].map(|name| {
            let own = Mutex::new(0);
            world.spawn_on(world.host(name), async move {
                let mut stream = TcpStream::connect("server:80").await.expect("connected");
                for _ in 0..bytes {
                    *own.lock().await += 1;
                    stream.write_all(b".").await.expect("sent");
                    stream.read_exact(&mut [0; 1]).await.expect("received");
                }
            })
        });
        for task in clients.into_iter().chain([server]) {
            task.await.expect("it returns");
        }
        assert_eq!(*total.lock().await, 0);
    }

    fn events_of(bytes: usize) -> (Events, Index) {
        let test = TestRef {
            package: "p".to_owned(),
            name: "p::counted".to_owned(),
            file: file!().into(),
        };
        let program = Program::new(test, WorldSpec::default(), move |world| {
            counted(world, bytes)
        });
        let report = run_once(&program, RunOptions::new(0, StrategyName::FIFO).recorded());
        let focus = Focus {
            witness: BTreeSet::new(),
            whole: true,
            silent: true,
        };
        let mut index = Index::of(&report);
        let events = events(&report, &described(&report), &focus, &mut index);
        (events, index)
    }

    fn marked(events: &Events, kind: Kind) -> (usize, usize) {
        let of_kind = events.list.iter().filter(|event| event.kind == kind);
        let marked = of_kind.clone().filter(|event| event.matters).count();
        (marked, of_kind.count())
    }

    #[test]
    fn packets_that_a_task_waited_for_are_marked_with_their_arrivals() {
        let (events, _) = events_of(3);
        let (departures, of_departures) = marked(&events, Kind::Packet);
        let (arrivals, of_arrivals) = marked(&events, Kind::Arrival);
        assert_eq!(departures, arrivals);
        // Six bytes go to the server and back, after two connections were made.
        assert!(arrivals >= 12 + 2, "{arrivals}");
        assert!(departures < of_departures && arrivals < of_arrivals);
    }

    #[test]
    fn steps_at_shared_locks_are_marked_and_those_at_others_are_not() {
        let (events, index) = events_of(3);
        let steps = events
            .list
            .iter()
            .filter_map(|event| Some((event.lock?, event)));
        let mut locks = BTreeMap::new();
        for ((lock, _), event) in steps {
            let (tasks, marked) = locks
                .entry(lock)
                .or_insert((BTreeSet::new(), BTreeSet::new()));
            tasks.insert(event.task);
            marked.insert(event.matters);
        }
        assert_eq!(index.locks.len(), 3);
        for (tasks, marked) in locks.values() {
            assert!(marked.contains(&(tasks.len() > 1)), "{locks:?}");
        }
        let shared = locks.values().filter(|(tasks, _)| tasks.len() > 1);
        assert_eq!(shared.count(), 1);
    }

    #[test]
    fn last_events_before_the_failure_are_marked_where_there_are_many() {
        let (events, _) = events_of(200);
        let kinds = [Kind::Packet, Kind::Arrival, Kind::Lock];
        let marked = kinds.map(|kind| marked(&events, kind).0);
        assert_eq!(marked.iter().sum::<usize>(), MARKED_MAX);
        let failure = events.failure.expect("it fails");
        let causes = &events.list[failure].causes;
        let end = causes
            .iter()
            .find(|cause| events.list[**cause].kind == Kind::End);
        assert!(end.is_some(), "{causes:?}");
    }
}
