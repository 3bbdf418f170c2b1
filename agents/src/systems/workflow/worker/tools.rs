//! The tools that agents can run. A tool that is declared and not in the table takes its time
//! and has no result.

use serde_json::Value;

/// A tool.
struct Tool {
    /// The name by which agents declare and call it.
    name: &'static str,
    /// Returns the result for an argument.
    run: fn(&Value) -> Value,
}

/// Every tool.
const TOOLS: &[Tool] = &[Tool {
    name: "check_test",
    run: check_test,
}];

/// The parts of a test.
const PARTS: [&str; 3] = ["describe", "it", "expect"];

/// Runs a tool. Returns its result, if it has one.
pub(super) fn run(name: &str, argument: &Value) -> Option<Value> {
    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    Some((tool.run)(argument))
}

/// A test is valid if it has all of its parts.
fn check_test(code: &Value) -> Value {
    let code = code.as_str().unwrap_or_default();
    PARTS.iter().all(|part| code.contains(part)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn test_is_valid_with_all_of_its_parts() {
        let valid = |code: Value| run("check_test", &code);
        let whole = "describe('x', () => it('y', () => expect(z)))";
        assert_eq!(valid(json!(whole)), Some(json!(true)));
        for part in PARTS {
            assert_eq!(valid(json!(whole.replace(part, ""))), Some(json!(false)));
        }
        assert_eq!(valid(json!(7)), Some(json!(false)));
        assert_eq!(run("semgrep", &json!(whole)), None);
    }
}
