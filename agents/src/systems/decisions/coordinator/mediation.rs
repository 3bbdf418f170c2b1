//! The question to the mediator.

use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::time;

use super::super::faults::MEDIATOR;
use super::super::rules::{Ground, Outcome, Recommendation};
use super::super::wire::{
    Disconnected, FrameReader, FrameWriter, MediationAnswer, MediationRequest, PORT, VoterId,
};

/// Asks the mediator to pick one of the recommendations; `None` without an answer in time.
pub(super) async fn ask(
    recommendations: Vec<(VoterId, Recommendation)>,
    timeout: Duration,
) -> Option<Outcome> {
    let request = MediationRequest { recommendations };
    let answer = time::timeout(timeout, exchange(&request)).await;
    match answer {
        Ok(Ok(MediationAnswer::Picked(by))) => Some(Outcome::Recommended {
            by,
            ground: Ground::Mediation,
        }),
        Ok(Ok(MediationAnswer::Failed) | Err(Disconnected)) | Err(_) => None,
    }
}

async fn exchange(request: &MediationRequest) -> Result<MediationAnswer, Disconnected> {
    let stream = TcpStream::connect((MEDIATOR, PORT)).await?;
    let (reading, writing) = stream.into_split();
    FrameWriter::new(writing).send(&[request]).await?;
    FrameReader::new(reading).next().await
}
