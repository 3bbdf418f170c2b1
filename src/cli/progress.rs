//! The progress of an exploration on standard error: a bar on a terminal, a line now
//! and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::now;
use crate::explore::Progress;

use super::print_error;

/// The interval of lines where there is no bar.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The interval at which the bar's text is renewed.
const REFRESH: Duration = Duration::from_millis(100);

/// Parts of a bar.
const LENGTH: u64 = 1_000;

/// The display of an exploration.
pub(super) struct Display {
    scenario: String,
    /// None where there is no terminal.
    bar: Option<ProgressBar>,
    shown: Instant,
}

impl Display {
    pub(super) fn new(scenario: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(LENGTH), ProgressDrawTarget::stderr());
            // The template is a constant; a bar without style is one too.
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:24}] {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(scenario.to_owned());
            bar
        });
        Self {
            scenario: scenario.to_owned(),
            bar,
            shown: now(),
        }
    }

    /// Shows it, if it is time to.
    pub(super) fn update(&mut self, progress: &Progress) {
        let every = if self.bar.is_some() {
            REFRESH
        } else {
            HEARTBEAT
        };
        let time = now();
        if time - self.shown < every {
            return;
        }
        self.shown = time;
        match &self.bar {
            Some(bar) => {
                let share = progress.share().unwrap_or(0.0);
                bar.set_position((share * LENGTH as f64) as u64);
                bar.set_message(text(progress));
            }
            None => print_error(&format!("{}: {}\n", self.scenario, text(progress))),
        }
    }

    /// Does something else to the terminal meanwhile.
    pub(super) fn aside<T>(&self, what: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(what),
            None => what(),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// More time than this is shown without a number: at a rate that is measured for so short a
/// while, the number means nothing.
const TIME_LEFT_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn time_left(left: Duration) -> String {
    if left > TIME_LEFT_MAX {
        "more than a year".to_owned()
    } else {
        format!("{} s", left.as_secs())
    }
}

fn text(progress: &Progress) -> String {
    let total = progress
        .total
        .map_or_else(String::new, |total| format!(" of {total}"));
    let left = progress
        .left()
        .map_or_else(String::new, |left| format!(", {} left", time_left(left)));
    format!(
        "{}{total} runs, {:.0} a second, {:.1} times real time, {} failed{left}",
        progress.done,
        progress.rate(),
        progress.speed(),
        progress.failures,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_means_nothing_has_no_number() {
        assert_eq!(time_left(Duration::from_secs(90)), "90 s");
        assert_eq!(time_left(Duration::from_secs(u64::MAX)), "more than a year");
    }
}
