//! One agent, asked over HTTP without a gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::StatusCode;
use rehearsal_sim::tokio::net::TcpListener;
use rehearsal_sim::tokio::time::{Instant, sleep};
use rehearsal_sim::tokio_util::sync::CancellationToken;
use rehearsal_sim::{Config, Verdict, World, run};

use super::super::api::{
    Capability, Card, ChatCompletion, ChatRequest, ErrorCode, Health, HealthStatus, MemoryEvent,
    MemoryEvents, Message, Refusal, Role,
};
use super::super::http::sse::{DONE, EventReader};
use super::super::http::{Answer, Call, Client, OnTimeout, RetryPolicy};
use super::super::ids::{AgentName, TurnId};
use super::super::observer::{Observer, StreamId, StreamPart};
use super::super::proxy::PORT;
use super::super::settings::ModelSettings;
use super::{Agent, Memory, Model, Peers, TaskIds, Volume, script_name};
use crate::model_service::ModelService;
use crate::scripted_model::{Script, ScriptedModel};

const STARTUP: Duration = Duration::from_millis(50);

/// A tracer that records nothing.
struct Silent;

impl Observer for Silent {
    fn ready(&self, _: &AgentName) {}
    fn card_resolved(&self, _: &AgentName, _: &AgentName) {}
    fn card_retried(&self) {}
    fn remembered(&self, _: &AgentName, _: &MemoryEvent) {}
    fn resumed(&self) {}
    fn repeated(&self) {}
    fn streamed(&self, _: &StreamId, _: u32, _: &StreamPart) {}
    fn stream_closed(&self, _: &StreamId) {}
    fn attempted(&self, _: &TurnId, _: u32) {}
}

fn client() -> Client {
    let policy = RetryPolicy {
        timeout: Duration::from_secs(10),
        attempts: 1,
        backoff: Duration::ZERO,
        on_timeout: OnTimeout::GiveUp,
    };
    Client::new(format!("agent:{PORT}"), policy)
}

fn agent(outputs: &[&str]) -> Agent {
    let name = AgentName::from("agent");
    let observer: Arc<dyn Observer> = Arc::new(Silent);
    let mut model = ScriptedModel::new();
    for session in ["s-1", "s-2"] {
        let script = Script::new(outputs.iter().copied());
        model = model.with(script_name(&name, &session.into()), script);
    }
    let epoch = Instant::now();
    Agent {
        description: "An agent under test".to_owned(),
        startup: Some(STARTUP),
        model: Model::new(
            ModelService::new(model),
            name.as_str(),
            ModelSettings::default(),
            None,
        ),
        memory: Memory {
            agent: name.clone(),
            volume: Volume::default(),
            write: Duration::from_millis(1),
            epoch,
            observer: Arc::clone(&observer),
            defect: None,
        },
        peers: Peers {
            own: name.clone(),
            namespace: "test".to_owned(),
            roster: Arc::new(BTreeSet::new()),
            access: Vec::new(),
            client: client(),
            poll: client(),
            cards: BTreeMap::new().into(),
            observer: Arc::clone(&observer),
        },
        task_ids: TaskIds::new("task".to_owned(), epoch),
        chunk_interval: Duration::ZERO,
        observer,
        defect: None,
        stop: CancellationToken::new(),
        is_ready: AtomicBool::new(false),
        under_way: BTreeMap::new().into(),
        name,
    }
}

/// Boots an agent with these outputs in each of two sessions, and runs the program on another
/// host.
#[track_caller]
fn with_agent<F>(outputs: &'static [&'static str], program: impl FnOnce(Client) -> F + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let outcome = run(Config::default(), move |world: World| async move {
        let (server, user) = (world.host("agent"), world.host("user"));
        let agent = Arc::new(agent(outputs));
        let stop = agent.stop.clone();
        let serving = world.spawn_on(server, async move {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
            agent.serve(listener.expect("the port is free")).await;
        });
        let using = world.spawn_on(user, program(client()));
        using.await.expect("the program does not panic");
        stop.cancel();
        serving.await.expect("the agent does not panic");
    });
    assert_eq!(outcome.verdict, Verdict::Pass);
    assert_eq!(outcome.value, Some(()));
}

async fn get(client: &Client, path: &str) -> Answer {
    let called = client.fetch(&Call::get(path)).await;
    called.answer.expect("an answer")
}

async fn ask(client: &Client, id: &str, session: &str, stream: bool) -> Answer {
    let request = ChatRequest {
        model: "agent".into(),
        messages: vec![Message {
            role: Role::User,
            content: format!("the request {id}"),
        }],
        stream,
        session: session.into(),
        delegated_by: None,
    };
    let body = serde_json::to_vec(&request).expect("JSON");
    let call = Call::post("/v1/chat/completions", id.into(), body);
    client.fetch(&call).await.answer.expect("an answer")
}

