//! The page, as Markdown.

use std::fmt::Write;

use crate::row::{Document, Priority, Row, State};

const HEAD: &str = "# Coverage of the reference documents

Five documents describe tests that multi-agent systems need. Each row is something that one
of them asks for, with the checks that cover it: scenarios (`rehearsal run NAME`), seeded
defects (each with its healthy twin), oracles, and tests. P1 must work, P2 should, P3 may
come later; a row without a priority is nothing that could be checked. A row without a check
is open, and its remark says why.

This page is written by `cargo run -p rehearsal-coverage` from `coverage/rows/`. The command
fails if a check does not exist or does not run.
";

/// Renders the whole page.
pub(crate) fn render(documents: &[Document]) -> String {
    let rows: Vec<&Row> = documents.iter().flat_map(|d| &d.rows).collect();
    let mut page = format!("{HEAD}\n{}", counts(&rows));
    for document in documents {
        let _ = writeln!(page, "\n## {}\n", document.title);
        page.push_str("| row | asked for | priority | state | checks |\n|---|---|---|---|---|\n");
        for row in &document.rows {
            page.push_str(&line(row));
        }
    }
    page
}

/// Returns one line with the rows covered of each priority.
pub(crate) fn summary(rows: &[&Row]) -> String {
    let told = PRIORITIES.map(|priority| {
        let (covered, all) = count(rows, priority);
        format!("{priority} {covered} of {all}")
    });
    format!("rows covered: {}", told.join(", "))
}

const PRIORITIES: [Priority; 3] = [Priority::P1, Priority::P2, Priority::P3];

fn count(rows: &[&Row], priority: Priority) -> (usize, usize) {
    let of = rows.iter().filter(|row| row.priority == priority);
    let covered = of.clone().filter(|row| row.state() == State::Covered);
    (covered.count(), of.count())
}

fn counts(rows: &[&Row]) -> String {
    let mut table = String::from("| priority | rows | covered | open |\n|---|---|---|---|\n");
    for priority in PRIORITIES {
        let (covered, all) = count(rows, priority);
        let open = all - covered;
        let _ = writeln!(table, "| {priority} | {all} | {covered} | {open} |");
    }
    table
}

fn line(row: &Row) -> String {
    let asked = match row.requires.as_str() {
        "" => cell(&row.item),
        requires => format!("**{}**: {}", cell(&row.item), cell(requires)),
    };
    let checks: Vec<String> = row.checks.iter().map(ToString::to_string).collect();
    let mut checks = checks.join(", ");
    if !row.remark.is_empty() {
        if !checks.is_empty() {
            checks.push_str(". ");
        }
        checks.push_str(&cell(&row.remark));
    }
    let (id, priority, state) = (&row.id, row.priority, row.state());
    format!("| {id} | {asked} | {priority} | {state} | {checks} |\n")
}

/// Returns a text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
