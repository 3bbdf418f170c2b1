//! `rehearsal mcp` as a coding agent meets it: a process with a session of the protocol on its
//! standard streams.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RunningService, ServiceError};
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::process::{Child, Command as AsyncCommand};

use crate::support::{code, stderr, stdout};

/// Returns an empty directory for the repros of a test.
fn out(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("mcp")
        .join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).expect("it is removed");
    }
    path
}

/// A session with a server of its own.
struct Session {
    client: RunningService<RoleClient, ()>,
    server: Child,
}

impl Session {
    async fn open(out: &Path) -> Self {
        let mut server = AsyncCommand::new(env!("CARGO_BIN_EXE_rehearsal"))
            .arg("--out")
            .arg(out)
            .arg("mcp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let streams = (
            server.stdout.take().expect("a stream"),
            server.stdin.take().expect("a stream"),
        );
        let client = ().serve(streams).await.expect("a session");
        Self { client, server }
    }

    async fn call(
        &self,
        tool: &'static str,
        arguments: Value,
    ) -> Result<CallToolResult, ServiceError> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        self.client.call_tool(params).await
    }

    /// Calls a tool that is to return a result, and returns that.
    async fn result(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await.expect("an answer");
        assert_eq!(result.is_error, Some(false), "{result:?}");
        result.structured_content.expect("a structure")
    }

    /// Calls a tool that is to return an error, and returns that.
    async fn error(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await.expect("an answer");
        assert_eq!(result.is_error, Some(true), "{result:?}");
        result.structured_content.expect("a structure")
    }

    /// Closes the stream and returns the server's exit code.
    async fn close(mut self) -> Option<i32> {
        self.client.cancel().await.expect("it closes");
        self.server.wait().await.expect("it ends").code()
    }
}

/// Runs a test in a runtime of its own.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

fn of_scenario<'a>(result: &'a Value, field: &str, name: &str) -> &'a Value {
    let lines = result["lines"].as_array().expect("a list");
    let mut lines = lines.iter();
    let line = lines.find(|line| line[field] == name);
    line.unwrap_or_else(|| panic!("no {name} in {result}"))
}

#[test]
fn agent_finds_replays_shrinks_and_reads_a_race() {
    run(async {
        let out = out("race");
        let session = Session::open(&out).await;
        let listed = session.result("list", json!({})).await;
        let claimed = of_scenario(&listed, "name", "claimed-twice");
        assert!(claimed["defect"].is_string(), "{claimed}");

        let arguments = json!({ "scenarios": ["claimed-twice"], "seeds": "200", "jobs": 1 });
        let explored = session.result("explore", arguments).await;
        assert_eq!(explored["exit_code"], 10, "{explored}");
        let line = of_scenario(&explored, "scenario", "claimed-twice");
        assert!(line["failures"].as_u64() > Some(0), "{line}");
        let repro = line["signatures"][0]["repro"].as_str();
        let repro = repro.unwrap_or_else(|| panic!("a repro in {line}"));
        assert!(Path::new(repro).is_file(), "{repro}");

        let replayed = session.result("replay", json!({ "file": repro })).await;
        assert_eq!(replayed["exit_code"], 10, "{replayed}");
        assert_eq!(replayed["lines"][0]["result"], "reproduced", "{replayed}");

        let arguments = json!({ "file": repro, "time": "5s" });
        let shrunk = session.result("shrink", arguments).await;
        assert_eq!(shrunk["exit_code"], 0, "{shrunk}");

        let reported = session.result("report", json!({ "file": repro })).await;
        let text = reported["text"].as_str().expect("a text");
        assert!(text.contains("VIOLATION"), "{text}");
        let arguments = json!({ "file": repro, "form": "mermaid" });
        let drawn = session.result("report", arguments).await;
        let text = drawn["text"].as_str().expect("a text");
        assert!(text.starts_with("sequenceDiagram"), "{text}");
        assert_eq!(session.close().await, Some(0));
    });
}

#[test]
fn result_has_the_json_of_the_command_line() {
    run(async {
        let out = out("same");
        let session = Session::open(&out).await;
        let arguments = json!({ "scenarios": ["broadcast-to-all"], "seeds": "2" });
        let result = session.result("run", arguments).await;
        let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .arg("--out")
            .arg(&out)
            .args(["run", "broadcast-to-all", "--seeds", "2", "--json"])
            .output()
            .expect("the command starts");
        let parse = |line| serde_json::from_str::<Value>(line).expect("JSON");
        let lines: Vec<Value> = stdout(&output).lines().map(parse).collect();
        assert_eq!(result["lines"], Value::from(lines));
        assert_eq!(result["exit_code"], code(&output));
        assert_eq!(result["text"], "");
        assert_eq!(result["truncated"], false);
        session.close().await;
    });
}

