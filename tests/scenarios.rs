//! One test for each scenario file, and one for each defect's healthy twin.

fn main() -> std::process::ExitCode {
    rehearsal::Harness::new().scenarios("scenarios").run()
}
