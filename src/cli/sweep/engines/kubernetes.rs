//! Kubernetes: an Indexed Job, one index a shard.

use std::path::Path;

use serde_json::json;

use super::super::Sweep;
use super::{ATTEMPTS, Engine, FINDINGS, MISTAKES};
use crate::exit::Exit;

/// The engine.
pub(super) struct Kubernetes;

/// The index of a shard, as Kubernetes expands it in arguments.
const INDEX: &str = "$(JOB_COMPLETION_INDEX)";

/// The working directory of the image that `ci/Containerfile` builds.
const WORKING_DIRECTORY: &str = "/rehearsal";

/// The name of the container, and of the volume with the results.
const CONTAINER: &str = "explore";
const VOLUME: &str = "results";

impl Engine for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    /// A finding ends its own index, a mistake the job; a machine that is taken away counts
    /// for nothing, and anything else for one of the attempts of its index.
    fn emit(&self, sweep: &Sweep) -> String {
        let codes = |exits: &[Exit]| exits.iter().map(|exit| exit.code()).collect::<Vec<_>>();
        let on_exit = |action: &str, exits: &[Exit]| {
            json!({
                "action": action,
                "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": codes(exits)},
            })
        };
        let lost = json!({
            "action": "Ignore",
            "onPodConditions": [{"status": "True", "type": "DisruptionTarget"}],
        });
        let job = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": sweep.name},
            "spec": {
                "backoffLimitPerIndex": ATTEMPTS - 1,
                "completionMode": "Indexed",
                "completions": sweep.shards,
                "parallelism": sweep.shards,
                "podFailurePolicy": {
                    "rules": [lost, on_exit("FailIndex", &FINDINGS), on_exit("FailJob", &MISTAKES)],
                },
                "template": {
                    "spec": {
                        "containers": [{
                            "command": sweep.command(INDEX, escaped),
                            "image": sweep.image,
                            "name": CONTAINER,
                            "volumeMounts": [{"mountPath": mount(sweep), "name": VOLUME}],
                        }],
                        "restartPolicy": "Never",
                        "volumes": [{
                            "name": VOLUME,
                            "persistentVolumeClaim": {"claimName": sweep.name},
                        }],
                    },
                },
            },
        });
        format!("{job:#}\n")
    }
}

/// Returns an argument that Kubernetes does not expand.
fn escaped(argument: &str) -> String {
    argument.replace('$', "$$")
}

/// Returns the path of the results in a container.
fn mount(sweep: &Sweep) -> String {
    let path = Path::new(WORKING_DIRECTORY).join(&sweep.results);
    path.to_string_lossy().into_owned()
}
