//! The record of a run: what voters hand to the coordinator and receive from it, and what
//! the coordinator announces, with the votes that it counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rehearsal_history::{Actor, Draft, Receipt, Sending, Span, SpanDraft, SpanEnd};
use rehearsal_sim::VirtualTime;

use super::coordinator::{Ballot, Configuration, Observer};
use super::marks;
use super::model::{ANNOUNCEMENTS, VOTES, vote_body, vote_id};
use super::rules::{
    Decision, Ground, Member, MissingRule, Opinion, Outcome, Poll, Reason, Ruling, Share, Terms,
    TieRule,
};
use super::wire::{Announcement, Answer, Round, VoterId};
use crate::goal::Mark;
use crate::record::Recorder;
use crate::record::marks::RECONNECTED;
use crate::record::recorder::lock;

/// The deadline of each round that has opened.
pub(super) type Deadlines = Mutex<BTreeMap<Round, VirtualTime>>;

/// The record of the coordinator.
pub(super) struct CoordinatorRecord {
    actor: Actor,
    recorder: Recorder,
    configuration: Configuration,
    deadlines: Arc<Deadlines>,
    open: Mutex<BTreeMap<Round, Span>>,
}

impl CoordinatorRecord {
    /// Begins the record: the coordinator is owed every vote that it accepts.
    pub(super) fn begin(
        actor: Actor,
        recorder: Recorder,
        configuration: Configuration,
        deadlines: Arc<Deadlines>,
    ) -> Self {
        actor.subscribed_from_start(VOTES);
        Self {
            actor,
            recorder,
            configuration,
            deadlines,
            open: Mutex::default(),
        }
    }

    /// Records that all votes that count have been counted.
    pub(super) fn drained(&self) {
        self.actor.drained();
    }

    /// Returns the actor.
    pub(super) fn actor(&self) -> &Actor {
        &self.actor
    }

    fn announced(&self, span: &Span, announcement: Announcement) {
        let draft = Draft::from(announcement.body());
        let draft = draft.named(announcement.id()).in_span(span);
        self.actor.sending(ANNOUNCEMENTS, draft).accepted();
    }

    fn mark_if(&self, reached: bool, mark: Mark) {
        if reached {
            self.actor.reached(mark.name());
        }
    }

    /// Marks what the votes and the decision show.
    fn mark_round(&self, ballots: &Ballots, decision: Decision) {
        let (members, terms) = (&self.configuration.members, self.configuration.terms);
        let with = |members: &[Member], terms: Terms| self.expected(members, ballots, terms);
        let expected = with(members, terms);
        let differs = |ruling: Ruling| ruling != expected;
        let ties = TieRule::Undecided;
        let tie = with(members, Terms { ties, ..terms });
        let tie = tie == Outcome::Undecided(Reason::Tie).into();
        let threshold = Share(terms.threshold.0 + 1);
        let above = with(members, Terms { threshold, ..terms });
        let plain: Vec<Member> = members
            .iter()
            .map(|it| Member { veto: false, ..*it })
            .collect();
        let missing = MissingRule::Abstains;
        let present = with(members, Terms { missing, ..terms });
        self.mark_if(tie, marks::TIE);
        self.mark_if(differs(above), marks::AT_THRESHOLD);
        self.mark_if(differs(with(&plain, terms)), marks::VETOED);
        self.mark_if(differs(present), marks::MISSING_DECIDES);
        self.mark_if(ballots.len() < members.len(), marks::VOTER_MISSING);
        let mark = match decision.outcome {
            Outcome::Decided(_) => marks::DECIDED,
            Outcome::AllRecommended => marks::NO_CONFLICT,
            Outcome::Recommended { ground, .. } => match ground {
                Ground::Security => marks::SECURITY_FIRST,
                Ground::Severity => marks::CRITICAL_FIRST,
                Ground::Mediation => marks::MEDIATED,
            },
            Outcome::Undecided(Reason::NoMediation) => marks::MEDIATION_FAILED,
            Outcome::Undecided(_) => marks::UNDECIDED,
        };
        self.mark_if(true, mark);
    }

    /// Returns the ruling that follows from the votes, whatever their order was.
    fn expected(&self, members: &[Member], ballots: &Ballots, terms: Terms) -> Ruling {
        self.configuration.rule.decide(&Poll {
            members,
            ballots,
            terms,
        })
    }

