//! The page on scenario files is written from their schema. To write it anew:
//! `README_UPDATE=1 cargo test --test it schema_page`.

use std::fmt::Write;
use std::fs;

use rehearsal::scenario::schema;
use serde_json::{Map, Value};

const PAGE: &str = "docs/scenario-files.md";

/// The line behind which the page is written by this test.
const MARK: &str = "<!-- From here on the page is generated. -->\n";

/// The schema of all files, to look definitions up in.
struct Page {
    schema: Value,
    text: String,
}

impl Page {
    /// Returns a schema with the keywords of the definition that it refers to.
    fn resolved(&self, schema: &Value) -> Map<String, Value> {
        let mut object = schema.as_object().cloned().unwrap_or_default();
        let name = object.get("$ref").and_then(Value::as_str);
        let name = name.and_then(|name| name.strip_prefix("#/$defs/"));
        let target = name.and_then(|name| self.schema["$defs"][name].as_object().cloned());
        for (keyword, value) in target.unwrap_or_default() {
            object.entry(keyword).or_insert(value);
        }
        object
    }

    /// Writes the table of the fields of a section, then those of the sections below.
    fn section(&mut self, title: &str, schema: &Map<String, Value>, skip: &[&str]) {
        let fields = schema.get("properties").and_then(Value::as_object);
        let fields: Vec<(String, Map<String, Value>)> = fields
            .into_iter()
            .flatten()
            .filter(|(key, _)| !skip.contains(&key.as_str()))
            .map(|(key, field)| (key.clone(), self.resolved(field)))
            .collect();
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let _ = write!(
            self.text,
            "\n### {title}\n\n| key | values | without it | meaning |\n|---|---|---|---|\n"
        );
        for (key, field) in &fields {
            let default = match field.get("default") {
                _ if required.contains(&key.as_str()) => "required".to_owned(),
                Some(Value::Object(_)) | Some(Value::Null) | None => "–".to_owned(),
                Some(value) => format!("`{}`", shown(value)),
            };
            let meaning = field.get("description").and_then(Value::as_str);
            let meaning = meaning.unwrap_or_default().replace('\n', " ");
            let (values, default) = (self.values(field), escaped(&default));
            let meaning = escaped(&meaning);
            let _ = writeln!(self.text, "| `{key}` | {values} | {default} | {meaning} |");
        }
        for (key, field) in &fields {
            if field.contains_key("properties") {
                self.section(&format!("`[{key}]`"), field, &[]);
            } else if let Some(items) = self.table_items(field) {
                self.section(&format!("`[[{key}]]`"), &items, &[]);
            }
        }
    }

    /// Returns the schema of a list's elements, if they are tables. Tables that may be
    /// abbreviated are those of oracles and sub-agents, which are described beside names.
    fn table_items(&self, field: &Map<String, Value>) -> Option<Map<String, Value>> {
        let items = self.resolved(field.get("items")?);
        items.contains_key("properties").then_some(items)
    }

    /// Returns the values that a field admits.
    fn values(&self, field: &Map<String, Value>) -> String {
        let text = |keyword: &str| field.get(keyword).and_then(Value::as_str);
        if let Some(names) = field.get("enum").and_then(Value::as_array) {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("`{}`", shown(name)))
                .collect();
            return escaped(&names.join(", "));
        }
        // An enum whose variants have documentation of their own.
        if let Some(variants) = field.get("oneOf").and_then(Value::as_array) {
            let names = variants.iter().filter_map(|variant| variant.get("const"));
            let names: Vec<String> = names.map(|name| format!("`{}`", shown(name))).collect();
            return escaped(&names.join(", "));
        }
        if field.contains_key("x-duration") {
            return "a duration".to_owned();
        }
        if field.contains_key("x-duration-range") {
            return "a range of durations".to_owned();
        }
        match text("type") {
            Some("integer") => {
                let limit = |keyword: &str| field.get(keyword).map(ToString::to_string);
                let least = limit("minimum").unwrap_or_else(|| "0".to_owned());
                match limit("maximum") {
                    Some(most) => format!("{least} to {most}"),
                    None => format!("from {least}"),
                }
            }
            Some("array") => {
                let items = self.resolved(field.get("items").unwrap_or(&Value::Null));
                match items.get("anyOf").and_then(|both| both.get(0)) {
                    _ if items.contains_key("properties") => "tables".to_owned(),
                    Some(short) => {
                        let names = self.values(&self.resolved(short));
                        format!("a list of {names}, or of tables")
                    }
                    None => format!("a list of {}", self.values(&items)),
                }
            }
            Some("object") => "a table".to_owned(),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("string") => "a text".to_owned(),
            other => panic!("a schema that the page does not know: {other:?} {field:?}"),
        }
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The text within a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn page_on_scenario_files_lists_every_key() {
    let mut page = Page {
        schema: schema::json_schema(),
        text: String::new(),
    };
    let kinds = page.schema["oneOf"].as_array().cloned();
    for (position, kind) in kinds.expect("several kinds").iter().enumerate() {
        let root = page.resolved(kind);
        let name = root["properties"]["system"].clone();
        let system = page.resolved(&name);
        let name = shown(&system["properties"]["kind"]["enum"][0]);
        let _ = write!(page.text, "\n## A scenario of `{name}`\n");
        // What all kinds share is printed with the first; faults and goals differ.
        let skip: &[&str] = if position == 0 {
            &[]
        } else {
            &["network", "budget"]
        };
        page.section("The file", &root, skip);
    }
    let file = fs::read_to_string(PAGE).expect("there is a page");
    let (head, found) = file.split_once(MARK).expect("the page has its mark");
    if std::env::var_os("README_UPDATE").is_some() {
        fs::write(PAGE, format!("{head}{MARK}{}", page.text)).expect("the page is written");
        return;
    }
    assert_eq!(found, page.text);
}
