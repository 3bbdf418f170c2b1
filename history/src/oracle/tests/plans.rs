//! Random healthy histories: any spans, interleaved in any way that their scripts
//! allow, delivered in any interleaving that keeps each channel's log in order.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::builder::{Fields, HistoryBuilder, about, error, kind, progress, tool};
use crate::{ActorId, ChannelId, GapCause, MessageId, SpanEnd, SpanId};

/// The script of a span.
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
    /// Spans, each with its channel.
    pub(super) runs: Vec<(Script, u64)>,
    /// The next party, among those that can continue.
    pub(super) schedule: Vec<u8>,
    /// Actors of each channel.
    pub(super) clients: Vec<u8>,
    /// Positions that an actor receives a marker over instead of the messages.
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

/// Plans that leave something to check for every oracle: at least two channels, a
/// supervisor, a span with a tool call and one with progress.
pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let runs = vec((scripts(), 0..3_u64), 0..8);
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
    Emit(&'static str, Fields),
    Attempt(&'static str, Fields),
    Start(Script),
    Join(usize),
    End(SpanEnd),
}

struct Party {
    run: SpanId,
    children: Vec<usize>,
    steps: VecDeque<Step>,
}

fn steps(script: Script) -> VecDeque<Step> {
    let emit = |kind| Step::Emit(kind, vec![]);
    let mut steps = VecDeque::from([emit(kind::STARTED)]);
    match script {
        Script::Data => steps.extend([
            emit(kind::THINKING),
            Step::Emit(kind::TOOL_EXECUTING, tool(0)),
            Step::Emit(kind::TOOL_COMPLETED, tool(0)),
            emit(kind::COMPLETED),
            Step::End(SpanEnd::Completed),
        ]),
        Script::Streaming(updates) => {
            let updates = 1..=updates;
            steps.extend(updates.map(|update| Step::Emit(kind::PROGRESS, progress(update))));
            steps.push_back(emit(kind::COMPLETED));
            steps.push_back(Step::End(SpanEnd::Completed));
        }
        Script::Failing => steps.extend([
            Step::Emit(kind::ERROR, error("broken")),
            Step::End(SpanEnd::Failed),
        ]),
        Script::Silent => steps.extend([emit(kind::DEATH), Step::End(SpanEnd::DiedSilently)]),
        Script::TimedOut => steps.extend([
            Step::Attempt(kind::THINKING, vec![]),
            Step::Emit(kind::ERROR, error("timeout after 500 ms")),
            Step::End(SpanEnd::TimedOut),
        ]),
        Script::Supervisor => steps.extend([
            Step::Start(Script::Data),
            Step::Start(Script::Failing),
            Step::Join(0),
            Step::Join(1),
            emit(kind::COMPLETED),
            Step::End(SpanEnd::Completed),
        ]),
    }
    steps
}

/// Draws from the plan's schedule, cyclically.
struct Picks<'a> {
    schedule: &'a [u8],
    next: usize,
}

impl Picks<'_> {
    fn pick(&mut self, bound: usize) -> usize {
        let drawn = self.schedule[self.next % self.schedule.len()];
        // Another order in each cycle.
        self.next += 1 + self.next / self.schedule.len();
        usize::from(drawn) % bound
    }
}

/// Records the plan.
pub(super) fn record(plan: &Plan) -> HistoryBuilder {
    let mut builder = HistoryBuilder::new();
    builder.allow(GapCause::Overflow);
    let mut picks = Picks {
        schedule: &plan.schedule,
        next: 0,
    };
    for (thread, count) in plan.clients.iter().enumerate() {
        for _ in 0..*count {
            builder.client(ChannelId(thread as u64 + 1));
        }
    }
    send(plan, &mut builder, &mut picks);
    deliver(plan, &mut builder, &mut picks);
    builder.rest();
    builder
}

