//! The edge of the store: calls with their record.

use std::time::Duration;

use rehearsal_history::{Actor, Body, Reply as Recordable, Value};

use super::super::client::{Client, Link, Session};
use super::super::defects;
use super::super::faults::STORE;
use super::super::marks::{REPLICA_BEHIND, REQUEST_REPEATED};
use super::super::settings::ConnectionSettings;
use super::super::state::{
    BoardCommand, Command, Contents, Contribution, CurationCommand, Query, Reply, Revision,
    ValueCommand,
};
use super::super::wire::{ClientId, RequestId, RequestNumber, TeamId};
use crate::defect::Defect;
use crate::network::Network;

/// The network and the settings of a run, as its clients see them.
#[derive(Clone, Debug)]
pub(in super::super) struct Environment<N> {
    pub(in super::super) network: N,
    pub(in super::super) settings: ConnectionSettings,
    pub(in super::super) defect: Option<Defect>,
}

impl<N: Network> Environment<N> {
    /// Returns the time after which nothing is in flight any more: the last request has been
    /// repeated, and the connection of a host that has died is closed.
    pub(super) fn settle_time(&self) -> Duration {
        let settings = &self.settings;
        2 * (settings.answer_timeout + settings.retry_after) + settings.idle_timeout
    }

    /// Returns a link to the server on that host.
    pub(super) fn link(&self, host: &str) -> Link<N> {
        Link::new(self.network.clone(), host, self.settings.answer_timeout)
    }

    /// Returns a client of the store.
    pub(super) fn client(&self, id: ClientId, team: TeamId) -> Client<N> {
        Client::new(id, team, self.settings.clone(), self.link(STORE))
    }
}

/// A client of the store whose calls are recorded.
pub(super) struct Edge<N: Network> {
    pub(super) actor: Actor,
    pub(super) client: Client<N>,
    team: TeamId,
    /// The replica at which values are read; none for the store itself.
    replica: Option<Link<N>>,
    session: Session,
    pub(super) defect: Option<Defect>,
}

/// An operation of the store.
pub(super) enum Operation {
    Execute(Command),
    Read(Query),
}

impl<N: Network> Edge<N> {
    /// An edge of that actor.
    pub(super) fn new(
        environment: &Environment<N>,
        actor: Actor,
        id: ClientId,
        team: TeamId,
    ) -> Self {
        // Seeded: reads at a replica name no position.
        let session = match environment.defect == Some(defects::READ_WITHOUT_TOKEN) {
            true => Session::Dropped,
            false => Session::Kept,
        };
        Self {
            actor,
            client: environment.client(id, team),
            team,
            replica: None,
            session,
            defect: environment.defect,
        }
    }

    /// The same edge, which reads values at a replica.
    #[must_use]
    pub(super) fn reading_at(self, replica: Option<Link<N>>) -> Self {
        Self { replica, ..self }
    }

