//! Oracles with their settings, as tests and `rehearsal conform` name them. Scenario files
//! have a table for that.

use std::collections::BTreeMap;
use std::str::FromStr;

use rehearsal_history::Amount;
use rehearsal_history::metrics::Selector;

use crate::oracle::{self, OracleRef, SettingValue, SettingValues, Settings};
use crate::scenario::amounts::{self, BadAmount, Written};
use crate::scenario::suggest::nearest;

/// The separator of an oracle's name and its settings in a text.
const SEPARATOR: char = ',';

/// The separator of the words of one setting in a text.
const WORD_SEPARATOR: char = '+';

/// The greatest number of a setting.
const NUMBER_MAX: u64 = 1_000_000_000;

/// An oracle with its settings, as a text chooses it: `no-loss`,
/// `no-loss,gaps=overflow+crash,buffer=8`.
#[derive(Clone, Debug)]
pub struct ChosenOracle {
    /// The oracle.
    pub oracle: OracleRef,
    /// Its settings.
    pub settings: Settings,
}

impl FromStr for ChosenOracle {
    type Err = String;

    /// Reports every problem of the text in one pass, a line each.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(SEPARATOR).map(str::trim);
        let oracle = parse_name(parts.next().unwrap_or_default())?;
        let (mut settings, mut problems) = (Settings::default(), Vec::new());
        let mut names = Vec::new();
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if names.contains(&name) {
                problems.push(format!("`{name}` of `{oracle}` is set twice"));
            }
            names.push(name);
            match parse_setting(oracle, name, value) {
                Ok(value) => settings.set(name, value),
                Err(problem) => problems.push(problem),
            }
        }
        match problems.as_slice() {
            [] => Ok(Self { oracle, settings }),
            problems => Err(problems.join("\n")),
        }
    }
}

fn parse_name(name: &str) -> Result<OracleRef, String> {
    OracleRef::parse(name).ok_or_else(|| {
        let names: Vec<&str> = OracleRef::all().map(|oracle| oracle.name()).collect();
        let meant = nearest(name, oracle::named().into_iter().map(|(name, _)| name));
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
        format!(
            "there is no oracle `{name}`{} The oracles are {}",
            meant.unwrap_or_else(|| ".".to_owned()),
            names.join(", ")
        )
    })
}

fn parse_setting(oracle: OracleRef, name: &str, value: &str) -> Result<SettingValue, String> {
    let known = oracle.settings();
    let Some(setting) = known.iter().find(|setting| setting.name == name) else {
        let names: Vec<&str> = known.iter().map(|setting| setting.name).collect();
        return Err(match names.as_slice() {
            [] => format!("`{oracle}` has no settings, so no `{name}`"),
            names => {
                let names = names.join(", ");
                format!("`{name}` is no setting of `{oracle}`; there are {names}")
            }
        });
    };
    let expected =
        |expected: String| format!("`{name}` of `{oracle}`: `{value}` is not {expected}");
    match setting.values {
        SettingValues::Words(words) => {
            let chosen: Vec<&str> = value.split(WORD_SEPARATOR).map(str::trim).collect();
            if chosen.iter().all(|word| words.contains(word)) {
                let chosen = chosen.into_iter().map(str::to_owned).collect();
                return Ok(SettingValue::Words(chosen));
            }
            Err(expected(format!(
                "one or several of {}, as in `{}`",
                words.join(", "),
                words.join("+")
            )))
        }
        SettingValues::Number => match value.parse() {
            Ok(number) if number <= NUMBER_MAX => Ok(SettingValue::Number(number)),
            _ => Err(expected(format!("a whole number from 0 to {NUMBER_MAX}"))),
        },
        SettingValues::Amounts => {
            let amounts = value.split(WORD_SEPARATOR).map(str::trim).map(parse_amount);
            let amounts = amounts.collect::<Result<BTreeMap<String, Amount>, String>>();
            amounts
                .map(SettingValue::Amounts)
                .map_err(|problem| format!("`{name}` of `{oracle}`: {problem}"))
        }
        SettingValues::Text if value.is_empty() => Err(expected("a text".to_owned())),
        SettingValues::Text => Ok(SettingValue::Text(value.to_owned())),
    }
}

/// Reads `duration:data=10ms`.
fn parse_amount(text: &str) -> Result<(String, Amount), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(format!(
            "`{text}` is not METRIC=AMOUNT, as in `success=100%`"
        ));
    };
    let selector = Selector::parse(key)
        .map_err(|bad| format!("{}; {}", amounts::message(&bad), amounts::help(&bad)))?;
    let amount = amounts::parse(selector.metric.unit, Written::bare(value));
    let amount = amount.map_err(|bad| {
        let BadAmount { message, help } = bad;
        format!("`{value}` for `{key}`: {message}; {help}")
    })?;
    Ok((key.to_owned(), amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        text.parse::<ChosenOracle>().expect_err(text)
    }

    #[test]
    fn a_text_chooses_an_oracle_with_its_settings() {
        let chosen: ChosenOracle = "no-loss, gaps=overflow+crash, buffer=8"
            .parse()
            .expect("it is right");
        assert_eq!(chosen.oracle.name(), "no-loss");
        assert!(chosen.settings.lists("gaps", "overflow"));
        assert!(chosen.settings.lists("gaps", "crash"));
        assert_eq!(chosen.settings.number("buffer"), Some(8));
        let alias: ChosenOracle = "registry".parse().expect("an alias");
        assert_eq!(alias.oracle.name(), "invariants");
    }

    #[test]
    fn a_text_limits_metrics() {
        let text = "limits,at_most=duration:data=10ms+queue-depth=3,equal=success=100%";
        let chosen: ChosenOracle = text.parse().expect("it is right");
        let at_most: Vec<_> = chosen.settings.amounts("at_most").collect();
        let expected = [
            ("duration:data", Amount::whole(10_000)),
            ("queue-depth", Amount::whole(3)),
        ];
        assert_eq!(at_most, expected);
        let equal = chosen.settings.amounts("equal").next();
        assert_eq!(equal, Some(("success", Amount::whole(1))));
        for (text, part) in [
            ("limits,equal=success", "`success` is not METRIC=AMOUNT"),
            ("limits,equal=sucess=100%", "did you mean `success`?"),
            ("limits,equal=success=1", "the unit is missing"),
            ("limits,equal=sent=many", "write a whole number"),
        ] {
            let found = problem(text);
            assert!(found.contains(part), "{part} is not in\n{found}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_and_with_all() {
        let text = problem("no-los");
        assert!(text.contains("did you mean `no-loss`?"), "{text}");
        for oracle in OracleRef::all() {
            assert!(text.contains(oracle.name()), "{text}");
        }
    }

    #[test]
    fn every_problem_of_the_settings_is_reported_in_one_pass() {
        let text = problem("no-loss,gaps=luck,buffer=many,size=3,buffer=1");
        for part in [
            "`gaps` of `no-loss`: `luck` is not one or several of overflow, crash",
            "`buffer` of `no-loss`: `many` is not a whole number",
            "`size` is no setting of `no-loss`; there are gaps, buffer",
            "`buffer` of `no-loss` is set twice",
        ] {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
        assert!(problem("fifo,gaps=crash").contains("`fifo` has no settings"));
    }
}
