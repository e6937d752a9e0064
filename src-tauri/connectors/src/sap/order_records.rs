//! Purchase orders as records: status by SAP's precedence, values by the price unit.

use std::collections::BTreeSet;

use andon_domain::Amount;
use andon_domain::records::{PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus};
use rust_decimal::Decimal;

use super::edm;
use super::money::{above_zero, rounded, value};
use super::rows::{ItemRow, OrderRow};

/// Records of the rows that have a number, and how many had none.
pub(super) fn records(rows: Vec<OrderRow>, warnings: &mut BTreeSet<String>) -> (Vec<PurchaseOrder>, u32) {
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
    let currency = row.document_currency.0.as_deref();
    let items: Option<Vec<_>> = row.items.0.map(|items| {
        items
            .into_iter()
            .filter_map(|item| item_record(item, currency, &purchase_order, warnings))
            .collect()
    });
    let net_value = items.as_deref().and_then(|items| {
        items
            .iter()
            .filter(|item| !item.is_deleted && item.is_free_of_charge != Some(true))
            .try_fold(rounded(Decimal::ZERO, currency), |sum, item| {
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
        payment_terms: row.payment_terms.0,
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
    } else if row.purchasing_completeness_status.is_set() {
        PurchaseOrderStatus::Incomplete
    } else if processing.is("08") {
        PurchaseOrderStatus::Rejected
    } else if row.release_is_not_completed.is_set() || processing.is("03") {
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
    currency: Option<&str>,
    order: &str,
    warnings: &mut BTreeSet<String>,
) -> Option<PurchaseOrderItem> {
    for (number, what) in [(row.order_quantity, "quantity"), (row.net_price_amount, "price")] {
        if number.is_unreadable {
            warnings.insert(format!("{what} cannot be kept exactly in order: {order}"));
        }
    }
    Some(PurchaseOrderItem {
        net_value: item_value(&row, currency),
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
        is_free_of_charge: row.purchasing_item_is_free_of_charge.0,
        is_completely_delivered: row.is_completely_delivered.0,
        is_finally_invoiced: row.is_finally_invoiced.0,
    })
}

/// Quantity × conversion to the price's unit × price ÷ price unit. The service has no such field, so it is computed; where
/// anything needed is missing or zero, the value is unknown.
fn item_value(row: &ItemRow, currency: Option<&str>) -> Option<Amount> {
    if row.purchasing_item_is_free_of_charge.is_set() {
        return Some(rounded(Decimal::ZERO, currency));
    }
    let quantity = row.order_quantity.value?.value();
    let price = row.net_price_amount.value?.value();
    let same_unit =
        row.order_price_unit.0.is_none() || row.order_price_unit == row.purchase_order_quantity_unit;
    let numerator = above_zero(row.order_price_unit_to_order_unit_nmrtr.value);
    let denominator = above_zero(row.ord_price_unit_to_order_unit_dnmntr.value);
    let converted = match (numerator, denominator) {
        // Nearly all items; dividing exact decimals is slow.
        (Some(numerator), Some(denominator)) if numerator == denominator => quantity,
        (Some(numerator), Some(denominator)) => quantity.checked_mul(numerator)?.checked_div(denominator)?,
        _ if same_unit => quantity,
        _ => return None,
    };
    value(converted, price, row.net_price_quantity.value, currency)
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
        item_value(&serde_json::from_str(fields).unwrap(), Some("EUR")).map(|amount| amount.to_string())
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
    fn deleted_and_free_items_do_not_count_and_an_unknown_one_hides_the_sum() {
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
        // Free of charge, with a price that somebody left in and one that nobody can compute.
        let free =
            r#"{"PurchaseOrderItem":"00020","PurchasingItemIsFreeOfCharge":"X","NetPriceAmount":"99"}"#
                .to_owned();
        let both = with(&[item("00010", r#","IsFinallyInvoiced":true"#), free]);
        assert_eq!(both.net_value.unwrap().to_string(), "10.05");
        assert_eq!(
            (both.items[0].is_finally_invoiced, both.items[1].is_free_of_charge),
            (Some(true), Some(true))
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
}
