//! Metrics beyond their limits.

use super::Case;
use crate::Amount;

fn share(part: u64, whole: u64) -> Amount {
    Amount::ratio(part, whole).expect("a whole")
}

pub(super) const LIMITS: &[Case] = &[
    Case {
        name: "one message too many of a kind",
        oracle: "limits",
        rule: "above",
        corrupt: |builder| builder.limit("at_most", "sent:progress", Amount::whole(4)),
        says: &["`sent:progress` is 5; it may be at most 4"],
    },
    Case {
        name: "spans that did not complete",
        oracle: "limits",
        rule: "below",
        corrupt: |builder| builder.limit("at_least", "success", share(1, 1)),
        says: &["`success` (4 of 9) is 44.44%; it must be at least 100%"],
    },
    Case {
        name: "a span with another number of messages",
        oracle: "limits",
        rule: "unequal",
        corrupt: |builder| {
            builder.limit("equal", "messages-per-span:streaming", Amount::whole(6));
        },
        says: &["`messages-per-span:streaming` of run-5 (streaming-5) is 7; it must be 6"],
    },
    Case {
        name: "a kind that the run never comes to",
        oracle: "limits",
        rule: "unmeasured",
        corrupt: |builder| builder.limit("at_most", "duration:steaming", Amount::whole(1)),
        says: &["the run has nothing that `duration:steaming` measures"],
    },
];
