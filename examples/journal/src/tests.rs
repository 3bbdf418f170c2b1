//! A server that writes a journal, and whose host crashes: its disk may lose what is not synced.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rehearsal::prelude::*;
use rehearsal::{Test, TestLocation};

use crate::tokio::time::sleep;
use crate::{Acknowledge, Journal, entries};

const DIRECTORY: &str = "/";

/// Appends entries until the host crashes. All that were acknowledged are in the journal then.
async fn crash_while_it_writes(world: World, acknowledge: Acknowledge) {
    let host = world.host("server");
    let acknowledged: Rc<RefCell<Vec<String>>> = Rc::default();
    let appended = Rc::clone(&acknowledged);
    world.spawn_on(host, async move {
        let journal = Journal::open(Path::new(DIRECTORY), acknowledge).await;
        let mut journal = journal.expect("a journal");
        for number in 0..10 {
            let entry = format!("entry {number}");
            journal.append(&entry).await.expect("it is written");
            appended.borrow_mut().push(entry);
            sleep(Duration::from_millis(10)).await;
        }
    });
    let moment = world.site("moment of the crash");
    let most = Duration::from_millis(100);
    sleep(world.draw_duration(moment, Duration::from_millis(1), most)).await;
    world.crash(host);
    world.restart(host);
    let acknowledged = acknowledged.take();
    let left = world.spawn_on(host, entries(Path::new(DIRECTORY)));
    let left = left.await.expect("it ends").expect("a journal");
    assert!(
        left.starts_with(&acknowledged),
        "acknowledged: {acknowledged:?}, left: {left:?}"
    );
}

#[rehearsal::test(seeds = 300)]
async fn acknowledged_entries_survive_a_crash(world: World) {
    crash_while_it_writes(world, Acknowledge::Synced).await;
}

#[test]
fn acknowledging_before_the_sync_loses_an_entry() {
    let test = Test::new(TestLocation {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        name: "acknowledging_before_the_sync_loses_an_entry",
        file: file!(),
    });
    let failed = catch_unwind(AssertUnwindSafe(|| {
        test.seeds(300)
            .run(|world| crash_while_it_writes(world, Acknowledge::Written));
    }));
    let payload = failed.expect_err("a run loses an entry");
    let report = payload.downcast_ref::<String>().expect("a text");
    for part in [
        "acknowledged: [\"entry 0\"",
        "1 deviation, 0 preemptions",
        "loses in its crash the write of 8 bytes to /journal at examples/journal/src/journal.rs:",
        "Without the deviation marked » the run passes.",
    ] {
        assert!(report.contains(part), "`{part}` is missing in\n{report}");
    }
}
