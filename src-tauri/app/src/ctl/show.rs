//! Tables for people. Everything from outside passes through `visible`, so that no text moves the cursor.

use andon_domain::text::visible;

use super::{Failure, print};

const WIDEST: usize = 60;

/// Prints rows under heads, columns aligned.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(cell, WIDEST)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(heads[column].chars().count())
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    print(&line(
        &heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>(),
    ))?;
    rows.iter().try_for_each(|row| print(&line(row)))
}

/// A value of JSON as a cell.
pub(crate) fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "–".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `pending` for a JSON word or enum, for tables.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .map(|value| cell(&value))
        .unwrap_or_default()
}
