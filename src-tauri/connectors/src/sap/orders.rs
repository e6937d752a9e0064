//! Purchase orders: which rows to ask SAP for, and the records made of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use andon_domain::operations::GetPurchaseOrders;
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::{PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus};
use andon_domain::{Amount, CanonicalJson, PortError, System};
use async_trait::async_trait;
use rust_decimal::Decimal;

use super::config::PURCHASE_ORDER_SERVICE;
use super::edm::{self, Filter};
use super::reader::{Expand, Query, Rows};
use super::wire::{ItemRow, OrderRow};
use super::{Sap, typed, values};

/// Order numbers asked for in one address, which stays below 4,000 characters.
const NUMBERS_PER_ADDRESS: usize = 20;

const SELECT: &str = "PurchaseOrder,CompanyCode,PurchaseOrderType,Supplier,PurchasingOrganization,PurchasingGroup,\
DocumentCurrency,PurchaseOrderDate,LastChangeDateTime,PurchasingProcessingStatus,PurchasingCompletenessStatus,\
ReleaseIsNotCompleted,PurchasingDocumentDeletionCode,CorrespncExternalReference,CreatedByUser,\
to_PurchaseOrderItem/PurchaseOrderItem,to_PurchaseOrderItem/PurchaseOrderItemText,to_PurchaseOrderItem/Material,\
to_PurchaseOrderItem/Plant,to_PurchaseOrderItem/StorageLocation,to_PurchaseOrderItem/OrderQuantity,\
to_PurchaseOrderItem/PurchaseOrderQuantityUnit,to_PurchaseOrderItem/OrderPriceUnit,\
to_PurchaseOrderItem/OrderPriceUnitToOrderUnitNmrtr,to_PurchaseOrderItem/OrdPriceUnitToOrderUnitDnmntr,\
to_PurchaseOrderItem/NetPriceAmount,to_PurchaseOrderItem/NetPriceQuantity,\
to_PurchaseOrderItem/PurchasingDocumentDeletionCode,to_PurchaseOrderItem/PurchasingItemIsFreeOfCharge,\
to_PurchaseOrderItem/IsCompletelyDelivered";

/// `sap.get_purchase_orders`.
pub(super) struct PurchaseOrdersRead(pub(super) Arc<Sap>);

#[async_trait]
impl ReadOperation for PurchaseOrdersRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetPurchaseOrders = typed(System::Sap, parameters)?;
        let limit = self.0.config.row_limit as usize;
        let by_item = wanted.plant.is_some() || wanted.material.is_some();
        let found = if by_item {
            by_items(&self.0, &wanted, limit).await?
        } else {
            self.0.rows(&query(header_filter(&wanted)), limit).await?
        };
        let mut warnings = BTreeSet::new();
        let (orders, dropped) = records(found.rows, &mut warnings);
        if dropped > 0 {
            warnings.insert(format!("{dropped} orders without a number were left out"));
        }
        let kept: Vec<_> = orders
            .into_iter()
            .filter(|order| is_wanted(order, &wanted))
            .collect();
        let is_exact = !by_item && wanted.status.is_none();
        Ok(Fetched {
            records: values(System::Sap, &kept)?,
            total: found.total.filter(|_| found.is_truncated && is_exact),
            is_truncated: found.is_truncated,
            warnings: warnings.into_iter().collect(),
            observed_at: found.server_time,
        })
    }
}

/// All purchase orders, for the mirror.
pub(super) async fn feed(sap: &Sap) -> Result<FeedBatch<PurchaseOrder>, PortError> {
    let found = sap
        .rows(&query(Filter::default()), sap.config.row_limit as usize)
        .await?;
    let mut warnings = BTreeSet::new();
    let (records, dropped) = records(found.rows, &mut warnings);
    for warning in warnings {
        tracing::info!(warning, "odd purchase orders");
    }
    Ok(FeedBatch {
        records,
        is_unchanged: false,
        is_complete: !found.is_truncated,
        dropped,
        server_time: found.server_time,
    })
}

