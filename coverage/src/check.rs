//! Checks that a row names.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Something that runs and fails if what a row asks for is not so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Check {
    /// `scenario:NAME`: a scenario without a seeded defect.
    Scenario(String),
    /// `defect:NAME`: a scenario with a seeded defect, and its healthy twin.
    Defect(String),
    /// `oracle:NAME`
    Oracle(String),
    /// `test:PACKAGE:TARGET:PATH`; the target of unit tests is `lib`.
    Test(TestName),
}

/// One test of a test binary.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TestName {
    pub(crate) package: String,
    pub(crate) target: String,
    pub(crate) path: String,
}

impl FromStr for Check {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{text}` is no check: `scenario:NAME`, `defect:NAME`, `oracle:NAME` or \
                 `test:PACKAGE:TARGET:PATH`"
            )
        };
        let (kind, name) = text.split_once(':').ok_or_else(refused)?;
        match kind {
            "scenario" => Ok(Self::Scenario(name.to_owned())),
            "defect" => Ok(Self::Defect(name.to_owned())),
            "oracle" => Ok(Self::Oracle(name.to_owned())),
            "test" => {
                let mut parts = name.splitn(3, ':').map(str::to_owned);
                let mut next = || parts.next().filter(|part| !part.is_empty());
                let (package, target, path) = (next(), next(), next());
                match (package, target, path) {
                    (Some(package), Some(target), Some(path)) => Ok(Self::Test(TestName {
                        package,
                        target,
                        path,
                    })),
                    _ => Err(refused()),
                }
            }
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Check {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(name) => write!(f, "scenario `{name}`"),
            Self::Defect(name) => write!(f, "defect `{name}`"),
            Self::Oracle(name) => write!(f, "oracle `{name}`"),
            Self::Test(test) => write!(f, "test `{}`", test.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read_and_shown() {
        let read = |text: &str| text.parse::<Check>().map(|check| check.to_string());
        assert_eq!(read("scenario:a_b").as_deref(), Ok("scenario `a_b`"));
        assert_eq!(read("defect:a-b").as_deref(), Ok("defect `a-b`"));
        assert_eq!(read("oracle:fifo").as_deref(), Ok("oracle `fifo`"));
        let test = read("test:rehearsal:it:cli::help");
        assert_eq!(test.as_deref(), Ok("test `cli::help`"));
        for bad in ["", "fifo", "tests:a:b:c", "test:a:b", "test::b:c"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
