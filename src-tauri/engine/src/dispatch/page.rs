//! Pages of an answer: a limit, and a cursor that belongs to one operation and its parameters.

use andon_domain::canonical::hex;
use andon_domain::operations::Operation;
use andon_domain::{CanonicalJson, Timestamp};

use crate::error::EngineError;

const DEFAULT_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 1_000;

/// Which part of the records is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many records; 100 when absent, at most 1000.
    pub limit: Option<u32>,
    /// Where the last page ended, as it said.
    pub cursor: Option<String>,
}

/// The part of the records that a page asks for.
pub(super) struct Window {
    pub(super) offset: usize,
    pub(super) limit: usize,
    /// When the data of the page before was fetched.
    pub(super) fetched_at: Option<Timestamp>,
}

impl Window {
    pub(super) fn of(
        page: &Page,
        operation: &Operation,
        parameters: &CanonicalJson,
    ) -> Result<Self, EngineError> {
        let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST_LIMIT).contains(&limit) {
            return Err(EngineError::InvalidInput {
                field: "limit",
                message: format!("is out of range: {limit}"),
                hint: format!("Give 1 to {MOST_LIMIT}, or leave it out for {DEFAULT_LIMIT}."),
            });
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(text) = &page.cursor else {
            return Ok(Self {
                offset: 0,
                limit,
                fetched_at: None,
            });
        };
        let (offset, fetched_at) =
            read_cursor(text, operation, parameters).ok_or_else(|| EngineError::InvalidInput {
                field: "cursor",
                message: "does not belong to this operation and these parameters".to_owned(),
                hint: "Repeat the call that gave the cursor with the same parameters, or start without one."
                    .to_owned(),
            })?;
        Ok(Self {
            offset,
            limit,
            fetched_at: Some(fetched_at),
        })
    }
}

/// What ties a cursor to its operation and parameters.
fn cursor_tie(operation: &Operation, parameters: &CanonicalJson) -> String {
    format!("{}-{}", operation.name.len(), hex(&parameters.sha256()[..8]))
}

/// Where the next page begins.
pub(super) fn cursor(
    operation: &Operation,
    parameters: &CanonicalJson,
    offset: usize,
    fetched_at: Timestamp,
) -> String {
    let tie = cursor_tie(operation, parameters);
    hex(format!("{offset}:{}:{}:{tie}", fetched_at.millis(), operation.name).as_bytes())
}

fn read_cursor(text: &str, operation: &Operation, parameters: &CanonicalJson) -> Option<(usize, Timestamp)> {
    let bytes = (text.len() <= 400)
        .then(|| andon_domain::canonical::from_hex(text))
        .flatten()?;
    let inside = String::from_utf8(bytes).ok()?;
    let mut parts = inside.splitn(4, ':');
    let offset = parts.next()?.parse().ok()?;
    let fetched_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
    let is_ours = parts.next()? == operation.name && parts.next()? == cursor_tie(operation, parameters);
    is_ours.then_some((offset, fetched_at))
}
