//! The client: calls, which are repeated until they are answered.

use std::time::Duration;

use rehearsal_sim::tokio::net::TcpStream;
use rehearsal_sim::tokio::time;

use super::super::defects;
use super::super::faults::TOOLS;
use super::super::settings::ToolSettings;
use super::super::wire::{Disconnected, FrameReader, FrameWriter};
use super::{Key, PORT, ToolCall, ToolResult};
use crate::defect::Defect;

/// A call had no answer, as often as it was repeated. The tool may have been run or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct GaveUp;

/// The caller's side of the tools.
#[derive(Clone, Debug)]
pub(in super::super) struct ToolClient {
    settings: ToolSettings,
    defect: Option<Defect>,
}

impl ToolClient {
    pub(in super::super) fn new(settings: ToolSettings, defect: Option<Defect>) -> Self {
        Self { settings, defect }
    }

    /// Calls a tool, and repeats the call under its key while there is no answer. `repeated`
    /// is called before each repetition.
    pub(in super::super) async fn call(
        &self,
        call: &ToolCall,
        repeated: impl Fn(),
    ) -> Result<ToolResult, GaveUp> {
        for attempt in 1..=self.settings.attempts {
            if attempt > 1 {
                repeated();
                time::sleep(self.backoff(attempt)).await;
            }
            let call = self.keyed(call, attempt);
            let answer = time::timeout(self.settings.patience, send(&call));
            if let Ok(Ok(result)) = answer.await {
                return Ok(result);
            }
        }
        Err(GaveUp)
    }

    /// Returns the time before an attempt: twice as long each time.
    fn backoff(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(2).min(10);
        self.settings.backoff * 2_u32.pow(doublings)
    }

    fn keyed(&self, call: &ToolCall, attempt: u32) -> ToolCall {
        let mut call = call.clone();
        // Seeded: each attempt is a call of its own.
        if self.defect == Some(defects::RETRY_WITH_NEW_KEY) {
            call.key = Key(format!("{}#{attempt}", call.key.0).into());
        }
        call
    }
}

/// Makes one attempt.
async fn send(call: &ToolCall) -> Result<ToolResult, Disconnected> {
    let stream = TcpStream::connect((TOOLS, PORT)).await?;
    let (reading, writing) = stream.into_split();
    let mut writer = FrameWriter::new(writing);
    writer.send(&[call]).await?;
    FrameReader::new(reading).next().await
}
