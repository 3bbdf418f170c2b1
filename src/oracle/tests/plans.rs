//! Random healthy evidence: any runs, interleaved in any way that their scripts
//! allow, delivered in any interleaving that keeps each thread's log in order.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use rehearsal_agents::event::{ClientId, EventId, EventKind, Payload, RunId, ThreadId};
use rehearsal_agents::record::RunEnd;

use super::stage::{Stage, about, error, progress, tool};

/// What a run does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    Data,
    Streaming(u32),
    Failing,
    Silent,
    TimedOut,
    Supervisor,
}

/// Everything that is drawn.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Runs, each with its thread.
    pub(super) runs: Vec<(Script, u32)>,
    /// Who goes next, among those who can.
    pub(super) schedule: Vec<u8>,
    /// Clients of each thread.
    pub(super) clients: Vec<u8>,
    /// Positions that a client is told about instead of receiving them.
    pub(super) gaps: Vec<(u8, u8, u8)>,
}

fn scripts() -> impl Strategy<Value = Script> {
    prop_oneof![
        Just(Script::Data),
        (1..6_u32).prop_map(Script::Streaming),
        Just(Script::Failing),
        Just(Script::Silent),
        Just(Script::TimedOut),
        Just(Script::Supervisor),
    ]
}

/// Plans that leave something to check for every oracle: at least two threads,
/// a supervisor, a run with a tool call and one with progress.
pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let runs = vec((scripts(), 0..3_u32), 0..8);
    (runs, vec(any::<u8>(), 64), vec(1..3_u8, 3)).prop_map(|(mut runs, schedule, clients)| {
        runs.push((Script::Supervisor, 0));
        runs.push((Script::Data, 1));
        runs.push((Script::Streaming(3), 2));
        Plan {
            runs,
            schedule,
            clients,
            gaps: Vec::new(),
        }
    })
}

/// Plans with gap markers as well.
pub(super) fn plans_with_gaps() -> impl Strategy<Value = Plan> {
    let gaps = vec((any::<u8>(), any::<u8>(), 1..5_u8), 0..4);
    (plans(), gaps).prop_map(|(plan, gaps)| Plan { gaps, ..plan })
}

enum Step {
    Emit(EventKind, Payload),
    Attempt(EventKind, Payload),
    Start(Script),
    Join(usize),
    End(RunEnd),
}

struct Actor {
    run: RunId,
    children: Vec<usize>,
    steps: VecDeque<Step>,
}

fn steps(script: Script) -> VecDeque<Step> {
    let emit = |kind| Step::Emit(kind, Payload::default());
    let mut steps = VecDeque::from([emit(EventKind::AgentStarted)]);
    match script {
        Script::Data => steps.extend([
            emit(EventKind::AgentThinking),
            Step::Emit(EventKind::ToolExecuting, tool(0)),
            Step::Emit(EventKind::ToolCompleted, tool(0)),
            emit(EventKind::AgentCompleted),
            Step::End(RunEnd::Completed),
        ]),
        Script::Streaming(updates) => {
            let updates = 1..=updates;
            steps.extend(updates.map(|update| Step::Emit(EventKind::Progress, progress(update))));
            steps.push_back(emit(EventKind::AgentCompleted));
            steps.push_back(Step::End(RunEnd::Completed));
        }
        Script::Failing => steps.extend([
            Step::Emit(EventKind::AgentError, error("broken")),
            Step::End(RunEnd::Failed),
        ]),
        Script::Silent => {
            steps.extend([emit(EventKind::AgentDeath), Step::End(RunEnd::DiedSilently)])
        }
        Script::TimedOut => steps.extend([
            Step::Attempt(EventKind::AgentThinking, Payload::default()),
            Step::Emit(EventKind::AgentError, error("timeout after 500 ms")),
            Step::End(RunEnd::TimedOut),
        ]),
        Script::Supervisor => steps.extend([
            Step::Start(Script::Data),
            Step::Start(Script::Failing),
            Step::Join(0),
            Step::Join(1),
            emit(EventKind::AgentCompleted),
            Step::End(RunEnd::Completed),
        ]),
    }
    steps
}

/// Draws from the plan's schedule, round and round.
struct Picks<'a> {
    schedule: &'a [u8],
    next: usize,
}

