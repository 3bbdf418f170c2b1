//! Two blocks of a stream that grow at the same time. Modelled on agent-framework #8336: a
//! delta went to the block that was opened last.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "delta-to-last",
    idea: "A delta is added to the block that was opened last, not to the one that it names.",
    promise: "blocks-have-their-own-deltas",
};

/// The blocks in the order in which they were opened: the number of each, and its deltas.
type Blocks = Vec<(u32, Vec<u32>)>;

async fn write(blocks: Shared<Blocks>, number: u32, preparation: u32, version: Version) {
    work(preparation).await;
    blocks
        .update(|blocks| blocks.push((number, Vec::new())))
        .await;
    let add = |blocks: &mut Blocks| {
        let block = match version {
            Version::Healthy => blocks.iter_mut().find(|(opened, _)| *opened == number),
            Version::Defective => blocks.last_mut(),
        };
        if let Some((_, deltas)) = block {
            deltas.push(number);
        }
    };
    blocks.update(add).await;
}

/// Runs with two blocks, the second of which is opened after `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let blocks = Shared::new(Blocks::new());
    let writers = [
        spawn(write(blocks.clone(), 1, 0, version)),
        spawn(write(blocks.clone(), 2, size, version)),
    ];
    join(writers).await;
    let blocks = blocks.get().await;
    let whole = blocks.iter().all(|(number, deltas)| deltas == &[*number]);
    promise(whole, || format!("the blocks are {blocks:?}"))
}
