//! The context of a model: the part of a conversation that it is shown.
//!
//! The conversation is cut to a bound. A tool call and its result are kept or cut together,
//! since a result without its call means nothing. What is pending is never cut: a call without
//! a result, and a result that the model has not been shown. It comes on top of the bound.

use super::super::defects;
use super::super::settings::ContextPolicy;
use crate::defect::Defect;

/// One item of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Item {
    /// A message to the model, or one of the model's, of so many tokens.
    Message { tokens: u32 },
    /// The model calls a tool.
    ToolCall { call: u64 },
    /// The result of a call, of so many tokens.
    ToolResult { call: u64, tokens: u32 },
}

impl Item {
    fn tokens(self) -> u32 {
        match self {
            Self::Message { tokens } | Self::ToolResult { tokens, .. } => tokens,
            Self::ToolCall { .. } => 1,
        }
    }

    /// Returns the tool call that the item is a part of.
    fn call(self) -> Option<u64> {
        match self {
            Self::Message { .. } => None,
            Self::ToolCall { call } | Self::ToolResult { call, .. } => Some(call),
        }
    }
}

/// Items that are kept or cut together: a message, or a tool call with its result.
#[derive(Clone, Debug)]
struct Unit {
    items: Vec<Item>,
    pending: bool,
}

impl Unit {
    fn tokens(&self) -> u32 {
        self.items.iter().map(|item| item.tokens()).sum()
    }

    fn begins(&self, call: u64) -> bool {
        self.items.first() == Some(&Item::ToolCall { call })
    }
}

/// A conversation, and the policy by which it is cut.
#[derive(Clone, Debug)]
pub(in super::super) struct ModelContext {
    policy: ContextPolicy,
    units: Vec<Unit>,
    defect: Option<Defect>,
}

impl ModelContext {
    pub(in super::super) fn new(policy: ContextPolicy, defect: Option<Defect>) -> Self {
        Self {
            policy,
            units: Vec::new(),
            defect,
        }
    }

    /// Adds an item. A result belongs to its call; without one it is not added.
    pub(in super::super) fn add(&mut self, item: Item) {
        match item {
            Item::Message { .. } | Item::ToolCall { .. } => self.units.push(Unit {
                items: vec![item],
                pending: item.call().is_some(),
            }),
            Item::ToolResult { call, .. } => {
                let mut units = self.units.iter_mut();
                if let Some(unit) = units.find(|unit| unit.begins(call)) {
                    unit.items.push(item);
                }
            }
        }
    }

    /// Cuts the conversation, and returns what the model is shown. The results in it are
    /// pending no more.
    pub(in super::super) fn show(&mut self) -> Vec<Item> {
        let kept = self.kept();
        let mut place = 0;
        self.units.retain(|_| {
            place += 1;
            kept[place - 1]
        });
        let shown = self.units.iter().flat_map(|unit| unit.items.iter());
        let shown = shown.copied().collect();
        for unit in &mut self.units {
            unit.pending &= unit.items.len() == 1;
        }
        shown
    }

    /// Returns for each unit whether it is kept.
    fn kept(&self) -> Vec<bool> {
        let within = self.within_bound();
        let pending = self.units.iter().map(|unit| unit.pending);
        let kept = within.into_iter().zip(pending);
        // Seeded: only the bound counts.
        let cuts_pending = self.defect == Some(defects::PENDING_RESULT_CUT);
        kept.map(|(within, pending)| within || (pending && !cuts_pending))
            .collect()
    }

