//! The sections that scenarios of every system share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal_agents::effect::{Effect, EffectsOf, Moment};
use rehearsal_agents::sections::times::{self, Latency, Timeout, Window};
use rehearsal_agents::sections::{Abbreviated, Name, Named, Part, Short};
use rehearsal_agents::spec::{EffectFault, Fault, FaultPlan, NetworkSettings, RoleName};
use rehearsal_agents::system::SystemInfo;
use rehearsal_history::metrics::{METRICS, Percentile};
use rehearsal_sim::{Interleave, TcpModel};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BudgetSpec, ExpectedVerdict, Goal, amounts};
use crate::oracle::{self, OracleRef, Setting, SettingValue, SettingValues, Settings};

/// A scenario: one claim, the system and everything around it, and the expected
/// result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-noun" = "the scenario"))]
pub(super) struct SharedFile {
    /// The version of the file format.
    #[schemars(range(min = 1, max = 1), extend("x-example" = "format = 1"))]
    pub(super) format: Part<u64>,
    /// The name of the scenario: that of the file, without `.toml`.
    #[schemars(extend("pattern" = "^[a-z][a-z0-9_-]{0,63}$", "x-example" = "name = \"{stem}\""))]
    pub(super) name: Part<String>,
    /// The claim that the scenario makes, in one sentence.
    #[schemars(
        length(min = 1, max = 300),
        extend(
            "pattern" = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s][^\\u0000-\\u001f\\u007f-\\u009f]*$",
            "x-example" = "claim = \"…\"",
        )
    )]
    pub(super) claim: Part<String>,
    /// The number of seeds that `cargo test` runs, from 0.
    #[serde(default = "default_seeds")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) seeds: Part<u32>,
    /// The links between hosts.
    #[serde(default)]
    pub(super) network: Part<Network>,
    /// The faults of a run.
    #[serde(default)]
    #[schemars(extend("x-reduce" = 0))]
    pub(super) faults: Part<Faults>,
    /// The limits of a run. A run that reaches one never passes.
    #[serde(default)]
    pub(super) budget: Part<BudgetSpec>,
    /// The scheduling points of a run.
    #[serde(default)]
    pub(super) schedule: Part<SchedulingPoints>,
    /// The expected result.
    #[schemars(extend("x-example" = "[expect]\noracles = [\"no-loss\"]"))]
    pub(super) expect: Part<Expectation>,
}

fn default_seeds() -> Part<u32> {
    Part::Sound(64)
}

/// The scheduling points of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SchedulingPoints {
    /// The operations before which another task may run: those that are awaited, or those that do
    /// not wait as well.
    interleave: Name<NamedInterleave>,
}

impl SchedulingPoints {
    /// Returns the operations that are scheduling points.
    pub(super) fn interleave(&self) -> Interleave {
        self.interleave.0.0
    }
}

impl Default for SchedulingPoints {
    fn default() -> Self {
        Self {
            interleave: Name(NamedInterleave(Interleave::default())),
        }
    }
}

/// The operations that are scheduling points, as files name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct NamedInterleave(Interleave);

impl Named for NamedInterleave {
    const NOUN: &'static str = "kind of scheduling points";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let all = Interleave::ALL.into_iter();
        all.map(|it| (it.as_str().into(), Self(it))).collect()
    }
}

/// The links between hosts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Network {
    /// The time that a packet travels.
    pub(super) latency: Latency,
    /// The number of packets in a thousand that are lost (on TCP: sent again later).
    // A network that loses everything delivers nothing, however often TCP tries.
    #[schemars(range(min = 0, max = 999))]
    loss: u32,
    /// The simulation of TCP: a state machine of each connection, or pipes, which take a fraction
    /// of the time and show programs the same but for details of timing.
    tcp: Name<NamedTcpModel>,
}

/// The simulations of TCP, as files name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct NamedTcpModel(TcpModel);

impl Named for NamedTcpModel {
    const NOUN: &'static str = "simulation of TCP";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let all = TcpModel::ALL.into_iter();
        all.map(|it| (it.as_str().into(), Self(it))).collect()
    }
}

impl Default for Network {
    fn default() -> Self {
        let settings = NetworkSettings::default();
        Self {
            latency: Latency {
                from: settings.latency_min,
                to: settings.latency_max,
            },
            loss: settings.loss_per_mille,
            tcp: Name(NamedTcpModel(settings.tcp)),
        }
    }
}

