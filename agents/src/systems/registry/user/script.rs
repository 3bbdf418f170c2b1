//! The script of a user: for each agent, ask for it, let it run, wait for its end, and
//! unregister it.

use std::sync::{Arc, Mutex};

use rehearsal_history::Actor;
use rehearsal_sim::tokio::task::JoinSet;
use rehearsal_sim::tokio::{select, time};

use super::super::plan::{PlannedAgent, PlannedUser};
use super::super::settings::ContextPolicy;
use super::super::wire::{Answer, CreatedAgent, Request};
use super::requests::Requests;
use crate::record::recorder::{lock, name_task};

/// The parts that the tasks of a script share.
struct Script {
    requests: Arc<Requests>,
    contexts: ContextPolicy,
    actor: Actor,
    /// The agents that the user has.
    present: Mutex<Vec<CreatedAgent>>,
}

/// Runs the script, with as many agents at once as the plan says.
pub(super) async fn run(
    plan: PlannedUser,
    contexts: ContextPolicy,
    requests: Arc<Requests>,
    actor: Actor,
) {
    name_task(&format!("script of {}", plan.id));
    let script = Arc::new(Script {
        requests,
        contexts,
        actor,
        present: Mutex::default(),
    });
    let mut lanes: Vec<Vec<PlannedAgent>> = vec![Vec::new(); plan.at_once];
    for (number, agent) in plan.agents.into_iter().enumerate() {
        lanes[number % plan.at_once].push(agent);
    }
    let mut tasks = JoinSet::new();
    for lane in lanes {
        let script = Arc::clone(&script);
        tasks.spawn(async move {
            for agent in lane {
                script.agent(agent).await;
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

impl Script {
    async fn agent(&self, planned: PlannedAgent) {
        if !planned.wait.is_zero() {
            time::sleep(planned.wait).await;
        }
        let before = lock(&self.present).clone();
        let create = Request::Create {
            through: planned.through,
            class: planned.class.name.to_owned(),
            context: planned.context.clone(),
        };
        // A class that is refused is refused for good.
        let Some(Answer::Created(created)) = self.requests.ask(create).await else {
            return;
        };
        self.check(&planned, &created, &before);
        lock(&self.present).push(created.clone());
        let agent = created.agent;
        let execute = Request::Execute {
            agent: agent.clone(),
        };
        // It is refused if the agent has been unregistered, and its end comes all the same.
        self.requests.ask(execute).await;
        let end = self.requests.end_of(&agent);
        match planned.stop_after {
            None => end.cancelled().await,
            Some(time) => select! {
                biased;
                () = end.cancelled() => {}
                () = time::sleep(time) => {}
            },
        }
        lock(&self.present).retain(|present| present.agent != agent);
        self.requests.ask(Request::Unregister { agent }).await;
    }

    /// Records whether an agent has the context and the class that it should have. `before`
    /// are the agents that the user had when it asked.
    fn check(&self, planned: &PlannedAgent, created: &CreatedAgent, before: &[CreatedAgent]) {
        let own = planned.context.conversation;
        let still = lock(&self.present).clone();
        let kept = before.iter().find(|agent| still.contains(agent));
        let expected = match (self.contexts, kept) {
            (ContextPolicy::KeepFirst, Some(kept)) => Some(kept.conversation),
            // Agents that are asked for at once may come in any order.
            (ContextPolicy::KeepFirst, None) => None,
            (ContextPolicy::OfRequest, _) => Some(own),
        };
        let found = created.conversation;
        let checked = match expected {
            Some(expected) if expected != found => {
                let agent = &created.agent;
                Err(format!("{agent} has context {found}, not {expected}"))
            }
            _ => Ok(()),
        };
        self.actor.invariant("context-as-agreed", checked);
        let newest = before.iter().map(|agent| agent.version).max();
        let (version, newest) = (created.version, newest.unwrap_or_default());
        let checked = if version < newest {
            let agent = &created.agent;
            Err(format!("{agent} is of version {version} after {newest}"))
        } else {
            Ok(())
        };
        self.actor.invariant("newest-class", checked);
    }
}
