//! One side of a comparison: a process with surroundings of its own that runs seeds.

use std::io::{self, BufRead, Read, Write};
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::draw::{Draw, Drawn};
use crate::cli::test_binary::TestProgram;
use crate::command::digest::{
    self, Digest, DigestExtent, DigestLine, DigestRequest, Order, RunKey,
};
use crate::command::{Console, Request};
use crate::exit::Exit;
use crate::explore::Progress;
use crate::scenario::{self, Edit, Scenario};
use crate::target::Target;

/// The command that a process of scenarios is started with.
pub(super) const COMMAND: &str = "digests";

/// The most bytes that a variable of the environment may have is 128 KiB on Linux.
const PADDING_MAX: usize = 100_000;

const THREADS_MAX: usize = 8;

const LOCALES: [&str; 5] = ["C", "C.UTF-8", "de_DE.UTF-8", "ja_JP.eucJP", "tr_TR.UTF-8"];

const TIME_ZONES: [&str; 4] = [
    "UTC",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Kiritimati",
];

/// What a process prints for the comparison.
#[derive(Debug, Default)]
pub(super) struct Digests {
    /// The address at which the program was loaded.
    pub(super) address: String,
    /// The digests, in the order of the runs.
    pub(super) runs: Vec<Digest>,
}

/// The reason why a process has no digests.
#[derive(Debug)]
pub(super) struct Broken {
    /// The exit code that says so.
    pub(super) exit: Exit,
    /// A text for people, and what the process printed.
    pub(super) message: String,
}

impl Broken {
    fn internal(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Internal,
            message: message.into(),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::internal(format!("a process cannot be started or read: {error}"))
    }
}

/// The surroundings of a process, as far as they differ from those of this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Surroundings {
    /// Variables of the environment.
    variables: Vec<(&'static str, String)>,
    /// The current directory.
    directory: Option<PathBuf>,
    /// `true` if the operating system lays out the memory as always, not by chance.
    fixed_layout: bool,
    jobs: NonZeroUsize,
    order: Order,
}

impl Surroundings {
    /// Returns those of this process: one thread, and the runs in their order.
    pub(super) fn plain() -> Self {
        Self {
            variables: Vec::new(),
            directory: None,
            fixed_layout: false,
            jobs: NonZeroUsize::MIN,
            order: Order::Forward,
        }
    }

    /// Returns others for that batch: another size of the environment, locale, time zone and
    /// directory, several threads, the runs in the opposite order and, in every second batch,
    /// a fixed layout of the memory if the machine can do that.
    pub(super) fn drawn(draw: &Draw, batch: u64, directory: &Path, can_fix_layout: bool) -> Self {
        let below = |nth: u64, bound| draw.below(batch * 8 + nth, Drawn::Surroundings, bound);
        let locale = LOCALES[below(0, LOCALES.len())].to_owned();
        Self {
            variables: vec![
                ("LANG", locale.clone()),
                ("LC_ALL", locale),
                ("TZ", TIME_ZONES[below(1, TIME_ZONES.len())].to_owned()),
                ("PADDING", "x".repeat(below(2, PADDING_MAX))),
            ],
            directory: Some(directory.to_owned()),
            fixed_layout: can_fix_layout && batch.is_multiple_of(2),
            jobs: NonZeroUsize::MIN.saturating_add(1 + below(3, THREADS_MAX - 1)),
            order: Order::Backward,
        }
    }

    fn request(&self, runs: &[RunKey], extent: DigestExtent) -> DigestRequest {
        DigestRequest {
            runs: runs.to_vec(),
            jobs: self.jobs,
            order: self.order,
            extent,
        }
    }
}