impl Network {
    pub(super) fn settings(&self) -> NetworkSettings {
        NetworkSettings {
            latency_min: self.latency.from,
            latency_max: self.latency.to,
            loss_per_mille: self.loss,
            tcp: self.tcp.0.0,
        }
    }
}

/// The faults of a run: between `at_least` and `budget` of them strike, of the kinds
/// and at the times that each seed draws.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Faults {
    /// The most faults in one run.
    #[serde(default)]
    #[schemars(
        range(min = 0, max = 1_000),
        extend("x-reduce" = 1, "x-example" = "budget = 1")
    )]
    pub(super) budget: u32,
    /// The fewest faults in one run.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000), extend("x-at-most" = "budget"))]
    pub(super) at_least: u32,
    /// The kinds of faults that may strike.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true, "x-reduce" = 1))]
    kinds: Vec<FaultName>,
    /// The times at which a fault may strike, from the start of the agents.
    #[serde(default = "default_window")]
    #[schemars(extend("x-reduce" = 0))]
    pub(super) window: Window,
    /// The duration of a partition, a hold or a pause, and of a host's absence after a
    /// crash.
    #[serde(default = "default_lasting", with = "times")]
    #[schemars(with = "Timeout")]
    pub(super) lasting: Duration,
    /// The most cancellations in one run: a task that the system spawns is dropped at one of its
    /// awaits, a time-out of one fires early. Not part of `budget`.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000))]
    pub(super) cancel: u32,
    /// The roles of the core: it is whole again when the window has ended and the last fault has
    /// lasted its time. A fault that concerns another role stays until the work has finished.
    /// Without roles, every fault lasts as long as `lasting` says.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    core: Vec<RoleText>,
    /// Each seed allows a subset of the kinds, and of the faults at effects.
    #[serde(default)]
    pub(super) swarm: bool,
    /// The faults that strike at effects, each once in a run, beside those at times.
    #[serde(default)]
    #[schemars(extend("x-reduce" = 0))]
    pub(super) at: Vec<AtEffect>,
}

/// A fault that strikes just before or just after an effect. Each seed draws which one: of
/// those of a run of the seed under the default schedule without faults.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AtEffect {
    /// The kind of effect: frames that are sent together, a record on a disk, a call of a model or
    /// of a tool.
    #[schemars(extend("x-example" = "effect = \"write\""))]
    effect: Name<NamedEffect>,
    /// The role of the hosts whose effects are meant.
    #[schemars(extend("x-example" = "by = \"store\""))]
    by: RoleText,
    /// The side of the effect on which the fault strikes.
    #[serde(default = "before")]
    moment: Name<NamedMoment>,
    /// The fault.
    #[schemars(extend("x-example" = "fault = \"crash:store\""))]
    fault: FaultName,
}

fn before() -> Name<NamedMoment> {
    Name(NamedMoment(Moment::Before))
}

/// A kind of effect as files name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct NamedEffect(Effect);

impl Named for NamedEffect {
    const NOUN: &'static str = "effect";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let effects = Effect::ALL.into_iter();
        effects.map(|it| (it.as_str().into(), Self(it))).collect()
    }
}

/// A side of an effect as files name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct NamedMoment(Moment);

impl Named for NamedMoment {
    const NOUN: &'static str = "moment";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let moments = Moment::ALL.into_iter();
        moments.map(|it| (it.as_str().into(), Self(it))).collect()
    }
}

impl AtEffect {
    /// Returns the fault, among no effects yet; none for names that the system does not have.
    fn fault(&self, info: &SystemInfo) -> Option<EffectFault> {
        let by = self.by.of(info)?;
        Some(EffectFault {
            of: EffectsOf {
                effect: self.effect.0.0,
                by,
            },
            moment: self.moment.0.0,
            fault: info.fault(&self.fault.0)?,
            among: 0,
        })
    }
}

fn default_window() -> Window {
    let plan = FaultPlan::default();
    Window {
        from: plan.from,
        to: plan.until,
    }
}

fn default_lasting() -> Duration {
    FaultPlan::default().lasting
}

impl Default for Faults {
    fn default() -> Self {
        let plan = FaultPlan::default();
        Self {
            budget: plan.budget,
            at_least: plan.at_least,
            kinds: Vec::new(),
            window: default_window(),
            lasting: plan.lasting,
            cancel: plan.cancel,
            core: Vec::new(),
            swarm: plan.swarm,
            at: Vec::new(),
        }
    }
}

