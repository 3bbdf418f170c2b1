//! The schema of scenario files, as the reader follows it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rehearsal_agents::sections::times::Times;
use rehearsal_agents::sections::{Path, Step};
use rehearsal_agents::system::{AnySystem, SystemInfo};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::edit::Edit;
use super::kind::Kinds;
use super::sections::{AMOUNTS, FAULT_NAMES, GOAL_NAMES, ROLE_NAMES, SharedFile};

/// The schema of the files of one system.
pub(super) struct SystemSchema {
    /// All sections, as one object.
    all: Value,
    /// The keys that the system gives meaning to.
    own: BTreeSet<String>,
    /// The keys of `system` that it gives meaning to, besides `kind` and `defect`.
    options: Vec<String>,
}

/// Returns the path of the schema for files of that kind of system, seen from the directory of
/// scenarios. Scenario files name it in their first line, `#:schema ./schemas/bus.json`, for
/// editors that read TOML with taplo. Each kind has a schema of its own: of a file that fits
/// none of several kinds, a validator says no more than that.
pub fn path_of(system: &str) -> String {
    format!("schemas/{system}.json")
}

/// The section that the system and all others give meaning to.
pub(super) const SYSTEM: &str = "system";

impl SystemSchema {
    /// The shared sections and those of a system, as one object.
    ///
    /// # Panics
    ///
    /// If the system's sections are no object, which is a mistake in their struct.
    pub(super) fn new(system: &dyn AnySystem) -> Self {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let mut all = SharedFile::json_schema(&mut generator).to_value();
        let mut own = system.sections().schema(&mut generator).to_value();
        let mut defs = generator.take_definitions(true);
        let own_fields = fields_mut(&mut own);
        let mut section = own_fields
            .remove(SYSTEM)
            .unwrap_or_else(|| json!({ "type": "object", "additionalProperties": false }));
        let options = complete_system(&mut section, &mut defs, system.info());
        let keys: BTreeSet<String> = own_fields.keys().cloned().collect();
        let fields = fields_mut(&mut all);
        fields.append(own_fields);
        fields.insert(SYSTEM.to_owned(), section);
        let required = own["required"].as_array().into_iter().flatten().cloned();
        let required = required.filter(|key| key != SYSTEM);
        let all_required = all["required"].as_array_mut();
        let all_required = all_required.expect("some shared sections are required");
        all_required.extend(required.chain([SYSTEM.into()]));
        all["$defs"] = Value::Object(defs);
        fill_names(&mut all, &[system.info()]);
        Self {
            all,
            own: keys,
            options,
        }
    }

    /// The sections that the files of all these kinds of systems have.
    pub(super) fn shared(infos: &[&SystemInfo]) -> Self {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let mut all = SharedFile::json_schema(&mut generator).to_value();
        all["$defs"] = Value::Object(generator.take_definitions(true));
        fill_names(&mut all, infos);
        Self {
            all,
            own: BTreeSet::new(),
            options: Vec::new(),
        }
    }

    /// The root.
    pub(super) fn root(&self) -> Node<'_> {
        let schema = self.all.as_object();
        let schema = schema.expect("a schema is an object");
        let defs = schema["$defs"].as_object();
        Node {
            local: schema,
            target: None,
            defs: defs.expect("definitions are an object"),
        }
    }

    /// Returns `true` if the system, and not all of them, gives meaning to a key.
    pub(super) fn is_own(&self, key: &str) -> bool {
        self.own.contains(key)
    }

    /// The keys of `system` that the system gives meaning to, besides `kind` and
    /// `defect`.
    pub(super) fn options(&self) -> &[String] {
        &self.options
    }
}

/// The properties of an object's schema.
fn fields_mut(schema: &mut Value) -> &mut Map<String, Value> {
    let object = schema.as_object_mut().expect("a schema is an object");
    let fields = object.entry("properties").or_insert_with(|| json!({}));
    fields.as_object_mut().expect("properties are an object")
}

