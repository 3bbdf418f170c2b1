//! A kind of system that only a test binary defines.

use std::path::Path;
use std::sync::Arc;

use rehearsal::agents::driver::{Deployment, Planner};
use rehearsal::agents::fault::{Fault, NodeAction};
use rehearsal::agents::goal::Mark;
use rehearsal::agents::record::MODEL;
use rehearsal::agents::sections::Settings;
use rehearsal::agents::spec::{Extent, ScenarioSpec};
use rehearsal::agents::system::{Facet, Role, System, SystemInfo};
use rehearsal::scenario::{Code, Diagnostic, Kinds, Scenario, Source, parse_of};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::support::codes;

const CRASH: Fault = NodeAction::Crash.of("shop");
const SOLD_OUT: Mark = Mark::new("sold-out");

static INFO: SystemInfo = SystemInfo {
    name: "shop",
    summary: "Sells what it has.",
    roles: &[Role::server("shop")],
    faults: &[CRASH],
    records: &[Facet::Operations, Facet::Engine],
    needed: &[],
    defects: &[],
    marks: &[SOLD_OUT],
    model: &MODEL,
};

struct Shop;

#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
struct ShopScenario {
    /// The number of goods.
    #[schemars(range(min = 1, max = 100), extend("x-reduce" = 1))]
    goods: u32,
    /// A number that serde reads more strictly than the schema says.
    #[serde(default, deserialize_with = "even")]
    shelves: u32,
    /// The number of baskets; as many as there are goods without it.
    baskets: Option<u32>,
    /// The order of service.
    #[serde(default)]
    service: Service,
}

/// The order in which customers are served.
#[derive(Clone, Copy, PartialEq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Service {
    /// First come, first served.
    #[default]
    InOrder,
    /// Any.
    AtRandom,
}

fn even<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    let odd = || serde::de::Error::custom("an odd number of shelves");
    number.is_multiple_of(2).then_some(number).ok_or_else(odd)
}

impl Settings for ShopScenario {
    type File = Self;
    const TEMPLATE: &'static str = "system = { kind = \"shop\" }\ngoods = 3\n";

    fn from_file(file: Self) -> Option<Self> {
        Some(file)
    }

    fn actors(&self) -> Extent {
        Extent {
            noun: "article",
            count: self.goods.into(),
        }
    }
}

impl System for Shop {
    type Settings = ShopScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    fn deploy(&self, _spec: &ScenarioSpec<ShopScenario>, _planner: &mut Planner) -> Deployment {
        Deployment::new()
    }
}

const GOOD: &str = r#"
format = 1
name = "shop"
claim = "Nothing is sold twice."
system = { kind = "shop" }
goods = 3

[faults]
budget = 1
kinds = ["crash:shop"]

[expect]
oracles = ["deadlock"]
sometimes = ["sold-out", "fault:crash:shop"]
"#;

fn read(edits: &[(&str, &str)]) -> Result<Scenario, Vec<Diagnostic>> {
    let mut text = GOOD.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let mut kinds = Kinds::default();
    assert!(kinds.define(Arc::new(Shop)), "the name is free");
    parse_of(&kinds, &Source::new(Path::new("shop.toml"), text))
}

fn problems(edits: &[(&str, &str)]) -> Vec<Code> {
    codes(&read(edits).expect_err("it has problems"))
}

#[test]
fn file_names_faults_and_goals_of_its_kind() {
    let scenario = read(&[]).expect("it is valid");
    assert_eq!(scenario.kind.name(), "shop");
    assert_eq!(scenario.spec.faults.kinds, [CRASH]);
    let goals: Vec<String> = scenario.expect.sometimes.iter().map(|g| g.name()).collect();
    assert_eq!(goals, ["sold-out", "fault:crash:shop"]);
    let settings = scenario.spec.settings_of::<ShopScenario>();
    assert_eq!(settings.map(|settings| settings.goods), Some(3));
}

#[test]
fn optional_numbers_and_enums_are_read_and_checked() {
    let settings = |edits: &[(&str, &str)]| {
        let scenario = read(edits).expect("it is valid");
        let settings = scenario.spec.settings_of::<ShopScenario>().cloned();
        settings.expect("a shop")
    };
    assert_eq!(settings(&[]).baskets, None);
    assert_eq!(settings(&[]).service, Service::InOrder);
    let set = settings(&[(
        "goods = 3",
        "goods = 3\nbaskets = 2\nservice = \"at-random\"",
    )]);
    assert_eq!((set.baskets, set.service), (Some(2), Service::AtRandom));
    let wrong = [(
        "goods = 3",
        "goods = 3\nbaskets = \"2\"\nservice = \"at-rando\"",
    )];
    assert_eq!(problems(&wrong), [Code::WrongType, Code::UnknownName]);
}

#[test]
fn faults_and_goals_of_other_kinds_are_unknown() {
    let unknown = problems(&[
        ("crash:shop\"]\n\n", "crash:bridge\"]\n\n"),
        ("\"sold-out\"", "\"gap-marked\""),
    ]);
    assert_eq!(unknown, [Code::UnknownName, Code::UnknownName]);
}

#[test]
fn oracle_of_unrecorded_facets_is_idle() {
    let idle = problems(&[("\"deadlock\"", "\"deadlock\", \"fifo\"")]);
    assert_eq!(idle, [Code::IdleOracle]);
}

#[test]
fn struct_that_refuses_its_own_schema_is_reported() {
    let mismatch = problems(&[("goods = 3", "goods = 3\nshelves = 1")]);
    assert_eq!(mismatch, [Code::SchemaMismatch]);
}

#[test]
fn unknown_kind_is_reported_with_the_problems_of_shared_sections() {
    let both = problems(&[
        ("kind = \"shop\"", "kind = \"shpo\""),
        ("budget = 1", "budget = \"1\""),
    ]);
    assert_eq!(both, [Code::UnknownName, Code::WrongType]);
}

#[test]
fn name_of_a_shipped_kind_is_taken() {
    let mut kinds = Kinds::default();
    assert!(kinds.define(Arc::new(Shop)));
    assert!(!kinds.define(Arc::new(Shop)));
}

#[test]
fn reduction_lowers_settings_of_its_kind() {
    let scenario = read(&[]).expect("it is valid");
    let edit = "goods = 1".parse().expect("an edit");
    let reduced = scenario.cut(&[edit]).expect("it is less");
    let settings = reduced.spec.settings_of::<ShopScenario>();
    assert_eq!(settings.map(|settings| settings.goods), Some(1));
}
