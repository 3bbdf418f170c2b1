//! Sites in a repro file: each kind of site has a key of its own. Format 1 wrote
//! every site as one text under `site`; format 3 added `postpone`, `select` and
//! `cancel`; format 4 the key `interleave` beside them.

use rehearsal_sim::{Interleave, Label, Link, Schedule, Site, SpawnPath};

use super::write::quoted;
use crate::scenario::Code;
use crate::scenario::decode::item::Item;
use crate::scenario::decode::problems::Problems;
use crate::scenario::decode::section::Section;
use crate::scenario::decode::words::quote;

/// The versions of the file format that are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// Sites are texts.
    One,
    /// Sites are typed.
    Two,
    /// Tasks are postponed and cancelled, and choose branches.
    Three,
    /// Operations that do not wait may be scheduling points.
    Four,
}

impl Format {
    /// Returns the oldest format that has that site. A file is written in the oldest format
    /// that holds it, so that a tool that needs no more can read it.
    pub(super) fn needed(site: &Site) -> u32 {
        match site {
            Site::Postpone(_) | Site::Select(_) | Site::Cancel(_) => 3,
            Site::Preempt(_)
            | Site::After(_)
            | Site::Latency(_)
            | Site::Loss(_)
            | Site::World(_) => LEAST_WRITTEN,
        }
    }

    /// Returns the format with that number.
    pub(super) fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            3 => Some(Self::Three),
            4 => Some(Self::Four),
            _ => None,
        }
    }
}

/// Returns the format in which a schedule is written, of a run with those scheduling points.
pub(super) fn format_of(interleave: Interleave, schedule: &Schedule) -> u32 {
    if interleave != Interleave::default() {
        return 4;
    }
    let needed = schedule.deviations().iter();
    let needed = needed.map(|deviation| Format::needed(&deviation.site));
    needed.max().unwrap_or(LEAST_WRITTEN)
}

/// The oldest format that is written.
const LEAST_WRITTEN: u32 = 2;

const TEXT: &str = "site";
const PREEMPT: &str = "preempt";
const AFTER: &str = "after";
const POSTPONE: &str = "postpone";
const SELECT: &str = "select";
const CANCEL: &str = "cancel";
const LATENCY: &str = "latency";
const LOSS: &str = "loss";
const WORLD: &str = "world";

/// Returns key and value of a site, as they stand in a choice of format 2.
pub(super) fn written(site: &Site) -> String {
    let link = |key: &str, Link { from, to }: &Link| {
        format!("{key} = {{ from = {}, to = {} }}", quoted(from), quoted(to))
    };
    match site {
        Site::Preempt(path) => format!("{PREEMPT} = \"{path}\""),
        Site::After(path) => format!("{AFTER} = \"{path}\""),
        Site::Postpone(path) => format!("{POSTPONE} = \"{path}\""),
        Site::Select(path) => format!("{SELECT} = \"{path}\""),
        Site::Cancel(path) => format!("{CANCEL} = \"{path}\""),
        Site::Latency(between) => link(LATENCY, between),
        Site::Loss(between) => link(LOSS, between),
        Site::World(label) => format!("{WORLD} = {}", quoted(label.as_str())),
    }
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
        Some(Format::Two | Format::Three | Format::Four) => None,
        None => section.get(TEXT),
    };
    if let Some(item) = text {
        return Some(parse(item.text(problems)?.value));
    }
    match format {
        Some(Format::One) => None,
        Some(Format::Two | Format::Three | Format::Four) | None => typed(section, format, problems),
    }
}

/// Reads the site of a choice of format 2 or 3: the value of exactly one of its keys.
fn typed(
    section: &mut Section<'_>,
    format: Option<Format>,
    problems: &mut Problems,
) -> Option<Site> {
    let path = |item: Item<'_>, problems: &mut Problems| spawn_path(&item, problems);
    let readers: [(&'static str, Reader<'_>); 8] = [
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
        (LATENCY, &|item, problems| {
            link(&item, problems).map(Site::Latency)
        }),
        (LOSS, &|item, problems| {
            link(&item, problems).map(Site::Loss)
        }),
        (WORLD, &|item, problems| {
            Some(Site::World(Label::new(item.text(problems)?.value)))
        }),
    ];
    let mut found = Vec::new();
    for (key, reader) in readers {
        let is_new = [POSTPONE, SELECT, CANCEL].contains(&key);
        if is_new && format == Some(Format::Two) {
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
                     `select = \"0.1\"`, `cancel = \"0.1\"`, \
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
    let text = item.text(problems)?.value;
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

fn link(item: &Item<'_>, problems: &mut Problems) -> Option<Link> {
    let mut section = item.section("a link", problems)?;
    let mut host = |key, problems: &mut Problems| {
        let example = format!("a host: `{key} = \"…\"`");
        let text = section.need(key, &example, problems)?.text(problems)?;
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