/// Adds to the section `system` what it has in every file: `kind` and `defect`. Returns
/// its other keys.
fn complete_system(
    section: &mut Value,
    defs: &mut Map<String, Value>,
    info: &SystemInfo,
) -> Vec<String> {
    let (kind, noun) = (info.name, "`system`");
    let place = section.as_object_mut().expect("a schema is an object");
    // Its kind has no default.
    place.remove("default");
    let example = format!("system = {{ kind = \"{kind}\" }}");
    place.entry("x-example").or_insert(example.into());
    let description = "The system under test.";
    place
        .entry("description")
        .or_insert_with(|| description.into());
    let target = place.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|target| target.strip_prefix("#/$defs/"));
    let target = match target.map(str::to_owned) {
        Some(name) => defs.get_mut(&name).expect("references lead to definitions"),
        None => section,
    };
    let options: Vec<String> = fields_mut(target).keys().cloned().collect();
    let defects: Vec<&str> = info.defects.iter().map(|defect| defect.name()).collect();
    let fields = fields_mut(target);
    let kind = json!({
        "type": "string",
        "enum": [kind],
        "description": "The kind of system.",
        "x-noun": "kind of system",
        "x-example": format!("kind = \"{kind}\""),
    });
    fields.insert("kind".to_owned(), kind);
    if !defects.is_empty() {
        let defect = json!({
            "type": "string",
            "enum": defects,
            "description": "A seeded bug; without it, the system is healthy.",
            "x-noun": "defect",
        });
        fields.insert("defect".to_owned(), defect);
    }
    target["required"] = json!(["kind"]);
    target["x-noun"] = noun.into();
    options
}

/// Replaces the lists of names that depend on the system.
fn fill_names(schema: &mut Value, infos: &[&SystemInfo]) {
    let faults = infos.iter().flat_map(|info| info.fault_names());
    fill(schema, FAULT_NAMES, &distinct(faults.map(|(name, _)| name)));
    let roles = infos.iter().flat_map(|info| info.roles);
    let roles = roles.map(|role| role.name.to_owned());
    fill(schema, ROLE_NAMES, &distinct(roles));
    let goals = infos.iter().flat_map(|info| info.goals());
    fill(schema, GOAL_NAMES, &distinct(goals.map(|(name, _)| name)));
}

/// The names in order, each once.
fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}

/// Replaces a list of names, wherever it stands.
fn fill(schema: &mut Value, keyword: &str, names: &[String]) {
    match schema {
        Value::Array(elements) => {
            for element in elements {
                fill(element, keyword, names);
            }
        }
        Value::Object(object) => {
            if object.remove(keyword).is_some() {
                object.insert("enum".to_owned(), json!(names));
            }
            for value in object.values_mut() {
                fill(value, keyword, names);
            }
        }
        _ => {}
    }
}

/// Returns the text of a schema, as `rehearsal schema` prints it.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// Returns the JSON schema of the scenario files of one kind of system; `None` if there is no
/// such kind.
pub fn json_schema_of(system: &str) -> Option<Value> {
    let kind = Kinds::shipped().find(system)?;
    Some(titled(standard(&kind.schema().all)))
}

/// Returns the JSON schema of scenario files.
pub fn json_schema() -> Value {
    let kinds = Kinds::shipped().iter();
    let mut variants: Vec<(&str, Value)> = kinds
        .map(|kind| (kind.name(), standard(&kind.schema().all)))
        .collect();
    titled(match variants.len() {
        1 => variants.remove(0).1,
        _ => one_of(variants),
    })
}

/// Returns the schema with its dialect and its title.
fn titled(mut schema: Value) -> Value {
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Rehearsal scenario".into();
    schema
}

/// Returns the schema of files of any of these kinds. The definitions of each are named
/// after it: two systems may have different sections of one name.
fn one_of(variants: Vec<(&str, Value)>) -> Value {
    let mut all_defs = Map::new();
    let mut schemas = Vec::new();
    for (kind, mut schema) in variants {
        qualify(&mut schema, kind);
        let object = schema.as_object_mut().expect("a schema is an object");
        if let Some(Value::Object(defs)) = object.remove("$defs") {
            let defs = defs.into_iter();
            all_defs.extend(defs.map(|(name, schema)| (format!("{kind}.{name}"), schema)));
        }
        schemas.push(schema);
    }
    json!({ "oneOf": schemas, "$defs": all_defs })
}

/// Leads every reference to the definitions of that kind.
fn qualify(schema: &mut Value, kind: &str) {
    match schema {
        Value::Array(elements) => {
            for element in elements {
                qualify(element, kind);
            }
        }
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/$defs/{kind}.{name}");
            }
            for value in object.values_mut() {
                qualify(value, kind);
            }
        }
        _ => {}
    }
}

/// The schema with what the extensions say in standard keywords too.
fn standard(schema: &Value) -> Value {
    match schema {
        Value::Array(elements) => elements.iter().map(standard).collect(),
        Value::Object(object) => {
            let entries = object.iter();
            // A parameter that is left out is not `null`.
            let entries = entries.filter(|(key, value)| *key != "default" || !value.is_null());
            let mut standard: Map<String, Value> = entries
                .map(|(key, value)| (key.clone(), self::standard(value)))
                .collect();
            let conditions = conditions(object);
            if !conditions.is_empty() {
                standard.insert("allOf".into(), conditions.into());
            }
            Value::Object(standard)
        }
        other => other.clone(),
    }
}

