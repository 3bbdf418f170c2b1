//! Testers: for each test they count it and append its result, which are two operations.
//!
//! A crash may come between the two. The process keeps on its disk which pair it has begun,
//! and completes it when it starts again, under the numbers of the same requests: what the
//! store has executed already is not executed again.

use std::cell::Cell;
use std::rc::Rc;

use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::marks::PAIR_COMPLETED;
use super::super::plan::{PlannedTester, TEST_RESULTS, TESTS_RUN};
use super::super::state::{Command, ValueCommand};
use super::super::wire::RequestNumber;
use super::edge::{Edge, Environment, Operation};
use crate::driver::{Node, WorkId};
use crate::network::Network;
use crate::record::recorder::name_task;

/// The disk of a tester.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct TesterDisk(Rc<Cell<Progress>>);

/// The progress of a tester.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Progress {
    /// The tests that are over.
    completed: u32,
    begun: Begun,
}

/// The part of the next pair that was begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Begun {
    #[default]
    Nothing,
    Count,
    Result,
}

impl TesterDisk {
    fn begin(&self, begun: Begun) {
        let progress = self.0.get();
        self.0.set(Progress { begun, ..progress });
    }

    fn complete(&self) {
        let completed = self.0.get().completed + 1;
        let begun = Begun::Nothing;
        self.0.set(Progress { completed, begun });
    }
}

/// A tester with everything that one incarnation needs.
pub(in super::super) struct Tester<N> {
    pub(in super::super) plan: PlannedTester,
    pub(in super::super) environment: Environment<N>,
    pub(in super::super) work: WorkId,
    pub(in super::super) disk: TesterDisk,
}

impl<N: Network> Tester<N> {
    /// Runs the tests that are left.
    pub(in super::super) async fn run(self, node: Node) {
        name_task(&self.plan.id.0);
        node.ready();
        node.started().await;
        if !node.work().remains(self.work) {
            return;
        }
        node.work().begin(self.work);
        let edge = Edge::new(
            &self.environment,
            node.actor(&self.plan.id.0),
            self.plan.id.clone(),
            self.plan.team,
        );
        let completed = self.disk.0.get().completed;
        let mut edge = edge.after(RequestNumber(2 * u64::from(completed)));
        self.recover(&mut edge).await;
        let completed = self.disk.0.get().completed;
        for (number, wait) in (1..).zip(&self.plan.waits).skip(completed as usize) {
            time::sleep(*wait).await;
            self.test(&mut edge, number).await;
        }
        drop(edge);
        node.work().done(self.work);
    }

    async fn test(&self, edge: &mut Edge<N>, number: u32) {
        self.disk.begin(Begun::Count);
        edge.increment(TESTS_RUN).await;
        self.disk.begin(Begun::Result);
        edge.append(TEST_RESULTS, self.result(number)).await;
        self.disk.complete();
    }

    fn result(&self, number: u32) -> String {
        format!("{}:{number}", self.plan.id)
    }

    /// Completes the pair that a crash has torn. What the incarnation before had begun is
    /// the same operation, and is not recorded again.
    async fn recover(&self, edge: &mut Edge<N>) {
        let Progress { completed, begun } = self.disk.0.get();
        // Seeded: the tester begins with the next test.
        if begun != Begun::Nothing && self.environment.defect == Some(defects::PAIR_LEFT_TORN) {
            edge.client.skip_requests(2);
            return self.disk.complete();
        }
        let count = ValueCommand::Increment {
            key: TESTS_RUN.to_owned(),
        };
        let (key, value) = (TEST_RESULTS.to_owned(), self.result(completed + 1));
        match begun {
            Begun::Nothing => return,
            Begun::Count => {
                repeat(edge, count).await;
                self.disk.begin(Begun::Result);
                edge.append(TEST_RESULTS, value).await;
            }
            Begun::Result => {
                repeat(edge, count).await;
                repeat(edge, ValueCommand::Append { key, value }).await;
            }
        }
        edge.actor.reached(PAIR_COMPLETED.name());
        self.disk.complete();
    }
}

/// Executes what may have been executed already. A refusal says that it was.
async fn repeat<N: Network>(edge: &mut Edge<N>, command: ValueCommand) {
    edge.perform(Operation::Execute(Command::Value(command)))
        .await;
}