fn send(plan: &Plan, builder: &mut HistoryBuilder, picks: &mut Picks<'_>) {
    let mut parties: Vec<Party> = plan
        .runs
        .iter()
        .map(|(script, thread)| Party {
            run: builder.run(label(*script), ChannelId(thread + 1)),
            children: Vec::new(),
            steps: steps(*script),
        })
        .collect();
    loop {
        let ready: Vec<usize> = (0..parties.len())
            .filter(|index| match parties[*index].steps.front() {
                None => false,
                Some(Step::Join(child)) => {
                    parties[parties[*index].children[*child]].steps.is_empty()
                }
                Some(_) => true,
            })
            .collect();
        if ready.is_empty() {
            return;
        }
        step(&mut parties, ready[picks.pick(ready.len())], builder);
    }
}

fn label(script: Script) -> &'static str {
    match script {
        Script::Data => "data",
        Script::Streaming(_) => "streaming",
        Script::Failing | Script::Silent | Script::TimedOut => "failure",
        Script::Supervisor => "supervisor",
    }
}

fn step(parties: &mut Vec<Party>, index: usize, builder: &mut HistoryBuilder) {
    let run = parties[index].run;
    match parties[index].steps.pop_front() {
        None => {}
        Some(Step::Emit(kind, fields)) => {
            builder.emit_with(run, kind, fields);
        }
        Some(Step::Attempt(kind, fields)) => {
            builder.attempt(run, kind, fields);
        }
        Some(Step::Start(script)) => {
            let announced = SpanId(builder.spans.len() as u64 + 1);
            builder.emit_with(run, kind::CHILD_STARTED, about(announced));
            let child = builder.child(label(script), run);
            let new = parties.len();
            parties[index].children.push(new);
            parties.push(Party {
                run: child,
                children: Vec::new(),
                steps: steps(script),
            });
        }
        Some(Step::Join(child)) => {
            let child = parties[parties[index].children[child]].run;
            builder.join(run, child);
            builder.emit_with(run, kind::CHILD_COMPLETED, about(child));
        }
        Some(Step::End(end)) => builder.end(run, end),
    }
}

/// Something that an actor is about to receive.
enum Receipt {
    Message(MessageId),
    Gap(u64, u64),
}

fn deliver(plan: &Plan, builder: &mut HistoryBuilder, picks: &mut Picks<'_>) {
    let subscriptions: Vec<(ActorId, ChannelId)> = builder
        .subscribers
        .values()
        .map(|subscriber| (subscriber.actor, subscriber.channels[0]))
        .collect();
    let mut queues: Vec<(ActorId, ChannelId, VecDeque<Receipt>)> = Vec::new();
    for (index, (actor, channel)) in subscriptions.iter().enumerate() {
        let mine =
            |(chosen, _, _): &&(u8, u8, u8)| usize::from(*chosen) % subscriptions.len() == index;
        let gaps: Vec<&(u8, u8, u8)> = plan.gaps.iter().filter(mine).collect();
        let log = builder.log(*channel, builder.epoch);
        queues.push((*actor, *channel, receipts(&log, &gaps)));
    }
    loop {
        queues.retain(|(_, _, queue)| !queue.is_empty());
        if queues.is_empty() {
            return;
        }
        let next = picks.pick(queues.len());
        let (actor, channel, queue) = &mut queues[next];
        match queue.pop_front() {
            Some(Receipt::Message(message)) => builder.deliver(*actor, message),
            Some(Receipt::Gap(from, to)) => builder.gap(*actor, *channel, from, Some(to)),
            None => {}
        }
    }
}

/// Returns the messages of a log, with a marker in the place of each hidden range.
fn receipts(log: &[MessageId], gaps: &[&(u8, u8, u8)]) -> VecDeque<Receipt> {
    let hidden = |place: usize| {
        gaps.iter().any(|(_, from, len)| {
            let from = usize::from(*from) % log.len();
            (from..from + usize::from(*len)).contains(&place)
        })
    };
    let mut receipts = VecDeque::new();
    for (place, message) in log.iter().enumerate() {
        let offset = place as u64 + 1;
        match receipts.back_mut() {
            _ if !hidden(place) => receipts.push_back(Receipt::Message(*message)),
            Some(Receipt::Gap(_, to)) => *to = offset,
            _ => receipts.push_back(Receipt::Gap(offset, offset)),
        }
    }
    receipts
}
