//! Seeds without those that were run already.

use crate::run::seeds::Seeds;

/// Returns the seeds of `wanted` that are in none of `done`, in order.
pub(crate) fn without(wanted: &Seeds, done: impl IntoIterator<Item = Seeds>) -> Vec<Seeds> {
    let mut done: Vec<Seeds> = done.into_iter().collect();
    done.sort_by_key(Seeds::first);
    let mut left = Vec::new();
    let mut next = Some(wanted.first());
    for seeds in done {
        let Some(from) = next.filter(|from| *from <= wanted.last()) else {
            break;
        };
        if seeds.last() < from {
            continue;
        }
        let before = seeds
            .first()
            .checked_sub(1)
            .map(|last| last.min(wanted.last()));
        left.extend(before.and_then(|last| Seeds::between(from, last)));
        next = seeds.last().checked_add(1);
    }
    left.extend(next.and_then(|from| Seeds::between(from, wanted.last())));
    left
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn seeds() -> impl Strategy<Value = Seeds> {
        (0_u64..60, 0_u64..20)
            .prop_map(|(first, more)| Seeds::between(first, first + more).expect("at least one"))
    }

    proptest! {
        #[test]
        fn exactly_the_seeds_that_were_not_run_remain(
            wanted in seeds(),
            done in proptest::collection::vec(seeds(), 0..8),
        ) {
            let all: BTreeSet<u64> = wanted.clone().into_iter().collect();
            let run: BTreeSet<u64> = done.iter().cloned().flatten().collect();
            let left: Vec<u64> = without(&wanted, done).into_iter().flatten().collect();
            let expected: Vec<u64> = all.difference(&run).copied().collect();
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn last_seed_of_all_is_a_seed() {
        let all = Seeds::between(0, u64::MAX).expect("seeds");
        let last = Seeds::one(u64::MAX);
        let rest = Seeds::between(0, u64::MAX - 1).expect("seeds");
        assert_eq!(
            without(&all, std::iter::once(last.clone())),
            std::slice::from_ref(&rest)
        );
        assert_eq!(without(&all, [rest]), [last]);
        assert!(without(&all, [all.clone()]).is_empty());
    }
}
