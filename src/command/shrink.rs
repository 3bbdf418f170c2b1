//! `rehearsal shrink` on the target of a repro.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Console;
use crate::clock;
use crate::console::Shown;
use crate::exit::Exit;
use crate::report::failure::{self, Unshrunk};
use crate::report::{block, next_steps, summary};
use crate::repro::Repro;
use crate::shrink::Limits;
use crate::target::Target;

/// Shrinks a repro in its place. Once `stop` is true, the smallest run so far stays there.
pub(super) fn shrink(
    target: &dyn Target,
    repro: &Repro,
    file: &Path,
    time: Duration,
    stop: &AtomicBool,
    console: &mut dyn Console,
) -> io::Result<Exit> {
    console.warn(&format!(
        "shrinking {}; interrupted, it keeps the smallest run so far\n",
        file.shown()
    ));
    let out_of_time = clock::after(time);
    let limits = Limits {
        runs: u64::MAX,
        stop: &|| out_of_time() || stop.load(Ordering::Relaxed),
    };
    match failure::shrink(target, repro, file, &limits) {
        Ok(shrinking) => {
            let summary = summary::failure(&shrinking.report);
            let block = block::render(target, &shrinking, Some(file));
            let next = next_steps::with_command(file);
            let page = failure::page_beside(target, &shrinking, file);
            console.print_text(&format!("{summary}{block}\n"))?;
            console.print(&format!("{next}{page}"))?;
            if shrinking.complete || !stop.load(Ordering::Relaxed) {
                return Ok(Exit::Pass);
            }
            console.warn(&format!(
                "interrupted: {} has the smallest run so far\n",
                file.shown()
            ));
            Ok(Exit::Unknown)
        }
        Err(reason) => {
            console.warn(&format!(
                "error: {} is not shrunk: {reason}\n",
                file.shown()
            ));
            Ok(match reason {
                Unshrunk::Shrink(_) | Unshrunk::NotVerified => Exit::NotReproduced,
                Unshrunk::TooLong(_) => Exit::Unknown,
                Unshrunk::Disk(_) => Exit::Internal,
            })
        }
    }
}
