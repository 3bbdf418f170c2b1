//! One command line in a process of its own, and its output.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// Bytes of each output stream that go into a result, at most. Later ones are left out.
const OUTPUT_MAX: u64 = 1 << 20;

/// The program that the tools run: this one.
#[derive(Clone, Debug)]
pub(super) struct Program {
    executable: PathBuf,
}

/// The result of a command line, as the client gets it. The fields are a contract.
#[derive(Serialize, Debug)]
pub(super) struct CommandResult {
    /// The exit code; null if the process was killed.
    pub(super) exit_code: Option<i32>,
    /// The lines of standard output that are JSON.
    lines: Vec<Value>,
    /// The other lines of standard output.
    text: String,
    /// Standard error.
    problems: String,
    /// `true` if there was more output than is shown.
    truncated: bool,
}

impl Program {
    /// Returns this program.
    ///
    /// # Errors
    ///
    /// If the operating system does not say where it is.
    pub(super) fn this() -> io::Result<Self> {
        Ok(Self {
            executable: std::env::current_exe()?,
        })
    }

    /// Runs the program to its end. When the returned future is dropped, the process is killed.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or its output cannot be read.
    pub(super) async fn run(&self, arguments: Vec<OsString>) -> io::Result<CommandResult> {
        let mut child = Command::new(&self.executable)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = tokio::spawn(read(child.stdout.take()));
        let (problems, problems_truncated) = read(child.stderr.take()).await?;
        let (output, output_truncated) = output.await.map_err(io::Error::other)??;
        let status = child.wait().await?;
        let (lines, text) = split(&output, output_truncated);
        Ok(CommandResult {
            exit_code: status.code(),
            lines,
            text,
            problems,
            truncated: output_truncated || problems_truncated,
        })
    }
}

/// Reads a stream to its end and returns its beginning, and `true` if there was more.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> io::Result<(String, bool)> {
    let Some(mut stream) = stream else {
        return Ok((String::new(), false));
    };
    let mut bytes = Vec::new();
    (&mut stream)
        .take(OUTPUT_MAX)
        .read_to_end(&mut bytes)
        .await?;
    // A process whose output is not read would wait for ever.
    let rest = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), rest > 0))
}

/// Separates the lines that are JSON objects from the others. The last line of a truncated
/// output is not whole.
fn split(output: &str, is_truncated: bool) -> (Vec<Value>, String) {
    let whole = match output.rfind('\n') {
        Some(end) if is_truncated => &output[..=end],
        _ => output,
    };
    let (mut lines, mut text) = (Vec::new(), String::new());
    for line in whole.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(object @ Value::Object(_)) => lines.push(object),
            _ => text.push_str(line),
        }
    }
    (lines, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_separated_from_text_and_a_line_that_is_cut_off_is_left_out() {
        let (lines, text) = split("{\"a\":1}\nplain\n3\n{\"b\":", true);
        assert_eq!(lines, [serde_json::json!({"a": 1})]);
        assert_eq!(text, "plain\n3\n");
        assert_eq!(split("one line", true).1, "one line");
        assert_eq!(split("{\"a\":1}", false).0.len(), 1);
    }
}
