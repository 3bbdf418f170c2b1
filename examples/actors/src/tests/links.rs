//! State that kameo keeps for the whole process, which no seed decides.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kameo::actor::{Actor, ActorId, ActorRef, Spawn, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use rehearsal::sim::{Config, run_hermetic};
use rehearsal::tokio::time::sleep;

type Order = Arc<Mutex<Vec<u32>>>;

struct Spoke {
    number: u32,
    order: Order,
}

impl Actor for Spoke {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(spoke: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(spoke)
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorId,
        reason: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.push(self.number);
        Ok(ControlFlow::Break(reason))
    }
}

/// In which order eight actors hear that the one they are linked to has died.
async fn hear() -> Vec<u32> {
    let order = Order::default();
    let spoke = |number| Spoke {
        number,
        order: Arc::clone(&order),
    };
    let hub = Spoke::spawn(spoke(0));
    let mut linked = Vec::new();
    for number in 1..=8 {
        // An actor without a reference would stop at once.
        linked.push(Spoke::spawn_link(&hub, spoke(number)).await);
    }
    hub.kill();
    sleep(Duration::from_secs(1)).await;
    order.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// kameo keeps links in a hash map. The run answers for the map's keys; the actors'
/// ids, which are hashed, go on from run to run. A program in which this order shows has runs
/// that do not repeat within a process.
#[test]
fn links_are_notified_in_an_order_that_no_seed_fixes() {
    let hear = || run_hermetic(Config::default, |_| hear()).value;
    let orders: Vec<_> = (0..10).filter_map(|_| hear()).collect();
    let distinct: BTreeSet<_> = orders.iter().collect();
    assert_eq!(orders.len(), 10);
    assert!(distinct.len() > 1, "{distinct:?}");
    for mut order in orders {
        order.sort_unstable();
        assert_eq!(order, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
