//! Requests, responses, cancellation and progress of the Model Context Protocol, as its
//! versions share them.

use serde_json::Value as Json;

use super::fields::{at, id, quoted};
use super::json_rpc::Side;
use super::open::{Id, OpenIds, Recent};
use super::{Findings, WireRule};

/// The rules of one version about requests.
pub(super) struct ExchangeRules {
    pub(super) malformed: WireRule,
    pub(super) reused_id: WireRule,
    pub(super) unknown_response: WireRule,
    pub(super) unknown_cancel: WireRule,
    pub(super) reused_token: WireRule,
    pub(super) unknown_token: WireRule,
    pub(super) not_increasing: WireRule,
    /// `true` if no id may come again; else an id may, once it has its response.
    pub(super) ids_are_unique: bool,
}

impl ExchangeRules {
    pub(super) const fn list(&self) -> [WireRule; 7] {
        [
            self.malformed,
            self.reused_id,
            self.unknown_response,
            self.unknown_cancel,
            self.reused_token,
            self.unknown_token,
            self.not_increasing,
        ]
    }
}

/// The purpose of a request, as far as a version treats it apart from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Initialize,
    CancelTask,
    Listen,
    Other,
}

/// The work on a request after its response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Work {
    Done,
    /// A task goes on, and its progress keeps the token of the request.
    GoesOn,
}

/// A request without a response.
struct Pending {
    purpose: Purpose,
    token: Option<Id>,
    line: u64,
}

/// The requests of both sides, and their progress.
pub(super) struct Exchange {
    rules: &'static ExchangeRules,
    pending: OpenIds<Pending>,
    issued: Recent<()>,
    /// Requests that were cancelled, whose responses may come all the same.
    cancelled: Recent<()>,
    /// The tokens of open requests, with the greatest progress.
    tokens: OpenIds<Option<f64>>,
    /// Tokens whose progress may come late.
    late_tokens: Recent<()>,
}

impl Exchange {
    pub(super) fn new(rules: &'static ExchangeRules) -> Self {
        Self {
            rules,
            pending: OpenIds::new("requests"),
            issued: Recent::default(),
            cancelled: Recent::default(),
            tokens: OpenIds::new("progress tokens"),
            late_tokens: Recent::default(),
        }
    }

    /// Takes a request. Returns `false` if its id may not be used.
    pub(super) fn request(
        &mut self,
        from: Side,
        id: Id,
        purpose: Purpose,
        params: &Json,
        findings: &mut Findings,
    ) -> bool {
        let key = from.id(id);
        let is_open = self.pending.get(key).map(|pending| pending.line);
        let is_used = self.rules.ids_are_unique && self.issued.contains(key);
        if is_open.is_some() || is_used {
            findings.broken(self.rules.reused_id, || match is_open {
                Some(line) => format!("the request of line {line} has it"),
                None => "an earlier request had it".to_owned(),
            });
            return false;
        }
        let token = self.token(from, params, findings);
        let pending = Pending {
            purpose,
            token,
            line: findings.line(),
        };
        self.pending.open(key, pending, findings);
        self.issued.insert(key, ());
        self.cancelled.remove(key);
        true
    }

    fn token(&mut self, from: Side, params: &Json, findings: &mut Findings) -> Option<Id> {
        let token = from.id(self::id(params, "_meta.progressToken")?);
        if self.tokens.contains(token) {
            findings.broken(self.rules.reused_token, || {
                "an open request has its token".to_owned()
            });
            return None;
        }
        self.tokens.open(token, None, findings);
        self.late_tokens.remove(token);
        Some(token)
    }

    /// Takes a response, and returns the purpose of its request if one waited for it.
    pub(super) fn response(
        &mut self,
        from: Side,
        id: Id,
        work: Work,
        findings: &mut Findings,
    ) -> Option<Purpose> {
        let key = from.other().id(id);
        let Some(pending) = self.pending.close(key) else {
            let was_cancelled = self.cancelled.remove(key).is_some();
            if !was_cancelled && !self.cancelled.has_forgotten() {
                findings.broken(self.rules.unknown_response, || {
                    "no request of the other side waits for it".to_owned()
                });
            }
            return None;
        };
        if let Some(token) = pending.token {
            self.tokens.close(token);
            if work == Work::GoesOn {
                self.late_tokens.insert(token, ());
            }
        }
        Some(pending.purpose)
    }

    /// Returns the purpose of an open request.
    pub(super) fn purpose(&self, key: Id) -> Option<Purpose> {
        self.pending.get(key).map(|pending| pending.purpose)
    }

    /// Takes the cancellation of a request of the side that `issuer` names. Both sides live
    /// with one that comes late; one of a request that was never there is reported.
    pub(super) fn cancel(&mut self, issuer: Side, params: &Json, findings: &mut Findings) {
        let Some(request) = id(params, "requestId") else {
            findings.broken(self.rules.malformed, || "it has no `requestId`".to_owned());
            return;
        };
        let key = issuer.id(request);
        if let Some(pending) = self.pending.close(key) {
            self.cancelled.insert(key, ());
            if let Some(token) = pending.token {
                self.tokens.close(token);
                self.late_tokens.insert(token, ());
            }
        } else if !self.issued.may_contain(key) {
            findings.broken(self.rules.unknown_cancel, || {
                let request = at(params, "requestId").map(ToString::to_string);
                format!(
                    "there was no request {}",
                    quoted(&request.unwrap_or_default())
                )
            });
        }
    }

    pub(super) fn progress(&mut self, from: Side, params: &Json, findings: &mut Findings) {
        let progress = at(params, "progress").and_then(Json::as_f64);
        let (Some(token), Some(progress)) = (id(params, "progressToken"), progress) else {
            findings.broken(self.rules.malformed, || {
                "it has no `progressToken`, or no number as `progress`".to_owned()
            });
            return;
        };
        let token = from.other().id(token);
        match self.tokens.get_mut(token) {
            Some(greatest) => {
                let before = greatest.filter(|before| progress <= *before);
                *greatest = Some(greatest.map_or(progress, |before| before.max(progress)));
                if let Some(before) = before {
                    findings.broken(self.rules.not_increasing, || {
                        format!("it goes from {before} to {progress}")
                    });
                }
            }
            None if self.late_tokens.may_contain(token) => {}
            None => findings.broken(self.rules.unknown_token, || {
                "no open request has its token".to_owned()
            }),
        }
    }
}
