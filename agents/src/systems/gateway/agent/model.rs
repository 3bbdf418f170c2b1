//! The agent's way to its model: attempts, pauses, and what counts as an output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rehearsal_sim::tokio::sync::oneshot;
use rehearsal_sim::tokio::{spawn, time};

use super::super::api::{ErrorCode, Problem};
use super::super::defects::{
    CUT_OUTPUT_ACCEPTED, ERROR_IS_OUTPUT, EXPIRED_TOKEN_KEPT, LATE_REPLY_TAKEN, LIMIT_ENDS_TURN,
    REPETITION_CARRIED_OUT, RETRY_AFTER_IGNORED, UNREADABLE_REPLY_ENDS_TURN,
};
use super::super::settings::ModelSettings;
use crate::defect::Defect;
use crate::model_service::{Completion, ModelService, Reply, Request, Token, status};
use crate::record::recorder::lock;
use crate::scripted_model::ScriptExhausted;

/// The most times that the pause between two attempts doubles.
const DOUBLINGS_MAX: u32 = 10;

/// A reply, or none because the script is used up.
type Replied = Result<Reply, ScriptExhausted>;

/// The model as an agent sees it.
pub(in super::super) struct Model {
    service: ModelService,
    caller: Arc<str>,
    settings: ModelSettings,
    defect: Option<Defect>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Token,
    /// The id of the last output of each script.
    last: BTreeMap<Arc<str>, String>,
    /// The reply to a call that was given up, by the script. Only a seeded bug needs it.
    late: BTreeMap<Arc<str>, oneshot::Receiver<Replied>>,
}

/// The meaning of a reply.
enum Attempt {
    Output(String),
    /// Another attempt may succeed, after that time.
    Again(Duration),
    Failed(Problem),
}

impl Model {
    pub(in super::super) fn new(
        service: ModelService,
        caller: &str,
        settings: ModelSettings,
        defect: Option<Defect>,
    ) -> Self {
        Self {
            service,
            caller: caller.into(),
            settings,
            defect,
            state: Mutex::default(),
        }
    }

    /// Returns the next output of a script. A reply that is late, damaged, a repetition or a
    /// refusal is no output, and the call is repeated.
    pub(super) async fn output(&self, script: &str) -> Result<String, Problem> {
        let script: Arc<str> = script.into();
        if let Some(output) = self.late_output(&script) {
            return Ok(output);
        }
        let id = self.service.request();
        for attempt in 1..=self.settings.attempts {
            let request = Request {
                id,
                caller: Arc::clone(&self.caller),
                script: Arc::clone(&script),
                token: lock(&self.state).token,
            };
            let replied = self.call(request).await.map_err(exhausted)?;
            match self.meaning(&script, attempt, replied).await {
                Attempt::Output(text) => return Ok(text),
                Attempt::Failed(problem) => return Err(problem),
                Attempt::Again(pause) if pause.is_zero() => {}
                Attempt::Again(pause) => time::sleep(pause).await,
            }
        }
        let attempts = self.settings.attempts;
        Err(unavailable(format!("no output after {attempts} attempts")))
    }

    /// Makes one attempt. Returns nothing if it takes too long.
    async fn call(&self, request: Request) -> Result<Option<Reply>, ScriptExhausted> {
        let timeout = self.settings.timeout;
        if timeout.is_zero() {
            return self.service.call(&request).await.map(Some);
        }
        if self.defect == Some(LATE_REPLY_TAKEN) {
            return self.call_in_background(request).await;
        }
        let replied = time::timeout(timeout, self.service.call(&request)).await;
        replied.map_or(Ok(None), |replied| replied.map(Some))
    }

    /// Seeded: a call that takes too long goes on, and its reply is kept for the next call.
    async fn call_in_background(&self, request: Request) -> Result<Option<Reply>, ScriptExhausted> {
        let (sender, mut receiver) = oneshot::channel();
        let (service, script) = (self.service.clone(), Arc::clone(&request.script));
        spawn(async move {
            // An agent that has ended needs no reply.
            let _ = sender.send(service.call(&request).await);
        });
        let replied = time::timeout(self.settings.timeout, &mut receiver).await;
        match replied {
            Ok(replied) => replied.map_or(Ok(None), |replied| replied.map(Some)),
            Err(_) => {
                lock(&self.state).late.insert(script, receiver);
                Ok(None)
            }
        }
    }

    /// Returns the output of a call that was given up, if its reply has come.
    fn late_output(&self, script: &Arc<str>) -> Option<String> {
        let mut state = lock(&self.state);
        let replied = state.late.get_mut(script)?.try_recv().ok()?;
        state.late.remove(script);
        let completion = Completion::read(&replied.ok()?.body)?;
        Some(completion.content)
    }

    async fn meaning(&self, script: &Arc<str>, attempt: u32, reply: Option<Reply>) -> Attempt {
        let Some(reply) = reply else {
            return Attempt::Again(Duration::ZERO);
        };
        match reply.status {
            status::OK => self.completed(script, attempt, &reply.body),
            status::UNAUTHORIZED => {
                if self.defect == Some(EXPIRED_TOKEN_KEPT) {
                    return Attempt::Again(self.backoff(attempt));
                }
                let token = self.service.renew(&self.caller).await;
                lock(&self.state).token = token;
                Attempt::Again(Duration::ZERO)
            }
            status::TOO_MANY_REQUESTS => self.limited(attempt, reply.retry_after),
            status::FAILURES.. if self.defect == Some(ERROR_IS_OUTPUT) => {
                Attempt::Output(reply.body)
            }
            status::FAILURES.. => Attempt::Again(self.backoff(attempt)),
            status => Attempt::Failed(unavailable(format!("status {status}"))),
        }
    }

    fn completed(&self, script: &Arc<str>, attempt: u32, body: &str) -> Attempt {
        let Some(completion) = Completion::read(body) else {
            if self.defect == Some(UNREADABLE_REPLY_ENDS_TURN) {
                return Attempt::Failed(unavailable("a reply that cannot be read"));
            }
            return Attempt::Again(self.backoff(attempt));
        };
        if !completion.is_whole() && self.defect != Some(CUT_OUTPUT_ACCEPTED) {
            return Attempt::Again(Duration::ZERO);
        }
        let last = {
            let mut state = lock(&self.state);
            let id = completion.id.clone();
            state.last.insert(Arc::clone(script), id)
        };
        let is_repetition = last.is_some_and(|last| last == completion.id);
        if is_repetition && self.defect != Some(REPETITION_CARRIED_OUT) {
            return Attempt::Again(Duration::ZERO);
        }
        Attempt::Output(completion.content)
    }

    fn limited(&self, attempt: u32, retry_after: Option<Duration>) -> Attempt {
        match retry_after {
            Some(pause) if self.defect != Some(RETRY_AFTER_IGNORED) => Attempt::Again(pause),
            None if self.defect == Some(LIMIT_ENDS_TURN) => {
                Attempt::Failed(unavailable("too many calls"))
            }
            Some(_) | None => Attempt::Again(self.backoff(attempt)),
        }
    }

    /// Returns the time after an attempt: twice as long each time.
    fn backoff(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(DOUBLINGS_MAX);
        self.settings.backoff * 2_u32.pow(doublings)
    }
}

fn exhausted(exhausted: ScriptExhausted) -> Problem {
    Problem::new(ErrorCode::ModelExhausted, exhausted.to_string())
}

fn unavailable(reason: impl Into<String>) -> Problem {
    let message = format!("the model does not answer: {}", reason.into());
    Problem::new(ErrorCode::ModelUnavailable, message)
}