impl Picks<'_> {
    fn pick(&mut self, bound: usize) -> usize {
        let drawn = self.schedule[self.next % self.schedule.len()];
        // A different walk each time round.
        self.next += 1 + self.next / self.schedule.len();
        usize::from(drawn) % bound
    }
}

/// Plays the plan.
pub(super) fn play(plan: &Plan) -> Stage {
    let mut stage = Stage::new();
    let mut picks = Picks {
        schedule: &plan.schedule,
        next: 0,
    };
    for (thread, count) in plan.clients.iter().enumerate() {
        for _ in 0..*count {
            stage.client(ThreadId(thread as u32 + 1));
        }
    }
    perform(plan, &mut stage, &mut picks);
    deliver(plan, &mut stage, &mut picks);
    stage.rest();
    stage
}

fn perform(plan: &Plan, stage: &mut Stage, picks: &mut Picks<'_>) {
    let mut actors: Vec<Actor> = plan
        .runs
        .iter()
        .map(|(script, thread)| Actor {
            run: stage.run(kind(*script), ThreadId(thread + 1)),
            children: Vec::new(),
            steps: steps(*script),
        })
        .collect();
    loop {
        let ready: Vec<usize> = (0..actors.len())
            .filter(|index| match actors[*index].steps.front() {
                None => false,
                Some(Step::Join(child)) => actors[actors[*index].children[*child]].steps.is_empty(),
                Some(_) => true,
            })
            .collect();
        if ready.is_empty() {
            return;
        }
        step(&mut actors, ready[picks.pick(ready.len())], stage);
    }
}

fn kind(script: Script) -> &'static str {
    match script {
        Script::Data => "data",
        Script::Streaming(_) => "streaming",
        Script::Failing | Script::Silent | Script::TimedOut => "failure",
        Script::Supervisor => "supervisor",
    }
}

fn step(actors: &mut Vec<Actor>, index: usize, stage: &mut Stage) {
    let run = actors[index].run;
    match actors[index].steps.pop_front() {
        None => {}
        Some(Step::Emit(kind, payload)) => {
            stage.emit_with(run, kind, payload);
        }
        Some(Step::Attempt(kind, payload)) => {
            stage.attempt(run, kind, payload);
        }
        Some(Step::Start(script)) => {
            let announced = RunId(stage.evidence.runs.len() as u32 + 1);
            stage.emit_with(run, EventKind::SubagentStarted, about(announced));
            let child = stage.child(kind(script), run);
            let new = actors.len();
            actors[index].children.push(new);
            actors.push(Actor {
                run: child,
                children: Vec::new(),
                steps: steps(script),
            });
        }
        Some(Step::Join(child)) => {
            let child = actors[actors[index].children[child]].run;
            stage.join(run, child);
            stage.emit_with(run, EventKind::SubagentCompleted, about(child));
        }
        Some(Step::End(end)) => stage.end(run, end),
    }
}

fn deliver(plan: &Plan, stage: &mut Stage, picks: &mut Picks<'_>) {
    let clients: Vec<(ClientId, ThreadId)> = stage
        .evidence
        .clients
        .values()
        .map(|client| (client.id, client.threads[0]))
        .collect();
    let mut queues: Vec<(ClientId, VecDeque<EventId>)> = clients
        .iter()
        .map(|(client, thread)| (*client, stage.log(*thread, stage.epoch).into()))
        .collect();
    for (client, from, len) in &plan.gaps {
        let index = usize::from(*client) % clients.len();
        let (client, thread) = clients[index];
        let log = stage.log(thread, stage.epoch);
        let from = usize::from(*from) % log.len();
        let hidden: Vec<EventId> = log
            .iter()
            .skip(from)
            .take(usize::from(*len))
            .copied()
            .collect();
        stage.gap(
            client,
            thread,
            from as u64 + 1,
            Some((from + hidden.len()) as u64),
        );
        queues[index].1.retain(|id| !hidden.contains(id));
    }
    loop {
        queues.retain(|(_, queue)| !queue.is_empty());
        if queues.is_empty() {
            return;
        }
        let next = picks.pick(queues.len());
        let (client, queue) = &mut queues[next];
        if let Some(id) = queue.pop_front() {
            stage.deliver(*client, id);
        }
    }
}
