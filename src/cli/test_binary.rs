//! The test binaries of a user's packages: built by cargo, asked for the names of their
//! tests, and started to execute a command on one of them.

use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use serde::Deserialize;

use crate::command::remote::{Message, receive, send};
use crate::command::{Console, Request};
use crate::console::Shown;
use crate::environment::{COMMAND, FROM_STDIN};
use crate::exit::Exit;

/// The interval at which an interruption is looked for.
const TICK: Duration = Duration::from_millis(50);

/// Tests that a message lists at most.
const LISTED_MAX: usize = 10;

/// The packages whose test binaries are built.
#[derive(Clone, Debug, Default)]
pub(super) struct Packages {
    /// `--package`.
    pub package: Option<String>,
    /// `--manifest-path`.
    pub manifest: Option<PathBuf>,
}

impl Packages {
    /// Returns `true` if the command line says which they are.
    pub(super) fn are_named(&self) -> bool {
        self.package.is_some() || self.manifest.is_some()
    }
}

/// One test of a test binary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TestProgram {
    binary: TestBinary,
    /// The name as the binary has it.
    path: String,
}

/// A test binary that cargo has built.
#[derive(Clone, PartialEq, Eq, Debug)]
struct TestBinary {
    executable: PathBuf,
    /// The name of its crate.
    crate_name: String,
    /// The directory of its package, in which cargo runs tests.
    package: PathBuf,
}

/// The reason why there is no single test of a name.
#[derive(Debug)]
pub(super) enum NotFound {
    /// Cargo did not build the tests; it has said why.
    NotBuilt,
    /// Something could not be started or read.
    Io(io::Error),
    /// No test has the name.
    None { binaries: usize, tests: usize },
    /// Several tests have the name.
    Ambiguous(Vec<String>),
}

impl NotFound {
    /// Returns the exit code that says so.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::NotBuilt => Exit::Usage,
            Self::Io(_) => Exit::Internal,
            Self::None { .. } | Self::Ambiguous(_) => Exit::NothingSelected,
        }
    }

    /// Returns the message.
    pub(super) fn message(&self, name: &str) -> String {
        let name = name.escape_debug();
        match self {
            Self::NotBuilt => "the tests could not be built".to_owned(),
            Self::Io(error) => format!("the tests could not be listed: {error}"),
            Self::None { binaries, tests } => format!(
                "no test is called `{name}`; there are {tests} tests in {binaries} test binaries, \
                 and `--package` selects those of another package"
            ),
            Self::Ambiguous(names) => {
                let listed: Vec<String> = names.iter().take(LISTED_MAX).cloned().collect();
                let more = names.len().saturating_sub(listed.len());
                let more = match more {
                    0 => String::new(),
                    more => format!("\n  and {more} more"),
                };
                format!(
                    "{} tests are called `{name}`; say more of the name:\n  {}{more}",
                    names.len(),
                    listed.join("\n  ")
                )
            }
        }
    }
}

/// Builds the test binaries and returns the test that has the name, exactly or as the end
/// of its path.
pub(super) fn find(packages: &Packages, name: &str) -> Result<TestProgram, NotFound> {
    let binaries = build(packages)?;
    let mut tests = Vec::new();
    for binary in &binaries {
        let paths = list(binary).map_err(NotFound::Io)?;
        tests.extend(paths.into_iter().map(|path| TestProgram {
            binary: binary.clone(),
            path,
        }));
    }
    let count = tests.len();
    let (exact, others): (Vec<_>, Vec<_>) = tests.into_iter().partition(|test| test.is(name));
    let found = if exact.is_empty() {
        others.into_iter().filter(|t| t.ends_in(name)).collect()
    } else {
        exact
    };
    match <[TestProgram; 1]>::try_from(found) {
        Ok([test]) => Ok(test),
        Err(found) if found.is_empty() => Err(NotFound::None {
            binaries: binaries.len(),
            tests: count,
        }),
        Err(found) => {
            let names = found.iter().map(TestProgram::name).collect();
            Err(NotFound::Ambiguous(names))
        }
    }
}

impl TestProgram {
    /// Returns its path with the crate's name, as repros have it.
    fn name(&self) -> String {
        format!("{}::{}", self.binary.crate_name, self.path)
    }

    fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// Returns `true` if its path is that name or ends in it. A path without its crate
    /// may be that of tests in several binaries.
    fn ends_in(&self, name: &str) -> bool {
        let start = self.path.strip_suffix(name);
        start.is_some_and(|start| start.is_empty() || start.ends_with("::") || start.ends_with('/'))
    }

    /// Returns the executable that has it.
    pub(super) fn executable(&self) -> &Path {
        &self.binary.executable
    }

    /// Starts the test and has it execute a command, whose output goes to `console`.
    /// Once `stop` is true, the command is to end.
    pub(super) fn execute(
        &self,
        request: &Request,
        stop: &AtomicBool,
        console: &mut dyn Console,
    ) -> io::Result<Exit> {
        self.execute_with(request, stop, console, &|_| {})
    }

