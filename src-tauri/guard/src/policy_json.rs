//! The policy file: `{"tables":{"orders":{"columns":["id"],"description":"…"}},"limits":{"rows":1000}}`.
//!
//! Stricter than plain JSON reading on purpose: an unknown key and a name given twice are errors, since a typing slip in
//! a policy must never widen it in silence.

use std::collections::HashSet;
use std::fmt;

use andon_domain::Class;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::policy::{ColumnPolicy, Limits, PolicyError, TablePolicy};

pub(crate) fn read(text: &str) -> Result<(Vec<TablePolicy>, Limits), PolicyError> {
    let file: PolicyFile = serde_json::from_str(text).map_err(|error| PolicyError::Unreadable {
        line: error.line(),
        column: error.column(),
        message: error.to_string(),
    })?;
    let limits = file.limits.unwrap_or_default();
    let standard = Limits::default();
    Ok((
        file.tables.0,
        Limits {
            rows: limits.rows.unwrap_or(standard.rows),
            score: limits.score.unwrap_or(standard.score),
            bytes: limits.bytes.unwrap_or(standard.bytes),
            tokens: limits.tokens.unwrap_or(standard.tokens),
        },
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    tables: Tables,
    limits: Option<LimitsFile>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    rows: Option<u32>,
    score: Option<u32>,
    bytes: Option<usize>,
    tokens: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    columns: Vec<ColumnFile>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnObject {
    name: String,
    description: Option<String>,
    #[serde(default)]
    class: Class,
}

struct Tables(Vec<TablePolicy>);

impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TablesVisitor)
    }
}

struct TablesVisitor;

impl<'de> Visitor<'de> for TablesVisitor {
    type Value = Tables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from table names to tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tables, A::Error> {
        let mut tables = Vec::new();
        let mut seen = HashSet::new();
        while let Some((name, table)) = map.next_entry::<String, TableFile>()? {
            if !seen.insert(name.clone()) {
                return Err(de::Error::custom(format_args!("table given twice: {name}")));
            }
            let columns = table.columns.into_iter().map(|column| column.0).collect();
            tables.push(TablePolicy {
                name,
                description: table.description,
                columns,
            });
        }
        Ok(Tables(tables))
    }
}

struct ColumnFile(ColumnPolicy);

impl<'de> Deserialize<'de> for ColumnFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ColumnVisitor)
    }
}

struct ColumnVisitor;

impl<'de> Visitor<'de> for ColumnVisitor {
    type Value = ColumnFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column name or an object with name, description and class")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ColumnFile, E> {
        Ok(ColumnFile(ColumnPolicy::new(name)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnFile, A::Error> {
        let column = ColumnObject::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(ColumnFile(ColumnPolicy {
            name: column.name,
            description: column.description,
            class: column.class,
        }))
    }
}
