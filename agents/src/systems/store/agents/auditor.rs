//! The auditor: when the work is done and all faults are over, it compares sums with the
//! plan, and replicas with the store.

use std::time::Duration;

use rehearsal_history::{Actor, SpanEnd};
use rehearsal_sim::tokio::time;

use super::super::client::{Client, Link};
use super::super::plan::{Expected, TEST_RESULTS, TESTS_RUN, name};
use super::super::state::{Query, Reply};
use super::super::system::replica_host;
use super::super::wire::{Answer, ClientId, Position, Request, RequestId, RequestNumber, TeamId};
use super::edge::Environment;
use crate::driver::ClientNode;
use crate::network::Network;
use crate::record::recorder::name_task;

/// The invariant that no increment is lost and none counts twice.
const INCREMENTS_ADD_UP: &str = "increments-add-up";

/// The invariant that each test is counted and has a result.
const COUNT_EQUALS_RESULTS: &str = "count-equals-results";

/// The invariant that replicas come to the state of the store.
const REPLICAS_CONVERGE: &str = "replicas-converge";

/// Pause between two looks at a replica.
const REPLICA_INTERVAL: Duration = Duration::from_millis(20);

/// Looks at a replica before it counts as stuck.
const REPLICA_LOOKS_MAX: u32 = 500;

/// The auditor with everything that it needs.
pub(in super::super) struct Auditor<N> {
    pub(in super::super) environment: Environment<N>,
    /// The sums of each team.
    pub(in super::super) expected: Vec<(TeamId, Expected)>,
    /// The counters among which the agents choose.
    pub(in super::super) counters: u32,
    pub(in super::super) replicas: u32,
}

impl<N: Network> Auditor<N> {
    /// Waits until it is told to leave, and compares.
    pub(in super::super) async fn run(self, mut node: ClientNode) {
        name_task("auditor");
        let actor = node.actor("auditor");
        node.ready();
        node.leave().await;
        let audit = actor.begin("audit");
        time::sleep(self.environment.settle_time()).await;
        let mut position = Position::default();
        for (team, expected) in &self.expected {
            let mut client = self
                .environment
                .client(ClientId("auditor".to_owned()), *team);
            self.compare_sums(&actor, &mut client, *expected).await;
            client.read(Query::Everything).await;
            position = position.max(client.seen());
        }
        for number in 1..=self.replicas {
            self.compare_replica(&actor, number, position).await;
        }
        audit.end(SpanEnd::Completed);
    }

    async fn compare_sums(&self, actor: &Actor, client: &mut Client<N>, expected: Expected) {
        if expected.increments > 0 {
            let mut sum = 0;
            for counter in 1..=self.counters {
                sum += count(client, &name("counter", counter)).await;
            }
            let checked = equal("the counters show", sum, "the plan", expected.increments);
            actor.invariant(INCREMENTS_ADD_UP, checked);
        }
        if expected.tests > 0 {
            let tests = count(client, TESTS_RUN).await;
            let results = length(client, TEST_RESULTS).await;
            let checked = equal("the counter shows", tests, "the list", results);
            actor.invariant(COUNT_EQUALS_RESULTS, checked);
        }
    }

    /// Waits until a replica has come to that position, and compares it with the store.
    async fn compare_replica(&self, actor: &Actor, number: u32, at: Position) {
        let mut link = self.environment.link(&replica_host(number));
        let caught_up = detach(&mut link, at).await;
        let mut checked = match caught_up {
            true => Ok(()),
            false => Err(format!("replica {number} never came to position {}", at.0)),
        };
        for (team, _) in &self.expected {
            let mut client = self
                .environment
                .client(ClientId("auditor".to_owned()), *team);
            let ours = client.read(Query::Everything).await;
            let theirs = everything(&mut link, *team).await;
            if checked.is_ok() && ours != theirs {
                checked = Err(format!("replica {number} differs from the store in {team}"));
            }
        }
        actor.invariant(REPLICAS_CONVERGE, checked);
    }
}

fn equal(what: &str, shown: u32, other: &str, expected: u32) -> Result<(), String> {
    match shown == expected {
        true => Ok(()),
        false => Err(format!("{what} {shown}, {other} {expected}")),
    }
}

async fn count<N: Network>(client: &mut Client<N>, key: &str) -> u32 {
    match client.read(Query::Count(key.to_owned())).await {
        Some(Reply::Number(number)) => number,
        _ => 0,
    }
}

async fn length<N: Network>(client: &mut Client<N>, key: &str) -> u32 {
    match client.read(Query::List(key.to_owned())).await {
        Some(Reply::List(list)) => u32::try_from(list.len()).expect("fewer than 2^32 results"),
        _ => 0,
    }
}

/// Has a replica stop following once it is at that position. Returns `true` if it came
/// there.
async fn detach<N: Network>(link: &mut Link<N>, at: Position) -> bool {
    for _ in 0..REPLICA_LOOKS_MAX {
        let asked = link.ask(&Request::Detach { at }).await;
        if asked.is_ok_and(|response| response.answer != Answer::Behind) {
            return true;
        }
        time::sleep(REPLICA_INTERVAL).await;
    }
    false
}

async fn everything<N: Network>(link: &mut Link<N>, team: TeamId) -> Option<Reply> {
    let request = Request::Read {
        team,
        id: RequestId {
            client: ClientId("auditor".to_owned()),
            number: RequestNumber::default(),
        },
        query: Query::Everything,
        at_least: Position::default(),
    };
    match link.ask(&request).await.ok()?.answer {
        Answer::Reply(reply) => Some(reply),
        _ => None,
    }
}