fn query(filter: Filter) -> Query {
    Query {
        service: PURCHASE_ORDER_SERVICE,
        set: "A_PurchaseOrder",
        filter,
        select: SELECT,
        expand: Some(Expand {
            navigation: "to_PurchaseOrderItem",
            target: "A_PurchaseOrderItemType",
        }),
        order: "PurchaseOrder",
    }
}

fn header_filter(wanted: &GetPurchaseOrders) -> Filter {
    let filter = Filter::default()
        .key_if("PurchaseOrder", wanted.purchase_order.as_ref(), &[10])
        .key_if("Supplier", wanted.supplier.as_ref(), &[10])
        .equals_if("CompanyCode", wanted.company_code.as_ref())
        .equals_if("PurchasingOrganization", wanted.purchasing_organization.as_ref())
        .equals_if("CorrespncExternalReference", wanted.external_reference.as_ref())
        .date_if("PurchaseOrderDate", "ge", wanted.ordered_from.as_ref())
        .date_if("PurchaseOrderDate", "le", wanted.ordered_to.as_ref());
    // A condition per word that lets through at least what the word means; the precedence is ours, see `status`.
    match wanted.status.as_deref() {
        Some("deleted") => filter.condition("PurchasingDocumentDeletionCode eq 'L'"),
        Some("blocked") => filter.condition("PurchasingDocumentDeletionCode eq 'S'"),
        Some("incomplete") => filter.condition("PurchasingCompletenessStatus eq true"),
        Some("rejected") => filter.condition("PurchasingProcessingStatus eq '08'"),
        Some("in_release") => {
            filter.condition("(ReleaseIsNotCompleted eq true or PurchasingProcessingStatus eq '03')")
        }
        Some("released") => filter.condition("PurchasingProcessingStatus eq '05'"),
        Some("active") => filter.condition("PurchasingProcessingStatus eq '02'"),
        _ => filter,
    }
}

/// OData V2 cannot ask for orders by a condition on their items. So the items are found first, then their orders.
async fn by_items(sap: &Sap, wanted: &GetPurchaseOrders, limit: usize) -> Result<Rows<OrderRow>, PortError> {
    let items = Query {
        service: PURCHASE_ORDER_SERVICE,
        set: "A_PurchaseOrderItem",
        filter: Filter::default()
            .key_if("PurchaseOrder", wanted.purchase_order.as_ref(), &[10])
            .equals_if("Plant", wanted.plant.as_ref())
            .key_if("Material", wanted.material.as_ref(), &[18, 40]),
        select: "PurchaseOrder,PurchaseOrderItem",
        expand: None,
        order: "PurchaseOrder,PurchaseOrderItem",
    };
    let items = sap.rows::<ItemRow>(&items, limit).await?;
    let numbers: BTreeSet<String> = items
        .rows
        .into_iter()
        .filter_map(|item| item.purchase_order.0)
        .collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let mut all = Rows {
        rows: Vec::new(),
        total: None,
        is_truncated: items.is_truncated,
        server_time: items.server_time,
    };
    let header = GetPurchaseOrders {
        purchase_order: None,
        ..wanted.clone()
    };
    for chunk in numbers.chunks(NUMBERS_PER_ADDRESS) {
        let found = sap
            .rows(
                &query(header_filter(&header).one_of("PurchaseOrder", chunk)),
                limit,
            )
            .await?;
        all.rows.extend(found.rows);
    }
    Ok(all)
}

