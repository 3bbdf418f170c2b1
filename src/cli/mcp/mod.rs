//! `rehearsal mcp`: a server of the Model Context Protocol over standard streams. Each tool
//! runs one command line of this program in a process of its own, so that the results are those
//! of the command line, and nothing that a run does can end the server or enter its stream.

mod arguments;
mod process;
mod project;
mod tools;

use std::io;
use std::path::Path;

use rmcp::ServiceExt;
use rmcp::transport::stdio;

use self::process::Program;
use self::project::Project;
use self::tools::Tools;
use super::print_error;
use crate::exit::Exit;

/// Serves one client until its stream ends. `root` is the directory of scenarios, `out` that of
/// repros.
pub(super) fn serve(root: &Path, out: &Path) -> io::Result<Exit> {
    let tools = Tools::new(Project::here(root, out)?, Program::this()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let exit = runtime.block_on(session(tools));
    // A thread that waits for input cannot be interrupted; nothing needs its result.
    runtime.shutdown_background();
    Ok(exit)
}

async fn session(tools: Tools) -> Exit {
    let session = match tools.serve(stdio()).await {
        Ok(session) => session,
        Err(error) => {
            print_error(&format!(
                "error: no MCP client on standard input: {error}; an agent starts this command \
                 and speaks first\n"
            ));
            return Exit::Usage;
        }
    };
    match session.waiting().await {
        Ok(_) => Exit::Pass,
        Err(error) => {
            print_error(&format!("error: the session failed: {error}\n"));
            Exit::Internal
        }
    }
}
