//! Tests of the runtime without a network.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rehearsal_history::{SpanContext, SpanId};
use rehearsal_sim::{Config, Verdict, VirtualTime, World};

use super::super::settings::{RuntimeSettings, ToolSettings};
use super::super::wire::{AgentId, AgentType, Answer, Effort, Message, Progress, Task};
use super::*;

/// An agent that calls the model, and counts how often it was asked.
#[derive(Default)]
struct Caller {
    asked: AtomicU32,
}

impl Agent for Caller {
    fn on_message(
        self: Arc<Self>,
        context: Context,
        message: Message,
        responder: Responder,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            context.model_call().await;
            let answer = Answer {
                id: message.id,
                number: message.number,
                recalled: None,
            };
            let _ = responder.respond(Outcome::Answered(answer));
        })
    }
}

/// A factory that takes ten milliseconds, and counts its calls.
struct Slow {
    agent: Arc<Caller>,
    called: Arc<AtomicU32>,
}

impl Factory for Slow {
    fn create(&self, _: AgentId) -> BoxFuture<'static, Arc<dyn Agent>> {
        self.called.fetch_add(1, Ordering::Relaxed);
        let agent = Arc::clone(&self.agent);
        Box::pin(async move {
            time::sleep(Duration::from_millis(10)).await;
            agent as Arc<dyn Agent>
        })
    }
}

struct Unseen;

impl Observer for Unseen {
    fn progress(&self, _: &Progress) {}
    fn ended(&self, _: &Outcome) {}
}

/// A runtime with one type of agents.
struct Fixture {
    runtime: Arc<Runtime>,
    agent: Arc<Caller>,
    called: Arc<AtomicU32>,
}

impl Fixture {
    fn new(model_calls: u32) -> Self {
        let (agent, called) = (Arc::<Caller>::default(), Arc::<AtomicU32>::default());
        let factory: Arc<dyn Factory> = Arc::new(Slow {
            agent: Arc::clone(&agent),
            called: Arc::clone(&called),
        });
        let factories = BTreeMap::from([(AgentType::from("caller"), factory)]);
        let settings = RuntimeSettings {
            model_calls,
            ..RuntimeSettings::default()
        };
        let tools = ToolClient::new(ToolSettings::default(), None);
        let runtime = Runtime::new(&settings, factories, tools, RunKey(1), None);
        Self {
            runtime: Arc::new(runtime),
            agent,
            called,
        }
    }

    async fn send(&self, number: u32, token: &CancellationToken) -> Outcome {
        let namespace: Arc<str> = "testmaster".into();
        let request = Request {
            sender: call::Sender {
                name: "client-1".into(),
                namespace: Arc::clone(&namespace),
            },
            to: AgentId {
                name: "1".into(),
                kind: AgentType::from("caller"),
                namespace,
            },
            message: Message {
                id: format!("client-1-{number}").into(),
                context: SpanContext {
                    span: SpanId(number.into()),
                    parent: None,
                },
                secret: "secret".into(),
                number,
                task: Task::Work(Effort {
                    steps: 1,
                    step_ms: 0,
                }),
            },
            observer: Arc::new(Unseen),
        };
        self.runtime.send_message(request, token).await
    }

    fn asked(&self) -> u32 {
        self.agent.asked.load(Ordering::Relaxed)
    }
}

fn run<F: Future<Output = ()> + 'static>(program: impl FnOnce(World) -> F) {
    let outcome = rehearsal_sim::run(Config::default(), program);
    assert_eq!(outcome.verdict, Verdict::Pass);
}

fn seconds(seconds: u64) -> VirtualTime {
    VirtualTime::ZERO + Duration::from_secs(seconds)
}

#[test]
fn factory_whose_first_message_is_cancelled_is_called_once() {
    run(|_| async {
        let fixture = Fixture::new(0);
        let first = CancellationToken::new();
        let open = CancellationToken::new();
        let cancelling = async {
            time::sleep(Duration::from_millis(5)).await;
            first.cancel();
        };
        let (one, other, ()) = rehearsal_sim::tokio::join!(
            fixture.send(1, &first),
            fixture.send(2, &open),
            cancelling
        );
        assert_eq!(one, Outcome::Cancelled);
        assert!(matches!(other, Outcome::Answered(_)), "{other:?}");
        assert_eq!(fixture.called.load(Ordering::Relaxed), 1);
        assert_eq!(fixture.asked(), 1);
        fixture.runtime.shut_down().await;
    });
}

#[test]
fn request_that_is_registered_after_the_cancellation_reaches_no_agent() {
    run(|_| async {
        let fixture = Fixture::new(0);
        let token = CancellationToken::new();
        for _ in 0..2 {
            token.cancel();
        }
        assert_eq!(fixture.send(1, &token).await, Outcome::Cancelled);
        fixture.runtime.shut_down().await;
        assert_eq!(fixture.asked(), 0);
    });
}

#[test]
fn unknown_type_is_refused() {
    run(|_| async {
        let fixture = Fixture::new(0);
        let kind = AgentType::from("dreamer");
        let id = AgentId {
            name: "1".into(),
            kind: kind.clone(),
            namespace: "testmaster".into(),
        };
        let tasks = &fixture.runtime.tasks;
        let refused = fixture.runtime.registry.agent(&id, tasks).await.err();
        let expected = super::super::wire::Refusal::UnknownType(kind);
        assert_eq!(refused, Some(expected));
    });
}

#[test]
fn shutdown_does_not_wait_for_the_limit() {
    run(|world| async move {
        let fixture = Fixture::new(1);
        let token = CancellationToken::new();
        let stopping = async {
            time::sleep(Duration::from_secs(1)).await;
            fixture.runtime.shut_down().await;
            assert_eq!(world.now(), seconds(1));
            token.cancel();
        };
        let (one, other, ()) =
            rehearsal_sim::tokio::join!(fixture.send(1, &token), fixture.send(2, &token), stopping);
        let answered = |outcome: &Outcome| matches!(outcome, Outcome::Answered(_));
        assert_eq!(
            [&one, &other].into_iter().filter(|o| answered(o)).count(),
            1
        );
        assert_eq!(world.now(), seconds(1));
    });
}

#[test]
fn limit_lets_exactly_so_many_calls_through_in_any_minute() {
    run(|world| async move {
        let limiter = Limiter::new(3, None);
        let mut times = Vec::new();
        for wait in [0, 20, 20, 0, 0, 0, 100, 0] {
            time::sleep(Duration::from_secs(wait)).await;
            limiter.acquire().await;
            times.push(world.now());
        }
        // Calls at 0, 20 and 40 fill the window; the next three follow a minute after each of
        // them, and the last two find room.
        let expected = [0, 20, 40, 60, 80, 100, 200, 200].map(seconds);
        assert_eq!(times, expected);
    });
}