/// Returns `true` if `setarch` is there and may switch the random layout of memory off.
pub(super) fn can_fix_layout() -> bool {
    let status = Command::new("setarch")
        .args(["-R", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The program that runs seeds in a process.
pub(super) enum Program {
    /// This command line, or another build of it.
    Scenarios {
        executable: PathBuf,
        /// The scenarios by their places in the runs.
        targets: Vec<ScenarioKey>,
    },
    /// A test binary.
    Test(TestProgram),
}

/// A scenario in messages between processes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ScenarioKey {
    file: PathBuf,
    healthy: bool,
    /// The values that are set.
    set: Vec<String>,
}

impl ScenarioKey {
    /// Returns that of a scenario.
    ///
    /// # Errors
    ///
    /// If there is no current directory.
    pub(super) fn of(scenario: &Scenario) -> io::Result<Self> {
        Ok(Self {
            file: std::path::absolute(&scenario.file)?,
            healthy: scenario.is_twin(),
            set: scenario.set.iter().map(ToString::to_string).collect(),
        })
    }

    fn load(&self) -> Result<Scenario, String> {
        let named = |problem| format!("{}: {problem}", self.file.display());
        let set: Result<Vec<Edit>, _> = self.set.iter().map(|edit| edit.parse()).collect();
        let set = set.map_err(|_| named("a value that cannot be set".to_owned()))?;
        let scenario = scenario::load_with(&self.file, &set).map_err(|problems| {
            let first = problems.first().map(|problem| problem.message.clone());
            named(first.unwrap_or_default())
        })?;
        if !self.healthy {
            return Ok(scenario);
        }
        let twin = scenario.twin();
        twin.ok_or_else(|| named("it carries no defect".to_owned()))
    }
}

/// What a process of scenarios reads from standard input.
#[derive(Serialize, Deserialize)]
struct ScenarioRequest {
    targets: Vec<ScenarioKey>,
    digest: DigestRequest,
}

impl Program {
    /// Runs what is listed in a process of its own.
    ///
    /// # Errors
    ///
    /// If the process cannot be started, or ends before its time.
    pub(super) fn digests(
        &self,
        runs: &[RunKey],
        extent: DigestExtent,
        surroundings: &Surroundings,
        stop: &AtomicBool,
    ) -> Result<Digests, Broken> {
        let mut collected = Collected::default();
        let digest = surroundings.request(runs, extent);
        let exit = match self {
            Self::Scenarios {
                executable,
                targets,
            } => {
                let request = compact(targets, digest);
                run_scenarios(executable, &request, surroundings, &mut collected)?
            }
            Self::Test(test) => {
                let request = Request::Digest(digest);
                let adjust = |command: &mut Command| {
                    // Not the directory, which a test may rely on.
                    command.envs(
                        surroundings
                            .variables
                            .iter()
                            .map(|(name, value)| (name, value)),
                    );
                };
                test.execute_with(&request, stop, &mut collected, &adjust)?
            }
        };
        collected.finish(runs.len(), exit)
    }
}

/// Returns the request with those targets alone that it has runs of.
fn compact(targets: &[ScenarioKey], mut digest: DigestRequest) -> ScenarioRequest {
    let mut used: Vec<usize> = digest.runs.iter().map(|run| run.target).collect();
    used.sort_unstable();
    used.dedup();
    for run in &mut digest.runs {
        let place = used.binary_search(&run.target);
        run.target = place.expect("every target of a run is listed");
    }
    ScenarioRequest {
        targets: used.iter().map(|&used| targets[used].clone()).collect(),
        digest,
    }
}

fn run_scenarios(
    executable: &Path,
    request: &ScenarioRequest,
    surroundings: &Surroundings,
    collected: &mut Collected,
) -> Result<Exit, Broken> {
    let mut command = if surroundings.fixed_layout {
        let mut command = Command::new("setarch");
        command.arg("-R").arg(executable);
        command
    } else {
        Command::new(executable)
    };
    if let Some(directory) = &surroundings.directory {
        command.current_dir(directory);
    }
    // In a process group of its own: Ctrl-C lets the runs under way end.
    let mut child = command
        .arg(COMMAND)
        .envs(
            surroundings
                .variables
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| {
            let program = executable.display();
            Broken::internal(format!("{program} cannot be started: {error}"))
        })?;
    let text = serde_json::to_vec(request).map_err(io::Error::from)?;
    // It reads all of this before it prints. One that ends before that has printed too few runs.
    let written = match child.stdin.take().map(|mut stdin| stdin.write_all(&text)) {
        Some(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    };
    let output = child.wait_with_output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let hangs = output.status.code() == Some(Exit::Hang.code().into());
        return Err(Broken {
            exit: if hangs { Exit::Hang } else { Exit::Internal },
            message: format!(
                "{} ended with {}\n{complaint}",
                executable.display(),
                output.status
            ),
        });
    }
    written?;
    for line in output.stdout.lines() {
        collected.print(&line?)?;
    }
    Ok(Exit::Pass)
}

/// The lines of a process.
#[derive(Default)]
struct Collected {
    address: String,
    runs: Vec<Digest>,
    problems: String,
}

impl Collected {
    fn finish(mut self, runs: usize, exit: Exit) -> Result<Digests, Broken> {
        self.runs.sort_by_key(|digest| digest.run);
        let places = self.runs.iter().map(|digest| digest.run);
        if exit == Exit::Pass && places.eq(0..runs) {
            return Ok(Digests {
                address: self.address,
                runs: self.runs,
            });
        }
        let (found, problems) = (self.runs.len(), self.problems);
        Err(Broken {
            exit: if exit == Exit::Pass {
                Exit::Internal
            } else {
                exit
            },
            message: format!("a process ended after {found} of {runs} runs\n{problems}"),
        })
    }
}

impl Console for Collected {
    fn print(&mut self, text: &str) -> io::Result<()> {
        match serde_json::from_str(text)? {
            DigestLine::Loaded(address) => self.address = address,
            DigestLine::Run(digest) => self.runs.push(digest),
        }
        Ok(())
    }

    fn warn(&mut self, text: &str) {
        self.problems.push_str(text);
    }

    fn progress(&mut self, _progress: &Progress) -> io::Result<()> {
        Ok(())
    }
}

/// Runs what standard input lists, and prints the digests.
pub(in crate::cli) fn print_digests(console: &mut dyn Console) -> io::Result<Exit> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    let request: ScenarioRequest = match serde_json::from_str(&text) {
        Ok(request) => request,
        Err(error) => {
            console.warn(&format!(
                "error: `verify-determinism` starts this, and lists runs on standard input: {error}\n"
            ));
            return Ok(Exit::Usage);
        }
    };
    let loaded: Result<Vec<Scenario>, String> =
        request.targets.iter().map(ScenarioKey::load).collect();
    match loaded {
        Ok(scenarios) => {
            let targets: Vec<&dyn Target> = scenarios.iter().map(|it| it as &dyn Target).collect();
            digest::digest(&targets, &request.digest, &AtomicBool::new(false), console)
        }
        Err(problem) => {
            console.warn(&format!("error: {problem}\n"));
            Ok(Exit::Usage)
        }
    }
}
