//! Inputs that are nearly valid, made from valid ones.

use crate::bytes::Bytes;

/// Changes of an input.
const CHANGES_MAX: u8 = 6;

/// The longest input.
const LENGTH_MAX: usize = 64 * 1_024;

/// The longest stretch that is removed or repeated.
const STRETCH_MAX: usize = 96;

/// Pieces that formats give a meaning, and values at their limits.
const PIECES: [&str; 44] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "'",
    "=",
    ".",
    ",",
    ":",
    "\n",
    "\r\n",
    "#",
    "\\",
    "\\u0000",
    "\\ud800",
    "-",
    "0",
    "-1",
    "1",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "nan",
    "true",
    "null",
    "\"\"",
    "\"50ms\"",
    "\"24h\"",
    "0ms..1ms",
    "remove ",
    "choices",
    "format = 6",
    "healthy = true",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{9b}",
    "é",
];

/// Scenarios.
pub fn scenarios() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../corpus/bridge.toml").to_vec(),
        include_bytes!("../corpus/store.toml").to_vec(),
    ]
}

/// Repros.
pub fn repros() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../corpus/choices.repro").to_vec(),
        include_bytes!("../corpus/drawn.repro").to_vec(),
    ]
}

/// Histories.
pub fn histories() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../corpus/messages.jsonl").to_vec(),
        include_bytes!("../corpus/operations.jsonl").to_vec(),
    ]
}

/// Streams.
pub fn streams() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../corpus/agent.jsonl").to_vec(),
        include_bytes!("../corpus/calls.jsonl").to_vec(),
    ]
}

/// Returns one of the inputs with changes that the bytes decide. Without an input, the rest
/// of the bytes.
pub fn mutated(corpus: &[Vec<u8>], decisions: &[u8]) -> Vec<u8> {
    if corpus.is_empty() {
        return decisions.to_vec();
    }
    let mut bytes = Bytes::new(decisions);
    let mut input = pick(corpus, &mut bytes).clone();
    for _ in 0..1 + bytes.below(CHANGES_MAX) {
        change(&mut input, corpus, &mut bytes);
        input.truncate(LENGTH_MAX);
    }
    input
}

fn pick<'a, T>(list: &'a [T], bytes: &mut Bytes<'_>) -> &'a T {
    &list[place(list.len() - 1, bytes)]
}

/// Returns a number from 0 to `last`.
fn place(last: usize, bytes: &mut Bytes<'_>) -> usize {
    let [low, high] = [bytes.byte(), bytes.byte()];
    usize::from(u16::from_le_bytes([low, high])) % (last + 1)
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], bytes: &mut Bytes<'_>) {
    let kind = bytes.below(9);
    let at = place(input.len(), bytes);
    let end = (at + 1 + place(STRETCH_MAX, bytes))
        .min(input.len())
        .max(at);
    match kind {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << bytes.below(8);
            }
        }
        1 => input.truncate(at),
        2 => drop(input.drain(at..end)),
        3 => {
            let repeated = input[at..end].to_vec();
            for _ in 0..1 + bytes.below(8) {
                input.splice(at..at, repeated.iter().copied());
            }
        }
        4 => drop(input.splice(at..end, pick(&PIECES, bytes).bytes())),
        5 => drop(input.splice(at..at, pick(&PIECES, bytes).bytes())),
        6 => {
            let other = pick(corpus, bytes);
            let from = place(other.len(), bytes);
            let to = (from + 1 + place(STRETCH_MAX, bytes))
                .min(other.len())
                .max(from);
            input.splice(at..at, other[from..to].iter().copied());
        }
        7 => swap_lines(input, bytes),
        _ => replace_number(input, at, bytes),
    }
}

fn swap_lines(input: &mut Vec<u8>, bytes: &mut Bytes<'_>) {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let (one, other) = (place(lines.len() - 1, bytes), place(lines.len() - 1, bytes));
    lines.swap(one, other);
    *input = lines.join(&b'\n');
}

/// Puts another number in the place of the next one behind `at`.
fn replace_number(input: &mut Vec<u8>, at: usize, bytes: &mut Bytes<'_>) {
    let number = input[at..].iter().position(u8::is_ascii_digit);
    let Some(from) = number.map(|number| at + number) else {
        return;
    };
    let digits = input[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let to = from + digits.count();
    let number = match bytes.below(6) {
        0 => "0".to_owned(),
        1 => u64::MAX.to_string(),
        2 => u32::MAX.to_string(),
        3 => (u64::from(u32::MAX) + 1).to_string(),
        _ => bytes.byte().to_string(),
    };
    input.splice(from..to, number.bytes());
}
