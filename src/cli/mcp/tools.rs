//! The tools of the server: one for each command that an agent needs to find, replay and
//! understand a race.

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};

use super::arguments::{
    CommandLine, ExploreArguments, ListArguments, ReplayArguments, ReportArguments, RunArguments,
    ShrinkArguments,
};
use super::process::{CommandResult, Program};
use super::project::{Outside, Project};
use crate::exit::Exit;

/// The tools of one session.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    project: Project,
    program: Program,
}

impl Tools {
    /// Returns the tools that run a program in a project.
    pub(super) fn new(project: Project, program: Program) -> Self {
        Self { project, program }
    }

    /// Runs a command line, unless it names a file out of the project. A call that its client
    /// cancels kills the process.
    async fn execute(
        &self,
        admitted: Result<(), Outside>,
        line: impl Into<CommandLine>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        if let Err(outside) = admitted {
            let problems = serde_json::json!({ "problems": outside.message() });
            return Ok(CallToolResult::structured_error(problems));
        }
        let (scenarios, out) = (&self.project.scenarios, &self.project.out);
        let arguments = line.into().with_directories(scenarios, out);
        let running = self.program.run(arguments);
        match context.ct.run_until_cancelled(running).await {
            Some(Ok(result)) => answer(&result),
            Some(Err(error)) => Err(ErrorData::internal_error(error.to_string(), None)),
            None => Err(ErrorData::internal_error("the call was cancelled", None)),
        }
    }
}

/// Returns the answer to a call. A run that fails is a result; a command line that could not run
/// is an error.
fn answer(result: &CommandResult) -> Result<CallToolResult, ErrorData> {
    let value = serde_json::to_value(result);
    let value = value.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    let errors = [Exit::Internal, Exit::Usage, Exit::NothingSelected];
    let is_error = result
        .exit_code
        .is_none_or(|code| errors.iter().any(|exit| i32::from(exit.code()) == code));
    Ok(if is_error {
        CallToolResult::structured_error(value)
    } else {
        CallToolResult::structured(value)
    })
}

#[tool_router]
impl Tools {
    #[tool(
        description = "Lists the scenarios, one object a line: claim, system, defect, oracles, seeds.",
        annotations(read_only_hint = true)
    )]
    async fn list(
        &self,
        Parameters(arguments): Parameters<ListArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let admitted = self.project.admit_all_scenarios();
        self.execute(admitted, arguments, context).await
    }

    #[tool(
        description = "Runs scenarios with given seeds, one object a seed: verdict, violations, \
                       and the repro file of a failure."
    )]
    async fn run(
        &self,
        Parameters(arguments): Parameters<RunArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let mut named = arguments.scenarios.iter();
        let admitted = named.try_for_each(|name| self.project.admit_scenario(name));
        self.execute(admitted, arguments, context).await
    }

    #[tool(
        description = "Runs many seeds of scenarios or of one test, or every schedule within a \
                       bound, one object a scenario: runs, failures, and their repro files."
    )]
    async fn explore(
        &self,
        Parameters(arguments): Parameters<ExploreArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let mut named = arguments.scenarios.iter();
        let admitted = match (&arguments.test, arguments.scenarios.as_slice()) {
            (None, []) => self.project.admit_all_scenarios(),
            _ => named.try_for_each(|name| self.project.admit_scenario(name)),
        };
        self.execute(admitted, arguments, context).await
    }

    #[tool(
        description = "Replays a repro: reproduced, diverged, or no longer fails (exit code 13), \
                       which after a fix is the aim.",
        annotations(read_only_hint = true)
    )]
    async fn replay(
        &self,
        Parameters(arguments): Parameters<ReplayArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let admitted = self.project.admit_repro(&arguments.file);
        self.execute(admitted, arguments, context).await
    }

    #[tool(description = "Makes a repro smaller, in its place; the failure stays the same.")]
    async fn shrink(
        &self,
        Parameters(arguments): Parameters<ShrinkArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let admitted = self.project.admit_repro(&arguments.file);
        self.execute(admitted, arguments, context).await
    }

    #[tool(
        description = "Explains a repro: the events that led to the failure, the deviations that \
                       matter, the lines of code.",
        annotations(read_only_hint = true)
    )]
    async fn report(
        &self,
        Parameters(arguments): Parameters<ReportArguments>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let admitted = self.project.admit_repro(&arguments.file);
        self.execute(admitted, arguments, context).await
    }
}

#[tool_handler(
    name = "rehearsal",
    instructions = "Finds races by running code under a scheduler that makes every choice from a \
                    seed. Find one with `explore`, understand its repro file with `report`, fix \
                    the code, then `replay` the file: exit code 13 means that it no longer fails. \
                    Exit codes: 0 pass, 1 internal error, 2 bad usage, scenario or repro, \
                    3 unknown, 4 nothing selected, 10 violation or panic, 11 deadlock, livelock \
                    or time-out, 12 nondeterminism, 13 not reproduced."
)]
impl ServerHandler for Tools {}
