//! `rehearsal report`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::ReproArgs;
use super::on_repro::on_repro;
use crate::command::{ReportRequest, Request};
use crate::exit::Exit;
use crate::report::form::FileForm;

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
    /// Write the run as OpenTelemetry spans into this file, one OTLP object a line for each
    /// host: tasks, and runs of agents with the attributes for generative AI.
    #[arg(long, value_name = "FILE")]
    otlp: Option<PathBuf>,
    /// Print a sequence diagram in Mermaid's language, for an issue or a pull request.
    #[arg(long)]
    mermaid: bool,
}

pub(super) fn report(root: &Path, args: &ReportArgs) -> io::Result<Exit> {
    // A test binary runs in another directory.
    let files = [
        (FileForm::Html, &args.html),
        (FileForm::Perfetto, &args.perfetto),
        (FileForm::Otlp, &args.otlp),
    ];
    let named = files
        .into_iter()
        .filter_map(|(form, file)| Some((form, file.as_ref()?)));
    let forms = named.map(|(form, file)| Ok((form, std::path::absolute(file)?)));
    let forms: Vec<_> = forms.collect::<io::Result<_>>()?;
    let mermaid = args.mermaid;
    on_repro(root, &args.repro.file, &args.repro.packages(), |file| {
        Request::Report(ReportRequest {
            file,
            forms,
            mermaid,
        })
    })
}
