//! The reductions that the shrinker may try, derived from schema and document.

use rehearsal_agents::sections::{Path, durations};
use serde_json::Value;

use super::edit::{Edit, NewValue};
use super::schema::{Node, Shape};

/// Changes that are made together.
pub type Candidate = Vec<Edit>;

/// For each value that can be reduced, its candidates, the deepest first. `document` has
/// the values of `made`, but nothing has been taken out.
pub(super) fn families(root: Node<'_>, document: &Value, made: &[Edit]) -> Vec<Vec<Candidate>> {
    let removed = made
        .iter()
        .filter(|change| change.value == NewValue::Removed);
    let mut search = Search {
        removed: removed.map(|change| &change.path).collect(),
        families: Vec::new(),
    };
    search.table(root, &[(Path::root(), document)]);
    search.families.retain(|candidates| !candidates.is_empty());
    search.families
}

struct Search<'a> {
    removed: Vec<&'a Path>,
    families: Vec<Vec<Candidate>>,
}

/// A value with its place.
type Placed<'v> = (Path, &'v Value);

impl Search<'_> {
    fn is_gone(&self, path: &Path) -> bool {
        self.removed.iter().any(|removed| path.is_within(removed))
    }

    /// Looks into tables of one schema, field by field: what they have in common is
    /// reduced in all of them before the next field.
    fn table(&mut self, node: Node<'_>, tables: &[Placed<'_>]) {
        for (key, field) in node.fields() {
            for table in tables {
                self.number(key, field, node, table);
            }
            let values: Vec<Placed<'_>> = tables
                .iter()
                .filter_map(|(path, table)| {
                    let value = table.get(key).or_else(|| field.default())?;
                    Some((path.key(key), value))
                })
                .filter(|(path, _)| !self.is_gone(path))
                .collect();
            self.values(field, &values);
        }
    }

    fn values(&mut self, node: Node<'_>, values: &[Placed<'_>]) {
        match node.shape() {
            Shape::Table => {
                if node.reduces_to() == Some(0) {
                    let sections = values
                        .iter()
                        .filter(|(_, value)| Some(*value) != node.default());
                    let families =
                        sections.map(|(path, _)| vec![vec![Edit::removed(path.clone())]]);
                    self.families.extend(families);
                }
                self.table(node, values);
            }
            Shape::Short(_, table) => {
                let tables = values.iter().filter(|(_, value)| value.is_object());
                let tables: Vec<_> = tables.cloned().collect();
                self.table(table, &tables);
            }
            Shape::List { items, .. } => {
                for (path, value) in values {
                    self.list(node, path, value);
                }
                let elements: Vec<_> = values
                    .iter()
                    .flat_map(|(path, value)| {
                        let entries = value.as_array().into_iter().flatten().enumerate();
                        entries.map(|(index, entry)| (path.index(index), entry))
                    })
                    .filter(|(path, _)| !self.is_gone(path))
                    .collect();
                if !elements.is_empty() {
                    self.values(items, &elements);
                }
            }
            Shape::DurationRange(_) => {
                for (path, value) in values {
                    self.range(node, path, value);
                }
            }
            _ => {}
        }
    }

    /// Takes elements out: all of them, all but one, one.
    fn list(&mut self, node: Node<'_>, path: &Path, value: &Value) {
        let Some(least) = node.reduces_to() else {
            return;
        };
        let length = value.as_array().map_or(0, Vec::len);
        let elements = (0..length).map(|index| path.index(index));
        let left: Vec<Path> = elements.filter(|path| !self.is_gone(path)).collect();
        let without = |keep: &dyn Fn(usize) -> bool| -> Candidate {
            let elements = left.iter().enumerate();
            elements
                .filter(|(position, _)| !keep(*position))
                .map(|(_, path)| Edit::removed(path.clone()))
                .collect()
        };
        let mut family = Vec::new();
        if least == 0 && !left.is_empty() {
            family.push(without(&|_| false));
        }
        if left.len() > 1 {
            family.extend((0..left.len()).map(|only| without(&|position| position == only)));
        }
        if left.len() > 2 {
            family.extend((0..left.len()).map(|one| without(&|position| position != one)));
        }
        self.families.push(family);
    }

    /// Brings the start of a range forward.
    fn range(&mut self, node: Node<'_>, path: &Path, value: &Value) {
        let range = value.as_str().map(durations::parse_range);
        let (Some(least), Some(Ok((from, to)))) = (node.reduces_to(), range) else {
            return;
        };
        // A start of no whole milliseconds can still become the last one before it.
        let from = u64::try_from(from.as_millis()).unwrap_or(u64::MAX);
        let family = steps(from, least).into_iter().map(|left| {
            let range = format!("{left}ms..{}", durations::show(to));
            vec![Edit::text(path.clone(), &range)]
        });
        self.families.push(family.collect());
    }

    /// Lowers a number, and with it those of its siblings that it bounds or divides.
    fn number(&mut self, key: &str, field: Node<'_>, node: Node<'_>, (path, table): &Placed<'_>) {
        let Shape::Integer(limits) = field.shape() else {
            return;
        };
        let number = |key: &str| table.get(key).and_then(Value::as_u64);
        let place = path.key(key);
        let (Some(least), Some(now)) = (field.reduces_to(), number(key)) else {
            return;
        };
        if self.is_gone(&place) {
            return;
        }
        let unit = field.multiple_of().and_then(number).unwrap_or(1).max(1);
        let least = least.min(*limits.start()).div_ceil(unit);
        let family = steps(now / unit, least).into_iter().map(|left| {
            let left = left * unit;
            let mut changes = vec![Edit::number(place.clone(), left)];
            for (sibling, of) in node.fields() {
                let Some(had) = number(sibling) else { continue };
                let lowered = match (of.multiple_of(), of.at_most()) {
                    (Some(divisor), _) if divisor == key => had / now * left,
                    (_, Some(bound)) if bound == key => had.min(left),
                    _ => continue,
                };
                if lowered < had {
                    changes.push(Edit::number(path.key(sibling), lowered));
                }
            }
            changes
        });
        self.families.push(family.collect());
    }
}

/// The numbers below `had` that are tried: `least`, then more and more, in the end one
/// less.
fn steps(had: u64, least: u64) -> Vec<u64> {
    let mut left: Vec<u64> = std::iter::successors(Some(1u64), |left| left.checked_mul(2))
        .take_while(|left| *left < had)
        .chain(had.checked_sub(1))
        .chain([least])
        .filter(|left| (least..had).contains(left))
        .collect();
    left.sort_unstable();
    left.dedup();
    left
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_begin_with_the_least_and_end_with_one_less() {
        assert_eq!(steps(50, 0), [0, 1, 2, 4, 8, 16, 32, 49]);
        assert_eq!(steps(5, 1), [1, 2, 4]);
        assert!(steps(1, 1).is_empty());
        assert_eq!(steps(1, 0), [0]);
        assert!(steps(0, 0).is_empty());
    }
}
