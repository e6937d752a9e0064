//! What the screens read from the mirror. Times of the tables are text that sorts as time.

use andon_domain::ports::Window;
use andon_domain::records::{
    DowntimeEvent, MachineMode, MachineState, MachineStatus, ProductionOrder, QualityReport, Reason, Shift,
    StateSegment,
};
use andon_domain::{Amount, Timestamp};
use rusqlite::{Params, Row, Transaction, params};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, damaged};

/// All machines with when each was last heard.
pub(super) fn machines(tx: &Transaction<'_>) -> Result<Vec<(MachineStatus, Timestamp)>, Problem> {
    let mut statement = tx.prepare_cached(
        "SELECT r.key, r.record_json, m.synced_at FROM andon_records AS r \
         JOIN machines AS m ON m.machine_id = r.key WHERE r.feed = 'machines' ORDER BY r.key",
    )?;
    let mut rows = statement.query([])?;
    let mut machines = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        let machine = read(&key, row.get_ref(1)?.as_str().unwrap_or_default())?;
        machines.push((machine, instant(&key, &row.get::<_, String>(2)?)?));
    }
    Ok(machines)
}

/// Downtime that ended after `since` or is open, newest first.
pub(super) fn downtime(
    tx: &Transaction<'_>,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<DowntimeEvent>, Problem> {
    let sql = "SELECT r.key, r.record_json FROM downtime_events AS d \
               JOIN andon_records AS r ON r.feed = 'downtime' AND r.key = d.id \
               WHERE d.ended_at IS NULL OR d.ended_at > ?1 ORDER BY d.started_at DESC, d.id LIMIT ?2";
    whole(tx, sql, params![since.to_string(), limit])
}

/// Downtime that touches the window, oldest first. One whose start is not known counts by its end.
pub(super) fn downtime_in(
    tx: &Transaction<'_>,
    window: Window,
    machine: Option<&str>,
) -> Result<Vec<DowntimeEvent>, Problem> {
    // Two searches by index instead of one over everything that began before the window's end.
    let sql = "SELECT r.key, r.record_json FROM ( \
                 SELECT id, started_at FROM downtime_events \
                 WHERE ended_at > ?1 AND (started_at < ?2 OR started_at IS NULL) AND (?3 IS NULL OR machine_id = ?3) \
                 UNION ALL SELECT id, started_at FROM downtime_events \
                 WHERE ended_at IS NULL AND (started_at < ?2 OR started_at IS NULL) \
                   AND (?3 IS NULL OR machine_id = ?3)) AS d \
               JOIN andon_records AS r ON r.feed = 'downtime' AND r.key = d.id ORDER BY d.started_at, d.id";
    let (since, until) = (window.since.to_string(), window.until.to_string());
    whole(tx, sql, params![since, until, machine])
}

/// State segments that touch the window, by machine and start.
pub(super) fn history(
    tx: &Transaction<'_>,
    window: Window,
    machine: Option<&str>,
) -> Result<Vec<StateSegment>, Problem> {
    const COLUMNS: &str = "machine_id, started_at, ended_at, status, status_raw, mode, produced_pcs_text, \
                           good_pcs_text, scrap_pcs_text, rework_pcs_text, planned_cycle_s_text, order_id, \
                           reason_code, reason_text, reason_group, incomplete_fields";
    let (since, until) = (window.since.to_string(), window.until.to_string());
    let mut segments = Vec::new();
    if let Some(machine) = machine {
        let mut statement = tx.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM machine_states WHERE machine_id = ?3 AND started_at < ?2 \
             AND (ended_at IS NULL OR ended_at > ?1) ORDER BY started_at"
        ))?;
        let mut rows = statement.query(params![since, until, machine])?;
        while let Some(row) = rows.next()? {
            segments.push(segment(row)?);
        }
        return Ok(segments);
    }
    let mut statement = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM machine_states WHERE ended_at > ?1 AND started_at < ?2 \
         UNION ALL SELECT {COLUMNS} FROM machine_states WHERE ended_at IS NULL AND started_at < ?2"
    ))?;
    let mut rows = statement.query(params![since, until])?;
    while let Some(row) = rows.next()? {
        segments.push(segment(row)?);
    }
    segments.sort_by(|a, b| (&a.machine_id, a.start).cmp(&(&b.machine_id, b.start)));
    Ok(segments)
}

