//! `rehearsal report`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::ReproArgs;
use super::on_repro::on_repro;
use crate::command::{ReportRequest, Request};
use crate::exit::Exit;

/// The arguments of `rehearsal report`.
#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    repro: ReproArgs,
    /// Write a page for a browser into this file, in one piece.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a trace for ui.perfetto.dev into this file: hosts are processes, tasks are
    /// threads, times are virtual.
    #[arg(long, value_name = "FILE")]
    perfetto: Option<PathBuf>,
    /// Print a sequence diagram in Mermaid's language, for an issue or a pull request.
    #[arg(long)]
    mermaid: bool,
}

pub(super) fn report(root: &Path, args: &ReportArgs) -> io::Result<Exit> {
    // A test binary runs in another directory.
    let absolute = |file: &Option<PathBuf>| file.as_ref().map(std::path::absolute).transpose();
    let (html, perfetto) = (absolute(&args.html)?, absolute(&args.perfetto)?);
    let mermaid = args.mermaid;
    on_repro(root, &args.repro.file, &args.repro.packages(), |file| {
        Request::Report(ReportRequest {
            file,
            html,
            perfetto,
            mermaid,
        })
    })
}
