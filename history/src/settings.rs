//! Settings that a scenario gives an oracle.

use std::collections::BTreeMap;

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
}

/// The settings of one oracle in one scenario. Without any it is strictest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(BTreeMap<String, SettingValue>);

impl Settings {
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

    /// Returns the text of a setting, if it is set.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(SettingValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}
