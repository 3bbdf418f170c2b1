//! The store and a replica against requests that no client of a healthy run makes.

use std::time::Duration;

use rehearsal_sim::tokio;

use super::super::defects;
use super::super::settings::{
    ConnectionSettings, StoreScenario, StoreSettings, StoreSpec, TaskSettings,
};
use super::super::state::{Command, Contribution, Query, Reply, ValueCommand};
use super::super::wire::{
    Answer, ClientId, Position, Request, RequestId, RequestNumber, Response, TeamId,
};
use super::{Journal, Primary, Replica, Service};
use crate::defect::Defect;
use crate::spec::ScenarioSpec;

const TEAM: TeamId = TeamId(1);
const OTHER_TEAM: TeamId = TeamId(2);

fn spec(defect: Option<Defect>) -> StoreSpec {
    let spec = ScenarioSpec::new(StoreScenario {
        store: StoreSettings {
            teams: 2,
            ..StoreSettings::default()
        },
        connections: ConnectionSettings::default(),
        agents: Vec::new(),
        tasks: None::<TaskSettings>,
    });
    ScenarioSpec { defect, ..spec }
}

fn disk() -> Journal {
    Journal::new(Duration::ZERO)
}

fn id(client: &str, number: u64) -> RequestId {
    RequestId {
        client: ClientId(client.to_owned()),
        number: RequestNumber(number),
    }
}

async fn execute(store: &Primary, team: TeamId, id: RequestId, command: Command) -> Response {
    let request = Request::Execute { team, id, command };
    store.answer(request).await
}

async fn increment(store: &Primary, team: TeamId, number: u64) -> Answer {
    let key = "key".to_owned();
    let command = ValueCommand::Increment { key }.into();
    execute(store, team, id("ann", number), command)
        .await
        .answer
}

fn query(team: TeamId, query: Query, at_least: Position) -> Request {
    Request::Read {
        team,
        id: id("ben", 1),
        query,
        at_least,
    }
}

async fn count(store: &impl Service, team: TeamId) -> Answer {
    let count = Query::Count("key".to_owned());
    let request = query(team, count, Position::default());
    store.answer(request).await.answer
}

fn number(number: u32) -> Answer {
    Answer::Reply(Reply::Number(number))
}

#[tokio::test]
async fn repeated_request_is_answered_and_not_executed_again() {
    let disk = disk();
    let store = Primary::open(&spec(None), disk.clone());
    assert_eq!(increment(&store, TEAM, 1).await, number(1));
    assert_eq!(increment(&store, TEAM, 1).await, number(1));
    // The next incarnation knows it too.
    let store = Primary::open(&spec(None), disk);
    assert_eq!(increment(&store, TEAM, 1).await, number(1));
    assert_eq!(increment(&store, TEAM, 2).await, number(2));
    assert_eq!(count(&store, TEAM).await, number(2));
}

/// A connection that was given up may still carry a request.
#[tokio::test]
async fn request_that_comes_after_the_next_one_is_refused() {
    let store = Primary::open(&spec(None), disk());
    assert_eq!(increment(&store, TEAM, 2).await, number(1));
    assert_eq!(increment(&store, TEAM, 1).await, Answer::Refused);
    assert_eq!(count(&store, TEAM).await, number(1));
}

#[tokio::test]
async fn teams_have_keys_of_their_own() {
    let store = Primary::open(&spec(None), disk());
    increment(&store, TEAM, 1).await;
    assert_eq!(count(&store, OTHER_TEAM).await, number(0));
    assert_eq!(increment(&store, TeamId(3), 2).await, Answer::Refused);
}

#[tokio::test]
async fn snapshot_keeps_its_content_and_is_gone_when_released() {
    for (defect, later) in [(None, 1), (Some(defects::SHALLOW_SNAPSHOT), 2)] {
        let store = Primary::open(&spec(defect), disk());
        let add = async |number: u64| {
            let case = Contribution::TestCase(format!("case {number}"));
            execute(&store, TEAM, id("ann", number), Command::Contribute(case)).await;
        };
        let read = async |query_of: Query| {
            let request = query(TEAM, query_of, Position::default());
            store.answer(request).await.answer
        };
        let cases = async |query_of: Query| match read(query_of).await {
            Answer::Reply(Reply::Contents(contents)) => Some(contents.test_cases.len()),
            _ => None,
        };
        add(1).await;
        assert_eq!(cases(Query::TakeSnapshot).await, Some(1));
        add(2).await;
        assert_eq!(cases(Query::Look(id("ben", 1))).await, Some(later));
        assert_eq!(store.held().await.len(), 1);
        read(Query::Release(id("ben", 1))).await;
        assert_eq!(cases(Query::Look(id("ben", 1))).await, None);
        assert_eq!(store.held().await.len(), 0);
    }
}

#[tokio::test]
async fn replica_says_that_it_is_behind_and_takes_no_commands() {
    let replica = Replica::new(&spec(None));
    let read = |at_least| query(TEAM, Query::Count("key".to_owned()), at_least);
    let behind = replica.answer(read(Position(1))).await;
    assert_eq!(behind.answer, Answer::Behind);
    assert_eq!(count(&replica, TEAM).await, number(0));
    let command = ValueCommand::Increment {
        key: "key".to_owned(),
    };
    let request = Request::Execute {
        team: TEAM,
        id: id("ann", 1),
        command: command.into(),
    };
    assert_eq!(replica.answer(request).await.answer, Answer::Refused);
}
