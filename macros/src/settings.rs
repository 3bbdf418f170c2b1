//! The settings between the brackets.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Token};

/// The settings that there are; each is a method of `rehearsal::Test`.
const KNOWN: [&str; 14] = [
    "seeds",
    "strategy",
    "ambient",
    "leaks",
    "cancel",
    "interleave",
    "plain_tasks",
    "stack_kib",
    "latency",
    "loss",
    "steps",
    "virtual_time",
    "oracles",
    "profile",
];

/// `seeds = 1_000, strategy = "pct:3"`.
pub(crate) struct Settings(Vec<Setting>);

struct Setting {
    key: Ident,
    value: Expr,
}

impl Settings {
    /// Returns `true` if the setting is there.
    pub(crate) fn sets(&self, key: &str) -> bool {
        self.0.iter().any(|setting| setting.key == key)
    }

    /// A method call for each.
    pub(crate) fn calls(&self) -> impl Iterator<Item = TokenStream> {
        self.0
            .iter()
            .map(|Setting { key, value }| quote!(.#key(#value)))
    }
}

impl Parse for Settings {
    /// Reports every problem in one pass.
    fn parse(input: ParseStream<'_>) -> Result<Self, Error> {
        let settings = Punctuated::<Setting, Token![,]>::parse_terminated(input)?;
        let mut problems: Vec<Error> = Vec::new();
        let mut known: Vec<Setting> = Vec::new();
        for setting in settings {
            if known.iter().any(|before| before.key == setting.key) {
                let message = format!("`{}` is set twice", setting.key);
                problems.push(Error::new(setting.key.span(), message));
            } else if !KNOWN.iter().any(|name| setting.key == name) {
                let message = format!(
                    "`{}` is not a setting; there are {}",
                    setting.key,
                    KNOWN.join(", ")
                );
                problems.push(Error::new(setting.key.span(), message));
            } else {
                known.push(setting);
            }
        }
        let all = problems.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        all.map_or(Ok(Self(known)), Err)
    }
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> Result<Self, Error> {
        let key = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { key, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match syn::parse_str::<Settings>(text) {
            Ok(_) => Vec::new(),
            Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
        }
    }

    #[test]
    fn every_setting_becomes_a_call() {
        let settings: Settings =
            syn::parse_str("seeds = 5..10, strategy = \"pct:3\",").expect("they are settings");
        let calls: Vec<String> = settings.calls().map(|call| call.to_string()).collect();
        assert_eq!(calls, [". seeds (5 .. 10)", ". strategy (\"pct:3\")"]);
        assert!(problems("").is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let found = problems("seeds = 1, sedes = 2, seeds = 3");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("`sedes` is not a setting; there are seeds, strategy"));
        assert_eq!(found[1], "`seeds` is set twice");
        assert_eq!(problems("seeds").len(), 1);
    }
}