impl Faults {
    /// The kinds, in the order of the file.
    pub(super) fn kinds(&self, info: &SystemInfo) -> Vec<Fault> {
        let kinds = self.kinds.iter();
        kinds
            .filter_map(|FaultName(name)| info.fault(name))
            .collect()
    }

    pub(super) fn plan(&self, info: &SystemInfo) -> FaultPlan {
        FaultPlan {
            budget: self.budget,
            at_least: self.at_least,
            kinds: self.kinds(info),
            from: self.window.from,
            until: self.window.to,
            lasting: self.lasting,
            cancel: self.cancel,
            core: self.core.iter().filter_map(|role| role.of(info)).collect(),
            swarm: self.swarm,
            at: self.at.iter().filter_map(|at| at.fault(info)).collect(),
        }
    }

    /// Returns `true` if the fault strikes at an effect.
    pub(super) fn strikes_at_effect(&self, fault: Fault, info: &SystemInfo) -> bool {
        let mut at = self.at.iter();
        at.any(|at| info.fault(&at.fault.0) == Some(fault))
    }

    /// The faults that may strike, at times or at effects, in the order of the file.
    pub(super) fn every_fault(&self, info: &SystemInfo) -> Vec<Fault> {
        let at = self.at.iter().filter_map(|at| info.fault(&at.fault.0));
        self.kinds(info).into_iter().chain(at).collect()
    }
}

/// The expected result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// The oracles that judge each run: names, or tables with settings.
    #[schemars(
        length(min = 1),
        extend("uniqueItems" = true, "x-example" = "oracles = [\"no-loss\"]")
    )]
    pub(super) oracles: Vec<Short<OracleEntry>>,
    /// The goals that every run must reach.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    reached: Vec<GoalName>,
    /// The goals that at least one run of a sweep must reach.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    sometimes: Vec<GoalName>,
    /// The verdict: `pass`, or the violation that a defect causes.
    #[serde(default = "pass")]
    pub(super) verdict: Name<ExpectedVerdict>,
}

fn pass() -> Name<ExpectedVerdict> {
    Name(ExpectedVerdict::Pass)
}

impl Expectation {
    /// The oracles, in the order of the file.
    pub(super) fn oracles(&self) -> Vec<OracleRef> {
        self.oracles
            .iter()
            .map(|Short(entry)| entry.name.0.0)
            .collect()
    }

    /// The settings of the oracles that have some.
    pub(super) fn settings(&self) -> BTreeMap<OracleRef, Settings> {
        let entries = self.oracles.iter();
        entries
            .filter(|Short(entry)| !entry.settings.is_empty())
            .map(|Short(entry)| (entry.name.0.0, entry.settings()))
            .collect()
    }

    pub(super) fn reached(&self, info: &SystemInfo) -> Vec<Goal> {
        goals(&self.reached, info)
    }

    pub(super) fn sometimes(&self, info: &SystemInfo) -> Vec<Goal> {
        goals(&self.sometimes, info)
    }
}

fn goals(names: &[GoalName], info: &SystemInfo) -> Vec<Goal> {
    let names = names.iter();
    names.filter_map(|GoalName(name)| info.goal(name)).collect()
}

/// The keyword of [`FaultName`], whose names depend on the system.
pub(super) const FAULT_NAMES: &str = "x-fault-names";

/// The keyword of [`GoalName`], whose names depend on the system.
pub(super) const GOAL_NAMES: &str = "x-goal-names";

/// The keyword of tables of metrics with their amounts.
pub(super) const AMOUNTS: &str = "x-amounts";

/// The keyword of [`RoleText`], whose names depend on the system.
pub(super) const ROLE_NAMES: &str = "x-role-names";

/// The name of a role.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, extend("x-noun" = "role", "x-role-names" = true))]
struct RoleText(String);

impl RoleText {
    /// Returns the role, if the system has it.
    fn of(&self, info: &SystemInfo) -> Option<RoleName> {
        let role = info.roles.iter().find(|role| role.name == self.0);
        role.map(|role| role.name)
    }
}

/// The name of a fault.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, extend("x-noun" = "fault", "x-fault-names" = true))]
struct FaultName(String);

/// The name of a goal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, extend("x-noun" = "goal", "x-goal-names" = true))]
struct GoalName(String);

/// An oracle with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OracleEntry {
    name: Name<OracleName>,
    #[serde(flatten)]
    settings: Map<String, Value>,
}

