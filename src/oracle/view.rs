//! The evidence, indexed once for all oracles.

use std::collections::BTreeMap;
use std::fmt;

use rehearsal_agents::event::{ClientId, Event, EventId, RunId, ThreadId};
use rehearsal_agents::record::{
    ClientRecord, Delivery, Emission, Epoch, Evidence, Fate, Gap, Offset, Receipt, RunRecord,
};
use rehearsal_sim::{Statistics, Verdict, VirtualTime};

use super::Subject;

/// A place in a thread's log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Position {
    pub(super) thread: ThreadId,
    pub(super) epoch: Epoch,
    pub(super) offset: Offset,
}

impl Position {
    /// The place at which a client received an event.
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self {
            thread: delivery.event.thread,
            epoch: delivery.epoch,
            offset: delivery.offset,
        }
    }

    fn is_in(&self, gap: &Gap) -> bool {
        gap.thread == self.thread && gap.covers(self.epoch, self.offset)
    }
}

impl From<&Receipt> for Position {
    fn from(receipt: &Receipt) -> Self {
        Self {
            thread: receipt.thread,
            epoch: receipt.epoch,
            offset: receipt.offset,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (offset, epoch) = (self.offset.0, self.epoch.0);
        write!(f, "offset {offset} of {}, epoch {epoch}", self.thread)
    }
}

/// An event as a client received it for the first time. Repeats are left out:
/// they concern exactly-once alone, and would only blur what others see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) delivery: &'a Delivery,
    /// The event as it was meant; none for an event that nobody emitted.
    pub(super) emission: Option<&'a Emission>,
}

impl Arrival<'_> {
    /// The run that emitted it; what the wire says if nobody did.
    pub(super) fn run(&self) -> RunId {
        self.emission
            .map_or(self.delivery.event.run, |emission| emission.run)
    }
}

/// A gap marker and when it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceivedGap {
    pub(super) gap: Gap,
    pub(super) at: VirtualTime,
}

/// One run's evidence with its indices.
pub(super) struct View<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) verdict: &'a Verdict,
    pub(super) statistics: &'a Statistics,
    streams: BTreeMap<ClientId, Vec<Arrival<'a>>>,
    places: BTreeMap<(ClientId, EventId), usize>,
    run_streams: BTreeMap<(ClientId, RunId), Vec<Arrival<'a>>>,
    emissions: BTreeMap<RunId, Vec<&'a Emission>>,
    subscribers: BTreeMap<ThreadId, Vec<&'a ClientRecord>>,
    gaps: BTreeMap<ClientId, Vec<ReceivedGap>>,
    // Events without an answer that arrived somewhere: accepted after all.
    proven: BTreeMap<EventId, Position>,
}

impl<'a> View<'a> {
    pub(super) fn new(subject: &Subject<'a>) -> Self {
        let mut view = Self {
            evidence: subject.evidence,
            verdict: subject.verdict,
            statistics: subject.statistics,
            streams: BTreeMap::new(),
            places: BTreeMap::new(),
            run_streams: BTreeMap::new(),
            emissions: BTreeMap::new(),
            subscribers: BTreeMap::new(),
            gaps: BTreeMap::new(),
            proven: BTreeMap::new(),
        };
        view.index_emissions();
        view.index_clients();
        view.index_deliveries();
        view
    }

    fn index_emissions(&mut self) {
        for emission in &self.evidence.emissions {
            self.emissions
                .entry(emission.run)
                .or_default()
                .push(emission);
        }
    }

    fn index_clients(&mut self) {
        for client in self.evidence.clients.values() {
            for thread in &client.threads {
                self.subscribers.entry(*thread).or_default().push(client);
            }
        }
        for (client, gap, at) in &self.evidence.gaps {
            let received = ReceivedGap { gap: *gap, at: *at };
            self.gaps.entry(*client).or_default().push(received);
        }
    }

    fn index_deliveries(&mut self) {
        for delivery in &self.evidence.deliveries {
            let key = (delivery.client, delivery.event.id);
            if self.places.contains_key(&key) {
                continue;
            }
            let emission = self.emission(delivery.event.id);
            if emission.is_some_and(|emission| emission.fate == Fate::Unanswered) {
                self.proven
                    .entry(delivery.event.id)
                    .or_insert(Position::of(delivery));
            }
            let stream = self.streams.entry(delivery.client).or_default();
            self.places.insert(key, stream.len());
            let arrival = Arrival { delivery, emission };
            stream.push(arrival);
            let run = (delivery.client, arrival.run());
            self.run_streams.entry(run).or_default().push(arrival);
        }
    }

