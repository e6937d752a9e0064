//! The two reads and the two feeds, which ask for the same lists.

use std::sync::{Arc, PoisonError};

use andon_domain::operations::{GetDowntimeEvents, GetMachineStatus};
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::{DowntimeEvent, MachineStatus};
use andon_domain::{CanonicalJson, PortError, PortErrorKind, System, Timestamp};
use async_trait::async_trait;
use serde::Serialize;

use super::Mes;
use super::lists::{Listed, Read};
use super::records::Versioned;
use crate::sap::{typed, values};

const MACHINES: &str = "api/v1/machines/status";
const DOWNTIME: &str = "api/v1/downtime-events";
/// Largest page of machines, so that one answer is usually the whole list and its tag counts.
const MACHINES_LIMIT: (&str, &str) = ("limit", "5000");
const DOWNTIME_LIMIT: (&str, &str) = ("limit", "1000");

/// `mes.get_machine_status`.
pub(super) struct MachineStatusRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for MachineStatusRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetMachineStatus = typed(System::Mes, parameters)?;
        let mut asked = vec![MACHINES_LIMIT];
        push(&mut asked, "machine_id", wanted.machine_id.as_ref());
        push(&mut asked, "work_center", wanted.work_center.as_ref());
        push(&mut asked, "status", wanted.status.as_ref());
        fetched(whole(
            self.0.list::<MachineStatus>(MACHINES, &asked, None).await?,
        )?)
    }
}

/// `mes.get_downtime_events`.
pub(super) struct DowntimeEventsRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for DowntimeEventsRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetDowntimeEvents = typed(System::Mes, parameters)?;
        let mut asked = vec![DOWNTIME_LIMIT];
        push(&mut asked, "since", wanted.since.as_ref());
        push(&mut asked, "until", wanted.until.as_ref());
        push(&mut asked, "machine_id", wanted.machine_id.as_ref());
        push(&mut asked, "work_center", wanted.work_center.as_ref());
        let mut listed = whole(self.0.list::<DowntimeEvent>(DOWNTIME, &asked, None).await?)?;
        // What the MES took back did not happen.
        listed.records.retain(|event| !event.deleted);
        fetched(listed)
    }
}

fn push<'a>(asked: &mut Vec<(&'a str, &'a str)>, name: &'a str, value: Option<&'a String>) {
    asked.extend(value.map(|value| (name, value.as_str())));
}

fn whole<R: Versioned>(read: Read<R>) -> Result<Listed<R>, PortError> {
    match read {
        Read::List(listed) => Ok(listed),
        Read::Unchanged(_) => Err(Mes::failure(
            PortErrorKind::Protocol,
            "said unchanged without being asked",
        )),
    }
}

fn fetched<R: Serialize>(listed: Listed<R>) -> Result<Fetched, PortError> {
    Ok(Fetched {
        records: values(System::Mes, &listed.records)?,
        total: listed
            .total
            .filter(|total| listed.is_truncated || *total > listed.records.len() as u64),
        is_truncated: listed.is_truncated,
        warnings: listed.warnings,
        observed_at: listed.as_of.or(listed.server_time),
    })
}

/// All machines for the mirror; says "unchanged" when the MES does.
pub(super) async fn machines_feed(mes: &Mes) -> Result<FeedBatch<MachineStatus>, PortError> {
    let asked = [MACHINES_LIMIT];
    let address = mes.address(MACHINES, &asked).to_string();
    let kept = mes
        .machines_tag
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let tag = kept.filter(|(of, _)| *of == address).map(|(_, tag)| tag);
    match mes.list(MACHINES, &asked, tag.as_deref()).await? {
        Read::Unchanged(server_time) => Ok(FeedBatch {
            records: Vec::new(),
            is_unchanged: true,
            is_complete: true,
            dropped: 0,
            server_time,
        }),
        Read::List(listed) => {
            let tag = listed.tag.clone().map(|tag| (address, tag));
            *mes.machines_tag.lock().unwrap_or_else(PoisonError::into_inner) = tag;
            let is_complete = !listed.is_truncated;
            Ok(batch(listed, is_complete))
        }
    }
}

/// Downtime for the mirror. Never complete: what is older than `since` is still there.
pub(super) async fn downtime_feed(
    mes: &Mes,
    since: Timestamp,
) -> Result<FeedBatch<DowntimeEvent>, PortError> {
    let since = since.to_string();
    let listed = whole(
        mes.list(DOWNTIME, &[("since", &since), DOWNTIME_LIMIT], None)
            .await?,
    )?;
    Ok(batch(listed, false))
}

fn batch<R>(listed: Listed<R>, is_complete: bool) -> FeedBatch<R> {
    FeedBatch {
        records: listed.records,
        is_unchanged: false,
        is_complete,
        dropped: listed.dropped,
        server_time: listed.server_time,
    }
}
