//! Agents behind the gateway: the numbers that scenarios state, asserted from the history, and
//! the known corruptions of a deployment and of its users' expectations, each of which shows.

use std::collections::BTreeSet;
use std::time::Duration;

use rehearsal_agents::spec::ScenarioSpec;
use rehearsal_agents::systems::gateway::{
    AgentSettings, ChatExpectations, ChatOutcome, ChatSettings, ClientSettings, DelegationSettings,
    DeploymentSettings, Expectations, Expected, Gateway, GatewayScenario, GatewaySettings,
    ModelSettings, Reading, Relation, StartOrder, marks,
};
use rehearsal_agents::units::times::Window;
use rehearsal_history::oracle::OracleRef;
use rehearsal_history::{EntryKind, Phase};
use rehearsal_sim::{Config, Recording, Verdict, VirtualTime};

use crate::common::{TestRun, run_system, violations};

const fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

// Scenarios ---------------------------------------------------------------------

fn agent(key: &str, access: &[&str], outputs: &[&str]) -> AgentSettings {
    AgentSettings {
        key: key.to_owned(),
        name: format!("multi-{key}"),
        description: String::new(),
        access: access.iter().map(|key| (*key).to_owned()).collect(),
        outputs: outputs.iter().map(|output| (*output).to_owned()).collect(),
        service: Duration::from_millis(20),
        startup: Window {
            from: Duration::from_millis(20),
            to: Duration::from_millis(200),
        },
        never_starts: false,
    }
}

fn chat(to: &str, task: &str) -> ChatSettings {
    ChatSettings {
        to: to.to_owned(),
        task: task.to_owned(),
        stream: false,
        reads: Reading::AsAsked,
        delegates_to: None,
        expect: ChatExpectations::default(),
    }
}

fn scenario(agents: Vec<AgentSettings>, chats: Vec<ChatSettings>) -> GatewayScenario {
    GatewayScenario {
        deployment: DeploymentSettings {
            order: StartOrder::WorkersFirst,
            ..DeploymentSettings::default()
        },
        gateway: GatewaySettings::default(),
        delegation: DelegationSettings::default(),
        model: ModelSettings::default(),
        client: ClientSettings {
            poll: secs(1),
            ..ClientSettings::default()
        },
        agents,
        chats,
        expectations: Expectations::default(),
    }
}

/// All agents are deployed, and looked at.
fn discovery() -> GatewayScenario {
    let access = ["worker-1", "worker-2"];
    let workers = access.map(|key| agent(key, &[], &[]));
    let coordinator = agent("coordinator", &access, &[]);
    scenario([[coordinator].as_slice(), &workers].concat(), Vec::new())
}

const DELEGATION: &str = "I'll delegate this task to the worker.\n```delegate\n{\"agent\": \
                          \"{worker-1}\", \"task\": \"Process task {task-1}\"}\n```";

/// The coordinator delegates a task to the first worker.
fn delegation() -> GatewayScenario {
    let outputs = [DELEGATION, "The worker has completed task {task-1}."];
    let answer = "Task {task-1} processed by worker-1.";
    let agents = vec![
        agent("coordinator", &["worker-1", "worker-2"], &outputs),
        agent("worker-1", &[], &[answer]),
        agent("worker-2", &[], &[]),
    ];
    let chat = ChatSettings {
        delegates_to: Some("worker-1".to_owned()),
        ..chat("coordinator", "K8S_DELEGATE")
    };
    let mut scenario = scenario(agents, vec![chat]);
    scenario.expectations.task_answer = "processed by worker-1.".to_owned();
    scenario
}

/// Two workers have different tasks.
fn independent() -> GatewayScenario {
    let agents = vec![
        agent("worker-1", &[], &["{worker-1}: {task-1} is done."]),
        agent("worker-2", &[], &["{worker-2}: {task-2} is done."]),
    ];
    let chats = vec![chat("worker-1", "W1_TASK"), chat("worker-2", "W2_TASK")];
    scenario(agents, chats)
}

