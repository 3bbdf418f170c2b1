//! A parent that is cancelled while it starts a child. Modelled on agentscope-java #2062: the
//! child is no member of the group that is cancelled, and runs on.

use super::parts::{About, Outcome, Shared, Version, join, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "child-overlooked",
    idea: "A child looks whether its group is cancelled, and joins the group afterwards.",
    promise: "cancel-reaches-every-child",
};

/// A group of children, by the state of each.
#[derive(Clone, Copy, Default)]
struct Group {
    is_cancelled: bool,
    members: u32,
    stopped: u32,
}

/// Runs a cancellation that comes after `size` operations.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let group = Shared::new(Group::default());
    let (joined, cancelled) = (group.clone(), group.clone());
    let child = spawn(async move {
        let enter = |group: &mut Group| group.members += u32::from(!group.is_cancelled);
        match version {
            Version::Healthy => joined.update(enter).await,
            Version::Defective => {
                if !joined.get().await.is_cancelled {
                    joined.update(|group| group.members += 1).await;
                }
            }
        }
    });
    let cancel = spawn(async move {
        work(size).await;
        let cancel = |group: &mut Group| {
            group.is_cancelled = true;
            group.stopped = group.members;
        };
        cancelled.update(cancel).await;
    });
    join([child, cancel]).await;
    let group = group.get().await;
    promise(group.stopped == group.members, || {
        "a child of a cancelled group runs on".to_owned()
    })
}
