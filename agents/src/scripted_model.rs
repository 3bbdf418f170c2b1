//! A model that answers from scripts: for each agent a list of outputs, in order.
//!
//! An output is a text, which means what its reader makes of it. A script that is used up is
//! an error, because an agent that asks more often than its scenario says has gone astray.
//!
//! ```
//! use std::time::Duration;
//!
//! use rehearsal_agents::scripted_model::{Output, Script, ScriptExhausted, ScriptedModel};
//! use rehearsal_sim::{Config, run};
//!
//! let outcome = run(Config::default(), |world| async move {
//!     let model = ScriptedModel::new()
//!         .with("planner", ["first the schema", "then the data"])
//!         .with("writer", Script::new([Output::new("done").after(Duration::from_secs(2))]));
//!     assert_eq!(&*model.complete("planner").await?, "first the schema");
//!     assert_eq!(&*model.complete("writer").await?, "done");
//!     assert_eq!(world.now().as_millis(), 2_000);
//!     model.complete("writer").await
//! });
//! let exhausted = ScriptExhausted { agent: "writer".into(), outputs: 1 };
//! assert_eq!(outcome.value, Some(Err(exhausted)));
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rehearsal_sim::tokio::time;

/// One output of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    text: Arc<str>,
    service_time: Duration,
}

impl Output {
    /// An output that takes no time.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            service_time: Duration::ZERO,
        }
    }

    /// The same output, which takes the model that long.
    #[must_use]
    pub fn after(self, service_time: Duration) -> Self {
        Self {
            service_time,
            ..self
        }
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the time that it takes the model.
    pub(crate) fn service_time(&self) -> Duration {
        self.service_time
    }
}

impl<T: Into<Arc<str>>> From<T> for Output {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// The outputs for one agent, in order.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Script {
    outputs: Vec<Output>,
}

impl Script {
    /// A script of these outputs.
    pub fn new<O: Into<Output>>(outputs: impl IntoIterator<Item = O>) -> Self {
        Self {
            outputs: outputs.into_iter().map(Into::into).collect(),
        }
    }

    /// The same script, each output of which takes the model that long.
    #[must_use]
    pub fn each_after(self, service_time: Duration) -> Self {
        let outputs = self.outputs.into_iter();
        Self::new(outputs.map(|output| output.after(service_time)))
    }
}

impl<O: Into<Output>, const N: usize> From<[O; N]> for Script {
    fn from(outputs: [O; N]) -> Self {
        Self::new(outputs)
    }
}

impl<O: Into<Output>> From<Vec<O>> for Script {
    fn from(outputs: Vec<O>) -> Self {
        Self::new(outputs)
    }
}

/// The error of an agent that asks for more outputs than its script has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptExhausted {
    /// The agent.
    pub agent: Arc<str>,
    /// The number of outputs that its script had; 0 for an agent without a script.
    pub outputs: usize,
}

impl fmt::Display for ScriptExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, outputs } = self;
        write!(
            f,
            "the script of {agent} is exhausted after {outputs} outputs"
        )
    }
}

impl Error for ScriptExhausted {}

/// A model with a script for each agent. Cheap to clone; clones share what is used up, and
/// outlive a crash of their host as a remote model does.
#[derive(Clone, Default, Debug)]
pub struct ScriptedModel {
    scripts: Arc<BTreeMap<Arc<str>, Arc<Progress>>>,
}

/// A script, and the number of requests for its outputs.
#[derive(Debug)]
struct Progress {
    script: Script,
    requests: AtomicUsize,
}

impl ScriptedModel {
    /// A model that has no script.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same model with a script for that agent.
    ///
    /// # Panics
    ///
    /// If the agent has one already.
    #[must_use]
    pub fn with(self, agent: impl Into<Arc<str>>, script: impl Into<Script>) -> Self {
        let mut scripts = BTreeMap::clone(&self.scripts);
        match scripts.entry(agent.into()) {
            Entry::Occupied(entry) => panic!("{} has a script already", entry.key()),
            Entry::Vacant(entry) => entry.insert(Arc::new(Progress {
                script: script.into(),
                requests: AtomicUsize::new(0),
            })),
        };
        Self {
            scripts: Arc::new(scripts),
        }
    }

    /// Returns the next output of the agent's script, after its service time. The output is
    /// used up as soon as it is asked for: a request that is dropped takes it along.
    ///
    /// # Errors
    ///
    /// If the script is used up, at once. Other agents are not affected.
    pub async fn complete(&self, agent: &str) -> Result<Arc<str>, ScriptExhausted> {
        let output = self.take(agent)?;
        if !output.service_time.is_zero() {
            time::sleep(output.service_time).await;
        }
        Ok(output.text)
    }

