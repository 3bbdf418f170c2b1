//! The mediator: answers each question with the next line of its script.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rehearsal_sim::tokio::time;
use rehearsal_sim::tokio_util::sync::CancellationToken;

use super::settings::MediatorSettings;
use super::wire::{
    Disconnected, FrameReader, FrameWriter, MediationAnswer, MediationRequest, PORT,
};
use crate::driver::Node;
use crate::network::{Listener, Network};
use crate::record::recorder::name_task;

/// A mediator across the incarnations of its process.
pub(super) struct Mediator {
    settings: MediatorSettings,
    /// The number of answers that were given.
    given: Cell<usize>,
    stop: CancellationToken,
}

impl Mediator {
    /// A mediator at the start of its script.
    pub(super) fn new(settings: MediatorSettings) -> Self {
        Self {
            settings,
            given: Cell::new(0),
            stop: CancellationToken::new(),
        }
    }

    /// Ends the present incarnation.
    pub(super) fn shut_down(&self) {
        self.stop.cancel();
    }

    /// Runs one incarnation. One question is answered at a time.
    pub(super) async fn run<N: Network>(self: Rc<Self>, node: Node, network: N) {
        name_task("mediator");
        let listener = network.listen(PORT).await;
        node.ready();
        if let Ok(listener) = listener {
            self.stop
                .run_until_cancelled(self.serve::<N>(listener))
                .await;
        }
    }

    async fn serve<N: Network>(&self, mut listener: N::Listener) {
        while let Ok(stream) = listener.accept().await {
            // A question whose connection is gone needs no answer.
            let _ = self.answer::<N>(stream).await;
        }
    }

    async fn answer<N: Network>(&self, stream: N::Stream) -> Result<(), Disconnected> {
        let (reading, writing) = N::split(stream);
        let request: MediationRequest = FrameReader::new(reading).next().await?;
        if self.settings.effort > Duration::ZERO {
            time::sleep(self.settings.effort).await;
        }
        let answer = self.pick(&request);
        FrameWriter::new(writing).send(&[answer]).await
    }

    /// Returns the next answer of the script. A script that is exhausted is an error.
    fn pick(&self, request: &MediationRequest) -> MediationAnswer {
        let given = self.given.get();
        self.given.set(given + 1);
        let place = self.settings.picks.get(given).and_then(|pick| {
            let pick = usize::try_from(*pick).ok()?;
            pick.checked_sub(1)
        });
        let picked = place.and_then(|place| request.recommendations.get(place));
        picked.map_or(MediationAnswer::Failed, |(voter, _)| {
            MediationAnswer::Picked(*voter)
        })
    }
}
