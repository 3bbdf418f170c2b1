//! Sites in a repro file: each kind of site has a key of its own. Format 1 wrote
//! every site as one text under `site`; format 3 added `postpone`, `select`, `cancel` and
//! `interrupt`; format 4 the key `interleave` beside them; format 5 `durability`; format 6 choices
//! that are drawn again from the seed, instead of a list.

use rehearsal_sim::{Interleave, Label, Link, PlainPath, Site, SpawnPath};

use super::Repro;
use super::write::quoted;
use crate::scenario::Code;
use crate::scenario::decode::item::Item;
use crate::scenario::decode::problems::Problems;
use crate::scenario::decode::section::Section;
use crate::scenario::decode::words::quote;

/// The versions of the file format that are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Format {
    /// Sites are texts.
    One,
    /// Sites are typed.
    Two,
    /// Tasks are postponed, cancelled and interrupted, and choose branches.
    Three,
    /// Operations that do not wait may be scheduling points.
    Four,
    /// A crash loses changes to a disk.
    Five,
    /// Choices are drawn again from the seed.
    Six,
}

impl Format {
    /// Returns the format with that number.
    pub(super) fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Three),
            4 => Some(Self::Four),
            5 => Some(Self::Five),
            6 => Some(Self::Six),
            _ => None,
        }
    }

    /// Returns the number of the format.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
            Self::Six => 6,
        }
    }
}

/// Returns the format in which the choices of a repro are written: the oldest one that holds
/// them, so that a tool that needs no more can read the file.
pub(super) fn format_of(repro: &Repro) -> Format {
    let least = match (&repro.drawn, repro.interleave) {
        (Some(_), _) => Format::Six,
        (None, Interleave::Awaits) => Format::Two,
        (None, Interleave::Operations) => Format::Four,
    };
    let needed = repro.schedule.deviations().iter();
    let needed = needed.map(|deviation| since(key_of(&deviation.site)));
    needed.fold(least, Format::max)
}

/// Returns the oldest format that is written and has that key.
fn since(key: &str) -> Format {
    match key {
        POSTPONE | SELECT | CANCEL | INTERRUPT => Format::Three,
        DURABILITY => Format::Five,
        _ => Format::Two,
    }
}

const TEXT: &str = "site";
const PREEMPT: &str = "preempt";
const AFTER: &str = "after";
const POSTPONE: &str = "postpone";
const SELECT: &str = "select";
const CANCEL: &str = "cancel";
const INTERRUPT: &str = "interrupt";
const DURABILITY: &str = "durability";
const LATENCY: &str = "latency";
const LOSS: &str = "loss";
const WORLD: &str = "world";

/// Returns the key of a site.
fn key_of(site: &Site) -> &'static str {
    match site {
        Site::Preempt(_) => PREEMPT,
        Site::After(_) => AFTER,
        Site::Postpone(_) => POSTPONE,
        Site::Select(_) => SELECT,
        Site::Cancel(_) => CANCEL,
        Site::Interrupt(_) => INTERRUPT,
        Site::Durability(_) => DURABILITY,
        Site::Latency(_) => LATENCY,
        Site::Loss(_) => LOSS,
        Site::World(_) => WORLD,
    }
}

/// Returns key and value of a site, as they stand in a choice of format 2 or later.
pub(super) fn written(site: &Site) -> String {
    let value = match site {
        Site::Preempt(path)
        | Site::After(path)
        | Site::Postpone(path)
        | Site::Select(path)
        | Site::Cancel(path) => format!("\"{path}\""),
        Site::Interrupt(path) => format!("\"{path}\""),
        Site::Durability(host) => quoted(host),
        Site::Latency(Link { from, to }) | Site::Loss(Link { from, to }) => {
            format!("{{ from = {}, to = {} }}", quoted(from), quoted(to))
        }
        Site::World(label) => quoted(label.as_str()),
    };
    format!("{} = {value}", key_of(site))
}

/// Reads the site of a choice. Where the format is not known, because that is what is
/// wrong with the file, either is taken.
pub(super) fn read(
    section: &mut Section<'_>,
    format: Option<Format>,
    problems: &mut Problems,
) -> Option<Site> {
    let text = match format {
        Some(Format::One) => section.need(TEXT, "where it is made: `site = \"…\"`", problems),
        Some(_) => None,
        None => section.get(TEXT),
    };
    if let Some(item) = text {
        return Some(parse(item.short_text(problems)?.value));
    }
    match format {
        Some(Format::One) => None,
        Some(_) | None => typed(section, format, problems),
    }
}

