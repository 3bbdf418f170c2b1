//! A child that is given up and started again. Modelled on TaxDC's fault timing: the late
//! result of the first incarnation counts as that of the second.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "generation-ignored",
    idea: "A result is taken from a child that another one has replaced since it was asked.",
    promise: "results-are-of-this-generation",
};

/// The parent's record of its child.
#[derive(Clone, Copy)]
struct Child {
    generation: u32,
    /// The generation that the result comes from.
    result: Option<u32>,
}

/// Runs a restart that does `size` operations before it replaces the child.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let child = Shared::new(Child {
        generation: 1,
        result: None,
    });
    let (of_first, of_restart) = (child.clone(), child.clone());
    let first = spawn(async move {
        let generation = of_first.get().await.generation;
        let report = |child: &mut Child| {
            let is_present = child.generation == generation;
            if is_present || version == Version::Defective {
                child.result.get_or_insert(generation);
            }
        };
        of_first.update(report).await;
    });
    let restart = spawn(async move {
        work(size).await;
        let replace = |child: &mut Child| {
            let is_late = child.result.is_none();
            child.generation += u32::from(is_late);
            is_late
        };
        if of_restart.update(replace).await {
            work(1).await;
            let report = |child: &mut Child| {
                child.result.get_or_insert(child.generation);
            };
            of_restart.update(report).await;
        }
    });
    join([first, restart]).await;
    let child = child.get().await;
    let present = child.result == Some(child.generation);
    promise(present, || {
        format!(
            "generation {} has the result of {:?}",
            child.generation, child.result
        )
    })
}
