//! Settings that a scenario gives an oracle.

use std::collections::BTreeMap;

use crate::amount::Amount;

/// A setting that an oracle understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Its key.
    pub name: &'static str,
    /// Its effect, in one sentence.
    pub meaning: &'static str,
    /// The values that it takes.
    pub values: SettingValues,
}

/// The values that a setting takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingValues {
    /// One or several of these words.
    Words(&'static [&'static str]),
    /// An entity kind or name.
    Text,
    /// A number from 0.
    Number,
    /// An amount for each of several metrics.
    Amounts,
}

/// One value of a setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettingValue {
    /// Words.
    Words(Vec<String>),
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// Amounts, each with the text that selects its metric.
    Amounts(BTreeMap<String, Amount>),
}

/// The settings of one oracle in one scenario. Without any it is strictest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(BTreeMap<String, SettingValue>);

impl Settings {
    /// Returns `true` if nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets one value.
    pub fn set(&mut self, name: impl Into<String>, value: SettingValue) {
        self.0.insert(name.into(), value);
    }

    /// Returns `true` if a setting lists that word.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        match self.0.get(name) {
            Some(SettingValue::Words(words)) => words.iter().any(|listed| listed == word),
            _ => false,
        }
    }

    /// Returns the words of a setting, none if it is not set.
    pub fn words(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(SettingValue::Words(words)) => words,
            _ => &[],
        }
    }

    /// Returns the number of a setting, if it is set.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(SettingValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Returns the amounts of a setting, none if it is not set, each with the text that
    /// selects its metric.
    pub fn amounts(&self, name: &str) -> impl Iterator<Item = (&str, Amount)> + '_ {
        let amounts = match self.0.get(name) {
            Some(SettingValue::Amounts(amounts)) => Some(amounts),
            _ => None,
        };
        let amounts = amounts.into_iter().flatten();
        amounts.map(|(selector, amount)| (selector.as_str(), *amount))
    }

    /// Returns the text of a setting, if it is set.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(SettingValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}