fn is_wanted(order: &PurchaseOrder, wanted: &GetPurchaseOrders) -> bool {
    let has_status = wanted
        .status
        .as_deref()
        .is_none_or(|status| order.status.as_str() == status);
    let has_item = order.items.iter().any(|item| {
        let is = |have: &Option<String>, want: &str| {
            have.as_deref().is_some_and(|have| edm::is_same_key(have, want))
        };
        wanted
            .plant
            .as_deref()
            .is_none_or(|plant| item.plant.as_deref() == Some(plant))
            && wanted
                .material
                .as_deref()
                .is_none_or(|material| is(&item.material, material))
    });
    has_status && (has_item || (wanted.plant.is_none() && wanted.material.is_none()))
}

/// Records of the rows that have a number, and how many had none.
fn records(rows: Vec<OrderRow>, warnings: &mut BTreeSet<String>) -> (Vec<PurchaseOrder>, u32) {
    let mut dropped = 0;
    let mut orders = Vec::with_capacity(rows.len());
    for row in rows {
        match record(row, warnings) {
            Some(order) => orders.push(order),
            None => dropped += 1,
        }
    }
    (orders, dropped)
}

fn record(row: OrderRow, warnings: &mut BTreeSet<String>) -> Option<PurchaseOrder> {
    let status = status(&row);
    let purchase_order = row.purchase_order.0?;
    if status == PurchaseOrderStatus::Unknown {
        let code = row.purchasing_processing_status.0.as_deref().unwrap_or("none");
        warnings.insert(format!("unknown processing status: {code}"));
    }
    let decimals = if is_three_decimal(row.document_currency.0.as_deref()) {
        3
    } else {
        2
    };
    let items: Option<Vec<_>> = row.items.0.map(|items| {
        items
            .into_iter()
            .filter_map(|item| item_record(item, decimals, &purchase_order, warnings))
            .collect()
    });
    let net_value = items.as_deref().and_then(|items| {
        items
            .iter()
            .filter(|item| !item.is_deleted)
            .try_fold(rounded(Decimal::ZERO, decimals), |sum, item| {
                sum.checked_add(item.net_value?)
            })
    });
    if items.is_none() {
        warnings.insert(format!("order came without its items: {purchase_order}"));
    }
    Some(PurchaseOrder {
        purchase_order,
        company_code: row.company_code.0,
        order_type: row.purchase_order_type.0,
        supplier: row.supplier.0,
        purchasing_organization: row.purchasing_organization.0,
        purchasing_group: row.purchasing_group.0,
        currency: row.document_currency.0,
        order_date: row.purchase_order_date.0.as_deref().and_then(edm::calendar_date),
        last_changed_at: row.last_change_date_time.0.as_deref().and_then(edm::ticks),
        status,
        status_raw: row.purchasing_processing_status.0,
        payment_terms: None,
        external_reference: row.correspnc_external_reference.0,
        created_by: row.created_by_user.0,
        net_value,
        items: items.unwrap_or_default(),
    })
}

/// SAP's own order of precedence for a display status (KBA 3070935), as far as this service tells it.
fn status(row: &OrderRow) -> PurchaseOrderStatus {
    let processing = &row.purchasing_processing_status;
    if row.purchasing_document_deletion_code.is("L") {
        PurchaseOrderStatus::Deleted
    } else if row.purchasing_document_deletion_code.is("S") {
        PurchaseOrderStatus::Blocked
    } else if row.purchasing_completeness_status.flag() == Some(true) {
        PurchaseOrderStatus::Incomplete
    } else if processing.is("08") {
        PurchaseOrderStatus::Rejected
    } else if row.release_is_not_completed.flag() == Some(true) || processing.is("03") {
        PurchaseOrderStatus::InRelease
    } else if processing.is("05") {
        PurchaseOrderStatus::Released
    } else if processing.is("02") {
        PurchaseOrderStatus::Active
    } else {
        PurchaseOrderStatus::Unknown
    }
}