    fn check_decision(&self, round: Round, ballots: &Ballots, decision: Decision) {
        let configuration = &self.configuration;
        let expected = self.expected(&configuration.members, ballots, configuration.terms);
        let follows = match (&expected, decision.outcome) {
            (Ruling::Decision(expected), _) => *expected == decision,
            (
                Ruling::Mediation(among),
                Outcome::Recommended {
                    by,
                    ground: Ground::Mediation,
                },
            ) => among.iter().any(|(voter, _)| *voter == by),
            (Ruling::Mediation(_), outcome) => outcome == Outcome::Undecided(Reason::NoMediation),
        };
        let contradiction =
            || format!("{round} was decided as {decision:?}; the votes call for {expected:?}");
        let checked = follows.then_some(()).ok_or_else(contradiction);
        self.actor
            .invariant("the decision follows from the votes", checked);
    }
}

/// The votes that were counted, by member.
type Ballots = BTreeMap<VoterId, Opinion>;

impl Observer for CoordinatorRecord {
    fn opened(&self, round: Round) {
        let deadline = self.recorder.now() + self.configuration.deadline;
        lock(&self.deadlines).insert(round, deadline);
        let draft = SpanDraft::new("round").labelled(round.to_string());
        let span = self.actor.begin(draft.on(ANNOUNCEMENTS));
        self.announced(&span, Announcement::Opened { round });
        lock(&self.open).insert(round, span);
    }

    fn decided(&self, round: Round, decision: Decision, counted: &[Ballot]) {
        for ballot in counted {
            let receipt = Receipt::of(vote_id(round, ballot.voter));
            let body = vote_body(round, ballot.opinion);
            self.actor.received(VOTES, receipt.with_body(body));
        }
        let ballots: Ballots = counted
            .iter()
            .map(|ballot| (ballot.voter, ballot.opinion))
            .collect();
        self.check_decision(round, &ballots, decision);
        self.mark_round(&ballots, decision);
        let span = lock(&self.open).remove(&round);
        if let Some(span) = span {
            self.announced(&span, Announcement::Decided { round, decision });
            span.end(SpanEnd::Completed);
        }
    }
}

/// The record of one voter.
pub(super) struct VoterRecord {
    actor: Actor,
    recorder: Recorder,
    id: VoterId,
    deadlines: Arc<Deadlines>,
}

impl VoterRecord {
    /// Begins the record: the voter is owed every announcement.
    pub(super) fn begin(
        actor: Actor,
        recorder: Recorder,
        id: VoterId,
        deadlines: Arc<Deadlines>,
    ) -> Self {
        actor.subscribed_from_start(ANNOUNCEMENTS);
        Self {
            actor,
            recorder,
            id,
            deadlines,
        }
    }

    /// Records that the voter is connected once more.
    pub(super) fn reconnected(&self) {
        self.actor.reached(RECONNECTED.name());
    }

    /// Records a vote that is about to be sent.
    pub(super) fn voting(&self, round: Round, opinion: Opinion) -> Sending {
        let draft = Draft::from(vote_body(round, opinion));
        let draft = draft.named(vote_id(round, self.id));
        self.actor.sending(VOTES, draft)
    }

    /// Records that a vote is repeated.
    pub(super) fn repeated(&self) {
        self.actor.reached(marks::VOTE_REPEATED.name());
    }

    /// Records the answer to a vote.
    pub(super) fn answered(&self, round: Round, sending: Sending, answer: Answer) {
        match answer {
            Answer::Accepted => sending.accepted(),
            Answer::Closed => {
                sending.rejected(format!("{round} is not open"));
                self.actor.reached(marks::VOTE_TOO_LATE.name());
                self.check_deadline(round);
            }
        }
    }

    fn check_deadline(&self, round: Round) {
        let deadline = lock(&self.deadlines).get(&round).copied();
        let now = self.recorder.now();
        let early = deadline.filter(|deadline| now < *deadline);
        let checked = early.map_or(Ok(()), |deadline| {
            let voter = self.id;
            Err(format!(
                "{round} is open until {deadline}, and refused the vote of {voter} at {now}"
            ))
        });
        self.actor
            .invariant("a round takes votes until its deadline", checked);
    }

    /// Records an announcement.
    pub(super) fn received(&self, announcement: Announcement) {
        let receipt = Receipt::of(announcement.id()).with_body(announcement.body());
        self.actor.received(ANNOUNCEMENTS, receipt);
    }

    /// Records that the voter has every announcement.
    pub(super) fn drained(&self) {
        self.actor.drained();
    }
}
