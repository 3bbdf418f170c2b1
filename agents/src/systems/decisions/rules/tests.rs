use super::*;

/// The members of a poll, with the votes of those that voted.
struct Election {
    members: Vec<Member>,
    votes: Vec<Option<Opinion>>,
    terms: Terms,
}

/// A member with a plain weight and no veto.
fn member(vote: Option<Choice>) -> (Member, Option<Choice>) {
    weighted(1_000, vote)
}

fn weighted(weight: u32, vote: Option<Choice>) -> (Member, Option<Choice>) {
    let member = Member {
        id: VoterId(0),
        weight: Weight(weight),
        veto: false,
    };
    (member, vote)
}

fn with_veto(vote: Option<Choice>) -> (Member, Option<Choice>) {
    let (member, vote) = member(vote);
    let veto = true;
    (Member { veto, ..member }, vote)
}

impl Election {
    fn of(members: Vec<(Member, Option<Choice>)>) -> Self {
        let (members, votes): (Vec<Member>, Vec<_>) = members.into_iter().unzip();
        let numbered = (1..).map(VoterId).zip(members);
        Self {
            members: numbered.map(|(id, it)| Member { id, ..it }).collect(),
            votes: votes
                .into_iter()
                .map(|vote| vote.map(Opinion::Vote))
                .collect(),
            terms: Terms {
                threshold: Share::percent(60),
                ties: TieRule::Strictest,
                missing: MissingRule::Against,
            },
        }
    }

    fn at(mut self, percent: u32) -> Self {
        self.terms.threshold = Share::percent(percent);
        self
    }

    fn ties(mut self, ties: TieRule) -> Self {
        self.terms.ties = ties;
        self
    }

    fn missing(mut self, missing: MissingRule) -> Self {
        self.terms.missing = missing;
        self
    }

    fn ruling(&self, rule: &Rule) -> Ruling {
        let voters = self.members.iter().map(|member| member.id);
        let ballots = voters.zip(&self.votes);
        let ballots = ballots.filter_map(|(voter, vote)| Some((voter, (*vote)?)));
        (rule.decide)(&Poll {
            members: &self.members,
            ballots: &ballots.collect(),
            terms: self.terms,
        })
    }

    fn decision(&self, rule: &Rule) -> Decision {
        match self.ruling(rule) {
            Ruling::Decision(decision) => decision,
            Ruling::Mediation(among) => panic!("to be mediated: {among:?}"),
        }
    }

    fn outcome(&self, rule: &Rule) -> Outcome {
        self.decision(rule).outcome
    }
}

const APPROVE: Option<Choice> = Some(Choice::Approve);
const CHANGES: Option<Choice> = Some(Choice::RequestChanges);
const REJECT: Option<Choice> = Some(Choice::Reject);

fn plain(votes: &[Option<Choice>]) -> Election {
    Election::of(votes.iter().map(|vote| member(*vote)).collect())
}

fn undecided(reason: Reason) -> Outcome {
    Outcome::Undecided(reason)
}

fn decided(choice: Choice) -> Outcome {
    Outcome::Decided(choice)
}

#[test]
fn names_of_rules_are_unique() {
    let names: std::collections::BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    for (name, rule) in RuleRef::names() {
        assert_eq!(format!("{rule:?}"), name);
    }
}

#[test]
fn majority_is_the_choice_with_the_most_votes() {
    for (votes, choice) in [
        (&[APPROVE, APPROVE, REJECT][..], Choice::Approve),
        (&[CHANGES, REJECT, CHANGES], Choice::RequestChanges),
        (&[APPROVE, REJECT, None, REJECT], Choice::Reject),
        (&[APPROVE], Choice::Approve),
    ] {
        let outcome = plain(votes).outcome(&plurality::MAJORITY);
        assert_eq!(outcome, decided(choice), "{votes:?}");
    }
}

#[test]
fn ties_are_decided_by_the_terms() {
    let two = [APPROVE, CHANGES, CHANGES, APPROVE];
    let three = [REJECT, APPROVE, CHANGES];
    for (votes, ties, outcome) in [
        (
            &two[..],
            TieRule::Strictest,
            decided(Choice::RequestChanges),
        ),
        (&two, TieRule::Mildest, decided(Choice::Approve)),
        (&two, TieRule::Undecided, undecided(Reason::Tie)),
        (&three, TieRule::Strictest, decided(Choice::Reject)),
        (&three, TieRule::Mildest, decided(Choice::Approve)),
        (&three, TieRule::Undecided, undecided(Reason::Tie)),
    ] {
        for rule in [&plurality::MAJORITY, &plurality::WEIGHTED, &veto::VETO] {
            let found = plain(votes).ties(ties).outcome(rule);
            assert_eq!(found, outcome, "{}: {votes:?} {ties:?}", rule.name);
        }
    }
}