async fn events(client: &Client, query: &str) -> MemoryEvents {
    let answer = get(client, &format!("/memory/events{query}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.read().expect("events")
}

fn kinds(events: &MemoryEvents) -> Vec<&'static str> {
    events
        .events
        .iter()
        .map(|event| event.event.kind())
        .collect()
}

#[test]
fn agent_is_unavailable_until_it_is_ready() {
    with_agent(&[], async |client| {
        let answer = get(&client, "/health").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let status = HealthStatus::Starting;
        assert_eq!(answer.read(), Some(Health { status }));
        sleep(2 * STARTUP).await;
        let answer = get(&client, "/health").await;
        assert_eq!(answer.status, StatusCode::OK);
        let status = HealthStatus::Healthy;
        assert_eq!(answer.read(), Some(Health { status }));
    });
}

#[test]
fn card_is_served_under_the_old_and_the_new_path() {
    with_agent(&[], async |client| {
        sleep(2 * STARTUP).await;
        for path in [
            "/.well-known/agent",
            "/.well-known/agent.json",
            "/.well-known/agent-card.json",
        ] {
            let answer = get(&client, path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            let card: Card = answer.read().expect("a card");
            assert_eq!(card.name, "agent".into());
            assert_eq!(card.capabilities, [Capability::MessageProcessing]);
        }
        let answer = get(&client, "/.well-known/other").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn chat_is_answered_with_one_choice() {
    with_agent(&["the answer"], async |client| {
        sleep(2 * STARTUP).await;
        let answer = ask(&client, "r-1", "s-1", false).await;
        assert_eq!(answer.status, StatusCode::OK);
        let completion: ChatCompletion = answer.read().expect("a completion");
        assert_eq!(completion.choices.len(), 1);
        assert_eq!(completion.choices[0].message.content, "the answer");
        assert_eq!(completion.choices[0].message.role, Role::Assistant);
    });
}

#[test]
fn streamed_chat_ends_with_done_whether_it_succeeds_or_fails() {
    with_agent(&["an answer of more than one part"], async |client| {
        sleep(2 * STARTUP).await;
        let read = |answer: &Answer| {
            let events = EventReader::default().push(&answer.body);
            let data = events.into_iter().map(|event| event.data);
            data.collect::<Vec<_>>()
        };
        let parts = read(&ask(&client, "r-1", "s-1", true).await);
        // An opening, two pieces of 16 characters at most, the reason of the end, and the end.
        assert_eq!(parts.len(), 5, "{parts:?}");
        assert_eq!(parts.last().map(String::as_str), Some(DONE));
        assert!(parts[3].contains("\"stop\""), "{parts:?}");
        let parts = read(&ask(&client, "r-2", "s-1", true).await);
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert!(parts[1].contains("model_exhausted"), "{parts:?}");
        assert_eq!(parts[2], DONE);
    });
}

#[test]
fn model_without_output_is_an_error_of_its_session_only() {
    with_agent(&["the only one"], async |client| {
        sleep(2 * STARTUP).await;
        assert_eq!(
            ask(&client, "r-1", "s-1", false).await.status,
            StatusCode::OK
        );
        let answer = ask(&client, "r-2", "s-1", false).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let refusal: Refusal = answer.read().expect("an error");
        assert_eq!(refusal.error.code, ErrorCode::ModelExhausted);
        assert_eq!(
            ask(&client, "r-3", "s-2", false).await.status,
            StatusCode::OK
        );
    });
}

#[test]
fn memory_is_filtered_by_session_and_type() {
    with_agent(&["the answer"], async |client| {
        sleep(2 * STARTUP).await;
        ask(&client, "r-1", "s-1", false).await;
        ask(&client, "r-2", "s-2", false).await;
        ask(&client, "r-3", "s-2", false).await;
        let all = events(&client, "").await;
        assert_eq!((all.total, all.events.len()), (6, 6));
        let first = events(&client, "?session=s-1").await;
        assert_eq!(kinds(&first), ["user_message", "agent_response"]);
        let second = events(&client, "?session=s-2").await;
        let four = ["user_message", "agent_response", "user_message", "error"];
        assert_eq!(kinds(&second), four);
        let errors = events(&client, "?session=s-2&type=error").await;
        assert_eq!((errors.total, kinds(&errors)), (1, vec!["error"]));
    });
}

#[test]
fn request_that_is_repeated_gets_the_first_answer() {
    with_agent(&["one", "two"], async |client| {
        sleep(2 * STARTUP).await;
        let first = ask(&client, "r-1", "s-1", false).await;
        let again = ask(&client, "r-1", "s-1", false).await;
        assert_eq!(first, again);
        assert_eq!(events(&client, "?session=s-1").await.total, 2);
        let other: ChatCompletion = ask(&client, "r-2", "s-1", false).await.read().expect("one");
        assert_eq!(other.choices[0].message.content, "two");
    });
}

#[test]
fn request_without_body_or_message_is_refused() {
    with_agent(&[], async |client| {
        sleep(2 * STARTUP).await;
        for body in [
            &b"{"[..],
            b"{\"model\":\"a\",\"messages\":[],\"session\":\"s-1\"}",
        ] {
            let call = Call::post("/v1/chat/completions", "r-1".into(), body.to_vec());
            let answer = client.fetch(&call).await.answer.expect("an answer");
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        }
        assert_eq!(events(&client, "").await.total, 0);
    });
}
