//! A model behind an interface that can fail: replies with a status, tokens that expire, and the
//! faults of answers.
//!
//! It runs nowhere: like a remote model it outlives every host, and its outputs are those of a
//! [`ScriptedModel`]. A request has an id, and gets the same output however often it is sent, so
//! that a caller may repeat it after a reply that was late, damaged or refused.

mod reply;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::current;
use rehearsal_sim::tokio::time::{self, Instant};

use crate::calls;
use crate::fault::answer::{Call, Refusal, Wrong};
use crate::record::recorder::lock;
use crate::scripted_model::{Output, ScriptExhausted, ScriptedModel};

pub use self::reply::{Reply, status};
pub use crate::fault::answer::{Completion, FinishReason};

/// The time that a new token takes.
const RENEWAL: Duration = Duration::from_millis(5);

/// The id of a request, the same for each attempt at it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RequestId(u64);

/// A token, by its serial number.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Token(u32);

/// An attempt at a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The request.
    pub id: RequestId,
    /// The caller, whose limits and tokens are its own.
    pub caller: Arc<str>,
    /// The name of the script.
    pub script: Arc<str>,
    /// The token of the caller.
    pub token: Token,
}

/// A model behind an interface. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct ModelService {
    model: ScriptedModel,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    /// The outputs of requests, for further attempts.
    outputs: BTreeMap<RequestId, Output>,
    /// The replies that come once more, by the script.
    again: BTreeMap<Arc<str>, Completion>,
    callers: BTreeMap<Arc<str>, Caller>,
}

#[derive(Debug, Default)]
struct Caller {
    valid: Token,
    /// The refusal of its calls until that time.
    refused: Option<(Refusal, Instant)>,
}

impl ModelService {
    /// Puts a model behind an interface.
    pub fn new(model: ScriptedModel) -> Self {
        Self {
            model,
            state: Arc::default(),
        }
    }

    /// Returns the id of a new request.
    pub fn request(&self) -> RequestId {
        let mut state = lock(&self.state);
        state.requests += 1;
        RequestId(state.requests)
    }

    /// Returns a valid token for the caller. Takes 5 ms.
    pub async fn renew(&self, caller: &Arc<str>) -> Token {
        time::sleep(RENEWAL).await;
        self.with_caller(caller, |caller| caller.valid)
    }

    /// Makes an attempt at a request.
    ///
    /// # Errors
    ///
    /// If the script is used up.
    pub async fn call(&self, request: &Request) -> Result<Reply, ScriptExhausted> {
        let (effect, wrong) = calls::begin(Call::Model).await;
        let reply = self.reply(request, wrong).await?;
        effect.end().await;
        Ok(reply)
    }

    async fn reply(
        &self,
        request: &Request,
        wrong: Option<Wrong>,
    ) -> Result<Reply, ScriptExhausted> {
        match wrong {
            Some(Wrong::Late(time)) => time::sleep(time).await,
            Some(Wrong::Refused(refusal)) => self.with_caller(&request.caller, |caller| {
                caller.refused = Some((refusal, Instant::now() + refusal.lasting));
            }),
            Some(Wrong::Expired) => {
                self.with_caller(&request.caller, |caller| caller.valid.0 += 1);
            }
            Some(Wrong::Repeated | Wrong::Torn | Wrong::Altered(_)) | None => {}
        }
        if let Some(refused) = self.refused(request) {
            return Ok(refused);
        }
        let again = lock(&self.state).again.remove(&request.script);
        if let Some(completion) = again {
            return Ok(Reply::of(completion.encode()));
        }
        let completion = self.completion(request).await?;
        let body = match wrong {
            Some(Wrong::Altered(alter)) => alter(&completion, &mut draw),
            _ => completion.encode(),
        };
        if let Some(Wrong::Repeated) = wrong {
            let script = Arc::clone(&request.script);
            lock(&self.state).again.insert(script, completion);
        }
        Ok(Reply::of(body))
    }

    /// Returns the refusal of a caller that is limited, or whose token has expired.
    fn refused(&self, request: &Request) -> Option<Reply> {
        let now = Instant::now();
        self.with_caller(&request.caller, |caller| {
            if let Some((refusal, until)) = caller.refused {
                let left = until.saturating_duration_since(now);
                if !left.is_zero() {
                    let pause = refusal.names_pause.then_some(left);
                    return Some(Reply::refused(refusal.status, pause));
                }
                caller.refused = None;
            }
            (caller.valid != request.token).then(|| Reply::refused(status::UNAUTHORIZED, None))
        })
    }

    /// Returns the output of a request, after its service time.
    async fn completion(&self, request: &Request) -> Result<Completion, ScriptExhausted> {
        let output = self.output(request)?;
        if !output.service_time().is_zero() {
            time::sleep(output.service_time()).await;
        }
        let id = format!("{}#{}", request.script, request.id.0);
        Ok(Completion::whole(id, &**output.text()))
    }

    fn output(&self, request: &Request) -> Result<Output, ScriptExhausted> {
        let mut state = lock(&self.state);
        if let Some(output) = state.outputs.get(&request.id) {
            return Ok(output.clone());
        }
        let output = self.model.take(&request.script)?;
        state.outputs.insert(request.id, output.clone());
        Ok(output)
    }

    fn with_caller<T>(&self, caller: &Arc<str>, change: impl FnOnce(&mut Caller) -> T) -> T {
        let mut state = lock(&self.state);
        change(state.callers.entry(Arc::clone(caller)).or_default())
    }
}

/// Draws from the choices of the run; the default outside of one.
fn draw(bound: u32) -> u32 {
    current().map_or(0, |world| {
        world.draw(world.site("length of a reply"), bound)
    })
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::{Config, Verdict, run};

    use super::*;

    fn request(service: &ModelService, token: Token) -> Request {
        Request {
            id: service.request(),
            caller: "agent".into(),
            script: "agent".into(),
            token,
        }
    }

    #[test]
    fn attempts_at_one_request_get_one_output() {
        let outcome = run(Config::default(), |_| async {
            let model = ScriptedModel::new().with("agent", ["one", "two"]);
            let service = ModelService::new(model);
            let first = request(&service, Token::default());
            let mut bodies = Vec::new();
            for request in [&first, &first, &request(&service, Token::default())] {
                let reply = service.call(request).await.expect("there is an output");
                assert_eq!(reply.status, status::OK);
                bodies.push(Completion::read(&reply.body).expect("an output").content);
            }
            assert_eq!(bodies, ["one", "one", "two"]);
            let third = service.call(&request(&service, Token::default())).await;
            assert_eq!(third.expect_err("there are two outputs").outputs, 2);
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
    }

    #[test]
    fn token_that_is_not_valid_is_refused_until_it_is_renewed() {
        let outcome = run(Config::default(), |_| async {
            let service = ModelService::new(ScriptedModel::new().with("agent", ["one"]));
            let refused = service.call(&request(&service, Token(7))).await;
            assert_eq!(refused.expect("a reply").status, status::UNAUTHORIZED);
            let token = service.renew(&"agent".into()).await;
            let reply = service.call(&request(&service, token)).await;
            assert_eq!(reply.expect("a reply").status, status::OK);
        });
        assert_eq!(outcome.verdict, Verdict::Pass);
    }
}
