//! The lines under `cuts` of a repro, as format 1 of repros had them.

use serde_json::Value;

use crate::sections::{Lowered, Path, Step};

/// Returns the changes that each line `path = left` stands for; `None` for a line that
/// there never was.
pub(super) fn cuts(cuts: &[(Path, u32)], document: &Value) -> Vec<Option<Vec<Lowered>>> {
    let lines = cuts.iter();
    lines
        .map(|(path, left)| match path.steps() {
            [Step::Key(clients), Step::Key(per_thread)]
                if clients == "clients" && per_thread == "per_thread" =>
            {
                Some(vec![Lowered::Number(path.clone(), (*left).into())])
            }
            [Step::Key(agents), Step::Index(group), Step::Key(what)] if agents == "agents" => {
                Group::new(*group, cuts, document).cut(what, (*left).into())
            }
            _ => None,
        })
        .collect()
}

/// A group of agents, before its cuts.
struct Group<'a> {
    place: Path,
    group: &'a Value,
    cuts: &'a [(Path, u32)],
}

impl<'a> Group<'a> {
    fn new(index: usize, cuts: &'a [(Path, u32)], document: &'a Value) -> Self {
        Self {
            place: Path::of("agents").index(index),
            group: &document["agents"][index],
            cuts,
        }
    }

    fn cut(&self, what: &str, left: u64) -> Option<Vec<Lowered>> {
        let place = self.place.key(what);
        Some(match what {
            "count" if left == 0 => vec![Lowered::Removed(self.place.clone())],
            // Agents that meet at barriers were counted in parties.
            "count" => {
                let party = self.left("party").unwrap_or(self.number("party"));
                vec![Lowered::Number(place, left.saturating_mul(party))]
            }
            "party" => {
                let mut lowered = vec![Lowered::Number(place, left)];
                if self.left("count").is_none() {
                    let parties = self.number("count") / self.number("party").max(1);
                    let count = parties.saturating_mul(left);
                    lowered.push(Lowered::Number(self.place.key("count"), count));
                }
                lowered
            }
            "events" => vec![Lowered::Number(place, left)],
            "children" => {
                let had = self.group["children"].as_array().map_or(0, Vec::len);
                let left = usize::try_from(left).unwrap_or(had);
                // A child that is not there is refused where the changes are made.
                let end = had.max(left + 1);
                (left..end)
                    .map(|child| Lowered::Removed(place.index(child)))
                    .collect()
            }
            _ => return None,
        })
    }

    /// The number of another line about this group.
    fn left(&self, what: &str) -> Option<u64> {
        let place = self.place.key(what);
        let line = self.cuts.iter().find(|(path, _)| *path == place);
        line.map(|(_, left)| (*left).into())
    }

    /// A number of the group; 1 if it has none.
    fn number(&self, key: &str) -> u64 {
        self.group[key].as_u64().unwrap_or(1)
    }
}
