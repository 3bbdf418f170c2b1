use kameo::Actor;
use kameo::actor::Spawn;
use kameo::message::{Context, Message};

#[derive(Actor)]
struct Counter {
    total: u32,
}

struct Add(u32);

impl Message<Add> for Counter {
    type Reply = u32;

    async fn handle(&mut self, Add(amount): Add, _: &mut Context<Self, u32>) -> u32 {
        self.total += amount;
        self.total
    }
}

/// Returns from each request with a total that has the amount in it; the last has both.
pub(super) async fn program() {
    let actor = Counter::spawn(Counter { total: 0 });
    let senders = [1, 2].map(|amount| {
        let actor = actor.clone();
        tokio::spawn(async move { actor.ask(Add(amount)).await.unwrap() })
    });
    let mut totals = Vec::new();
    for sender in senders {
        totals.push(sender.await.unwrap());
    }
    totals.sort_unstable();
    assert!([[1, 3], [2, 3]].contains(&totals[..].try_into().unwrap()));
    actor.stop_gracefully().await.unwrap();
    actor.wait_for_shutdown().await;
}
