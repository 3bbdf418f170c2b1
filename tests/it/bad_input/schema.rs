//! The JSON schema and the reader agree.

use std::path::Path;

use rehearsal::scenario::{Code, discover, schema};
use serde_json::Value;

use super::cases::{self, Case};

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema::json_schema()).expect("it is a JSON schema")
}

fn json(text: &str) -> Option<Value> {
    toml::from_str(text).ok()
}

/// Problems that a JSON schema cannot express, each with the reason.
const BEYOND: [(Code, &str); 15] = [
    (
        Code::NameMismatch,
        "the name of the file is not in the file",
    ),
    (Code::DurationOutOfRange, "a pattern cannot compare times"),
    (Code::TooFine, "a pattern cannot compare times"),
    (
        Code::ReversedRange,
        "it is between the two ends of one text",
    ),
    (Code::UnevenParty, "it is between two numbers"),
    (
        Code::BadChild,
        "it depends on the place of the agent in the tree",
    ),
    (Code::SupervisorsTooDeep, "the schema has no depth"),
    (Code::TooBig, "it is a product of numbers"),
    (Code::NeedsNetwork, "it is between two sections"),
    (Code::FaultPlan, "it is between two numbers"),
    (Code::TimesOutOfOrder, "it is between two times"),
    (Code::IdleOracle, "it is between two sections"),
    (Code::UnreachableGoal, "it is between two sections"),
    (Code::AbsentOracle, "it is between two lists"),
    (Code::DefectVerdict, "it is between two sections"),
];

/// Cases of problems that a JSON schema cannot express here, and elsewhere can, each with the
/// reason.
const BEYOND_IN: [(&str, &str); 2] = [
    ("always_and_sometimes", "it is between two lists"),
    ("limits_in_other_units", "the unit follows from the key"),
];

#[test]
fn shipped_scenarios_match_the_schema() {
    let validator = validator();
    let files = discover::find(Path::new("scenarios")).expect("there are some");
    assert!(files.len() > 20);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let document = json(&text).expect("TOML");
        let problems: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", file.display());
    }
}

/// Returns the schema by which an editor checks the document: that of its system, or else that
/// of all.
fn schema_for(document: &Value) -> Value {
    let kind = document["system"]["kind"].as_str();
    kind.and_then(schema::json_schema_of)
        .unwrap_or_else(schema::json_schema)
}

/// Returns the reason for which the schema accepts a wrong file, if there is one.
fn reason(case: &Case) -> Option<&'static str> {
    let beyond = |code: &Code| BEYOND.iter().find(|(beyond, _)| beyond == code);
    let mut reasons = case.wrong.iter().map(beyond);
    let in_case = BEYOND_IN.iter().find(|(name, _)| *name == case.name);
    match in_case {
        Some((_, reason)) => Some(reason),
        None => reasons.try_fold("", |_, reason| reason.map(|(_, reason)| *reason)),
    }
}

#[test]
fn schema_rejects_every_wrong_file_but_for_reasons() {
    let mut wrong = Vec::new();
    let mut rejected = 0;
    for case in cases::all() {
        // What is not TOML has no document that could be held against the schema.
        let Some(document) = json(&case.text) else {
            continue;
        };
        let schema = schema_for(&document);
        let validator = jsonschema::validator_for(&schema).expect("it is a JSON schema");
        let accepted = validator.is_valid(&document);
        rejected += usize::from(!accepted);
        if accepted != reason(&case).is_some() {
            let verb = if accepted { "accepts" } else { "rejects" };
            wrong.push(format!("the schema {verb} {}: {:?}", case.name, case.wrong));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(rejected > 40, "only {rejected} cases");
}
