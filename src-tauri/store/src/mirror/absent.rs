//! What becomes of records that an answer should have and has not.
//!
//! Most are gone. A stop or a state that the mirror has as open and the source no longer tells has ended, nobody knows
//! when: it ends where it was last heard of, and says that its end is not known. What a source has forgotten by its age is
//! kept.

use std::collections::HashMap;

use andon_domain::Timestamp;
use andon_domain::records::{DowntimeEvent, StateSegment};
use rusqlite::{Transaction, params};

use super::merge::{forget, put_rows};
use super::records::MirrorRecord;
use crate::problem::{Problem, damaged};

/// A record that an answer lacks.
pub(super) struct Absent {
    pub(super) key: String,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// When the source last told of it.
    pub(super) heard_at: Timestamp,
}

/// Forgets all of them. Returns how many went.
pub(super) fn remove<T: MirrorRecord>(tx: &Transaction<'_>, absent: &[Absent]) -> Result<u32, Problem> {
    for record in absent {
        forget::<T>(tx, &record.key)?;
    }
    Ok(u32::try_from(absent.len()).unwrap_or(u32::MAX))
}

/// Ends the stops that were open; those that ended stay, since a MES takes a stop back by saying so.
pub(super) fn end_stops(tx: &Transaction<'_>, absent: &[Absent]) -> Result<u32, Problem> {
    for stop in absent.iter().filter(|stop| stop.ended_at.is_none()) {
        let json: String = tx
            .prepare_cached("SELECT record_json FROM andon_records WHERE feed = 'downtime' AND key = ?1")?
            .query_row([&stop.key], |row| row.get(0))?;
        let mut event: DowntimeEvent =
            serde_json::from_str(&json).map_err(|error| damaged("mirror", &stop.key, error))?;
        event.end = Some(stop.heard_at.max(event.start.unwrap_or(stop.heard_at)));
        note_unknown_end(&mut event.incomplete);
        put_rows(tx, &stop.key, &event, stop.heard_at)?;
    }
    Ok(0)
}

/// Ends the states that were open, and removes those that the answer has cut anew: a machine's answer counts from its first
/// segment, since a MES forgets what is old.
pub(super) fn settle_segments(
    tx: &Transaction<'_>,
    absent: &[Absent],
    answer: &[StateSegment],
) -> Result<u32, Problem> {
    let mut first: HashMap<&str, Timestamp> = HashMap::new();
    for segment in answer {
        let first = first.entry(&segment.machine_id).or_insert(segment.start);
        *first = segment.start.min(*first);
    }
    let mut removed = 0;
    for segment in absent {
        let (machine, _): (String, String) = serde_json::from_str(&segment.key)?;
        let told_from = first.get(machine.as_str()).copied();
        let began_before = |told: Timestamp| segment.started_at.is_none_or(|start| start < told);
        match (segment.ended_at, told_from) {
            (Some(end), Some(told)) if end > told => {}
            (None, Some(told)) if !began_before(told) => {}
            (Some(_), _) => continue,
            (None, told) => {
                end_segment(tx, segment, told)?;
                continue;
            }
        }
        forget::<StateSegment>(tx, &segment.key)?;
        removed += 1;
    }
    Ok(removed)
}

fn end_segment(tx: &Transaction<'_>, segment: &Absent, told_from: Option<Timestamp>) -> Result<(), Problem> {
    let heard = told_from.map_or(segment.heard_at, |told| segment.heard_at.min(told));
    let start = segment.started_at.unwrap_or(heard);
    let end = heard.max(start);
    let incomplete: Option<String> = tx
        .prepare_cached(&format!(
            "SELECT incomplete_fields FROM machine_states WHERE {}",
            StateSegment::BY_KEY
        ))?
        .query_row([&segment.key], |row| row.get(0))?;
    let mut fields: Vec<String> = incomplete.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))?;
    note_unknown_end(&mut fields);
    tx.prepare_cached(&format!(
        "UPDATE machine_states SET ended_at = ?2, duration_s = ?3, incomplete_fields = ?4 WHERE {}",
        StateSegment::BY_KEY
    ))?
    .execute(params![
        segment.key,
        end.to_string(),
        end.since(start).as_secs_f64(),
        serde_json::to_string(&fields)?,
    ])?;
    // What the source tells of it later counts, also when it is what it told before.
    tx.prepare_cached(
        "UPDATE andon_records SET fingerprint = 0 WHERE feed = 'machine_history' AND key = ?1",
    )?
    .execute([&segment.key])?;
    Ok(())
}

fn note_unknown_end(incomplete: &mut Vec<String>) {
    if !incomplete.iter().any(|field| field == "end") {
        incomplete.push("end".to_owned());
    }
}
