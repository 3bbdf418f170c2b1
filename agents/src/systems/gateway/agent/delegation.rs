//! Delegations in the outputs of a model: a fenced block of the kind `delegate` with a JSON
//! object that names the agent and the task.

use serde::Deserialize;

use super::super::api::{ErrorCode, Problem};
use super::super::ids::AgentName;

const OPENING: &str = "```delegate";
const CLOSING: &str = "```";

/// A delegation that a model asks for.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delegation {
    pub(super) agent: AgentName,
    pub(super) task: String,
}

/// Returns the delegation in an output; `None` if it has none, and is the answer.
///
/// # Errors
///
/// If there is a block that is no delegation, or more than one.
pub(super) fn parse(output: &str) -> Result<Option<Delegation>, Problem> {
    let blocks = blocks(output)?;
    match blocks.as_slice() {
        [] => Ok(None),
        [block] => serde_json::from_str(block)
            .map(Some)
            .map_err(|error| malformed(error.to_string())),
        several => {
            let message = format!("{} delegate blocks in one output", several.len());
            Err(Problem::new(ErrorCode::TwoDelegations, message))
        }
    }
}

fn malformed(reason: String) -> Problem {
    let message = format!("malformed delegate block: {reason}");
    Problem::new(ErrorCode::MalformedDelegation, message)
}

/// Returns the contents of all `delegate` blocks.
fn blocks(output: &str) -> Result<Vec<&str>, Problem> {
    let mut blocks = Vec::new();
    let mut rest = output;
    while let Some(start) = rest.find(OPENING) {
        let inside = &rest[start + OPENING.len()..];
        let end = inside
            .find(CLOSING)
            .ok_or_else(|| malformed("it is not closed".to_owned()))?;
        blocks.push(inside[..end].trim());
        rest = &inside[end + CLOSING.len()..];
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn code(output: &str) -> ErrorCode {
        parse(output).expect_err("it is no delegation").code
    }

    #[test]
    fn text_without_block_is_the_answer() {
        assert_eq!(parse("The worker has completed the task."), Ok(None));
        assert_eq!(parse("```json\n{\"agent\": 1}\n```"), Ok(None));
    }

    #[test]
    fn block_is_found_among_text() {
        let output = "I'll delegate this.\n```delegate\n{\"agent\": \"w1\", \"task\": \"Process \
                      K8S_DELEGATE_1\"}\n```\nThank you.";
        let delegation = Delegation {
            agent: "w1".into(),
            task: "Process K8S_DELEGATE_1".to_owned(),
        };
        assert_eq!(parse(output), Ok(Some(delegation)));
        // As the reference writes it, on one line.
        let output = "```delegate {\"agent\": \"w1\", \"task\": \"t\"} ```";
        assert_eq!(parse(output).map(|found| found.is_some()), Ok(true));
    }

    #[test]
    fn broken_blocks_are_malformed() {
        for output in [
            "```delegate\n{\"agent\": \"w1\"}\n```",
            "```delegate\n{\"agent\": \"w1\", \"task\": }\n```",
            "```delegate\n{\"agent\": \"w1\", \"task\": \"t\", \"model\": \"m\"}\n```",
            "```delegate\n```",
            "```delegate\n{\"agent\": \"w1\", \"task\": \"t\"}",
        ] {
            assert_eq!(code(output), ErrorCode::MalformedDelegation, "{output}");
        }
    }

    #[test]
    fn two_blocks_are_none() {
        let block = "```delegate\n{\"agent\": \"w1\", \"task\": \"t\"}\n```\n";
        assert_eq!(code(&block.repeat(2)), ErrorCode::TwoDelegations);
    }
}
