//! Two agents, one of which asks the other: the behavioural deadlock of the study of actor
//! programs (arXiv 1706.07372), in which both wait for what each takes for sent.

use super::parts::{About, Outcome, Shared, Version, join, mpsc, promise, spawn, work};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "both-wait",
    idea: "An agent announces itself and then looks whether the other one asks: both may answer.",
    promise: "every-task-ends",
};

/// Returns `true` if this agent asks and the other one answers.
async fn asks(me: usize, announced: &Shared<[bool; 2]>, version: Version) -> bool {
    let announce = |announced: &mut [bool; 2]| {
        announced[me] = true;
        !announced[1 - me]
    };
    match version {
        Version::Healthy => announced.update(announce).await,
        Version::Defective => {
            announced.update(announce).await;
            !announced.get().await[1 - me]
        }
    }
}

/// Runs with two agents, the second of which does `size` operations first.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let announced = Shared::new([false; 2]);
    let (to_first, of_first) = mpsc::channel(1);
    let (to_second, of_second) = mpsc::channel(1);
    let agent = |me, to: mpsc::Sender<()>, mut of: mpsc::Receiver<()>| {
        let announced = announced.clone();
        async move {
            work(if me == 0 { 0 } else { size }).await;
            if asks(me, &announced, version).await {
                to.send(()).await.expect("the other agent is there");
                of.recv().await.expect("an answer");
            } else {
                of.recv().await.expect("a question");
                to.send(()).await.expect("the other agent is there");
            }
        }
    };
    let agents = [
        spawn(agent(0, to_second, of_first)),
        spawn(agent(1, to_first, of_second)),
    ];
    join(agents).await;
    promise(true, String::new)
}
