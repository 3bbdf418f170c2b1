//! The JSON schema and the reader agree.

use std::path::Path;

use rehearsal::scenario::{Code, discover, schema};
use serde_json::Value;

use super::cases;

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema::json_schema()).expect("it is a JSON schema")
}

fn json(text: &str) -> Option<Value> {
    toml::from_str(text).ok()
}

/// Problems that a JSON schema can express.
const EXPRESSIBLE: [Code; 9] = [
    Code::UnknownKey,
    Code::MissingKey,
    Code::WrongType,
    Code::OutOfRange,
    Code::BadDuration,
    Code::UnknownName,
    Code::UnknownFormat,
    Code::EmptyList,
    Code::ForeignParameter,
];

/// Problems that a JSON schema cannot express: they are between values.
const BEYOND: [Code; 15] = [
    Code::NameMismatch,
    Code::DurationOutOfRange,
    Code::TooFine,
    Code::ReversedRange,
    Code::UnevenParty,
    Code::BadChild,
    Code::SupervisorsTooDeep,
    Code::TooBig,
    Code::NeedsNetwork,
    Code::FaultPlan,
    Code::TimesOutOfOrder,
    Code::IdleOracle,
    Code::UnreachableGoal,
    Code::AbsentOracle,
    Code::DefectVerdict,
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

#[test]
fn the_schema_rejects_what_it_can_express_and_nothing_else() {
    let validator = validator();
    let mut rejected = 0;
    for case in cases::all() {
        let Some(document) = json(&case.text) else {
            continue;
        };
        if case.wrong.iter().any(|code| EXPRESSIBLE.contains(code)) {
            assert!(!validator.is_valid(&document), "{}", case.name);
            rejected += 1;
        }
        if case.wrong.iter().all(|code| BEYOND.contains(code)) {
            assert!(validator.is_valid(&document), "{}", case.name);
        }
    }
    assert!(rejected > 20, "only {rejected} cases");
}