    /// As [`TestProgram::execute`], in a process whose surroundings `adjust` changes.
    pub(super) fn execute_with(
        &self,
        request: &Request,
        stop: &AtomicBool,
        console: &mut dyn Console,
        adjust: &dyn Fn(&mut Command),
    ) -> io::Result<Exit> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut child = self.start(theirs, adjust)?;
        send(&ours, request)?;
        let done = std::thread::scope(|scope| {
            let (_open, ended) = mpsc::channel();
            scope.spawn(|| pass_on(stop, ended, &ours));
            forward(&ours, console)
        });
        // Where nothing more is read, the test must not wait to be.
        drop(ours);
        let status = child.wait()?;
        Ok(match done? {
            Some(exit) => exit,
            None => {
                console.warn(&format!("error: {}\n", self.no_answer(status)));
                if status.success() {
                    Exit::NothingSelected
                } else if status.code() == Some(Exit::Hang.code().into()) {
                    Exit::Hang
                } else {
                    Exit::Internal
                }
            }
        })
    }

    fn start(&self, channel: UnixStream, adjust: &dyn Fn(&mut Command)) -> io::Result<Child> {
        // In a process group of its own: Ctrl-C reaches the command line alone, which
        // passes it on.
        let mut command = self.binary.command();
        adjust(&mut command);
        command
            .args(["--exact", &self.path, "--nocapture", "--include-ignored"])
            .args(["--test-threads", "1"])
            .env(COMMAND, FROM_STDIN)
            .stdin(Stdio::from(OwnedFd::from(channel)))
            .stdout(Stdio::null())
            .process_group(0);
        command.spawn()
    }

    fn no_answer(&self, status: ExitStatus) -> String {
        let name = self.name();
        if status.success() {
            format!("`{name}` is no `#[rehearsal::test]`, nor a scenario's test")
        } else {
            format!("the test `{name}` ended before it had finished: {status}")
        }
    }
}

impl TestBinary {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(&self.package)
            .env("CARGO_MANIFEST_DIR", &self.package);
        command
    }
}

/// Closes the stream to the test when `stop` becomes true, until the other end of
/// `ended` is dropped, as it is when the command has ended, in error or not.
fn pass_on(stop: &AtomicBool, ended: Receiver<()>, stream: &UnixStream) {
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if stop.load(Ordering::Relaxed) {
            // It may have ended this moment.
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// Prints what the test sends. Returns how the command ended, if it has said so.
fn forward(stream: &UnixStream, console: &mut dyn Console) -> io::Result<Option<Exit>> {
    let mut reader = BufReader::new(stream);
    loop {
        match receive(&mut reader) {
            Ok(Some(Message::Print(text))) => console.print(&text)?,
            Ok(Some(Message::PrintText(text))) => console.print_text(&text)?,
            Ok(Some(Message::Warn(text))) => console.warn(&text),
            Ok(Some(Message::Progress(progress))) => console.progress(&progress)?,
            Ok(Some(Message::Done(exit))) => return Ok(Some(exit)),
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// A message of cargo's, as far as it matters here.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum CargoMessage {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: CargoTarget,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Has cargo build the test binaries. What it prints goes to standard error.
fn build(packages: &Packages) -> Result<Vec<TestBinary>, NotFound> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    // A repro names its package: as one argument with its flag, no name becomes a flag.
    if let Some(package) = &packages.package {
        command.arg(format!("--package={package}"));
    }
    if let Some(manifest) = &packages.manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let built = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(NotFound::Io)?;
    if !built.status.success() {
        return Err(NotFound::NotBuilt);
    }
    let messages = serde_json::Deserializer::from_slice(&built.stdout).into_iter();
    let mut binaries = Vec::new();
    for message in messages {
        match message.map_err(|error| NotFound::Io(error.into()))? {
            CargoMessage::CompilerArtifact(artifact) => binaries.extend(artifact.into_binary()),
            CargoMessage::Other => {}
        }
    }
    Ok(binaries)
}

impl Artifact {
    /// Returns the test binary, if that is what was built. The tests of a procedural
    /// macro run inside the compiler's libraries, not in the simulator.
    fn into_binary(self) -> Option<TestBinary> {
        let is_macro = self.target.kind.iter().any(|kind| kind == "proc-macro");
        if !self.profile.test || is_macro {
            return None;
        }
        Some(TestBinary {
            executable: self.executable?,
            crate_name: self.target.name.replace('-', "_"),
            package: self.manifest_path.parent()?.to_owned(),
        })
    }
}

/// Returns the paths of the tests in a binary, by the protocol of `cargo test -- --list`.
fn list(binary: &TestBinary) -> io::Result<Vec<String>> {
    let listed = binary
        .command()
        .args(["--list", "--format", "terse"])
        .env_remove(COMMAND)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !listed.status.success() {
        return Err(io::Error::other(format!(
            "{} --list: {}",
            binary.executable.shown(),
            listed.status
        )));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let paths = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(paths.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(crate_name: &str, path: &str) -> TestProgram {
        TestProgram {
            binary: TestBinary {
                executable: "x".into(),
                crate_name: crate_name.to_owned(),
                package: ".".into(),
            },
            path: path.to_owned(),
        }
    }

    #[test]
    fn names_match_whole_segments() {
        let test = test("bank", "tests::no_money_is_lost");
        assert!(test.is("bank::tests::no_money_is_lost"));
        assert!(!test.is("tests::no_money_is_lost"));
        assert!(!test.is("no_money_is_lost"));
        assert!(test.ends_in("tests::no_money_is_lost"));
        assert!(test.ends_in("no_money_is_lost"));
        assert!(!test.ends_in("money_is_lost"));
    }

    #[test]
    fn scenarios_of_registered_systems_match_by_their_own_name() {
        let test = test("scenarios", "mine/collision");
        assert!(test.ends_in("mine/collision"));
        assert!(test.ends_in("collision"));
    }
}