    /// Takes the next output of the agent's script.
    pub(crate) fn take(&self, agent: &str) -> Result<Output, ScriptExhausted> {
        let exhausted = |outputs| ScriptExhausted {
            agent: agent.into(),
            outputs,
        };
        let progress = self.scripts.get(agent).ok_or_else(|| exhausted(0))?;
        let number = progress.requests.fetch_add(1, Ordering::Relaxed);
        let outputs = &progress.script.outputs;
        let output = outputs.get(number).cloned();
        output.ok_or_else(|| exhausted(outputs.len()))
    }

    /// Returns the number of outputs that the agent has asked for, those beyond the end of
    /// its script included.
    pub fn requests(&self, agent: &str) -> usize {
        let progress = self.scripts.get(agent);
        progress.map_or(0, |progress| progress.requests.load(Ordering::Relaxed))
    }

    /// Returns the number of outputs of the agent's script that are not used up.
    pub fn remaining(&self, agent: &str) -> usize {
        let progress = self.scripts.get(agent);
        progress.map_or(0, |progress| {
            let used = progress.requests.load(Ordering::Relaxed);
            progress.script.outputs.len().saturating_sub(used)
        })
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_sim::tokio::time::timeout;
    use rehearsal_sim::tokio::{join, spawn};
    use rehearsal_sim::{Config, Verdict, World, run};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Runs a program to its end.
    #[track_caller]
    fn value<T: 'static, F>(program: impl FnOnce(World) -> F) -> T
    where
        F: Future<Output = T> + 'static,
    {
        let outcome = run(Config::default(), program);
        assert_eq!(outcome.verdict, Verdict::Pass);
        outcome.value.expect("the program returns")
    }

    #[test]
    fn outputs_come_in_order_and_end_with_an_error() {
        value(|_| async {
            let model = ScriptedModel::new().with("a", ["one", "two"]);
            assert_eq!(model.complete("a").await.as_deref(), Ok("one"));
            assert_eq!((model.requests("a"), model.remaining("a")), (1, 1));
            assert_eq!(model.complete("a").await.as_deref(), Ok("two"));
            for _ in 0..2 {
                let error = model.complete("a").await.expect_err("there are two");
                assert_eq!((&*error.agent, error.outputs), ("a", 2));
                let text = error.to_string();
                assert_eq!(text, "the script of a is exhausted after 2 outputs");
            }
            assert_eq!((model.requests("a"), model.remaining("a")), (4, 0));
        });
    }

    #[test]
    fn exhausted_script_leaves_the_others_alone() {
        value(|_| async {
            let model = ScriptedModel::new().with("a", ["one"]).with("b", ["two"]);
            assert!(model.complete("a").await.is_ok());
            assert!(model.complete("a").await.is_err());
            let unknown = model.complete("c").await.expect_err("it has no script");
            assert_eq!((&*unknown.agent, unknown.outputs), ("c", 0));
            assert_eq!(model.complete("b").await.as_deref(), Ok("two"));
        });
    }

    #[test]
    fn clones_share_what_is_used_up() {
        value(|_| async {
            let model = ScriptedModel::new().with("a", ["one", "two"]);
            let (first, second) = (model.clone(), model.clone());
            let (one, two) = (
                spawn(async move { first.complete("a").await }),
                spawn(async move { second.complete("a").await }),
            );
            let mut texts = [one.await, two.await].map(|output| {
                let output = output.expect("it does not panic");
                output.expect("there are two").to_string()
            });
            texts.sort();
            assert_eq!(texts, ["one", "two"]);
            assert_eq!(model.remaining("a"), 0);
        });
    }

    #[test]
    fn service_times_pass_side_by_side_and_an_error_takes_none() {
        value(|world| async move {
            let script = Script::new(["one", "two"]).each_after(2 * SECOND);
            let model = ScriptedModel::new().with("a", script);
            let start = world.now();
            let both = join!(model.complete("a"), model.complete("a"));
            assert!(both.0.is_ok() && both.1.is_ok());
            assert_eq!(world.now().since(start), 2 * SECOND);
            assert!(model.complete("a").await.is_err());
            assert_eq!(world.now().since(start), 2 * SECOND);
        });
    }

    #[test]
    fn dropped_request_takes_its_output_along() {
        value(|_| async {
            let first = Output::new("one").after(2 * SECOND);
            let model = ScriptedModel::new().with("a", [first, "two".into()]);
            assert!(timeout(SECOND, model.complete("a")).await.is_err());
            assert_eq!(model.complete("a").await.as_deref(), Ok("two"));
        });
    }

    #[test]
    #[should_panic(expected = "a has a script already")]
    fn agent_has_one_script() {
        let _ = ScriptedModel::new().with("a", ["one"]).with("a", ["two"]);
    }
}