fn item_record(
    row: ItemRow,
    decimals: u32,
    order: &str,
    warnings: &mut BTreeSet<String>,
) -> Option<PurchaseOrderItem> {
    for (number, what) in [(row.order_quantity, "quantity"), (row.net_price_amount, "price")] {
        if number.is_unreadable {
            warnings.insert(format!("{what} cannot be kept exactly in order: {order}"));
        }
    }
    Some(PurchaseOrderItem {
        net_value: item_value(&row, decimals),
        item: row.purchase_order_item.0?,
        text: row.purchase_order_item_text.0,
        material: row.material.0,
        plant: row.plant.0,
        storage_location: row.storage_location.0,
        quantity: row.order_quantity.value,
        unit: row.purchase_order_quantity_unit.0,
        net_price: row.net_price_amount.value,
        price_unit: row.net_price_quantity.value,
        is_deleted: row.purchasing_document_deletion_code.is("L"),
        is_free_of_charge: None,
        is_completely_delivered: row.is_completely_delivered.flag(),
        is_finally_invoiced: None,
    })
}

/// Quantity × conversion to the price's unit × price ÷ price unit. The service has no such field, so it is computed; where
/// anything needed is missing or zero, the value is unknown.
fn item_value(row: &ItemRow, decimals: u32) -> Option<Amount> {
    if row.purchasing_item_is_free_of_charge.flag() == Some(true) {
        return Some(rounded(Decimal::ZERO, decimals));
    }
    let above_zero =
        |amount: Option<Amount>| amount.map(Amount::value).filter(|value| *value > Decimal::ZERO);
    let quantity = row.order_quantity.value?.value();
    let price = row.net_price_amount.value?.value();
    let per = above_zero(row.net_price_quantity.value)?;
    let same_unit =
        row.order_price_unit.0.is_none() || row.order_price_unit == row.purchase_order_quantity_unit;
    let numerator = above_zero(row.order_price_unit_to_order_unit_nmrtr.value);
    let denominator = above_zero(row.ord_price_unit_to_order_unit_dnmntr.value);
    let converted = match (numerator, denominator) {
        (Some(numerator), Some(denominator)) => quantity.checked_mul(numerator)?.checked_div(denominator)?,
        _ if same_unit => quantity,
        _ => return None,
    };
    Some(rounded(converted.checked_mul(price)?.checked_div(per)?, decimals))
}