/// For each field with `x-of`: it is required if its sibling has one of those values,
/// unless it is optional, and forbidden otherwise.
fn conditions(object: &Map<String, Value>) -> Vec<Value> {
    let properties = object.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties
        .filter_map(|(field, schema)| {
            let (sibling, values) = schema.get("x-of")?.as_object()?.iter().next()?;
            let optional = schema.get("x-optional") == Some(&Value::Bool(true));
            let required = if optional {
                json!({})
            } else {
                json!({ "required": [field] })
            };
            Some(json!({
                "if": { "properties": { sibling: { "enum": values } }, "required": [sibling] },
                "then": required,
                "else": { "properties": { field: false } },
            }))
        })
        .collect()
}

/// A schema, or a place within one. Where it refers to a definition, keywords beside
/// the reference go before those of the definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'s> {
    local: &'s Map<String, Value>,
    target: Option<&'s Map<String, Value>>,
    defs: &'s Map<String, Value>,
}

/// The values that a schema admits.
#[derive(Clone, Debug)]
pub(super) enum Shape<'s> {
    /// A whole number within limits.
    Integer(RangeInclusive<u64>),
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A duration.
    Duration(Times),
    /// A range of durations.
    DurationRange(Times),
    /// One of these names.
    Choice(Vec<&'s str>),
    /// A list.
    List {
        /// The schema of its elements.
        items: Node<'s>,
        /// The least number of elements.
        least: usize,
        /// Set if no two elements are the same.
        distinct: bool,
    },
    /// A table.
    Table,
    /// A table of metrics with their amounts.
    Amounts,
    /// A table, or the value of that key alone.
    Short(&'s str, Node<'s>),
}

impl<'s> Node<'s> {
    fn at(self, schema: &'s Value) -> Self {
        let local = schema.as_object().expect("a schema is an object");
        let target = local.get("$ref").and_then(Value::as_str).map(|reference| {
            let name = reference.strip_prefix("#/$defs/");
            let target = name.and_then(|name| self.defs.get(name)?.as_object());
            target.expect("references lead to definitions")
        });
        Self {
            local,
            target,
            ..self
        }
    }

