//! Checking the chain, link by link, from the stored bytes. Reads only, and never through an index.

use andon_domain::TenantId;
use andon_domain::canonical::hex;
use andon_domain::ports::AuditVerdict;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::chain::{genesis, link};
use crate::problem::is_damage;

const LIMITS: &str = "events cut off at the end together with the log's own count, or a log written anew by somebody who \
                      can write the file, show only against a copy of a hash kept elsewhere";

/// The newest link that holds.
struct Place {
    sequence: i64,
    hash: [u8; 32],
}

/// Checks every link of a tenant's log. Damage of the file is a verdict; only a failure to read is an error.
pub(crate) fn verify(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<AuditVerdict> {
    match verify_links(connection, tenant) {
        Err(error) if is_damage(&error) => Ok(broken(
            0,
            None,
            "the file is damaged and cannot be read to its end",
        )),
        other => other,
    }
}

fn verify_links(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<AuditVerdict> {
    let log = connection
        .query_row(
            "SELECT log_id, sequence, hash FROM audit_logs WHERE tenant = ?1",
            [tenant.as_str()],
            |row| Ok((bytes::<16>(row, 0)?, row.get::<_, i64>(1)?, bytes::<32>(row, 2)?)),
        )
        .optional()?;
    let Some((log_id, count, head)) = log else {
        return no_log(connection, tenant);
    };
    let Some(log_id) = log_id else {
        return Ok(broken(0, Some(1), "the log id is not readable"));
    };
    let mut place = Place {
        sequence: 0,
        hash: genesis(tenant.as_str(), &log_id),
    };
    // `+tenant` would read the whole table; the primary key is the table itself, so its order is the stored order.
    let mut statement = connection.prepare(
        "SELECT sequence, previous_hash, hash, event FROM audit WHERE tenant = ?1 ORDER BY sequence",
    )?;
    let mut rows = statement.query([tenant.as_str()])?;
    while let Some(row) = rows.next()? {
        if let Err(why) = next_link(row, &mut place)? {
            return Ok(broken(place.sequence, Some(place.sequence + 1), why));
        }
    }
    if place.sequence != count {
        return Ok(broken(
            place.sequence,
            Some(place.sequence + 1),
            "events are missing at the end",
        ));
    }
    if head != Some(place.hash) {
        return Ok(broken(
            place.sequence,
            Some(place.sequence.max(1)),
            "the end of the log is not the one noted",
        ));
    }
    let message = format!("all {count} events of log {} hold; {LIMITS}", hex(&log_id));
    Ok(AuditVerdict {
        is_intact: true,
        events: count,
        first_bad: None,
        message,
    })
}

fn next_link(row: &Row<'_>, place: &mut Place) -> rusqlite::Result<Result<(), &'static str>> {
    let sequence: i64 = row.get(0)?;
    if sequence != place.sequence + 1 {
        return Ok(Err("an event is missing or out of order"));
    }
    if bytes::<32>(row, 1)? != Some(place.hash) {
        return Ok(Err("an event does not follow the one before it"));
    }
    let (ValueRef::Text(event) | ValueRef::Blob(event)) = row.get_ref(3)? else {
        return Ok(Err("an event is not text"));
    };
    let hash = link(&place.hash, event);
    if bytes::<32>(row, 2)? != Some(hash) {
        return Ok(Err("an event is not what was written"));
    }
    *place = Place { sequence, hash };
    Ok(Ok(()))
}

fn no_log(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<AuditVerdict> {
    let events: i64 = connection.query_row(
        "SELECT count(*) FROM audit WHERE tenant = ?1",
        [tenant.as_str()],
        |row| row.get(0),
    )?;
    if events > 0 {
        return Ok(broken(0, Some(1), "the events have no log they belong to"));
    }
    let message = format!("there is no audit log of this tenant: {tenant}");
    Ok(AuditVerdict {
        is_intact: true,
        events: 0,
        first_bad: None,
        message,
    })
}

fn broken(events: i64, first_bad: Option<i64>, why: &str) -> AuditVerdict {
    let message = match first_bad {
        Some(at) => format!("{events} events hold, then {why}: {at}"),
        None => why.to_owned(),
    };
    AuditVerdict {
        is_intact: false,
        events,
        first_bad,
        message,
    }
}

fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<[u8; N]>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(blob) => blob.try_into().ok(),
        _ => None,
    })
}
