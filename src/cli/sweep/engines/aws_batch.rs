//! AWS Batch: an array job, one child a shard.

use serde_json::{Value, json};

use super::super::Sweep;
use super::{ATTEMPTS, Engine, FINDINGS, MISTAKES};

/// The engine.
pub(super) struct AwsBatch;

impl Engine for AwsBatch {
    fn name(&self) -> &'static str {
        "aws-batch"
    }

    /// For `aws batch submit-job --cli-input-json`. A child that ended with a result or a
    /// mistake is not run again; one whose machine was lost is.
    fn emit(&self, sweep: &Sweep) -> String {
        let index = "\"$AWS_BATCH_JOB_ARRAY_INDEX\"";
        let ended = FINDINGS.iter().chain(&MISTAKES);
        let ended =
            ended.map(|exit| json!({"action": "EXIT", "onExitCode": exit.code().to_string()}));
        let job = json!({
            "arrayProperties": {"size": sweep.shards},
            "containerOverrides": {
                "command": ["sh", "-c", format!("exec {}", sweep.shell_command(index))],
            },
            "jobDefinition": sweep.image,
            "jobName": sweep.name,
            "jobQueue": sweep.name,
            "retryStrategy": {
                "attempts": ATTEMPTS,
                "evaluateOnExit": ended.collect::<Vec<Value>>(),
            },
        });
        format!("{job:#}\n")
    }
}