/// One worker that takes that long to start, and is expected to take too long.
fn slow_start(startup: Duration) -> GatewayScenario {
    let worker = AgentSettings {
        startup: Window {
            from: startup,
            to: startup,
        },
        ..agent("worker-2", &[], &[])
    };
    let mut scenario = scenario(vec![worker], Vec::new());
    scenario.expectations.never_ready = vec!["worker-2".to_owned()];
    scenario
}

/// One worker that takes longer to answer than its user waits.
fn slow_answer(deadline: Duration) -> GatewayScenario {
    let worker = AgentSettings {
        service: secs(90),
        ..agent("worker-1", &[], &["late"])
    };
    let mut chat = chat("worker-1", "TASK");
    chat.expect.outcome = ChatOutcome::TimedOut;
    let mut scenario = scenario(vec![worker], vec![chat]);
    scenario.client.timeout = deadline;
    scenario.client.drain = secs(60);
    scenario.expectations.answer_deadline = deadline;
    scenario
}

/// A gateway that refuses exactly that many attempts at each request.
fn busy(refusals: u32) -> GatewayScenario {
    let mut scenario = independent();
    scenario.gateway.busy = refusals;
    scenario.gateway.busy_at_least = refusals;
    scenario
}

// Scenarios with a mistake in the system that a check is there for.

/// A worker that should be healthy, and never starts.
fn unhealthy() -> GatewayScenario {
    let mut scenario = slow_start(secs(300));
    scenario.expectations.never_ready.clear();
    scenario.client.attempts = 1;
    scenario
}

/// A worker whose model has no answer.
fn speechless(key: &str) -> GatewayScenario {
    let mut scenario = independent();
    for agent in scenario.agents.iter_mut().filter(|agent| agent.key == key) {
        agent.outputs.clear();
    }
    scenario
}

/// A coordinator that should delegate, and answers itself. The worker has other events.
fn undelegated() -> GatewayScenario {
    let mut scenario = delegation();
    scenario.agents[0].outputs = vec!["I have done {task-1} myself.".to_owned()];
    scenario.agents[1].outputs.push("Another task.".to_owned());
    scenario.chats.push(chat("worker-1", "DIRECT"));
    scenario.chats.rotate_left(1);
    scenario
}

fn executed(scenario: &GatewayScenario, seed: u64) -> TestRun {
    let config = Config {
        seed,
        recording: Recording::Fingerprint,
        ..Config::default()
    };
    let run = run_system(config, Gateway, ScenarioSpec::new(scenario.clone()));
    assert_eq!(run.outcome.verdict, Verdict::Pass, "{scenario:?}");
    run
}

/// Returns the names of the invariants that did not hold.
fn broken(run: &TestRun) -> BTreeSet<String> {
    let entries = run.history.entries.iter();
    let broken = entries.filter_map(|entry| match &entry.kind {
        EntryKind::Invariant { name, broken } => broken.as_ref().map(|_| name.to_string()),
        _ => None,
    });
    broken.collect()
}

/// Returns how often an invariant was checked.
fn checks(run: &TestRun, wanted: &str) -> usize {
    let entries = run.history.entries.iter();
    let checks = entries.filter(
        |entry| matches!(&entry.kind, EntryKind::Invariant { name, .. } if *name == wanted),
    );
    checks.count()
}

/// Returns the time at which a mark was reached first.
fn reached_at(run: &TestRun, wanted: &str) -> VirtualTime {
    let entries = run.history.entries.iter();
    let mut reached = entries
        .filter(|entry| matches!(&entry.kind, EntryKind::Reached(mark) if mark.0 == *wanted));
    reached.next().expect("it was reached").at
}

/// Returns the time at which the work started.
fn started_at(run: &TestRun) -> VirtualTime {
    let entries = run.history.entries.iter();
    let mut ready = entries.filter(|entry| {
        let phase = match &entry.kind {
            EntryKind::Census { phase, .. } => Some(*phase),
            _ => None,
        };
        phase == Some(Phase::Ready)
    });
    ready.next().expect("a census").at
}