    /// Whether the run came to its own end, so that nothing is still under way.
    pub(super) fn at_rest(&self) -> bool {
        *self.verdict == Verdict::Pass
    }

    /// The event as its agent meant it.
    pub(super) fn emission(&self, id: EventId) -> Option<&'a Emission> {
        let index = usize::try_from(id.0).ok()?;
        let emission = self.evidence.emissions.get(index)?;
        (emission.id == id).then_some(emission)
    }

    /// A run's emissions, in order of emission.
    pub(super) fn emissions_of(&self, run: RunId) -> &[&'a Emission] {
        self.emissions.get(&run).map_or(&[], Vec::as_slice)
    }

    /// A run's accepted emissions with their receipts, in order of emission.
    pub(super) fn accepted_of(
        &self,
        run: RunId,
    ) -> impl Iterator<Item = (&'a Emission, &'a Receipt)> + '_ {
        self.emissions_of(run)
            .iter()
            .filter_map(|emission| Some((*emission, receipt(emission)?)))
    }

    /// Who subscribes to a thread.
    pub(super) fn subscribers(&self, thread: ThreadId) -> &[&'a ClientRecord] {
        self.subscribers.get(&thread).map_or(&[], Vec::as_slice)
    }

    /// Every client that received something, with what it received in order.
    pub(super) fn streams(&self) -> impl Iterator<Item = (ClientId, &[Arrival<'a>])> + '_ {
        self.streams
            .iter()
            .map(|(client, stream)| (*client, stream.as_slice()))
    }

    /// What a client received, in order.
    pub(super) fn stream(&self, client: ClientId) -> &[Arrival<'a>] {
        self.streams.get(&client).map_or(&[], Vec::as_slice)
    }

    /// What a client received of one run, in order.
    pub(super) fn run_stream(&self, client: ClientId, run: RunId) -> &[Arrival<'a>] {
        self.run_streams
            .get(&(client, run))
            .map_or(&[], Vec::as_slice)
    }

    /// Where in a client's stream an event first came, if it did.
    pub(super) fn place(&self, client: ClientId, event: EventId) -> Option<usize> {
        self.places.get(&(client, event)).copied()
    }

    /// Gap markers that a client received.
    pub(super) fn gaps(&self, client: ClientId) -> &[ReceivedGap] {
        self.gaps.get(&client).map_or(&[], Vec::as_slice)
    }

    /// Where the bridge put an event, as far as anyone knows.
    pub(super) fn position(&self, emission: &Emission) -> Option<Position> {
        match &emission.fate {
            Fate::Accepted(receipt) => Some(receipt.into()),
            Fate::Unanswered => self.proven.get(&emission.id).copied(),
            Fate::Rejected(_) => None,
        }
    }

    /// Whether the client was told that it will not see this event. A marker
    /// speaks of the past: it does not cover what is emitted after it came.
    pub(super) fn gap_marked(&self, client: ClientId, emission: &Emission) -> bool {
        self.position(emission).is_some_and(|position| {
            self.gaps(client)
                .iter()
                .any(|received| position.is_in(&received.gap) && emission.at <= received.at)
        })
    }

    /// `event-5 (progress) of run-2 (data-1) on thread-1`.
    pub(super) fn name(&self, emission: &Emission) -> String {
        let (id, kind, thread) = (emission.id, emission.kind, emission.thread);
        format!(
            "{id} ({kind}) of {} on {thread}",
            self.run_name(emission.run)
        )
    }

    /// As [`View::name`], for an event off the wire: as it was meant if it was
    /// emitted, else as it says of itself.
    pub(super) fn wire_name(&self, event: &Event) -> String {
        if let Some(emission) = self.emission(event.id) {
            return self.name(emission);
        }
        let (id, kind, run) = (event.id, event.kind, event.run);
        format!(
            "{id} ({kind}) of {run} ({}) on {}",
            event.agent, event.thread
        )
    }

    /// `run-2 (data-1)`.
    pub(super) fn run_name(&self, run: RunId) -> String {
        match self.evidence.runs.get(&run) {
            Some(record) => format!("{run} ({})", record.agent),
            None => format!("{run} (never registered)"),
        }
    }

    /// `run-2 (data-1) on thread-1`.
    pub(super) fn record_name(&self, record: &RunRecord) -> String {
        format!("{} ({}) on {}", record.run, record.agent, record.thread)
    }
}

/// The bridge's answer, if it accepted the event.
pub(super) fn receipt(emission: &Emission) -> Option<&Receipt> {
    match &emission.fate {
        Fate::Accepted(receipt) => Some(receipt),
        Fate::Unanswered | Fate::Rejected(_) => None,
    }
}
