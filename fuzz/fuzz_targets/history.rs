#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| (rehearsal_fuzzing::find("history").expect("a target").run)(bytes));