// Corruptions -------------------------------------------------------------------

const READY: &str = "an agent is ready if it is started";
const ENDS: &str = "a chat ends as expected";
const STATUS: &str = "a chat has the expected status";
const ANSWER: &str = "an answer has the expected choice and length";
const HEALTH: &str = "health has the expected status";
const TASKS: &str = "a worker remembers the tasks that it received";
const DEADLINE: &str = "a request without an answer is given up at its deadline";

/// The way in which a corruption shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shown {
    /// The intent holds, and the corruption breaks this invariant.
    Breaks(&'static str),
    /// The system of the scenario is wrong: the intent breaks this invariant, and the corruption
    /// no longer notices.
    Blinds(&'static str),
    /// The corruption means the same as the intent, for every number.
    Equivalent,
}

/// A value of the reference that was changed.
struct Corruption {
    id: &'static str,
    /// The intent.
    scenario: fn() -> GatewayScenario,
    corrupt: fn(&mut GatewayScenario),
    shown: Shown,
}

const fn corruption(
    id: &'static str,
    scenario: fn() -> GatewayScenario,
    corrupt: fn(&mut GatewayScenario),
    shown: Shown,
) -> Corruption {
    Corruption {
        id,
        scenario,
        corrupt,
        shown,
    }
}

fn deploy(scenario: &mut GatewayScenario, keys: &[&str]) {
    scenario.deployment.deploy = keys.iter().map(|key| (*key).to_owned()).collect();
}

fn other_than(expect: &mut ChatExpectations, status: u32) {
    expect.status = Some(status);
    expect.status_is = Relation::NotEqual;
}

const fn expected(is: Relation, number: u32) -> Expected {
    Expected { is, number }
}

#[rustfmt::skip]
const CORRUPTIONS: [Corruption; 28] = [
    corruption("A1", discovery, |s| deploy(s, &["worker-1", "worker-3", "coordinator"]), Shown::Breaks(READY)),
    corruption("A2", || slow_start(secs(150)), |s| s.deployment.timeout = secs(220), Shown::Breaks(READY)),
    corruption("A3", independent, |s| s.chats[0].to = "worker-0".to_owned(), Shown::Breaks(READY)),
    corruption("A4", || slow_answer(secs(30)), |s| s.client.timeout = secs(36), Shown::Breaks(DEADLINE)),
    corruption("A5", unhealthy, |s| s.expectations.health_status = expected(Relation::NotEqual, 405), Shown::Blinds(HEALTH)),
    corruption("A6", discovery, |s| s.expectations.card_status = Expected::exactly(326), Shown::Breaks("a card has the expected status")),
    corruption("A7", discovery, |s| s.expectations.card_name = Relation::NotEqual, Shown::Breaks("a card names its agent")),
    corruption("A8", delegation, |s| s.agents[1].outputs = vec!["Task {task-1} processed by worker-9.".to_owned()], Shown::Breaks("a worker answers in its own name")),
    corruption("A9", delegation, |s| deploy(s, &["worker-2", "worker-3", "coordinator"]), Shown::Breaks(READY)),
    corruption("A10", || slow_start(secs(130)), |s| s.deployment.timeout = secs(140), Shown::Breaks(READY)),
    corruption("A11", || busy(1), |s| s.gateway.transient_status = 452, Shown::Breaks(ENDS)),
    corruption("A12", || speechless("worker-1"), |s| other_than(&mut s.chats[0].expect, 220), Shown::Blinds(STATUS)),
    corruption("A13", delegation, |s| s.chats[0].expect.answer_index = 6, Shown::Breaks(ANSWER)),
    corruption("A14", delegation, |s| s.chats[0].expect.answer_length = expected(Relation::AtMost, 2), Shown::Breaks(ANSWER)),
    corruption("A15", delegation, |s| s.expectations.delegation_requests = expected(Relation::AtMost, 0), Shown::Breaks("a coordinator remembers its delegation requests")),
    corruption("A16", delegation, |s| s.expectations.delegation_responses = Expected::more_than(0), Shown::Equivalent),
    corruption("A17", delegation, |s| s.chats[0].delegates_to = Some("worker-2".to_owned()), Shown::Breaks(TASKS)),
    corruption("A18", delegation, |s| s.expectations.memory_growth = Relation::LessThan, Shown::Breaks("the memory of a worker grows with its task")),
    corruption("A19", undelegated, |s| s.expectations.task_type = Relation::NotEqual, Shown::Blinds(TASKS)),
    corruption("A20", undelegated, |s| s.expectations.tasks_received = Expected::at_least(0), Shown::Blinds(TASKS)),
    corruption("A21", independent, |s| deploy(s, &["worker-2", "worker-2"]), Shown::Breaks(READY)),
    corruption("A22", || slow_start(secs(200)), |s| s.deployment.timeout = secs(216), Shown::Breaks(READY)),
    corruption("A23", isolated, |s| s.chats[0].to = "worker-2".to_owned(), Shown::Breaks("an agent remembers its own tasks")),
    corruption("A24", || slow_answer(secs(60)), |s| s.client.timeout = secs(61), Shown::Breaks(DEADLINE)),
    corruption("A25", isolated, |s| s.chats[0].to = "worker-2".to_owned(), Shown::Breaks("an agent remembers no task of another")),
    corruption("A26", || speechless("worker-1"), |s| other_than(&mut s.chats[0].expect, 100), Shown::Blinds(STATUS)),
    corruption("A27", independent, |s| { s.chats[1].stream = true; s.chats[1].reads = Reading::Json; }, Shown::Breaks(ENDS)),
    corruption("A28", || speechless("worker-2"), |s| other_than(&mut s.chats[1].expect, 100), Shown::Blinds(STATUS)),
];

/// As [`independent`], saying which worker must remember each task, with outputs for both chats
/// at either worker.
fn isolated() -> GatewayScenario {
    let mut scenario = independent();
    for chat in &mut scenario.chats {
        chat.expect.remembered_by = Some(chat.to.clone());
    }
    for agent in &mut scenario.agents {
        agent.outputs = vec!["It is done.".to_owned(); 2];
    }
    scenario
}

#[test]
fn every_corruption_of_the_reference_shows() {
    for (number, row) in (1..).zip(&CORRUPTIONS) {
        assert_eq!(row.id, format!("A{number}"));
        let intent = (row.scenario)();
        let mut corrupted = intent.clone();
        (row.corrupt)(&mut corrupted);
        assert_ne!(intent, corrupted, "{}", row.id);
        let [intent, corrupted] =
            [intent, corrupted].map(|scenario| broken(&executed(&scenario, 1)));
        let id = row.id;
        match row.shown {
            Shown::Breaks(name) => {
                assert!(intent.is_empty(), "{id}: {intent:?}");
                assert!(corrupted.contains(name), "{id}: {corrupted:?}");
            }
            Shown::Blinds(name) => {
                assert!(intent.contains(name), "{id}: {intent:?}");
                assert!(!corrupted.contains(name), "{id}: {corrupted:?}");
            }
            Shown::Equivalent => {
                assert!(
                    intent.is_empty() && corrupted.is_empty(),
                    "{id}: {corrupted:?}"
                );
            }
        }
    }
}

/// The one corruption that changes nothing: `> 0` for `>= 1`.
#[test]
fn more_than_zero_is_at_least_one() {
    for found in 0..1_000 {
        let [one, other] = [Expected::at_least(1), Expected::more_than(0)]
            .map(|expected| expected.check(found).is_ok());
        assert_eq!(one, other, "{found}");
    }
    assert!(Expected::at_least(1).check(0).is_err());
}

// Numbers -----------------------------------------------------------------------

#[test]
fn agent_that_never_starts_is_given_up_after_120_seconds() {
    for seed in 0..8 {
        let run = executed(&slow_start(secs(500)), seed);
        let waited = reached_at(&run, marks::NEVER_READY.name()).since(started_at(&run));
        assert_eq!(waited, secs(120));
        assert!(broken(&run).is_empty());
    }
}

#[test]
fn request_is_given_up_after_30_and_60_seconds() {
    for deadline in [secs(30), secs(60)] {
        let run = executed(&slow_answer(deadline), 3);
        let sent = run.view();
        let prompt = sent.messages().sendings().iter();
        let mut prompt = prompt.filter(|sending| sending.kind().as_str() == "prompt");
        let prompt = prompt.next().expect("a prompt").at;
        let given_up = reached_at(&run, marks::ANSWER_TIMED_OUT.name());
        assert_eq!(given_up.since(prompt), deadline);
    }
}

/// The attempt after three refusals succeeds with a budget of four, and is not made with one of
/// three.
#[test]
fn budget_is_used_up_to_the_last_attempt_and_no_further() {
    const ATTEMPTS: &str = "no request is sent more often than its budget allows";
    let mut enough = busy(3);
    enough.client.attempts = 4;
    let run = executed(&enough, 5);
    assert!(broken(&run).is_empty());
    assert_eq!(checks(&run, ATTEMPTS), 2 * 4);
    assert_eq!(run.marks(marks::BUDGET_EXHAUSTED), 0);
    let mut scarce = busy(3);
    scarce.client.attempts = 3;
    for chat in &mut scarce.chats {
        chat.expect.outcome = ChatOutcome::Unavailable;
    }
    let run = executed(&scarce, 5);
    assert!(broken(&run).is_empty(), "{:?}", broken(&run));
    assert_eq!(checks(&run, ATTEMPTS), 2 * 3);
    assert_eq!(run.marks(marks::BUDGET_EXHAUSTED), 2);
    let view = run.view();
    assert_eq!(view.spans().iter().count(), 0, "no agent has begun a turn");
}

/// Requests and responses enclose the turn of the worker, and each task has an id of its own.
#[test]
fn memories_show_the_delegation_in_order() {
    let mut scenario = delegation();
    scenario.deployment.users = 3;
    let run = executed(&scenario, 7);
    assert!(broken(&run).is_empty());
    let view = run.view();
    for name in [
        "causal",
        "hierarchy",
        "protocol",
        "terminal-exactly-once",
        "isolation",
    ] {
        let oracle = OracleRef::parse(name).expect("an oracle");
        assert!(violations(&view, oracle).is_empty(), "{name}");
    }
    let user = |number: u32| {
        let session = format!("session-{number}");
        let sendings = view.messages().sendings().iter();
        let in_session = sendings
            .filter(|sending| view.name(sending.sent.envelope.tenant).to_string() == session);
        let kinds = in_session.map(|sending| sending.kind().as_str());
        kinds.collect::<Vec<_>>()
    };
    let order = [
        "prompt",
        "user_message",
        "delegation_request",
        "task",
        "task_delegation_received",
        "agent_response",
        "delegation_response",
        "agent_response",
    ];
    for number in 1..=3 {
        assert_eq!(user(number), order, "user {number}");
    }
    assert_eq!(checks(&run, "no two tasks have one id"), 3);
}

/// Runs share nothing: the same names in another run, and another namespace, change nothing.
#[test]
fn deployments_are_isolated_and_their_names_can_be_used_again() {
    let first = executed(&delegation(), 11);
    let mut other = delegation();
    other.deployment.namespace = "team-b".to_owned();
    other.deployment.suffix = "-mem".to_owned();
    let between = executed(&other, 11);
    let again = executed(&delegation(), 11);
    assert_eq!(first.outcome.fingerprint, again.outcome.fingerprint);
    for run in [&first, &between, &again] {
        assert!(broken(run).is_empty());
        assert_eq!(run.marks(marks::DELEGATED), 1);
    }
}
