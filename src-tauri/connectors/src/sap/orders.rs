//! Purchase orders: which rows to ask SAP for, and which of the records are wanted.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use andon_domain::operations::GetPurchaseOrders;
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::PurchaseOrder;
use andon_domain::{CanonicalJson, PortError, System, Timestamp};
use async_trait::async_trait;

use super::catalog::{PURCHASE_ORDER, PURCHASE_ORDER_ITEM};
use super::filter::{Filter, is_same_key};
use super::names::Service;
use super::order_records::records;
use super::reader::{Fields, Query, Rows};
use super::rows::{ItemRow, OrderRow};
use super::{Sap, in_time, typed, values};

/// `sap.get_purchase_orders`.
pub(super) struct PurchaseOrdersRead(pub(super) Arc<Sap>);

#[async_trait]
impl ReadOperation for PurchaseOrdersRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetPurchaseOrders = typed(System::Sap, parameters)?;
        let limit = self.0.config.row_limit as usize;
        let found = in_time(self.0.read_until(), find(&self.0, &wanted, limit)).await?;
        let mut warnings = BTreeSet::new();
        if found.is_truncated
            && let Some(end) = kept_end(&found.rows)
        {
            warnings.insert(format!(
                "more orders match than can be read; those with the {end} numbers were kept"
            ));
        }
        let (orders, dropped) = records(found.rows, &mut warnings);
        if dropped > 0 {
            warnings.insert(format!("{dropped} orders without a number were left out"));
        }
        let mut seen = HashSet::new();
        let kept: Vec<_> = orders
            .into_iter()
            .filter(|order| is_wanted(order, &wanted))
            // An order that came in between two pages moves others from the one to the other.
            .filter(|order| seen.insert(order.purchase_order.clone()))
            .collect();
        let is_exact = !asks_for_items(&wanted) && wanted.status.is_none();
        Ok(Fetched {
            records: values(System::Sap, kept)?,
            total: found.total.filter(|_| found.is_truncated && is_exact),
            is_truncated: found.is_truncated,
            warnings: warnings.into_iter().collect(),
            // SAP dates its answers, and not its data.
            observed_at: None,
        })
    }
}

/// Which end of all orders these are, as far as their sequence tells: a system need not sort as it was asked to.
fn kept_end(rows: &[OrderRow]) -> Option<&'static str> {
    let number = |row: Option<&OrderRow>| row?.purchase_order.0.clone();
    match (number(rows.first())?, number(rows.last())?) {
        (first, last) if first > last => Some("highest"),
        (first, last) if first < last => Some("lowest"),
        _ => None,
    }
}

/// Purchase orders for the mirror: what changed since then where SAP can tell, else all of them.
pub(super) async fn feed(
    sap: &Sap,
    changed_since: Option<Timestamp>,
) -> Result<FeedBatch<PurchaseOrder>, PortError> {
    let since = match changed_since {
        Some(since) if can_tell_changes(sap).await? => Some(since),
        _ => None,
    };
    let filter = since.map_or_else(Filter::default, |since| {
        Filter::default().since("LastChangeDateTime", since)
    });
    let found = sap.rows(&query(filter), sap.config.feed_limit as usize).await?;
    let mut warnings = BTreeSet::new();
    let (records, dropped) = records(found.rows, &mut warnings);
    for warning in warnings {
        tracing::info!(warning, "odd purchase orders");
    }
    Ok(FeedBatch {
        records,
        is_unchanged: false,
        is_complete: since.is_none() && !found.is_truncated,
        window: None,
        is_truncated: found.is_truncated,
        dropped,
        server_time: found.server_time,
    })
}

/// Whether orders can be asked for by when they were changed: the field is newer than the service.
async fn can_tell_changes(sap: &Sap) -> Result<bool, PortError> {
    let service = Service::PurchaseOrders;
    let names = &sap.config.names;
    let Some(field) = names.field(service, "LastChangeDateTime") else {
        return Ok(false);
    };
    let description = sap.description(service).await?;
    let property = description.property(names.set(service, PURCHASE_ORDER.name), field);
    Ok(property.is_some_and(|property| property.is_filterable))
}

fn query(filter: Filter) -> Query {
    Query::new(Service::PurchaseOrders, &PURCHASE_ORDER, filter).fields(Fields::WithNavigations)
}