fn rounded(value: Decimal, decimals: u32) -> Amount {
    let mut value =
        value.round_dp_with_strategy(decimals, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    value.rescale(decimals);
    Amount::new(value)
}

fn is_three_decimal(currency: Option<&str>) -> bool {
    matches!(
        currency,
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> (PurchaseOrder, BTreeSet<String>) {
        let mut warnings = BTreeSet::new();
        let record = record(serde_json::from_str(json).unwrap(), &mut warnings).unwrap();
        (record, warnings)
    }

    fn status_of(fields: &str) -> PurchaseOrderStatus {
        order(&format!(r#"{{"PurchaseOrder":"1"{fields}}}"#)).0.status
    }

    #[test]
    fn the_status_follows_saps_precedence() {
        use PurchaseOrderStatus as S;
        assert_eq!(status_of(r#","PurchasingProcessingStatus":"02""#), S::Active);
        assert_eq!(status_of(r#","PurchasingProcessingStatus":"05""#), S::Released);
        assert_eq!(
            status_of(r#","PurchasingProcessingStatus":"05","ReleaseIsNotCompleted":true"#),
            S::InRelease
        );
        assert_eq!(
            status_of(r#","PurchasingProcessingStatus":"08","ReleaseIsNotCompleted":true"#),
            S::Rejected
        );
        assert_eq!(
            status_of(r#","PurchasingProcessingStatus":"08","PurchasingCompletenessStatus":"X""#),
            S::Incomplete
        );
        assert_eq!(
            status_of(r#","PurchasingDocumentDeletionCode":"S","PurchasingCompletenessStatus":true"#),
            S::Blocked
        );
        assert_eq!(
            status_of(r#","PurchasingDocumentDeletionCode":"L","PurchasingProcessingStatus":"08""#),
            S::Deleted
        );
        let (unknown, warnings) = order(r#"{"PurchaseOrder":"1","PurchasingProcessingStatus":"77"}"#);
        assert_eq!(
            (unknown.status, unknown.status_raw.as_deref()),
            (S::Unknown, Some("77"))
        );
        assert!(warnings.iter().any(|w| w.contains("77")));
    }

    fn value(fields: &str) -> Option<String> {
        item_value(&serde_json::from_str(fields).unwrap(), 2).map(|amount| amount.to_string())
    }

    #[test]
    fn values_use_price_unit_and_conversion_and_stay_unknown_when_they_cannot_be_known() {
        assert_eq!(
            value(r#"{"OrderQuantity":"50","NetPriceAmount":"12.50","NetPriceQuantity":"100"}"#).as_deref(),
            Some("6.25")
        );
        assert_eq!(
            value(r#"{"OrderQuantity":"50","NetPriceAmount":"12.50","NetPriceQuantity":"0"}"#),
            None
        );
        assert_eq!(value(r#"{"OrderQuantity":"50","NetPriceQuantity":"1"}"#), None);
        let converted = r#"{"OrderQuantity":"2","NetPriceAmount":"3","NetPriceQuantity":"1","PurchaseOrderQuantityUnit":"BOX",
            "OrderPriceUnit":"PC","OrderPriceUnitToOrderUnitNmrtr":"12","OrdPriceUnitToOrderUnitDnmntr":"1"}"#;
        assert_eq!(value(converted).as_deref(), Some("72.00"));
        let unknown = r#"{"OrderQuantity":"2","NetPriceAmount":"3","NetPriceQuantity":"1","PurchaseOrderQuantityUnit":"BOX",
            "OrderPriceUnit":"PC","OrderPriceUnitToOrderUnitNmrtr":"0"}"#;
        assert_eq!(value(unknown), None, "without conversion a box has no price");
        assert_eq!(
            value(r#"{"PurchasingItemIsFreeOfCharge":true}"#).as_deref(),
            Some("0.00")
        );
    }

    #[test]
    fn deleted_items_do_not_count_and_an_unknown_one_hides_the_sum() {
        let item = |number: &str, more: &str| {
            format!(
                r#"{{"PurchaseOrderItem":"{number}","OrderQuantity":"10","NetPriceAmount":"1.005","NetPriceQuantity":"1"{more}}}"#
            )
        };
        let with = |items: &[String]| {
            order(&format!(
                r#"{{"PurchaseOrder":"1","to_PurchaseOrderItem":{{"results":[{}]}}}}"#,
                items.join(",")
            ))
            .0
        };
        let deleted = item("00020", r#","PurchasingDocumentDeletionCode":"L""#);
        assert_eq!(
            with(&[item("00010", ""), deleted]).net_value.unwrap().to_string(),
            "10.05"
        );
        let unknown = r#"{"PurchaseOrderItem":"00020"}"#.to_owned();
        assert_eq!(with(&[item("00010", ""), unknown]).net_value, None);
        let (deferred, warnings) = order(r#"{"PurchaseOrder":"1","to_PurchaseOrderItem":{"__deferred":{}}}"#);
        assert_eq!(
            (deferred.net_value, warnings.len()),
            (None, 2),
            "unknown status and missing items"
        );
    }

    #[test]
    fn filters_are_pushed_down_in_saps_own_terms() {
        let wanted = GetPurchaseOrders {
            supplier: Some("100482".to_owned()),
            status: Some("released".to_owned()),
            ordered_from: Some("2026-01-01".to_owned()),
            ..GetPurchaseOrders::default()
        };
        assert_eq!(
            header_filter(&wanted).text().unwrap(),
            "(Supplier eq '100482' or Supplier eq '0000100482') and PurchaseOrderDate ge datetime'2026-01-01T00:00:00' \
             and PurchasingProcessingStatus eq '05'"
        );
    }
}