impl OracleEntry {
    /// The settings as the oracle reads them. The schema has seen to their types.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in &self.settings {
            if let Some(value) = setting_value(value) {
                settings.set(name.clone(), value);
            }
        }
        settings
    }
}

fn setting_value(value: &Value) -> Option<SettingValue> {
    match value {
        Value::Number(number) => number.as_u64().map(SettingValue::Number),
        Value::String(text) => Some(SettingValue::Text(text.clone())),
        Value::Array(words) => {
            let words = words.iter().filter_map(Value::as_str);
            Some(SettingValue::Words(words.map(str::to_owned).collect()))
        }
        Value::Object(table) => {
            let entries = table.iter();
            let amounts = entries.filter_map(|(selector, value)| amounts::entry(selector, value));
            Some(SettingValue::Amounts(amounts.collect()))
        }
        _ => None,
    }
}

/// Every setting with the names of the oracles that take it.
fn settings() -> Vec<(&'static Setting, Vec<Cow<'static, str>>)> {
    let mut settings: Vec<(&'static Setting, Vec<Cow<'static, str>>)> = Vec::new();
    for (name, OracleName(oracle)) in OracleName::names() {
        for setting in oracle.settings() {
            let known = settings
                .iter_mut()
                .find(|(known, _)| known.name == setting.name);
            match known {
                Some((_, oracles)) => oracles.push(name.clone()),
                None => settings.push((setting, vec![name.clone()])),
            }
        }
    }
    settings
}

/// The schema of one setting of an oracle.
fn setting_schema(setting: &Setting) -> Schema {
    let mut schema = match setting.values {
        SettingValues::Words(words) => json_schema!({
            "type": "array",
            "items": { "type": "string", "enum": words, "x-noun": setting.name },
            "minItems": 1,
            "uniqueItems": true,
        }),
        SettingValues::Text => json_schema!({ "type": "string" }),
        SettingValues::Number => json_schema!({
            "type": "integer",
            "minimum": 0,
            "maximum": 1_000_000_000,
        }),
        SettingValues::Amounts => json_schema!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": selector_pattern() },
            "additionalProperties": { "type": ["integer", "string"], "minimum": 0 },
            "x-amounts": true,
        }),
    };
    schema.insert("description".into(), setting.meaning.into());
    schema
}

/// The pattern of texts that select a metric.
fn selector_pattern() -> String {
    let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let percentiles: Vec<&str> = Percentile::ALL.iter().map(|p| p.as_str()).collect();
    let (names, percentiles) = (names.join("|"), percentiles.join("|"));
    format!("^({names})(:[^/]+)?(/({percentiles}))?$")
}

impl JsonSchema for OracleEntry {
    fn schema_name() -> Cow<'static, str> {
        "OracleEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut name = generator.subschema_for::<Name<OracleName>>();
        name.insert("description".into(), "The name of the oracle.".into());
        name.insert("x-example".into(), "name = \"no-loss\"".into());
        let mut properties = Map::from_iter([("name".to_owned(), name.to_value())]);
        for (setting, oracles) in settings() {
            let mut schema = setting_schema(setting);
            schema.insert("x-of".into(), serde_json::json!({ "name": oracles }));
            schema.insert("x-optional".into(), true.into());
            properties.insert(setting.name.to_owned(), schema.to_value());
        }
        json_schema!({
            "type": "object",
            "description": "An oracle with its settings.",
            "properties": properties,
            "required": ["name"],
            "additionalProperties": false,
            "x-noun": "an oracle",
        })
    }
}

impl Abbreviated for OracleEntry {
    const KEY: &'static str = "name";

    fn short_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Name<OracleName>>()
    }
}

/// An oracle as files name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OracleName(OracleRef);

impl Named for OracleName {
    const NOUN: &'static str = "oracle";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let names = oracle::named().into_iter();
        names
            .map(|(name, oracle)| (name.into(), Self(oracle)))
            .collect()
    }
}

/// The start of verdicts that name an oracle.
const VIOLATION: &str = "violation:";

impl Named for ExpectedVerdict {
    const NOUN: &'static str = "verdict";

    fn names() -> Vec<(Cow<'static, str>, Self)> {
        let oracles = oracle::named().into_iter();
        let violations = oracles.map(|(name, oracle)| {
            let verdict = Self::Violation(oracle);
            (format!("{VIOLATION}{name}").into(), verdict)
        });
        [("pass".into(), Self::Pass)]
            .into_iter()
            .chain(violations)
            .collect()
    }
}
