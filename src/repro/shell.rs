//! Commands for a shell.

use std::path::Path;

use crate::environment;
use crate::run::identity::TestRef;

/// Returns the command that replays the repro in `file` in its test.
pub(crate) fn replay_in_test(test: &TestRef, file: &Path) -> String {
    format!(
        "REHEARSAL_REPLAY={} {} test -p {} {} -- --exact",
        shell_path(file),
        environment::cargo(),
        shell_word(&test.package),
        shell_word(test.short_name()),
    )
}

/// Returns a path as one word of a shell.
pub(crate) fn shell_path(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

/// Returns a text as one word of a shell.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+./:=@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