    fn within_bound(&self) -> Vec<bool> {
        let count = self.units.len();
        let last = |number: u32| count.saturating_sub(number as usize);
        match self.policy {
            ContextPolicy::Buffered { size } => (0..count).map(|at| at >= last(size)).collect(),
            ContextPolicy::HeadAndTail { head, tail } => (0..count)
                .map(|at| at < head as usize || at >= last(tail))
                .collect(),
            ContextPolicy::TokenLimited { tokens } => {
                let mut left = Some(tokens);
                let newest_first = self.units.iter().rev().map(|unit| {
                    left = left.and_then(|left| left.checked_sub(unit.tokens()));
                    left.is_some()
                });
                let mut within: Vec<bool> = newest_first.collect();
                within.reverse();
                within
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message() -> Item {
        Item::Message { tokens: 10 }
    }

    fn result(call: u64) -> Item {
        Item::ToolResult { call, tokens: 10 }
    }

    fn context(policy: ContextPolicy, items: &[Item]) -> ModelContext {
        let mut context = ModelContext::new(policy, None);
        items.iter().for_each(|item| context.add(*item));
        context
    }

    #[test]
    fn buffer_keeps_exactly_its_size() {
        for (count, shown) in [(4, 4), (5, 5), (6, 5)] {
            let items = vec![message(); count];
            let policy = ContextPolicy::Buffered { size: 5 };
            assert_eq!(context(policy, &items).show().len(), shown, "{count}");
        }
    }

    #[test]
    fn head_and_tail_keep_the_first_and_the_last() {
        let items: Vec<Item> = (1..=9).map(|tokens| Item::Message { tokens }).collect();
        let policy = ContextPolicy::HeadAndTail { head: 2, tail: 3 };
        let shown: Vec<u32> = context(policy, &items)
            .show()
            .into_iter()
            .map(Item::tokens)
            .collect();
        assert_eq!(shown, [1, 2, 7, 8, 9]);
    }

    #[test]
    fn tokens_are_counted_from_the_newest_item() {
        for (tokens, shown) in [(29, 2), (30, 3), (31, 3)] {
            let items = vec![message(); 5];
            let policy = ContextPolicy::TokenLimited { tokens };
            assert_eq!(context(policy, &items).show().len(), shown, "{tokens}");
        }
    }

    #[test]
    fn pending_result_is_shown_once_and_cut_afterwards() {
        let policy = ContextPolicy::Buffered { size: 2 };
        let call = Item::ToolCall { call: 7 };
        let mut context = context(policy, &[call, message(), message(), message()]);
        assert_eq!(context.show(), [call, message(), message()]);
        context.add(result(7));
        context.add(message());
        let shown = context.show();
        assert_eq!(shown, [call, result(7), message(), message()]);
        context.add(message());
        assert_eq!(context.show(), [message(), message()]);
    }

    fn policies() -> impl Strategy<Value = ContextPolicy> {
        prop_oneof![
            (1..6_u32).prop_map(|size| ContextPolicy::Buffered { size }),
            (0..3_u32, 1..4_u32).prop_map(|(head, tail)| ContextPolicy::HeadAndTail { head, tail }),
            (1..80_u32).prop_map(|tokens| ContextPolicy::TokenLimited { tokens }),
        ]
    }

    proptest! {
        #[test]
        fn no_pending_result_is_cut_whatever_comes(
            policy in policies(),
            steps in proptest::collection::vec(0..4_u8, 1..60),
        ) {
            let mut context = ModelContext::new(policy, None);
            let (mut last, mut open, mut fresh) = (0_u64, Vec::new(), Vec::new());
            for step in steps {
                match step {
                    0 => context.add(message()),
                    1 => {
                        last += 1;
                        open.push(last);
                        context.add(Item::ToolCall { call: last });
                    }
                    2 if !open.is_empty() => {
                        let call = open.remove(0);
                        fresh.push(call);
                        context.add(result(call));
                    }
                    _ => {
                        let shown = context.show();
                        for call in fresh.drain(..) {
                            prop_assert!(shown.contains(&result(call)));
                        }
                        for call in &open {
                            let call = Item::ToolCall { call: *call };
                            prop_assert!(shown.contains(&call), "{call:?} is cut");
                        }
                        for item in &shown {
                            if let Item::ToolResult { call, .. } = item {
                                let call = Item::ToolCall { call: *call };
                                prop_assert!(shown.contains(&call), "{item:?} without its call");
                            }
                        }
                    }
                }
            }
        }
    }
}
