//! Language models, and their instrumentation: a program calls a model as ever, and the
//! calls are in the trace.

use std::time::Duration;

use rehearsal_sim::tokio::sync::Mutex;
use rehearsal_sim::tokio::time;

use super::super::trace::{EventKind, Model};
use super::session::{AgentFailed, SessionHandle};

/// A language model.
pub(in super::super) trait LanguageModel {
    /// Completes a prompt. Returns the number of tokens that were used.
    async fn complete(&self, prompt: &str) -> Result<u32, AgentFailed>;

    /// The model that it calls.
    fn model(&self) -> Model;
}

/// A model that answers by a script. A script that is exhausted is an error.
pub(in super::super) struct ScriptedModel {
    model: Model,
    /// The time of each answer, and its tokens; the last one first.
    answers: Mutex<Vec<(Duration, u32)>>,
}

impl ScriptedModel {
    /// A model with these answers, in their order.
    pub(in super::super) fn new(model: Model, mut answers: Vec<(Duration, u32)>) -> Self {
        answers.reverse();
        Self {
            model,
            answers: Mutex::new(answers),
        }
    }
}

impl LanguageModel for ScriptedModel {
    async fn complete(&self, prompt: &str) -> Result<u32, AgentFailed> {
        let answer = self.answers.lock().await.pop();
        let Some((time, tokens)) = answer else {
            let error = format!("the script has no answer to `{prompt}`");
            return Err(AgentFailed(error));
        };
        if !time.is_zero() {
            time::sleep(time).await;
        }
        Ok(tokens)
    }

    fn model(&self) -> Model {
        self.model
    }
}

/// A model whose calls are events of a session.
pub(in super::super) struct Instrumented<M> {
    inner: M,
    session: SessionHandle,
}

impl<M: LanguageModel> Instrumented<M> {
    /// The same model, with its calls tracked.
    pub(in super::super) fn new(inner: M, session: SessionHandle) -> Self {
        Self { inner, session }
    }
}

impl<M: LanguageModel> LanguageModel for Instrumented<M> {
    async fn complete(&self, prompt: &str) -> Result<u32, AgentFailed> {
        let tokens = self.inner.complete(prompt).await?;
        let model = self.inner.model();
        self.session
            .track(EventKind::LlmCall {
                model,
                tokens,
                cost_micros: model.cost_micros(tokens),
            })
            .await?;
        Ok(tokens)
    }

    fn model(&self) -> Model {
        self.inner.model()
    }
}