    fn get(&self, keyword: &str) -> Option<&'s Value> {
        let target = || self.target.and_then(|target| target.get(keyword));
        self.local.get(keyword).or_else(target)
    }

    fn text(&self, keyword: &str) -> Option<&'s str> {
        self.get(keyword)?.as_str()
    }

    fn number(&self, keyword: &str) -> Option<u64> {
        self.get(keyword)?.as_u64()
    }

    /// The shape of the values.
    ///
    /// # Panics
    ///
    /// If the schema uses what the reader does not know, which is a mistake in the
    /// section's struct.
    pub(super) fn shape(&self) -> Shape<'s> {
        if let Some(key) = self.text("x-short") {
            let table = self.get("anyOf").and_then(|both| both.get(1));
            return Shape::Short(key, self.at(table.expect("a table beside its short form")));
        }
        if let Some(times) = self.times("x-duration") {
            return Shape::Duration(times);
        }
        if let Some(times) = self.times("x-duration-range") {
            return Shape::DurationRange(times);
        }
        if self.get(AMOUNTS).is_some() {
            return Shape::Amounts;
        }
        if let Some(names) = self.get("enum").and_then(Value::as_array) {
            return Shape::Choice(names.iter().filter_map(Value::as_str).collect());
        }
        // An enum whose variants have documentation of their own.
        if let Some(variants) = self.get("oneOf").and_then(Value::as_array) {
            let names = variants.iter().filter_map(|variant| variant.get("const"));
            return Shape::Choice(names.filter_map(Value::as_str).collect());
        }
        match self.type_name() {
            Some("integer") => {
                let least = self.number("minimum").unwrap_or(0);
                Shape::Integer(least..=self.number("maximum").unwrap_or(u64::MAX))
            }
            Some("string") => Shape::Text,
            Some("boolean") => Shape::Boolean,
            Some("object") => Shape::Table,
            Some("array") => Shape::List {
                items: self.at(self.get("items").expect("a list has elements")),
                least: self.number("minItems").map_or(0, |least| least as usize),
                distinct: self.get("uniqueItems").is_some(),
            },
            _ => panic!("a schema that is not known here: {:?}", self.local),
        }
    }

    /// The type of a value that is there: an optional one may be left out, and is never
    /// `null`.
    fn type_name(&self) -> Option<&'s str> {
        let types = self.get("type")?;
        let mut names = types.as_array().into_iter().flatten().chain([types]);
        names.find_map(|name| name.as_str().filter(|name| *name != "null"))
    }

    fn times(&self, keyword: &str) -> Option<Times> {
        let times = self.get(keyword)?.clone();
        Some(serde_json::from_value(times).expect("the resolution of a duration"))
    }

    /// The fields of a table, by key.
    pub(super) fn fields(self) -> impl Iterator<Item = (&'s str, Node<'s>)> {
        let fields = self.get("properties").and_then(Value::as_object);
        let fields = fields.into_iter().flatten();
        fields.map(move |(key, schema)| (key.as_str(), self.at(schema)))
    }

    /// The field of a table with that key.
    pub(super) fn field(&self, key: &str) -> Option<Node<'s>> {
        Some(self.at(self.get("properties")?.get(key)?))
    }

    /// Returns `true` if a table must have that key.
    pub(super) fn requires(&self, key: &str) -> bool {
        let required = self.get("required").and_then(Value::as_array);
        required.is_some_and(|required| required.iter().any(|name| name == key))
    }

    /// Returns `true` if a field that belongs to its table may still be left out.
    pub(super) fn is_optional(&self) -> bool {
        self.get("x-optional").and_then(Value::as_bool) == Some(true)
    }

    /// The sibling that decides whether a table may have this field, and the values of
    /// the sibling for which it must.
    pub(super) fn belongs_to(&self) -> Option<(&'s str, Vec<&'s str>)> {
        let (sibling, values) = self.get("x-of")?.as_object()?.iter().next()?;
        let values = values.as_array()?.iter().filter_map(Value::as_str);
        Some((sibling, values.collect()))
    }

    /// The table to which a key belongs that is none of this one's.
    pub(super) fn elsewhere(&self, key: &str) -> Option<&'s str> {
        self.get("x-elsewhere")?.get(key)?.as_str()
    }

    /// The noun for a value.
    pub(super) fn noun(&self) -> Option<&'s str> {
        self.text("x-noun")
    }

    /// TOML that sets the value.
    pub(super) fn example(&self) -> Option<&'s str> {
        self.text("x-example")
    }

    /// The first sentence of the field's documentation, without the full stop.
    pub(super) fn summary(&self) -> Option<String> {
        let text = self.text("description")?.replace('\n', " ");
        let end = [": ", ". ", "; "]
            .iter()
            .filter_map(|stop| text.find(stop))
            .min();
        let first = end.map_or(text.as_str(), |end| &text[..end]);
        Some(first.trim_end_matches('.').to_owned())
    }

    /// The value of a field that is left out.
    pub(super) fn default(&self) -> Option<&'s Value> {
        self.get("default")
    }

    /// The least number, or number of elements, to which the shrinker may go.
    pub(super) fn reduces_to(&self) -> Option<u64> {
        self.number("x-reduce")
    }

    /// The sibling that this number is a multiple of.
    pub(super) fn multiple_of(&self) -> Option<&'s str> {
        self.text("x-multiple-of")
    }

    /// The sibling that this number may not exceed.
    pub(super) fn at_most(&self) -> Option<&'s str> {
        self.text("x-at-most")
    }

    /// The schema at a place below this one.
    pub(super) fn find(self, path: &Path) -> Option<Node<'s>> {
        let mut node = self;
        for step in path.steps() {
            if let Shape::Short(_, table) = node.shape() {
                node = table;
            }
            node = match (step, node.shape()) {
                (Step::Key(key), Shape::Table) => node.field(key)?,
                (Step::Index(_), Shape::List { items, .. }) => items,
                _ => return None,
            };
        }
        Some(node)
    }
}

/// Returns the names that the files of any kind of system may have at that place.
pub(crate) fn choices(kinds: &Kinds, path: &Path) -> Vec<&'static str> {
    let fields = kinds.iter().filter_map(|kind| kind.root().find(path));
    let names = fields.flat_map(|field| match field.shape() {
        Shape::Choice(names) => names,
        _ => Vec::new(),
    });
    names.collect()
}

/// Returns `true` if the files of some kind of system have a place for the edit, and
/// admit its value. A number must be one at least; its limits are those of the scenario.
pub(crate) fn admits(kinds: &Kinds, edit: &Edit) -> bool {
    let fields = kinds.iter().filter_map(|kind| kind.root().find(&edit.path));
    fields.into_iter().any(|field| match field.shape() {
        _ if edit.is_removal() => true,
        Shape::Integer(_) => edit.as_number().is_some(),
        Shape::Choice(names) => edit.as_text().is_some_and(|name| names.contains(&&*name)),
        _ => true,
    })
}
