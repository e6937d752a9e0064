//! The read journey for lists on a screen: the whole answer of a read searched and sorted, a window of it, or all of it as a
//! file. Nothing above the clearance takes part: it is neither shown, searched, sorted by nor exported.

use andon_domain::audit::AuditEvent;
use andon_domain::canonical::hex;
use andon_domain::operations::Operation;
use andon_domain::text::visible;
use andon_domain::{Amount, Caller, CanonicalJson, Class};
use serde_json::{Value, json};

use super::sight::Sight;
use super::{About, Found, Freshness, about, noted, open};
use crate::audit;
use crate::csv::{cell, push_line};
use crate::error::EngineError;
use crate::world::Engine;

const DEFAULT_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 1_000;
const LONGEST_SEARCH: usize = 200;

/// What of the records is wanted, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Path of the field to sort by; the order of the system when absent.
    pub sort: Option<String>,
    /// Highest first. Records without the field stand last either way.
    pub is_descending: bool,
    /// Only records that contain this text in a visible field, in any case.
    pub search: Option<String>,
    /// First record, from 0.
    pub offset: u64,
    /// At most so many records; 100 when absent, at most 1000.
    pub limit: Option<u32>,
    /// Ask the system, whatever the cache holds.
    pub is_anew: bool,
}

impl Look {
    const fn freshness(&self) -> Freshness {
        if self.is_anew {
            Freshness::Asked
        } else {
            Freshness::Cached
        }
    }
}

/// A window of the records that match.
#[derive(Debug, Clone, PartialEq)]
pub struct Browsed {
    /// The records.
    pub records: Vec<Value>,
    /// How many match.
    pub total: u64,
    /// How many were fetched.
    pub fetched: u64,
    /// First record of the window.
    pub offset: u64,
    /// What must be known about them.
    pub about: About,
}

/// All records that match, as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The text: names of the fields first.
    pub text: String,
    /// Highest class of what is in it.
    pub class: Class,
    /// Records in it.
    pub records: u64,
}

/// A window of the answer of a read. The audit log has its line before this returns.
///
/// # Errors
/// As [`super::read`], and for a sort field that is not visible.
pub async fn browse(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    look: &Look,
) -> Result<Browsed, EngineError> {
    let result = try_browse(engine, caller, name, parameters, look).await;
    noted(engine, caller, name, result).await
}

/// All records of the answer of a read that match, as comma-separated text: one line a record, nested fields as
/// `name.inner`, of a list the number of its entries. Data that leaves is an event of the audit log.
///
/// # Errors
/// As [`browse`].
pub async fn export(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    look: &Look,
) -> Result<Exported, EngineError> {
    let result = try_export(engine, caller, name, parameters, look).await;
    noted(engine, caller, name, result).await
}

async fn try_browse(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    look: &Look,
) -> Result<Browsed, EngineError> {
    let limit = look.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST_LIMIT).contains(&limit) {
        return Err(EngineError::InvalidInput {
            field: "limit",
            message: format!("is out of range: {limit}"),
            hint: format!("Give 1 to {MOST_LIMIT}, or leave it out for {DEFAULT_LIMIT}."),
        });
    }
    let opened = open(engine, caller, name, parameters, look.freshness()).await?;
    let matching = matching(&opened.found, &opened.sight, look)?;
    let start = usize::try_from(look.offset)
        .unwrap_or(usize::MAX)
        .min(matching.len());
    let end = start
        .saturating_add(usize::try_from(limit).unwrap_or(usize::MAX))
        .min(matching.len());
    let window = matching.get(start..end).unwrap_or_default();
    let now = engine.clock.now();
    let browsed = Browsed {
        records: window.iter().map(|record| opened.sight.shown(record)).collect(),
        total: count(matching.len()),
        fetched: count(opened.found.answer.fetched.records.len()),
        offset: look.offset,
        about: about(opened.operation, &opened.sight, &opened.found, now),
    };
    let mut detail = detail(&opened.parameters, opened.operation, look, &browsed.about);
    detail["records"] = json!(browsed.records.len());
    detail["offset"] = json!(look.offset);
    let tenant = engine.tenant(&caller.tenant)?;
    let event =
        AuditEvent::new(caller, now, "operation.read", opened.operation.name.to_owned()).detail(detail);
    audit::note_read(engine, tenant, event).await?;
    Ok(browsed)
}