fn segment(row: &Row<'_>) -> Result<StateSegment, Problem> {
    let machine_id: String = row.get(0)?;
    let amount = |column: usize| -> Result<Option<Amount>, Problem> {
        let text: Option<&str> = row.get_ref(column)?.as_str_or_null().unwrap_or_default();
        let parse = |text: &str| text.parse().map_err(|e| damaged("mirror", &machine_id, e).into());
        text.map(parse).transpose()
    };
    let (code, text, group) = (row.get(12)?, row.get(13)?, row.get(14)?);
    let reason = Reason { code, text, group };
    let is_given = reason.code.is_some() || reason.text.is_some() || reason.group.is_some();
    let end: Option<String> = row.get(2)?;
    let incomplete: Option<String> = row.get(15)?;
    Ok(StateSegment {
        status: MachineState::from_word(&row.get::<_, String>(3)?),
        status_raw: row.get(4)?,
        mode: mode(&row.get::<_, String>(5)?),
        start: instant(&machine_id, &row.get::<_, String>(1)?)?,
        end: end.map(|end| instant(&machine_id, &end)).transpose()?,
        produced: amount(6)?,
        good: amount(7)?,
        scrap: amount(8)?,
        rework: amount(9)?,
        planned_cycle_s: amount(10)?,
        order_id: row.get(11)?,
        reason: is_given.then_some(reason),
        incomplete: incomplete.map_or(Ok(Vec::new()), |fields| read(&machine_id, &fields))?,
        machine_id,
    })
}

fn mode(word: &str) -> MachineMode {
    match word {
        "production" => MachineMode::Production,
        "setup" => MachineMode::Setup,
        "maintenance" => MachineMode::Maintenance,
        "manual" => MachineMode::Manual,
        "none" => MachineMode::None,
        _ => MachineMode::Unknown,
    }
}

/// Shifts that touch the window, by start.
pub(super) fn shifts(tx: &Transaction<'_>, window: Window) -> Result<Vec<Shift>, Problem> {
    let sql = "SELECT r.key, r.record_json FROM shifts AS s \
               JOIN andon_records AS r ON r.feed = 'calendar' AND r.key = s.id \
               WHERE s.ended_at > ?1 AND s.started_at < ?2 ORDER BY s.started_at, s.id";
    whole(
        tx,
        sql,
        params![window.since.to_string(), window.until.to_string()],
    )
}

/// Orders not ended, and those whose planned or actual time touches the window, by planned start. One that ended without
/// saying when ended at its last change.
pub(super) fn production_orders(
    tx: &Transaction<'_>,
    window: Window,
) -> Result<Vec<ProductionOrder>, Problem> {
    let sql = "SELECT r.key, r.record_json FROM production_orders AS o \
               JOIN andon_records AS r ON r.feed = 'production_orders' AND r.key = o.id \
               WHERE o.status NOT IN ('completed', 'cancelled') \
                  OR (o.planned_end > ?1 AND o.planned_start < ?2) \
                  OR (coalesce(o.actual_end, o.source_time) > ?1 AND o.actual_start < ?2) \
               ORDER BY o.planned_start IS NULL, o.planned_start, o.id";
    whole(
        tx,
        sql,
        params![window.since.to_string(), window.until.to_string()],
    )
}

/// Quality reports of the window, newest first.
pub(super) fn quality(
    tx: &Transaction<'_>,
    window: Window,
    limit: u32,
) -> Result<Vec<QualityReport>, Problem> {
    let sql = "SELECT r.key, r.record_json FROM quality_reports AS q \
               JOIN andon_records AS r ON r.feed = 'quality' AND r.key = q.id \
               WHERE q.inspected_at >= ?1 AND q.inspected_at < ?2 \
               ORDER BY q.inspected_at DESC, q.id LIMIT ?3";
    let (since, until) = (window.since.to_string(), window.until.to_string());
    whole(tx, sql, params![since, until, limit])
}

/// The exact records behind a statement that gives key and text.
fn whole<T: DeserializeOwned>(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<T>, Problem> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        records.push(read(&key, row.get_ref(1)?.as_str().unwrap_or_default())?);
    }
    Ok(records)
}

fn read<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|e| damaged("mirror", key, e).into())
}

fn instant(key: &str, text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).ok_or_else(|| damaged("mirror", key, "not a time").into())
}
