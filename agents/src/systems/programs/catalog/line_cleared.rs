//! A reader of lines that is cancelled between two parts of a line. Modelled on rust-sdk #941:
//! the parts that it has read are dropped with it.

use std::collections::VecDeque;

use super::parts::{About, Outcome, Shared, Version, ended, promise, spawn};

/// The entry of the table.
pub(super) const ABOUT: About = About {
    name: "line-cleared",
    idea: "A reader keeps the parts of a line to itself, and they are lost if it is cancelled.",
    promise: "every-line-is-read",
};

/// The number of parts of a line.
const PARTS: usize = 3;

/// The parts that come, those of a line that is not complete, and the lines.
#[derive(Clone, Default)]
struct Input {
    parts: VecDeque<u32>,
    line: Vec<u32>,
    lines: Vec<Vec<u32>>,
}

impl Input {
    /// Takes the next part into the line. Returns `false` if there is none.
    fn read(&mut self) -> bool {
        let part = self.parts.pop_front();
        self.line.extend(part);
        if self.line.len() == PARTS {
            self.lines.push(std::mem::take(&mut self.line));
        }
        part.is_some()
    }
}

/// Runs a reader of `size` parts, and another one that goes on where it was cancelled.
pub(super) async fn run(size: u32, version: Version) -> Outcome {
    let input = Shared::new(Input {
        parts: (0..size).collect(),
        ..Input::default()
    });
    for _ in 0..2 {
        let input = input.clone();
        ended([spawn(async move {
            match version {
                Version::Healthy => while input.update(Input::read).await {},
                Version::Defective => read(&input).await,
            }
        })])
        .await;
    }
    let read = input.get().await.lines.concat();
    let whole: Vec<u32> = (0..size - size % PARTS as u32).collect();
    promise(read == whole, || {
        format!("{} of {} parts are in lines", read.len(), whole.len())
    })
}

async fn read(input: &Shared<Input>) {
    let mut line = Vec::new();
    while let Some(part) = input.update(|input| input.parts.pop_front()).await {
        line.push(part);
        if line.len() == PARTS {
            let line = std::mem::take(&mut line);
            input.update(|input| input.lines.push(line)).await;
        }
    }
}