async fn try_export(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    look: &Look,
) -> Result<Exported, EngineError> {
    let opened = open(engine, caller, name, parameters, look.freshness()).await?;
    let matching = matching(&opened.found, &opened.sight, look)?;
    let now = engine.clock.now();
    let about = about(opened.operation, &opened.sight, &opened.found, now);
    let records: Vec<Value> = matching.iter().map(|record| opened.sight.shown(record)).collect();
    let exported = Exported {
        text: written(&records),
        class: about.class,
        records: count(records.len()),
    };
    let mut detail = detail(&opened.parameters, opened.operation, look, &about);
    detail["format"] = json!("csv");
    detail["records"] = json!(exported.records);
    let tenant = engine.tenant(&caller.tenant)?;
    let event = AuditEvent::new(
        caller,
        now,
        "operation.exported",
        opened.operation.name.to_owned(),
    )
    .detail(detail);
    audit::note(engine, tenant, event).await?;
    Ok(exported)
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn detail(parameters: &CanonicalJson, operation: &Operation, look: &Look, about: &About) -> Value {
    let mut detail = json!({
        "from_cache": about.from_cache, "is_stale": about.is_stale, "class": about.class,
        "parameters_sha256": hex(&parameters.sha256()),
    });
    if operation.class < Class::HighlyRestricted {
        detail["parameters"] = parameters.value().clone();
    }
    if let Some(search) = &look.search {
        detail["search"] = json!(visible(search, LONGEST_SEARCH));
    }
    if let Some(sort) = &look.sort {
        detail["sort"] = json!(visible(sort, LONGEST_SEARCH));
    }
    detail
}

/// The records that match, in the wanted order. Equal ones keep the order of the system.
fn matching<'f>(found: &'f Found, sight: &Sight, look: &Look) -> Result<Vec<&'f Value>, EngineError> {
    let records = found.answer.fetched.records.iter();
    let search = look.search.as_deref().map(str::trim).unwrap_or_default();
    if search.chars().count() > LONGEST_SEARCH {
        return Err(EngineError::InvalidInput {
            field: "search",
            message: format!("is too long, characters at most: {LONGEST_SEARCH}"),
            hint: "Search for a part of it.".to_owned(),
        });
    }
    let mut matching: Vec<&Value> = if search.is_empty() {
        records.collect()
    } else {
        let wanted = search.to_lowercase();
        records
            .filter(|record| sight.any_scalar(record, &|value| contains(value, &wanted)))
            .collect()
    };
    if let Some(field) = &look.sort {
        let path: Vec<&str> = field.split('.').collect();
        if !sight.may_see(&path) {
            return Err(EngineError::InvalidInput {
                field: "sort",
                message: format!("is not visible: {}", visible(field, 100)),
                hint: "Sort by a field that is shown.".to_owned(),
            });
        }
        sort(&mut matching, &path, look.is_descending);
    }
    Ok(matching)
}

/// Whether the value as text contains `wanted`, which is in lower case, in any case.
fn contains(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) if text.is_ascii() => {
            let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
            text.windows(wanted.len())
                .any(|part| part.eq_ignore_ascii_case(wanted))
        }
        Value::String(text) => text.to_lowercase().contains(wanted),
        Value::Number(number) => number.to_string().contains(wanted),
        _ => false,
    }
}

/// What a record is sorted by.
struct SortKey {
    is_missing: bool,
    number: Option<Amount>,
    text: Option<String>,
}

/// Numbers, also those written as text, sort as numbers where the field has nothing else; otherwise all sort as text.
fn sort(records: &mut Vec<&Value>, path: &[&str], is_descending: bool) {
    let scalars: Vec<Option<&Value>> = records.iter().map(|record| scalar(record, path)).collect();
    let is_numeric = scalars.iter().flatten().all(|value| number(value).is_some());
    let key = |value: Option<&Value>| SortKey {
        is_missing: value.is_none(),
        number: value.filter(|_| is_numeric).and_then(number),
        text: value
            .filter(|_| !is_numeric)
            .map(|value| plain(value).to_lowercase()),
    };
    let mut keyed: Vec<(SortKey, &Value)> = scalars
        .into_iter()
        .map(key)
        .zip(records.iter().copied())
        .collect();
    keyed.sort_by(|(a, _), (b, _)| {
        let by_value = a.number.cmp(&b.number).then_with(|| a.text.cmp(&b.text));
        let by_value = if is_descending {
            by_value.reverse()
        } else {
            by_value
        };
        a.is_missing.cmp(&b.is_missing).then(by_value)
    });
    *records = keyed.into_iter().map(|(_, record)| record).collect();
}

/// The text, number or switch at the path; of a list the first entry counts. `None` for what is not there.
fn scalar<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    match (value, path) {
        (Value::Array(entries), _) => scalar(entries.first()?, path),
        (Value::Object(fields), [first, rest @ ..]) => scalar(fields.get(*first)?, rest),
        (Value::Null | Value::Object(_), _) => None,
        (_, []) => Some(value),
        _ => None,
    }
}

fn number(value: &Value) -> Option<Amount> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// The records as comma-separated text. A column stands where its field came first.
fn written(records: &[Value]) -> String {
    let mut columns: Vec<String> = Vec::new();
    let rows: Vec<Vec<(String, String)>> = records.iter().map(flat).collect();
    let mut known = std::collections::HashSet::new();
    for (name, _) in rows.iter().flatten() {
        if known.insert(name.as_str()) {
            columns.push(name.clone());
        }
    }
    let mut text = String::new();
    push_line(&mut text, columns.iter().map(|name| cell(name)));
    for row in &rows {
        let fields: std::collections::HashMap<&str, &str> = row
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let cells = columns.iter().map(|name| fields.get(name.as_str()).copied());
        push_line(&mut text, cells.map(|value| value.unwrap_or_default().to_owned()));
    }
    text
}

/// The fields of a record with their written values.
fn flat(record: &Value) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    flatten("", record, &mut fields);
    fields
}

fn flatten(at: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    let written = match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                flatten(&path, value, fields);
            }
            return;
        }
        Value::Array(entries)
            if entries
                .iter()
                .all(|entry| !entry.is_object() && !entry.is_array()) =>
        {
            cell(&entries.iter().map(plain).collect::<Vec<_>>().join("; "))
        }
        Value::Array(entries) => entries.len().to_string(),
        // Numbers stay numbers, also negative ones; only text can be a formula.
        Value::String(text) if number(value).is_some() && !text.starts_with('+') => text.clone(),
        Value::String(text) => cell(text),
        other => plain(other),
    };
    fields.push((at.to_owned(), written));
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "browse_tests.rs"]
mod tests;
