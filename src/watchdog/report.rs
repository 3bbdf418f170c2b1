//! The report of a run that hangs, and the end of the process.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rehearsal_sim::{Choices, Schedule, TaskInfo, Verdict};

use crate::console::Shown;
use crate::console::print_error;
use crate::exit::Exit;
use crate::repro::{Drawn, EXTENSION, Expected, Repro};
use crate::run::signature::Signature;
use crate::run::under_way::{Position, UnderWay};
use crate::run::{RunReport, RunVerdict, run_deviating, run_once};
use crate::target::Target;

/// Reports the run, writes its repro into `out`, and ends the process.
pub(super) fn report_and_exit(
    target: &dyn Target,
    out: Option<&Path>,
    limit: Duration,
    run: &UnderWay,
    position: Position,
) -> ! {
    let exit = |before: Option<&RunReport>| -> ! {
        print_error(&text(target, out, limit, run, position, before));
        std::process::exit(Exit::Hang.code().into())
    };
    if position.beat.step == 0 || !run.is_of(target) {
        exit(None)
    }
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new().name("watchdog".to_owned());
        let work = move || {
            // Nothing is received once the time is up.
            let _ = sender.send(run_before(target, run, position));
        };
        // A run that does not depend on its seed alone may hang earlier. The process ends
        // within this scope, so that no thread is waited for.
        let before = thread.spawn_scoped(scope, work).ok();
        let before = before.and_then(|_| receiver.recv_timeout(limit).ok());
        exit(before.flatten().as_ref())
    })
}

/// Runs the same seed once more, recorded, up to the step that does not end. None if it does
/// not get there.
fn run_before(target: &dyn Target, run: &UnderWay, position: Position) -> Option<RunReport> {
    let steps = u64::from(position.beat.step) - 1;
    let options = run.options.clone().recorded().within_steps(steps);
    let report = if run.deviations.is_empty() && run.options.strategy.search().is_none() {
        run_once(target, options)
    } else {
        run_deviating(target, options, &run.deviations).0
    };
    let is_there = matches!(report.outcome.verdict, Verdict::Unknown { .. });
    is_there.then_some(report)
}

fn text(
    target: &dyn Target,
    out: Option<&Path>,
    limit: Duration,
    run: &UnderWay,
    position: Position,
    before: Option<&RunReport>,
) -> String {
    let mut text = String::new();
    let seed = run.options.seed;
    let strategy = run.options.strategy.for_seed(seed);
    let step = position.beat.step;
    let variant = if run.is_of(target) {
        ""
    } else {
        ", a variant of it"
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "HANG {}{variant}, seed {seed}, {strategy}: step {step} has not ended for {limit:?}",
        target.name(),
    );
    let task = before.and_then(|report| task(report, position));
    let _ = match task {
        Some(task) => writeln!(text, "  task    {}", described(task)),
        None => writeln!(text, "  task    number {}", position.beat.task.index()),
    };
    let _ = writeln!(
        text,
        "          it has not come to an await, or a task of plain tokio has not"
    );
    let repro = before.and_then(|report| repro(target, run, report, task));
    match out.zip(repro).map(|(out, repro)| save(target, &repro, out)) {
        Some(Ok(path)) => {
            let _ = writeln!(text, "  repro   {}", path.shown());
        }
        Some(Err(error)) => {
            let _ = writeln!(text, "  repro   not written: {error}");
        }
        None => {}
    }
    let _ = writeln!(
        text,
        "  next    with REHEARSAL_WATCHDOG=off it goes on, and a debugger shows where it is"
    );
    text
}

fn task(report: &RunReport, position: Position) -> Option<&TaskInfo> {
    let mut tasks = report.outcome.tasks.iter();
    tasks.find(|task| task.id == position.beat.task)
}

/// Returns the task's name, host and spawn site.
fn described(task: &TaskInfo) -> String {
    let name = match task.name.as_str() {
        "" => task.id.to_string(),
        name => format!("`{name}`"),
    };
    format!("{name} on {}, spawned at {}", task.host, task.spawned_at)
}

/// Returns the repro of the run, of which `before` is all but the last step.
fn repro(
    target: &dyn Target,
    run: &UnderWay,
    before: &RunReport,
    task: Option<&TaskInfo>,
) -> Option<Repro> {
    let (schedule, drawn) = match &run.options.choices {
        Choices::Fresh => {
            let picks = run.deviations.clone();
            (Schedule::default(), Some(Drawn { picks }))
        }
        Choices::Replay(schedule) => (schedule.clone(), None),
        Choices::World(_) => return None,
    };
    Some(Repro {
        origin: target.identity().origin,
        cuts: target.reduced_by().to_vec(),
        seed: run.options.seed,
        strategy: before.strategy,
        interleave: before.outcome.interleave,
        schedule,
        drawn,
        remarks: Vec::new(),
        expected: Expected {
            verdict: RunVerdict::Hang,
            signature: Signature {
                judge: RunVerdict::Hang.word().to_owned(),
                rule: task.map(|task| task.spawned_at.to_string()),
            },
            fingerprint: before.outcome.fingerprint,
        },
        shrunk: None,
    })
}

fn save(target: &dyn Target, repro: &Repro, out: &Path) -> io::Result<PathBuf> {
    let stem = target.identity().file_stem();
    let path = out.join(format!("{stem}-hang-seed-{}.{EXTENSION}", repro.seed));
    repro.save(&path)?;
    Ok(path)
}
