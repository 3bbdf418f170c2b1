//! The guide's table of crates: which operations let another task go first. Each cell is seen in
//! runs, and the page has to say the same.
#![cfg(tokio_unstable)]

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use rehearsal_sim::{Config, Random, Verdict, World, run, tokio as facade};

const SEEDS: u64 = 100;

/// An operation on an object that all tasks share, and which never has to wait.
type Operation = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The tasks that do the operations.
#[derive(Clone, Copy)]
enum Tasks {
    /// Those of the facade's `spawn`.
    Facade,
    /// Those of tokio's own `spawn`.
    Plain,
}

fn operation<T, F>(object: T, operate: fn(Arc<T>) -> F) -> Operation
where
    T: Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let object = Arc::new(object);
    Arc::new(move || Box::pin(operate(Arc::clone(&object))))
}

fn facade_lock() -> Operation {
    operation(facade::sync::Mutex::new(()), |lock| async move {
        // In a plain task it is tokio's, with tokio's budget.
        drop(lock.lock().await);
    })
}

fn tokio_lock() -> Operation {
    operation(tokio::sync::Mutex::new(()), |lock| async move {
        drop(lock.lock().await);
    })
}

fn tokio_channel() -> Operation {
    operation(tokio::sync::mpsc::channel(9), |channel| async move {
        channel.0.send(()).await.expect("it is open");
    })
}

fn futures_lock() -> Operation {
    operation(futures_util::lock::Mutex::new(()), |lock| async move {
        drop(lock.lock().await);
    })
}

fn async_channel() -> Operation {
    operation(async_channel::bounded(9), |channel| async move {
        channel.0.send(()).await.expect("it is open");
    })
}

fn flume() -> Operation {
    operation(flume::bounded(9), |channel| async move {
        channel.0.send_async(()).await.expect("it is open");
    })
}

fn parking_lot() -> Operation {
    operation(parking_lot::Mutex::new(()), |lock| async move {
        drop(lock.lock());
    })
}

fn dashmap() -> Operation {
    operation(dashmap::DashMap::new(), |map| async move {
        map.insert(1, 2);
    })
}

/// Runs two tasks of three steps each, with an operation between two steps. Returns the order
/// of their steps.
async fn steps(tasks: Tasks, operation: Operation) -> String {
    let order = Arc::new(Mutex::new(String::new()));
    let work = |name: char| {
        let (order, operation) = (Arc::clone(&order), Arc::clone(&operation));
        async move {
            for _ in 0..3 {
                order.lock().expect("no panic").push(name);
                operation().await;
            }
        }
    };
    match tasks {
        Tasks::Facade => {
            for task in [facade::spawn(work('a')), facade::spawn(work('b'))] {
                task.await.expect("it returns");
            }
        }
        Tasks::Plain => {
            for task in [tokio::spawn(work('a')), tokio::spawn(work('b'))] {
                task.await.expect("it returns");
            }
        }
    }
    let order = order.lock().expect("no panic");
    order.clone()
}

/// Returns the word of the table: `explored` if one task is interrupted at the operation in
/// some run, else `replayed`.
fn word(tasks: Tasks, make: fn() -> Operation) -> &'static str {
    let ordered = |seed| {
        let config = Config {
            seed,
            strategy: Box::new(Random::default()),
            ..Config::default()
        };
        let outcome = run(config, move |_: World| steps(tasks, make()));
        assert_eq!(outcome.verdict, Verdict::Pass);
        outcome.value.expect("it passed")
    };
    let orders: BTreeSet<String> = (0..SEEDS).map(ordered).collect();
    let one_after_the_other = ["aaabbb", "bbbaaa"];
    let interrupted = |order: &String| !one_after_the_other.contains(&order.as_str());
    match orders.iter().any(interrupted) {
        true => "explored",
        false => "replayed",
    }
}

/// Returns an operation on a new object.
type Make = fn() -> Operation;

/// The mechanisms, as the page names them.
const MECHANISMS: [(&str, Make); 8] = [
    ("`lock` of `rehearsal::tokio`", facade_lock),
    ("`lock` of plain tokio", tokio_lock),
    ("`send` of plain tokio", tokio_channel),
    ("`lock` of `futures::lock`", futures_lock),
    ("`send` of `async-channel`", async_channel),
    ("`send_async` of `flume`", flume),
    ("`lock` of `parking_lot`", parking_lot),
    ("`insert` of `dashmap`", dashmap),
];

#[test]
fn table_of_crates_says_what_runs_show() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/third-party.md");
    let page = fs::read_to_string(page).expect("the page");
    for (name, make) in MECHANISMS {
        let (facade, plain) = (word(Tasks::Facade, make), word(Tasks::Plain, make));
        let row = format!("| {name} | {facade} | {plain} |");
        assert!(page.contains(&row), "the page does not say\n{row}");
    }
}
