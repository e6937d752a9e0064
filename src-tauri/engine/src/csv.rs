//! Comma-separated text as spreadsheets read it (RFC 4180), without a cell that one of them would run as a formula.

use andon_domain::text::spreadsheet_safe;

/// Adds a line of cells that are already in their written form.
pub(crate) fn push_line(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A text in its written form: quoted where it must be, and never a formula.
pub(crate) fn cell(text: &str) -> String {
    let safe = spreadsheet_safe(text);
    if safe.contains(['"', ',', '\r', '\n', ';', '\t']) || safe != text {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}
