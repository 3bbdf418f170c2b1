//! The question to the mediator.

use std::time::Duration;

use rehearsal_sim::tokio::time;

use super::super::faults::MEDIATOR;
use super::super::rules::{Ground, Outcome, Recommendation};
use super::super::wire::{
    Disconnected, FrameReader, FrameWriter, MediationAnswer, MediationRequest, PORT, VoterId,
};
use crate::network::Network;

/// Asks the mediator to pick one of the recommendations; `None` without an answer in time.
pub(super) async fn ask<N: Network>(
    network: &N,
    recommendations: Vec<(VoterId, Recommendation)>,
    timeout: Duration,
) -> Option<Outcome> {
    let request = MediationRequest { recommendations };
    let answer = time::timeout(timeout, exchange(network, &request)).await;
    match answer {
        Ok(Ok(MediationAnswer::Picked(by))) => Some(Outcome::Recommended {
            by,
            ground: Ground::Mediation,
        }),
        Ok(Ok(MediationAnswer::Failed) | Err(Disconnected)) | Err(_) => None,
    }
}

async fn exchange<N: Network>(
    network: &N,
    request: &MediationRequest,
) -> Result<MediationAnswer, Disconnected> {
    let stream = network.connect(MEDIATOR, PORT).await?;
    let (reading, writing) = N::split(stream);
    FrameWriter::new(writing).send(&[request]).await?;
    FrameReader::new(reading).next().await
}