#[test]
fn calls_that_make_no_sense_are_errors_and_the_session_goes_on() {
    run(async {
        let session = Session::open(&out("errors")).await;
        assert!(session.call("erase", json!({})).await.is_err());
        for arguments in [
            json!({}),
            json!({ "scenarios": "collision" }),
            json!({ "scenarios": ["collision"], "seed": -1 }),
            json!({ "scenarios": ["collision"], "out": "/" }),
        ] {
            let answer = session.call("run", arguments.clone()).await;
            let is_refused = answer.map_or(true, |result| result.is_error == Some(true));
            assert!(is_refused, "{arguments}");
        }
        for arguments in [
            json!({ "scenarios": [] }),
            json!({ "scenarios": ["no-such-scenario"] }),
            json!({ "scenarios": ["--help"] }),
            json!({ "scenarios": ["collision"], "strategy": "luck" }),
            json!({ "scenarios": ["collision"], "set": ["--junit=x"] }),
        ] {
            let error = session.error("run", arguments.clone()).await;
            assert_eq!(error["exit_code"], 2, "{arguments}: {error}");
            let problems = error["problems"].as_str().expect("a text");
            assert!(problems.contains("error"), "{problems}");
        }
        let arguments = json!({ "scenarios": ["nul\u{0}byte"] });
        assert!(
            session
                .call("run", arguments)
                .await
                .map_or(true, |result| result.is_error == Some(true))
        );
        session.result("list", json!({})).await;
        assert_eq!(session.close().await, Some(0));
    });
}

#[test]
fn paths_out_of_the_project_are_refused_unread() {
    run(async {
        let out = out("outside");
        std::fs::create_dir_all(&out).expect("a directory");
        let session = Session::open(&out).await;
        for path in [
            "/etc/passwd",
            "/no/such/file",
            "../secret.toml",
            "scenarios/../../x.toml",
        ] {
            for (tool, arguments) in [
                ("run", json!({ "scenarios": [path] })),
                ("explore", json!({ "scenarios": [path] })),
                ("replay", json!({ "file": path })),
                ("shrink", json!({ "file": path })),
                ("report", json!({ "file": path })),
            ] {
                let error = session.error(tool, arguments).await;
                let problems = error["problems"].as_str().expect("a text");
                assert!(problems.contains("outside the project"), "{problems}");
                assert!(error.get("exit_code").is_none(), "{error}");
            }
        }
        let kept = "scenarios/regressions/sequence-apart-from-send.repro";
        let text = std::fs::read_to_string(kept).expect("a repro");
        let line = text.lines().find(|line| line.starts_with("file = "));
        let hostile = text.replace(
            line.expect("its scenario's file"),
            "file = \"/etc/sequence-apart-from-send.toml\"",
        );
        let file = out.join("hostile.repro");
        std::fs::write(&file, hostile).expect("a file");
        let error = session.error("replay", json!({ "file": file })).await;
        let problems = error["problems"].as_str().expect("a text");
        assert!(
            problems.contains("`/etc/sequence-apart-from-send.toml` is outside"),
            "{problems}"
        );
        session.close().await;
    });
}

/// Runs the server with that input and returns its output.
fn served(input: &[u8]) -> std::process::Output {
    let mut server = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut stdin = server.stdin.take().expect("a stream");
    // A server that has ended reads no more.
    let _ = stdin.write_all(input);
    drop(stdin);
    server.wait_with_output().expect("it ends")
}

#[test]
fn streams_that_are_no_session_end_the_server_with_a_message() {
    let cut = br#"{"jsonrpc":"2.0","id":1,"method":"initi"#;
    for input in [&b""[..], b"hello\n", b"\xff\xfe\0\n", b"[]\n{}\n", cut] {
        let output = served(input);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let text = stderr(&output);
        assert!(text.contains("no MCP client"), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn session_that_is_cut_within_a_message_ends_the_server() {
    let begin = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let input = format!("{begin}\n{begun}\n{{\"jsonrpc\":\"2.0\",\"id\":2,\"meth");
    let output = served(input.as_bytes());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = stdout(&output);
    let answer: Value = serde_json::from_str(lines.trim_end()).expect("one line of JSON");
    assert_eq!(answer["result"]["serverInfo"]["name"], "rehearsal");
}
