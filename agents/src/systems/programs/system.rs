//! Programs as a system: one client, which runs the program and records what comes of it.

use std::time::Duration;

use rehearsal_history::{Actor, Model, Vocabulary};
use rehearsal_sim::tokio::{spawn, time};
use rehearsal_sim::{Ambient, current};

use super::Program;
use super::catalog::DEFECTS;
use super::parts::{Outcome, Version};
use super::settings::{ProgramsScenario, ProgramsSpec};
use crate::driver::{ClientHost, ClientNode, Deployment, Planner, WorkId};
use crate::fault::RoleName;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The role and the name of the only host.
const HOST: RoleName = "program";

/// The invariant that a program comes to its end.
const ENDS: &str = "ends";

/// The time after which a program will not end any more. Programs use no time.
const LONGEST: Duration = Duration::from_secs(1);

/// The words of histories of programs.
pub(super) const MODEL: Model = Model {
    vocabulary: Vocabulary {
        message: "message",
        channel: "channel",
        stream: "stream",
        actor: "program",
        span: "run",
        tenant: "tenant",
        object: "object",
        operation: "operation",
    },
    profile: None,
};

/// The programs' entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "programs",
    summary: "Runs a small program of tasks, locks and channels, and checks its promise.",
    roles: &[Role::client(HOST)],
    faults: &[],
    records: &[Facet::Invariants, Facet::Engine],
    needed: &[],
    defects: DEFECTS,
    marks: &[],
    model: &MODEL,
};

/// The programs as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Programs;

/// Small programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Programs;

impl System for Programs {
    type Settings = ProgramsScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    /// The runs are not hermetic: nothing here asks the machine for randomness or time.
    fn ambient(&self) -> Ambient {
        Ambient::Real
    }

    fn deploy(&self, spec: &ProgramsSpec, _: &mut Planner) -> Deployment {
        let settings = spec.settings.program;
        let program = settings.name.0.entry();
        let version = if spec.defect == Some(program.defect) {
            Version::Defective
        } else {
            Version::Healthy
        };
        let mut deployment = Deployment::new();
        deployment.longest_work(2 * LONGEST);
        let work = deployment.work();
        let host = ClientHost::Own(HOST.to_owned());
        deployment.client(HOST, host, move |node| {
            run(node, work, program, settings.size, version)
        });
        deployment
    }
}

async fn run(
    mut node: ClientNode,
    work: WorkId,
    program: &'static Program,
    size: u32,
    version: Version,
) {
    node.ready();
    node.started().await;
    node.work().begin(work);
    let actor = node.actor(program.about.name);
    // A task of its own: all of its operations are scheduling points.
    let task = spawn((program.run)(size, version));
    if let Some(world) = current() {
        world.cancel_only_below(&task);
    }
    match time::timeout(LONGEST, task).await {
        Ok(Ok(outcome)) => record(&actor, program, outcome),
        Ok(Err(ended)) => actor.invariant(ENDS, Err(ended.to_string())),
        Err(_) => {
            let problem = "the program waits for what can never happen";
            actor.invariant(ENDS, Err(problem.to_owned()));
        }
    }
    node.work().done(work);
    node.leave().await;
}

fn record(actor: &Actor, program: &Program, outcome: Outcome) {
    actor.invariant(ENDS, Ok(()));
    actor.invariant(program.about.promise, outcome);
}

#[cfg(test)]
mod tests {
    use super::super::catalog::PROGRAMS;

    #[test]
    fn entries_of_the_table_are_complete() {
        for program in PROGRAMS {
            let about = program.about;
            assert_eq!(program.defect.name(), about.name);
            assert!(about.idea.ends_with('.'), "{}", about.name);
            assert!(!about.promise.is_empty(), "{}", about.name);
        }
    }
}
