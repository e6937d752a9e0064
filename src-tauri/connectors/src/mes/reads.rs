//! The reads of the operation table. Filters by place and time are the MES's business; a filter by a word is applied here,
//! after the words of the plant are understood.

use std::sync::Arc;

use andon_domain::operations::{
    GetDowntimeEvents, GetMachineHistory, GetMachineStatus, GetProductionOrders, GetQualityReports,
    GetShiftCalendar,
};
use andon_domain::ports::{Fetched, ReadOperation};
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use andon_domain::{CanonicalJson, PortError, System};
use async_trait::async_trait;
use serde::Serialize;

use super::Mes;
use super::lists::{Ask, Listed, MAX_READ};
use super::offers::Part;
use super::records::Versioned;
use crate::sap::{typed, values};

/// Largest page of machines, so that one answer is usually the whole list and its tag counts.
pub(super) const MACHINES_LIMIT: &str = "5000";
/// Largest page of every other list.
pub(super) const LIMIT: &str = "1000";
/// Every status an order can have: without it the MES leaves out those that ended.
pub(super) const ALL_ORDERS: &str = "planned,released,active,paused,completed,cancelled,unknown";

/// Parameters of a list as they are put together.
struct Asked<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Asked<'a> {
    fn page_of(limit: &'static str) -> Self {
        Self(vec![("limit", limit)])
    }

    fn with(mut self, name: &'static str, value: Option<&'a String>) -> Self {
        self.0.extend(value.map(|value| (name, value.as_str())));
        self
    }

    fn of(self, part: Part) -> Ask<'a> {
        Ask {
            part,
            parameters: self.0,
            most: MAX_READ,
        }
    }
}

fn fetched<R: Versioned + Serialize>(
    mut listed: Listed<R>,
    keep: impl Fn(&R) -> bool,
) -> Result<Fetched, PortError> {
    let all = listed.records.len();
    listed.records.retain(keep);
    // The MES counted what it was asked for, which is more than what is kept.
    let total = listed.total.filter(|total| {
        listed.records.len() == all && (listed.is_truncated || *total > listed.records.len() as u64)
    });
    Ok(Fetched {
        records: values(System::Mes, &listed.records)?,
        total,
        is_truncated: listed.is_truncated,
        warnings: listed.warnings,
        observed_at: listed.as_of,
    })
}

/// `mes.get_machine_status`.
pub(super) struct MachineStatusRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for MachineStatusRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetMachineStatus = typed(System::Mes, parameters)?;
        let ask = Asked::page_of(MACHINES_LIMIT)
            .with("machine_id", wanted.machine_id.as_ref())
            .with("work_center", wanted.work_center.as_ref())
            .with("area", wanted.area.as_ref())
            .of(Part::Machines);
        let listed: Listed<MachineStatus> = self.0.list(&ask).await?;
        fetched(listed, |machine| {
            is_word(wanted.status.as_ref(), machine.status.as_str())
        })
    }
}

/// `mes.get_production_orders`.
pub(super) struct ProductionOrdersRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for ProductionOrdersRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetProductionOrders = typed(System::Mes, parameters)?;
        // One order is wanted whatever its status; the contract has no filter by id.
        let any = wanted.order_id.as_ref().map(|_| ALL_ORDERS.to_owned());
        let status = wanted.status.clone().or(any);
        let ask = Asked::page_of(LIMIT)
            .with("status", status.as_ref())
            .with("machine_id", wanted.machine_id.as_ref())
            .with("work_center", wanted.work_center.as_ref())
            .with("area", wanted.area.as_ref())
            .with("since", wanted.since.as_ref())
            .with("until", wanted.until.as_ref())
            .of(Part::Orders);
        let listed: Listed<ProductionOrder> = self.0.list(&ask).await?;
        fetched(listed, |order| {
            is_word(wanted.status.as_ref(), order.status.as_str())
                && is_word(wanted.order_id.as_ref(), &order.id)
        })
    }
}

/// `mes.get_downtime_events`.
pub(super) struct DowntimeEventsRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for DowntimeEventsRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetDowntimeEvents = typed(System::Mes, parameters)?;
        let ask = Asked::page_of(LIMIT)
            .with("since", wanted.since.as_ref())
            .with("until", wanted.until.as_ref())
            .with("machine_id", wanted.machine_id.as_ref())
            .with("work_center", wanted.work_center.as_ref())
            .with("area", wanted.area.as_ref())
            .of(Part::Downtime);
        let listed: Listed<DowntimeEvent> = self.0.list(&ask).await?;
        // What the MES took back did not happen.
        fetched(listed, |event| !event.deleted)
    }
}

/// `mes.get_quality_reports`.
pub(super) struct QualityReportsRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for QualityReportsRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetQualityReports = typed(System::Mes, parameters)?;
        let ask = Asked::page_of(LIMIT)
            .with("since", wanted.since.as_ref())
            .with("until", wanted.until.as_ref())
            .with("machine_id", wanted.machine_id.as_ref())
            .with("work_center", wanted.work_center.as_ref())
            .with("area", wanted.area.as_ref())
            .of(Part::Quality);
        let listed: Listed<QualityReport> = self.0.list(&ask).await?;
        fetched(listed, |report| {
            is_word(wanted.result.as_ref(), report.result.as_str())
        })
    }
}

/// `mes.get_machine_history`.
pub(super) struct MachineHistoryRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for MachineHistoryRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetMachineHistory = typed(System::Mes, parameters)?;
        let ask = Asked::page_of(LIMIT)
            .with("since", wanted.since.as_ref())
            .with("until", wanted.until.as_ref())
            .with("machine_id", wanted.machine_id.as_ref())
            .with("work_center", wanted.work_center.as_ref())
            .with("area", wanted.area.as_ref())
            .of(Part::History);
        fetched(self.0.list::<StateSegment>(&ask).await?, |_| true)
    }
}

/// `mes.get_shift_calendar`.
pub(super) struct ShiftCalendarRead(pub(super) Arc<Mes>);

#[async_trait]
impl ReadOperation for ShiftCalendarRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetShiftCalendar = typed(System::Mes, parameters)?;
        let ask = Asked::page_of(LIMIT)
            .with("since", wanted.since.as_ref())
            .with("until", wanted.until.as_ref())
            .of(Part::Calendar);
        fetched(self.0.list::<Shift>(&ask).await?, |_| true)
    }
}

fn is_word(wanted: Option<&String>, found: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}
