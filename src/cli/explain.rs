//! `rehearsal explain`.

use std::fmt::Write;
use std::io;

use crate::exit::Exit;
use crate::scenario::Code;
use crate::scenario::suggest::nearest;

use super::{print, print_error};

/// The width of an explanation.
const COLUMNS: usize = 80;

/// Prints the explanation of a code; of all codes without one.
pub(super) fn explain(name: Option<&str>) -> io::Result<Exit> {
    let codes = match name {
        None => Code::ALL.to_vec(),
        Some(name) => match Code::parse(name) {
            Some(code) => vec![code],
            None => {
                print_error(&unknown(name));
                return Ok(Exit::Usage);
            }
        },
    };
    let texts: Vec<String> = codes.into_iter().map(text).collect();
    print(&texts.join("\n"))?;
    Ok(Exit::Pass)
}

fn text(code: Code) -> String {
    let explanation = format!("{code}: {}", code.explain());
    let mut text = textwrap::fill(&explanation, COLUMNS);
    text.push('\n');
    text
}

fn unknown(name: &str) -> String {
    let mut text = format!("error: there is no code `{name}`");
    match nearest(name, Code::ALL.iter().map(|code| code.name())) {
        // Writing to a string cannot fail.
        Some(near) => drop(writeln!(text, "; did you mean `{near}`?")),
        None => text.push_str("; `rehearsal explain` prints all of them\n"),
    }
    text
}
