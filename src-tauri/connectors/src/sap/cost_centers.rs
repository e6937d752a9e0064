//! Cost centres valid on a day. SAP keeps a row for every span of time in which nothing changed; a day picks one of them.
//! Budget and actuals are in services of their own, see `amounts`.

use std::sync::Arc;

use andon_domain::operations::GetCostCenters;
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::CostCenter;
use andon_domain::{CanonicalJson, PortError, System};
use async_trait::async_trait;
use tokio::time::Instant;

use super::catalog::COST_CENTER;
use super::filter::Filter;
use super::names::Service;
use super::reader::{Fields, Query, Rows};
use super::rows::CostCenterRow;
use super::{Sap, amounts, edm, in_time, languages, typed, values};

/// `sap.get_cost_centers`.
pub(super) struct CostCentersRead(pub(super) Arc<Sap>);

#[async_trait]
impl ReadOperation for CostCentersRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetCostCenters = typed(System::Sap, parameters)?;
        let limit = self.0.config.row_limit as usize;
        let found = read(&self.0, &wanted, limit, self.0.read_until()).await?;
        let mut warnings = found.warnings;
        if found.dropped > 0 {
            warnings.insert(
                0,
                format!("{} cost centers without a key were left out", found.dropped),
            );
        }
        Ok(Fetched {
            records: values(System::Sap, found.records)?,
            total: found.total.filter(|_| found.is_truncated),
            is_truncated: found.is_truncated,
            warnings,
            // SAP dates its answers, and not its data.
            observed_at: None,
        })
    }
}

/// All cost centres valid today with this year's amounts, for the mirror.
pub(super) async fn feed(sap: &Sap) -> Result<FeedBatch<CostCenter>, PortError> {
    let limit = sap.config.feed_limit as usize;
    let found = read(sap, &GetCostCenters::default(), limit, sap.feed_until()).await?;
    for warning in &found.warnings {
        tracing::info!(warning, "odd cost centers");
    }
    Ok(FeedBatch {
        records: found.records,
        is_unchanged: false,
        is_complete: !found.is_truncated,
        window: None,
        is_truncated: found.is_truncated,
        dropped: found.dropped,
        server_time: found.server_time,
    })
}

struct Found {
    records: Vec<CostCenter>,
    warnings: Vec<String>,
    dropped: u32,
    total: Option<u64>,
    is_truncated: bool,
    server_time: Option<andon_domain::Timestamp>,
}

async fn read(sap: &Sap, wanted: &GetCostCenters, limit: usize, until: Instant) -> Result<Found, PortError> {
    let day = wanted
        .valid_on
        .clone()
        .unwrap_or_else(|| sap.clock.now().date_in(None));
    let fiscal_year = wanted
        .fiscal_year
        .clone()
        .unwrap_or_else(|| day.chars().take(4).collect());
    let query =
        Query::new(Service::CostCenters, &COST_CENTER, filter(wanted, &day)).fields(Fields::WithNavigations);
    let rows: Rows<CostCenterRow> = in_time(until, sap.rows(&query, limit)).await?;
    let mut records = Vec::with_capacity(rows.rows.len());
    let mut dropped = 0;
    for row in rows.rows {
        match record(row, &sap.config.language, &fiscal_year) {
            // SAP was asked for the day; a system that ignores the condition gives every span.
            Some(record) if is_valid(&record, &day) => records.push(record),
            Some(_) => {}
            None => dropped += 1,
        }
    }
    let warnings = amounts::add(sap, &mut records, &fiscal_year, until).await?;
    Ok(Found {
        records,
        warnings,
        dropped,
        total: rows.total,
        is_truncated: rows.is_truncated,
        server_time: rows.server_time,
    })
}

fn filter(wanted: &GetCostCenters, day: &String) -> Filter {
    Filter::default()
        .key_if("CostCenter", wanted.cost_center.as_ref(), &[10])
        .equals_if("ControllingArea", wanted.controlling_area.as_ref())
        .equals_if("CompanyCode", wanted.company_code.as_ref())
        .equals_if("Department", wanted.department.as_ref())
        .date_if("ValidityStartDate", "le", Some(day))
        .date_if("ValidityEndDate", "ge", Some(day))
}

fn is_valid(record: &CostCenter, day: &str) -> bool {
    // Dates of four-digit years compare as text.
    record.valid_from.as_deref().is_none_or(|from| from <= day) && record.valid_to.as_str() >= day
}

fn record(row: CostCenterRow, language: &str, fiscal_year: &str) -> Option<CostCenter> {
    let texts = row.texts.0.unwrap_or_default();
    let text = languages::best(&texts, language, |text| text.language.0.as_deref());
    Some(CostCenter {
        controlling_area: row.controlling_area.0?,
        cost_center: row.cost_center.0?,
        valid_from: row.validity_start_date.0.as_deref().and_then(edm::calendar_date),
        valid_to: row.validity_end_date.0.as_deref().and_then(edm::calendar_date)?,
        name: text.and_then(|text| text.cost_center_name.0.clone()),
        description: text.and_then(|text| text.cost_center_description.0.clone()),
        company_code: row.company_code.0,
        department: row.department.0,
        responsible: row.cost_ctr_responsible_person_name.0,
        responsible_user: row.cost_ctr_responsible_user.0,
        category: row.cost_center_category.0,
        profit_center: row.profit_center.0,
        is_blocked: row.is_blkd_for_primary_costs_posting.0,
        currency: row.cost_center_currency.0,
        fiscal_year: fiscal_year.to_owned(),
        budget: None,
        actual: None,
        amounts_currency: None,
    })
}
