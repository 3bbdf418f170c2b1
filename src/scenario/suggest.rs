//! "Did you mean …?": the nearest of a few known names.

/// Longer words are never a slip of the finger, and would cost time to compare.
const LONGEST: usize = 64;

/// The candidate that is nearest to `word`, if one is near enough to be what
/// was meant: no more than a third of its letters differ.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = normalized(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = normalized(candidate);
            let allowed = (word.len().max(other.len()) / 3).max(1);
            let distance = distance(&word, &other);
            // One letter for another is no slip but another word.
            (distance <= allowed && distance < other.len()).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice of hyphen are the commonest slips, and count for nothing.
fn normalized(word: &str) -> Vec<char> {
    word.chars()
        .map(|c| {
            if c == '-' {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one
/// word into the other (optimal string alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, &a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && left[i - 1] == b && right[j - 1] == a;
            if swapped {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    fn between(left: &str, right: &str) -> usize {
        let left: Vec<char> = left.chars().collect();
        let right: Vec<char> = right.chars().collect();
        distance(&left, &right)
    }

    #[test]
    fn distances() {
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("abc", ""), 3);
        assert_eq!(between("count", "count"), 0);
        assert_eq!(between("cout", "count"), 1);
        assert_eq!(between("cuont", "count"), 1);
        assert_eq!(between("kitten", "sitting"), 3);
    }

    #[test]
    fn suggests_what_is_near() {
        let keys = ["count", "kind", "start_within"];
        assert_eq!(nearest("cout", keys), Some("count"));
        assert_eq!(nearest("Kind", keys), Some("kind"));
        assert_eq!(nearest("start-within", keys), Some("start_within"));
        assert_eq!(nearest("latency", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest("x", ["s"]), None);
        assert_eq!(nearest(&"count".repeat(100_000), keys), None);
    }
}
