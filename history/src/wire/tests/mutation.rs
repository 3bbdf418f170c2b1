//! Single mutations of a stream: a message is dropped, moved, repeated or relabelled.

use serde_json::Value as Json;

use super::draws::Draws;

/// Returns the mutated stream, and the mutation in words.
pub(super) fn mutated(stream: &[Json], draws: &mut Draws<'_>) -> (Vec<Json>, String) {
    let mut stream = stream.to_vec();
    if stream.is_empty() {
        return (stream, "nothing to change".to_owned());
    }
    let mutation = draws.below(5);
    let index = draws.below(stream.len());
    let what = match mutation {
        0 => {
            stream.remove(index);
            format!("without line {}", index + 1)
        }
        1 => {
            let other = draws.below(stream.len());
            stream.swap(index, other);
            format!("lines {} and {} swapped", index + 1, other + 1)
        }
        2 => {
            let place = draws.below(stream.len() + 1);
            stream.insert(place, stream[index].clone());
            format!("line {} once more as line {}", index + 1, place + 1)
        }
        _ => relabel(&mut stream, index, draws),
    };
    (stream, what)
}

/// Changes one value of a message: to the value that another message has there, to a new
/// one, or to none.
fn relabel(stream: &mut [Json], index: usize, draws: &mut Draws<'_>) -> String {
    let mut leaves = Vec::new();
    collect(&stream[index], String::new(), &mut leaves);
    if leaves.is_empty() {
        return "no value to change".to_owned();
    }
    let path = draws.take(&mut leaves);
    let other = draws.below(stream.len());
    let copied = stream[other].pointer(&path).cloned();
    let leaf = stream[index].pointer_mut(&path).expect("a path of it");
    let new = match (draws.below(4), copied) {
        (0 | 1, Some(copied)) => Some(copied),
        (2, _) => None,
        _ => Some(fresh(leaf)),
    };
    let what = format!("line {}, {path}: {leaf} to {new:?}", index + 1);
    match new {
        Some(new) => *leaf = new,
        None => remove(&mut stream[index], &path),
    }
    what
}

fn fresh(leaf: &Json) -> Json {
    match leaf {
        Json::Bool(flag) => (!flag).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => (number + 1_000).into(),
            None => 1_000.into(),
        },
        Json::String(text) => format!("{text}-fresh").into(),
        _ => "fresh".into(),
    }
}

fn remove(message: &mut Json, path: &str) {
    let (parent, key) = path.rsplit_once('/').expect("a path begins with a slash");
    match message.pointer_mut(parent) {
        Some(Json::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Json::Array(elements)) => {
            elements.remove(key.parse().expect("an index"));
        }
        _ => {}
    }
}

/// Collects the paths of all values that are neither an object nor a list with elements.
fn collect(value: &Json, path: String, leaves: &mut Vec<String>) {
    match value {
        Json::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{path}/{key}"), leaves);
            }
        }
        Json::Array(elements) if !elements.is_empty() => {
            for (index, value) in elements.iter().enumerate() {
                collect(value, format!("{path}/{index}"), leaves);
            }
        }
        _ if path.is_empty() => {}
        _ => leaves.push(path),
    }
}
