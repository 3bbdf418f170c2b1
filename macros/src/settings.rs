//! What stands between the brackets.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Token};

/// The settings that there are; each is a method of `rehearsal::Test`.
const KNOWN: [&str; 7] = [
    "seeds",
    "strategy",
    "ambient",
    "latency",
    "loss",
    "steps",
    "virtual_time",
];

/// `seeds = 1_000, strategy = "pct:3"`.
pub(crate) struct Settings(Vec<Setting>);

struct Setting {
    key: Ident,
    value: Expr,
}

impl Settings {
    /// A method call for each.
    pub(crate) fn calls(&self) -> impl Iterator<Item = TokenStream> {
        self.0
            .iter()
            .map(|Setting { key, value }| quote!(.#key(#value)))
    }
}

impl Parse for Settings {
    /// Everything that is wrong is told at once.
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
