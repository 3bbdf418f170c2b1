//! Writers of frames on one connection. Modelled on vm0 #12205: a writer that is cancelled halfway
//! leaves half a frame, and the next frame comes behind it.

use std::sync::Arc;

use super::parts::{About, Mutex, Outcome, Version, ended, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "frame-half-written",
    idea: "A frame is written part by part, and a cancelled writer leaves half of it.",
    promise: "frames-are-whole",
};

/// The number of parts of a frame.
const PARTS: u32 = 3;

/// Runs a writer of `size` frames, and one that goes on with one frame.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let wire = Arc::new(Mutex::new(Vec::new()));
    for frames in [size, 1] {
        let wire = Arc::clone(&wire);
        ended([spawn(async move {
            for _ in 0..frames {
                let mut wire = wire.lock().await;
                match version {
                    Version::Healthy => wire.extend(0..PARTS),
                    Version::Defective => {
                        for part in 0..PARTS {
                            wire.push(part);
                            work(1).await;
                        }
                    }
                }
            }
        })])
        .await;
    }
    let wire = wire.lock().await;
    let is_whole = |frame: &[u32]| frame.iter().copied().eq(0..PARTS);
    let broken = wire
        .chunks(PARTS as usize)
        .position(|frame| !is_whole(frame));
    promise(broken.is_none(), || {
        format!(
            "what comes after {} frames is none",
            broken.unwrap_or_default()
        )
    })
}
