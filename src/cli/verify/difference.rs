//! Two runs that ought to be one, and the place at which they part.

use serde::Serialize;

use super::Pair;
use super::side::Broken;
use crate::command::digest::{Digest, DigestExtent, RunKey, Texts};

/// Times that a run is repeated to find the place: another time it may agree.
const REPEATS: u32 = 8;

/// Two runs of one seed that differ. The fields are a contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Difference {
    /// The target with its values, as arguments.
    pub(super) target: String,
    pub(super) strategy: String,
    pub(super) seed: u64,
    /// Both verdicts.
    pub(super) verdicts: [String; 2],
    /// Both fingerprints.
    pub(super) fingerprints: [String; 2],
    /// The place at which the runs part.
    pub(super) place: Place,
    /// The command that shows more.
    pub(super) command: String,
}

/// The place at which two runs part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Place {
    /// At an effect; they count from 0.
    Effect {
        number: usize,
        /// The last effect of both.
        before: Option<String>,
        /// The next effect of either; none at the end of its run.
        next: [Option<String>; 2],
    },
    /// The effects agree, and what is said of them not.
    Line { next: [String; 2] },
    /// By itself in a process the run agrees, so often.
    Alone { agreed: u32 },
}

/// Bytes of the lines of JSON that are shown, from a few before the first that differs.
const SHOWN: usize = 160;
const SHOWN_BEFORE: usize = 40;

impl Difference {
    /// Repeats a run in both processes until it differs again, and finds the place.
    ///
    /// # Errors
    ///
    /// If a process breaks off.
    pub(super) fn find(
        pair: &Pair<'_>,
        name: &str,
        run: RunKey,
        one: &Digest,
        other: &Digest,
    ) -> Result<Self, Broken> {
        let mut place = Place::Alone { agreed: REPEATS };
        for _ in 0..REPEATS {
            let [one, other] = pair.digests(&[run], DigestExtent::Texts)?;
            let texts = one.runs[0].texts.as_ref().zip(other.runs[0].texts.as_ref());
            if let Some(found) = texts.and_then(|(one, other)| first(one, other)) {
                place = found;
                break;
            }
        }
        let (strategy, seed) = (run.strategy.to_string(), run.seed);
        let command = if name.starts_with("--test ") {
            format!(
                "rehearsal explore {name} --strategy {strategy} --seeds {seed}..{}",
                u128::from(seed) + 1
            )
        } else {
            format!("rehearsal run {name} --strategy {strategy} --seed {seed} --check-determinism")
        };
        Ok(Self {
            target: name.to_owned(),
            strategy,
            seed,
            verdicts: [one, other].map(|digest| digest.verdict.clone()),
            fingerprints: [one, other].map(|digest| digest.fingerprint.clone()),
            place,
            command,
        })
    }
}

/// Returns the first place at which two runs part; none if they are the same.
fn first(one: &Texts, other: &Texts) -> Option<Place> {
    let (a, b) = (&one.effects, &other.effects);
    let agreed = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    if agreed < a.len() || agreed < b.len() {
        return Some(Place::Effect {
            number: agreed,
            before: agreed.checked_sub(1).map(|last| a[last].clone()),
            next: [a.get(agreed).cloned(), b.get(agreed).cloned()],
        });
    }
    let (a, b) = (one.line.as_bytes(), other.line.as_bytes());
    let agreed = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    (one.line != other.line).then(|| Place::Line {
        next: [a, b].map(|line| {
            let from = agreed.saturating_sub(SHOWN_BEFORE).min(line.len());
            let to = from.saturating_add(SHOWN).min(line.len());
            String::from_utf8_lossy(&line[from..to]).into_owned()
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(effects: &[&str], line: &str) -> Texts {
        Texts {
            effects: effects.iter().map(ToString::to_string).collect(),
            line: line.to_owned(),
        }
    }

    #[test]
    fn first_effect_that_differs_is_found() {
        let found = first(&texts(&["a", "b", "c"], ""), &texts(&["a", "x"], ""));
        let expected = Place::Effect {
            number: 1,
            before: Some("a".to_owned()),
            next: [Some("b".to_owned()), Some("x".to_owned())],
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn run_that_goes_on_differs_from_one_that_ends() {
        let found = first(&texts(&[], ""), &texts(&["a"], ""));
        let expected = Place::Effect {
            number: 0,
            before: None,
            next: [None, Some("a".to_owned())],
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn lines_are_compared_where_the_effects_agree() {
        let (one, other) = (texts(&["a"], "{\"ä\":1}"), texts(&["a"], "{\"ä\":2}"));
        let next = ["{\"ä\":1}", "{\"ä\":2}"].map(str::to_owned);
        assert_eq!(first(&one, &other), Some(Place::Line { next }));
        assert_eq!(first(&one, &one), None);
    }
}
