//! Limits of a build: what its target and its flags take from a run is said when it is compiled,
//! or once a process.

use std::sync::Once;

use rehearsal_sim::{Ambient, INTERRUPTS_PLAIN_TASKS, Statistics};

use crate::console::print_error;

/// `true` if runs can be hermetic on this target.
const HAS_HERMETIC_RUNS: bool = cfg!(all(
    target_os = "linux",
    any(target_env = "gnu", target_env = "musl")
));

/// Used by every `#[rehearsal::test]` that does not set `ambient`: on a target without hermetic
/// runs the compiler warns of it.
#[doc(hidden)]
#[cfg_attr(
    not(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))),
    deprecated(
        note = "on this target a run is not hermetic: `HashMap` order, `rand`, `SystemTime` and \
                `Instant` are the machine's, and threads and sockets that leave a run are not \
                seen. Tasks, virtual time, the network and replays of `rehearsal::tokio` work. \
                Set `ambient = \"real\"` in tests whose code needs no more, and run the others \
                on Linux"
    )
)]
pub const HERMETIC: () = ();

/// Prints, once a process, that the runs of a test are not hermetic although they should be.
pub(crate) fn note_target(ambient: Ambient) {
    static NOTED: Once = Once::new();
    if !HAS_HERMETIC_RUNS && ambient == Ambient::Hermetic {
        NOTED.call_once(|| {
            print_error(
                "note: on this target runs are not hermetic; see docs/guide/third-party.md, \
                 Platforms\n",
            );
        });
    }
}

/// Prints, once a process, that plain tasks are not interrupted, if a run has had any.
pub(crate) fn note_plain_tasks(statistics: &Statistics) {
    static NOTED: Once = Once::new();
    if !INTERRUPTS_PLAIN_TASKS && statistics.plain_tasks > 0 {
        NOTED.call_once(|| {
            print_error(
                "note: libraries of this program spawn tasks with tokio's own `spawn`; they are \
                 not interrupted, because this build has no `--cfg tokio_unstable`\n",
            );
        });
    }
}
