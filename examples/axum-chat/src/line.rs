//! The messages of the server, one line a WebSocket message.

use std::fmt;
use std::str::FromStr;

/// A line to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// From here on the client hears everything: `welcome`.
    Welcome,
    /// A person said something: `said NAME TEXT`.
    Said {
        /// The speaker.
        who: String,
        /// The message.
        text: String,
    },
    /// That many messages are missing here: `gap NUMBER`.
    Gap(u64),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome => f.write_str("welcome"),
            Self::Said { who, text } => write!(f, "said {who} {text}"),
            Self::Gap(missed) => write!(f, "gap {missed}"),
        }
    }
}

/// A text that is none of the lines.
#[derive(Debug)]
pub struct NotALine(String);

impl fmt::Display for NotALine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no line of the chat's", self.0)
    }
}

impl std::error::Error for NotALine {}

impl FromStr for Line {
    type Err = NotALine;

    fn from_str(text: &str) -> Result<Self, NotALine> {
        let unknown = || NotALine(text.to_owned());
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "welcome" => Ok(Self::Welcome),
            "said" => {
                let (who, text) = rest.split_once(' ').ok_or_else(unknown)?;
                let (who, text) = (who.to_owned(), text.to_owned());
                Ok(Self::Said { who, text })
            }
            "gap" => rest.parse().map(Self::Gap).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}