/// Reads the site of a choice of format 2 or later: the value of exactly one of its keys.
fn typed(
    section: &mut Section<'_>,
    format: Option<Format>,
    problems: &mut Problems,
) -> Option<Site> {
    let path = |item: Item<'_>, problems: &mut Problems| spawn_path(&item, problems);
    let readers: [(&'static str, Reader<'_>); 10] = [
        (PREEMPT, &|item, problems| {
            path(item, problems).map(Site::Preempt)
        }),
        (AFTER, &|item, problems| {
            path(item, problems).map(Site::After)
        }),
        (POSTPONE, &|item, problems| {
            path(item, problems).map(Site::Postpone)
        }),
        (SELECT, &|item, problems| {
            path(item, problems).map(Site::Select)
        }),
        (CANCEL, &|item, problems| {
            path(item, problems).map(Site::Cancel)
        }),
        (INTERRUPT, &|item, problems| {
            plain_path(&item, problems).map(Site::Interrupt)
        }),
        (DURABILITY, &|item, problems| {
            Some(Site::Durability(
                item.short_text(problems)?.value.to_owned(),
            ))
        }),
        (LATENCY, &|item, problems| {
            link(&item, problems).map(Site::Latency)
        }),
        (LOSS, &|item, problems| {
            link(&item, problems).map(Site::Loss)
        }),
        (WORLD, &|item, problems| {
            Some(Site::World(Label::new(item.short_text(problems)?.value)))
        }),
    ];
    let mut found = Vec::new();
    for (key, reader) in readers {
        if format.is_some_and(|format| format < since(key)) {
            // There it is an unknown key, like every other.
            continue;
        }
        if let Some(item) = section.get(key) {
            found.push((item.span, reader(item, problems)));
        }
    }
    match found.as_slice() {
        [] => {
            if problems.complete() {
                problems.report(
                    Code::MissingKey,
                    section.span,
                    "the site is missing in a choice",
                    "",
                    "add one of `preempt = \"0.1\"`, `after = \"0.1\"`, `postpone = \"0.1\"`, \
                     `select = \"0.1\"`, `cancel = \"0.1\"`, `interrupt = \"0.1/1\"`, \
                     `durability = \"…\"`, \
                     `latency = { from = \"…\", to = \"…\" }`, \
                     `loss = { from = \"…\", to = \"…\" }` and `world = \"…\"`",
                );
            }
            None
        }
        [(_, site)] => site.clone(),
        [_, (second, _), ..] => {
            problems.report(
                Code::UnknownKey,
                *second,
                "a choice is made at one site, and this names a second",
                "a second site",
                "keep one of the two",
            );
            None
        }
    }
}

type Reader<'r> = &'r dyn Fn(Item<'_>, &mut Problems) -> Option<Site>;

/// Reads a site as format 1 wrote it.
fn parse(text: &str) -> Site {
    let path = |kind: &str| text.strip_prefix(kind)?.parse::<SpawnPath>().ok();
    let link = |kind: &str| {
        let (from, to) = text.strip_prefix(kind)?.split_once(" -> ")?;
        Some(Link {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    };
    path("preempt ")
        .map(Site::Preempt)
        .or_else(|| path("after ").map(Site::After))
        .or_else(|| link("latency ").map(Site::Latency))
        .or_else(|| link("loss ").map(Site::Loss))
        .unwrap_or_else(|| Site::world(text))
}

fn spawn_path(item: &Item<'_>, problems: &mut Problems) -> Option<SpawnPath> {
    let text = item.short_text(problems)?.value;
    let path = text.parse().ok();
    if path.is_none() {
        problems.report(
            Code::OutOfRange,
            item.span,
            format!("\"{}\" is no path of spawns", quote(text)),
            "no path",
            "a path is numbers with dots between them: `0.3.1` is the first child of the \
             third child of the program",
        );
    }
    path
}

fn plain_path(item: &Item<'_>, problems: &mut Problems) -> Option<PlainPath> {
    let text = item.short_text(problems)?.value;
    let path = text.parse().ok();
    if path.is_none() {
        problems.report(
            Code::OutOfRange,
            item.span,
            format!("\"{}\" is no path of a plain task", quote(text)),
            "no path",
            "a path is that of the task of the run above it, a slash, and numbers with dots \
             between them: `0.3/1` is the first plain task that task `0.3` has spawned",
        );
    }
    path
}

fn link(item: &Item<'_>, problems: &mut Problems) -> Option<Link> {
    let mut section = item.section("a link", problems)?;
    let mut host = |key, problems: &mut Problems| {
        let example = format!("a host: `{key} = \"…\"`");
        let text = section
            .need(key, &example, problems)?
            .short_text(problems)?;
        Some(text.value.to_owned())
    };
    let (from, to) = (host("from", problems), host("to", problems));
    section.finish(problems);
    Some(Link {
        from: from?,
        to: to?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Format 1 wrote the labels of a program beside the simulator's own, so that only
    /// what is none of those is a label.
    #[test]
    fn sites_of_format_1_are_told_apart() {
        let path = |text: &str| text.parse::<SpawnPath>().expect(text);
        let link = Link {
            from: "client-1".to_owned(),
            to: "a -> b".to_owned(),
        };
        for (text, site) in [
            ("preempt 0.3.1", Site::Preempt(path("0.3.1"))),
            ("after 0", Site::After(path("0"))),
            ("latency client-1 -> a -> b", Site::Latency(link.clone())),
            ("loss client-1 -> a -> b", Site::Loss(link)),
            ("after lunch", Site::world("after lunch")),
            ("latency", Site::world("latency")),
            ("", Site::world("")),
        ] {
            assert_eq!(parse(text), site, "{text}");
        }
    }
}
