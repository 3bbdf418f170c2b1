//! The memory of an idle agent beyond its own future, printed as one line of JSON.
//!
//! Counting allocations costs time; so this is a separate process, which `sim/benches/peers` runs
//! for its row.

use std::alloc::System;
use std::time::Duration;

use rehearsal_sim::tokio::task::spawn;
use rehearsal_sim::tokio::time::sleep;
use rehearsal_sim::{Config, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const AGENTS: u32 = 50_000;
const HOUR: Duration = Duration::from_secs(3_600);

#[expect(clippy::print_stdout, reason = "the line is the result")]
fn main() {
    let outcome = run(Config::default(), |world| async move {
        let before = Region::new(COUNTED);
        let mut future = 0;
        let agents: Vec<_> = (0..AGENTS)
            .map(|_| {
                let agent = sleep(HOUR);
                future = size_of_val(&agent);
                spawn(agent)
            })
            .collect();
        world.settled().await;
        let change = before.change();
        drop(agents);
        let taken = change
            .bytes_allocated
            .saturating_sub(change.bytes_deallocated);
        (taken / AGENTS as usize).saturating_sub(future)
    });
    let bytes = outcome.value.expect("the run ends well");
    println!("{{\"bytes\":{bytes}}}");
}