/// Six members, whose votes are counted in each of the 720 orders.
#[test]
fn no_rule_depends_on_the_order_of_the_votes() {
    let votes = [APPROVE, REJECT, CHANGES, APPROVE, REJECT, None];
    let weights = [100, 300, 1_000, 500, 400, 200];
    for rule in RULES {
        let mut seen = Vec::new();
        for order in permutations(6) {
            let members = order.iter().map(|index| {
                let (member, vote) = weighted(weights[*index], votes[*index]);
                let veto = *index == 1;
                (Member { veto, ..member }, vote)
            });
            seen.push(Election::of(members.collect()).ruling(rule));
        }
        assert_eq!(seen.len(), 720);
        let first = &seen[0];
        assert!(seen.iter().all(|ruling| ruling == first), "{}", rule.name);
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}

#[test]
fn nothing_to_count_is_no_decision() {
    for rule in RULES {
        let reason = undecided(Reason::NoVotes);
        assert_eq!(plain(&[None, None]).outcome(rule), reason, "{}", rule.name);
    }
}

#[test]
fn weights_decide_and_a_sum_of_zero_decides_nothing() {
    let members = vec![
        weighted(1_000, REJECT),
        weighted(300, APPROVE),
        weighted(400, APPROVE),
        weighted(200, APPROVE),
    ];
    let election = Election::of(members);
    assert_eq!(
        election.outcome(&plurality::WEIGHTED),
        decided(Choice::Reject)
    );
    assert_eq!(
        election.outcome(&plurality::MAJORITY),
        decided(Choice::Approve)
    );
    let weightless = Election::of(vec![weighted(0, APPROVE), weighted(0, REJECT)]);
    for rule in [&plurality::WEIGHTED, &consensus::WEIGHTED_CONSENSUS] {
        assert_eq!(weightless.outcome(rule), undecided(Reason::NoWeight));
    }
}

#[test]
fn exactly_the_threshold_is_a_consensus() {
    let of = |approving: usize, all: usize, percent| {
        let votes: Vec<_> = (0..all)
            .map(|number| if number < approving { APPROVE } else { REJECT })
            .collect();
        plain(&votes).at(percent).decision(&consensus::CONSENSUS)
    };
    for (approving, all, percent) in [(3, 5, 60), (7, 10, 70), (1, 1, 100), (2, 3, 66)] {
        let decision = of(approving, all, percent);
        assert_eq!(decision.outcome, decided(Choice::Approve));
        assert_eq!(decision.agreed, APPROVE, "{approving} of {all}");
    }
    for (approving, all, percent) in [(3, 5, 61), (69, 100, 70), (59, 100, 60), (2, 3, 67)] {
        let decision = of(approving, all, percent);
        assert_eq!(decision.outcome, undecided(Reason::BelowThreshold));
        assert_eq!(decision.agreed, None, "{approving} of {all}");
    }
}

/// Five agents, seventy percent of the weight.
#[test]
fn weighted_consensus_is_a_share_of_the_weight() {
    let with = |votes: [Option<Choice>; 5]| {
        let weights = [1_000, 800, 600, 400, 200];
        let members = weights.into_iter().zip(votes);
        let members = members.map(|(weight, vote)| weighted(weight, vote));
        let election = Election::of(members.collect()).at(70);
        election.outcome(&consensus::WEIGHTED_CONSENSUS)
    };
    // 2.2 of 3.0 are more than seventy percent, 2.0 are less, 2.1 would be exactly that.
    let approved = [APPROVE, APPROVE, REJECT, APPROVE, REJECT];
    assert_eq!(with(approved), decided(Choice::Approve));
    let below = [APPROVE, APPROVE, REJECT, REJECT, APPROVE];
    assert_eq!(with(below), undecided(Reason::BelowThreshold));
    let exactly = Election::of(vec![weighted(2_100, APPROVE), weighted(900, REJECT)]).at(70);
    let outcome = exactly.outcome(&consensus::WEIGHTED_CONSENSUS);
    assert_eq!(outcome, decided(Choice::Approve));
}

#[test]
fn missing_members_count_as_the_terms_say() {
    let votes = [APPROVE, APPROVE, APPROVE, None, None, None];
    for (missing, outcome) in [
        (MissingRule::Against, undecided(Reason::BelowThreshold)),
        (MissingRule::Abstains, decided(Choice::Approve)),
        (MissingRule::Rejects, undecided(Reason::BelowThreshold)),
    ] {
        let found = plain(&votes)
            .missing(missing)
            .outcome(&consensus::CONSENSUS);
        assert_eq!(found, outcome, "{missing:?}");
    }
    let tie = plain(&votes).missing(MissingRule::Rejects);
    assert_eq!(tie.outcome(&plurality::MAJORITY), decided(Choice::Reject));
    let silent = vec![member(APPROVE), member(APPROVE), with_veto(None)];
    let silent = Election::of(silent).missing(MissingRule::Rejects);
    assert_eq!(silent.outcome(&veto::VETO), decided(Choice::Reject));
}

#[test]
fn rejection_of_a_member_with_a_veto_decides() {
    let approving = || [member(APPROVE), member(APPROVE), member(APPROVE)];
    let last = |it| Election::of(approving().into_iter().chain([it]).collect());
    let first = |it| Election::of([it].into_iter().chain(approving()).collect());
    for election in [last(with_veto(REJECT)), first(with_veto(REJECT))] {
        assert_eq!(election.outcome(&veto::VETO), decided(Choice::Reject));
    }
    for without in [with_veto(CHANGES), with_veto(APPROVE), member(REJECT)] {
        assert_eq!(last(without).outcome(&veto::VETO), decided(Choice::Approve));
    }
}

#[test]
fn review_reports_the_consensus_beside_the_decision() {
    // Seven of ten approve, and one of the others has a veto.
    let mut members = vec![member(APPROVE); 7];
    members.extend([member(REJECT), member(CHANGES), with_veto(REJECT)]);
    let review = Election::of(members).at(70).decision(&veto::REVIEW);
    assert_eq!(review.outcome, decided(Choice::Reject));
    assert_eq!(review.agreed, APPROVE);
    let six = Election::of([vec![member(APPROVE); 6], vec![member(REJECT); 4]].concat());
    let review = six.at(70).decision(&veto::REVIEW);
    assert_eq!(review.outcome, decided(Choice::Approve));
    assert_eq!(review.agreed, None);
}

#[test]
fn findings_give_the_vote_of_a_reviewer() {
    for (critical, high, vote) in [
        (0, 0, Choice::Approve),
        (0, 1, Choice::RequestChanges),
        (0, 9, Choice::RequestChanges),
        (1, 0, Choice::Reject),
        (1, 1, Choice::Reject),
        (3, 0, Choice::Reject),
    ] {
        assert_eq!(
            Findings { critical, high }.vote(),
            vote,
            "{critical} {high}"
        );
    }
}

#[test]
fn experts_have_the_weights_of_their_domain() {
    use {Domain as D, Expert as E};
    let of_domain = [
        (D::Security, [1_000, 100, 500, 300]),
        (D::Performance, [200, 1_000, 500, 400]),
        (D::Accessibility, [500, 500, 1_000, 200]),
        (D::CodeQuality, [500, 500, 500, 500]),
    ];
    let experts = [
        E::Security,
        E::Performance,
        E::Accessibility,
        E::CodeQuality,
    ];
    for (domain, weights) in of_domain {
        for (expert, weight) in experts.into_iter().zip(weights) {
            let found = weight_of(domain, expert);
            assert_eq!(found, Weight(weight), "{expert:?} in {domain:?}");
        }
    }
}

fn recommendation(priority: u32, domain: Domain, severity: Severity) -> Opinion {
    Opinion::Recommendation(Recommendation {
        priority,
        domain,
        severity,
    })
}

fn conflict(opinions: &[Opinion]) -> Ruling {
    let mut election = plain(&vec![None; opinions.len()]);
    election.votes = opinions.iter().copied().map(Some).collect();
    election.ruling(&conflict::CONFLICT)
}

#[test]
fn conflicts_are_resolved_by_security_then_by_severity_then_by_the_mediator() {
    use {Domain as D, Severity as S};
    let recommended = |by, ground| {
        let by = VoterId(by);
        Ruling::from(Outcome::Recommended { by, ground })
    };
    let same = [
        recommendation(1, D::Security, S::Low),
        recommendation(1, D::Performance, S::Critical),
    ];
    assert_eq!(conflict(&same), Outcome::AllRecommended.into());
    let security = [
        recommendation(1, D::Performance, S::Critical),
        recommendation(2, D::Security, S::Low),
        recommendation(3, D::Security, S::High),
        recommendation(3, D::Security, S::High),
    ];
    assert_eq!(conflict(&security), recommended(3, Ground::Security));
    let critical = [
        recommendation(1, D::Accessibility, S::High),
        recommendation(2, D::Performance, S::Critical),
        recommendation(2, D::CodeQuality, S::Critical),
    ];
    assert_eq!(conflict(&critical), recommended(2, Ground::Severity));
    let open = [
        recommendation(1, D::Accessibility, S::High),
        recommendation(2, D::Performance, S::Medium),
    ];
    let Ruling::Mediation(among) = conflict(&open) else {
        panic!("no rule resolves it");
    };
    let voters: Vec<VoterId> = among.iter().map(|(voter, _)| *voter).collect();
    assert_eq!(voters, [VoterId(1), VoterId(2)]);
}