fn header_filter(wanted: &GetPurchaseOrders) -> Filter {
    let filter = Filter::default()
        .key_if("PurchaseOrder", wanted.purchase_order.as_ref(), &[10])
        .key_if("Supplier", wanted.supplier.as_ref(), &[10])
        .equals_if("CompanyCode", wanted.company_code.as_ref())
        .equals_if("PurchasingOrganization", wanted.purchasing_organization.as_ref())
        .equals_if("PurchasingGroup", wanted.purchasing_group.as_ref())
        .equals_if("CorrespncExternalReference", wanted.external_reference.as_ref())
        .date_if("PurchaseOrderDate", "ge", wanted.ordered_from.as_ref())
        .date_if("PurchaseOrderDate", "le", wanted.ordered_to.as_ref());
    let filter = match changed_since(wanted) {
        Some(since) => filter.since("LastChangeDateTime", since),
        None => filter,
    };
    // A condition per word that lets through at least what the word means; the precedence is ours, see `order_records`.
    match wanted.status.as_deref() {
        Some("deleted") => filter.equals("PurchasingDocumentDeletionCode", "L"),
        Some("blocked") => filter.equals("PurchasingDocumentDeletionCode", "S"),
        Some("incomplete") => filter.flag("PurchasingCompletenessStatus"),
        Some("rejected") => filter.equals("PurchasingProcessingStatus", "08"),
        Some("in_release") => {
            filter.flag_or_equals("ReleaseIsNotCompleted", "PurchasingProcessingStatus", "03")
        }
        Some("released") => filter.equals("PurchasingProcessingStatus", "05"),
        Some("active") => filter.equals("PurchasingProcessingStatus", "02"),
        _ => filter,
    }
}

fn changed_since(wanted: &GetPurchaseOrders) -> Option<Timestamp> {
    wanted.changed_since.as_deref().and_then(Timestamp::parse)
}

const fn asks_for_items(wanted: &GetPurchaseOrders) -> bool {
    wanted.plant.is_some() || wanted.material.is_some() || wanted.storage_location.is_some()
}

/// The orders that may be wanted, the highest numbers first.
async fn find(sap: &Sap, wanted: &GetPurchaseOrders, limit: usize) -> Result<Rows<OrderRow>, PortError> {
    let by_header = header_filter(wanted);
    if !asks_for_items(wanted) || wanted.purchase_order.is_some() {
        return sap.rows(&query(by_header).highest_first(), limit).await;
    }
    // OData V2 cannot ask for orders by a condition on their items. So the items are found first, then their orders.
    let by_item = Filter::default()
        .equals_if("Plant", wanted.plant.as_ref())
        .equals_if("StorageLocation", wanted.storage_location.as_ref())
        .key_if("Material", wanted.material.as_ref(), &[18, 40]);
    let items = Query::new(Service::PurchaseOrders, &PURCHASE_ORDER_ITEM, by_item)
        .fields(Fields::Only(&["PurchaseOrder", "PurchaseOrderItem"]))
        .highest_first();
    let items = sap.rows::<ItemRow>(&items, limit).await?;
    if items.is_truncated && by_header != Filter::default() {
        // A part of the items would hide orders; what is asked of the orders themselves says more about them.
        return sap.rows(&query(by_header).highest_first(), limit).await;
    }
    let numbers = items.rows.into_iter().filter_map(|item| item.purchase_order.0);
    let mut found = sap
        .rows_about(
            &query(by_header),
            "PurchaseOrder",
            |row: &OrderRow| row.purchase_order.0.as_deref(),
            numbers.collect(),
            limit,
        )
        .await?;
    found
        .rows
        .sort_by(|one, other| other.purchase_order.0.cmp(&one.purchase_order.0));
    found.is_truncated |= items.is_truncated;
    found.server_time = found.server_time.or(items.server_time);
    Ok(found)
}

fn is_wanted(order: &PurchaseOrder, wanted: &GetPurchaseOrders) -> bool {
    let has_status = wanted
        .status
        .as_deref()
        .is_none_or(|status| order.status.as_str() == status);
    // SAP was asked in whole seconds.
    let is_new = match (changed_since(wanted), order.last_changed_at) {
        (Some(since), Some(changed)) => changed >= since,
        _ => true,
    };
    let is = |have: &Option<String>, want: &Option<String>| match want {
        Some(want) => have.as_deref().is_some_and(|have| is_same_key(have, want)),
        None => true,
    };
    let has_item = || {
        order.items.iter().any(|item| {
            is(&item.plant, &wanted.plant)
                && is(&item.storage_location, &wanted.storage_location)
                && is(&item.material, &wanted.material)
        })
    };
    has_status && is_new && (!asks_for_items(wanted) || has_item())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_pushed_down_in_saps_own_terms() {
        let wanted = GetPurchaseOrders {
            supplier: Some("100482".to_owned()),
            purchasing_group: Some("001".to_owned()),
            status: Some("released".to_owned()),
            ordered_from: Some("2026-01-01".to_owned()),
            changed_since: Some("2026-06-22T08:00:00+02:00".to_owned()),
            ..GetPurchaseOrders::default()
        };
        assert_eq!(
            header_filter(&wanted).text(Some).unwrap(),
            "(Supplier eq '100482' or Supplier eq '0000100482') and PurchasingGroup eq '001' and \
             PurchaseOrderDate ge datetime'2026-01-01T00:00:00' and \
             LastChangeDateTime ge datetimeoffset'2026-06-22T06:00:00Z' and PurchasingProcessingStatus eq '05'"
        );
        let held = GetPurchaseOrders {
            status: Some("in_release".to_owned()),
            ..GetPurchaseOrders::default()
        };
        assert_eq!(
            header_filter(&held).text(Some).unwrap(),
            "(ReleaseIsNotCompleted eq true or PurchasingProcessingStatus eq '03')"
        );
    }
}
