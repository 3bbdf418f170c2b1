//! The registry's invariant, checked whenever the bridge shows its registry.

use std::sync::atomic::{AtomicU32, Ordering};

use super::marks::SWEPT;
use super::{Observer, Registry};
use crate::event::{RunId, ThreadId};
use crate::record::Recorder;

/// Registries up to this size are compared entry by entry after every change,
/// larger ones by their totals: else checking would cost more than running.
const COMPARED_WHOLE: usize = 512;

/// A checker of the registry's invariant in one incarnation of the bridge.
#[derive(Debug)]
pub(super) struct RegistryInvariant {
    recorder: Recorder,
    initialised: AtomicU32,
}

impl RegistryInvariant {
    /// A checker that has seen nothing.
    pub(super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            initialised: AtomicU32::new(0),
        }
    }
}

impl Observer for RegistryInvariant {
    fn initialised(&self) {
        let times = self.initialised.fetch_add(1, Ordering::Relaxed) + 1;
        if times > 1 {
            let what = format!("the bridge was initialised {times} times in one life");
            self.recorder.registry_checked(Err(what));
        }
    }

    fn registry_changed(&self, registry: &dyn Registry) {
        self.recorder.registry_checked(mirrored(registry));
    }

    fn swept(&self, found: usize) {
        if found > 0 {
            self.recorder.mark(SWEPT);
        }
    }
}

/// Returns `Ok` if the registry's two maps mirror each other, else the difference.
pub(super) fn mirrored(registry: &dyn Registry) -> Result<(), String> {
    let (forward, backward) = (
        registry.len(),
        registry
            .reverse()
            .map(|(_, runs)| runs.len())
            .sum::<usize>(),
    );
    if forward != backward {
        return Err(format!(
            "{forward} runs have a thread, but threads have {backward} runs"
        ));
    }
    if forward > COMPARED_WHOLE {
        return Ok(());
    }
    let mut threads: Vec<(RunId, ThreadId)> = registry.forward().collect();
    threads.sort_unstable();
    let thread_of = |run: RunId| {
        let found = threads.binary_search_by_key(&run, |(run, _)| *run);
        found.ok().map(|index| threads[index].1)
    };
    for (thread, runs) in registry.reverse() {
        if runs.is_empty() {
            return Err(format!("{thread} is mapped to no runs"));
        }
        if let Some(run) = runs.iter().find(|run| thread_of(**run) != Some(thread)) {
            let other = thread_of(*run).map_or("nothing".to_owned(), |thread| thread.to_string());
            return Err(format!("{thread} is mapped to {run}, and that to {other}"));
        }
    }
    Ok(())
}