    /// The same edge, after the request of that number.
    #[must_use]
    pub(super) fn after(self, number: RequestNumber) -> Self {
        let client = self.client.after(number);
        Self { client, ..self }
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.team)
    }

    /// Makes a call that is not recorded: only repeats and replicas that are behind are
    /// marked.
    pub(super) async fn perform(&mut self, operation: Operation) -> Option<Reply> {
        let (repeats, behind) = (self.client.repeats(), self.client.behind());
        let reply = match (operation, &mut self.replica) {
            (Operation::Execute(command), _) => self.client.execute(command).await,
            (Operation::Read(query), None) => self.client.read(query).await,
            (Operation::Read(query), Some(replica)) => {
                self.client.read_at(replica, query, self.session).await
            }
        };
        self.mark_retries(repeats, behind);
        reply
    }

    fn mark_retries(&self, repeats: u64, behind: u64) {
        if self.client.repeats() > repeats {
            self.actor.reached(REQUEST_REPEATED.name());
        }
        if self.client.behind() > behind {
            self.actor.reached(REPLICA_BEHIND.name());
        }
    }

    /// Makes a call of an object, and records it with its result.
    async fn call<T: Recordable>(
        &mut self,
        object: &str,
        call: Body,
        operation: Operation,
        result: impl FnOnce(Reply) -> Option<T>,
    ) -> Option<T> {
        let invocation = self.actor.invoke(&self.object(object), call);
        let result = self.perform(operation).await.and_then(result);
        match &result {
            Some(result) => invocation.returned(result),
            None => invocation.unanswered(),
        }
        result
    }

    async fn change<T: Recordable>(
        &mut self,
        object: &str,
        call: Body,
        command: impl Into<Command>,
        result: impl FnOnce(Reply) -> Option<T>,
    ) -> Option<T> {
        let operation = Operation::Execute(command.into());
        self.call(object, call, operation, result).await
    }

    // Keys --------------------------------------------------------------------

    pub(super) async fn set(&mut self, key: &str, value: String) {
        let call = Body::new("write").with("value", value.clone());
        let key = key.to_owned();
        let command = ValueCommand::Set { key, value };
        let object = command.key().to_owned();
        self.change(&object, call, command, |reply| {
            (reply == Reply::Done).then_some(())
        })
        .await;
    }

    /// Returns the value of a key, if it has one; none without an answer.
    pub(super) async fn get(&mut self, key: &str) -> Option<Option<String>> {
        let query = Operation::Read(Query::Get(key.to_owned()));
        let result = |reply| match reply {
            Reply::Value(value) => Some(value),
            _ => None,
        };
        self.call(key, "read".into(), query, result).await
    }

    pub(super) async fn append(&mut self, key: &str, value: String) {
        let call = Body::new("append").with("value", value.clone());
        self.append_as(call, key, value).await;
    }

    /// Appends to a list as the effect of a turn, at that place of its plan.
    pub(super) async fn have_effect(&mut self, key: &str, value: String, at: (u32, u32)) {
        let (turn, place) = at;
        let call = Body::new("append").with("value", value.clone());
        let call = call.with("turn", turn).with("place", place);
        self.append_as(call, key, value).await;
    }

    async fn append_as(&mut self, call: Body, key: &str, value: String) {
        let key = key.to_owned();
        let command = ValueCommand::Append { key, value };
        let object = command.key().to_owned();
        self.change(&object, call, command, number).await;
    }

    pub(super) async fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let query = Operation::Read(Query::List(key.to_owned()));
        let result = |reply| match reply {
            Reply::List(list) => Some(list),
            _ => None,
        };
        self.call(key, "list".into(), query, result).await
    }

    pub(super) async fn increment(&mut self, key: &str) {
        let command = ValueCommand::Increment {
            key: key.to_owned(),
        };
        self.change(key, "increment".into(), command, number).await;
    }

    pub(super) async fn count(&mut self, key: &str) -> Option<u32> {
        let query = Operation::Read(Query::Count(key.to_owned()));
        self.call(key, "count".into(), query, number).await
    }

    // Documents ---------------------------------------------------------------

    /// Makes a call that the store may refuse, which then had no effect.
    async fn attempt(&mut self, object: &str, call: Body, command: Command) -> Option<bool> {
        let invocation = self.actor.invoke(&self.object(object), call);
        let reply = self.perform(Operation::Execute(command)).await;
        let is_taken = reply.and_then(flag);
        match is_taken {
            Some(true) => invocation.returned(&()),
            Some(false) => invocation.failed("refused"),
            None => invocation.unanswered(),
        }
        is_taken
    }

    /// Writes a document anew, if the store takes the revision.
    pub(super) async fn revise(&mut self, revision: Revision) -> Option<bool> {
        let list = |texts: Vec<String>| Value::List(texts.into_iter().map(Value::from).collect());
        let from = revision.from.clone();
        let from = from.map_or_else(|| list(Vec::new()), Value::from);
        let call = Body::new("write").with("value", revision.value.clone());
        let call = call
            .with("from", from)
            .with("uses", list(revision.uses.clone()));
        let document = revision.document.clone();
        self.attempt(&document, call, Command::Revise(revision))
            .await
    }

    /// Changes or uses what a curator keeps.
    pub(super) async fn curate(&mut self, command: CurationCommand) -> Option<bool> {
        let (object, kind, value) = match &command {
            CurationCommand::Retract(statement) => (RETRACTIONS, "retract", statement),
            CurationCommand::Offer(tool) => (TOOLS, "add", tool),
            CurationCommand::Withdraw(tool) => (TOOLS, "remove", tool),
            CurationCommand::Use(tool) => (TOOLS, "use", tool),
        };
        let call = Body::new(kind).with("value", value.clone());
        self.attempt(object, call, command.into()).await
    }

    /// Returns the tools on offer.
    pub(super) async fn tools(&mut self) -> Option<Vec<String>> {
        let query = Operation::Read(Query::Tools);
        let result = |reply| match reply {
            Reply::List(tools) => Some(tools),
            _ => None,
        };
        self.call(TOOLS, "members".into(), query, result).await
    }

    // The workspace -----------------------------------------------------------

    pub(super) async fn contribute(&mut self, contribution: Contribution) {
        let command = Command::Contribute(contribution.clone());
        match contribution {
            Contribution::TestCase(case) => {
                let call = Body::new("append").with("value", case);
                self.change(TEST_CASES, call, command, |_| Some(())).await;
            }
            Contribution::EdgeCase(case) => {
                let call = Body::new("add").with("value", case);
                self.change(EDGE_CASES, call, command, flag).await;
            }
            Contribution::Suggestion { agent, about } => {
                let call = Body::new("append").with("value", suggestion(&agent, &about));
                self.change(SUGGESTIONS, call, command, |_| Some(())).await;
            }
        }
    }

    /// Takes a snapshot: a read of all parts of the workspace at one instant.
    pub(super) async fn take_snapshot(&mut self) -> Option<(RequestId, Contents)> {
        let parts = [
            (TEST_CASES, "list"),
            (EDGE_CASES, "members"),
            (SUGGESTIONS, "list"),
        ];
        let reads = parts.map(|(part, call)| self.actor.invoke(&self.object(part), call));
        let (repeats, behind) = (self.client.repeats(), self.client.behind());
        let (id, reply) = self.client.take_snapshot().await;
        self.mark_retries(repeats, behind);
        let Some(Reply::Contents(contents)) = reply else {
            return None;
        };
        for (read, part) in reads.into_iter().zip(values(&contents)) {
            read.returned(&part);
        }
        Some((id, contents))
    }

    /// Looks at a snapshot. Returns none if a crash has taken it.
    pub(super) async fn look(&mut self, snapshot: &RequestId) -> Option<Contents> {
        let call = Body::new("look").with("snapshot", snapshot.to_string());
        let invocation = self.actor.invoke(&self.object("snapshots"), call);
        let reply = self
            .perform(Operation::Read(Query::Look(snapshot.clone())))
            .await;
        match reply {
            Some(Reply::Contents(contents)) => {
                invocation.returned(&Value::List(values(&contents).to_vec()));
                Some(contents)
            }
            Some(_) => {
                invocation.failed("no such snapshot");
                None
            }
            None => None,
        }
    }

    // Tasks -------------------------------------------------------------------

    /// Changes the state of a task, if it is as the caller has seen it.
    pub(super) async fn swap(
        &mut self,
        task: &str,
        states: (String, String),
        command: BoardCommand,
    ) -> Option<bool> {
        let (from, to) = states;
        let call = Body::new("cas").with("from", from).with("to", to);
        self.change(task, call, Command::Board(command), flag).await
    }
}

const TOOLS: &str = "tools";
const RETRACTIONS: &str = "retractions";
const TEST_CASES: &str = "test-cases";
const EDGE_CASES: &str = "edge-cases";
const SUGGESTIONS: &str = "suggestions";

fn suggestion(agent: &ClientId, about: &str) -> String {
    format!("{agent} about {about}")
}

/// Returns the parts of a workspace as values of a history.
fn values(contents: &Contents) -> [Value; 3] {
    let list =
        |texts: &mut dyn Iterator<Item = String>| Value::List(texts.map(Value::from).collect());
    let suggestions = contents.suggestions.iter();
    [
        list(&mut contents.test_cases.iter().cloned()),
        list(&mut contents.edge_cases.iter().cloned()),
        list(&mut suggestions.map(|(agent, about)| suggestion(agent, about))),
    ]
}

fn number(reply: Reply) -> Option<u32> {
    match reply {
        Reply::Number(number) => Some(number),
        _ => None,
    }
}

fn flag(reply: Reply) -> Option<bool> {
    match reply {
        Reply::Flag(flag) => Some(flag),
        _ => None,
    }
}
