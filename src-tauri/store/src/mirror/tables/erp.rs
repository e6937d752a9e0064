//! What SAP tells, as rows.

use andon_domain::Timestamp;
use andon_domain::records::{
    CostCenter, Material, MaterialPlant, MaterialValuation, PriceControl, PurchaseOrder, PurchaseOrderItem,
    StockRow,
};
use rusqlite::Transaction;

use super::{Values, add, exact, real, time};

pub(crate) fn add_purchase_order(
    tx: &Transaction<'_>,
    po: &PurchaseOrder,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":purchase_order", Box::new(&po.purchase_order)),
        (":company_code", Box::new(&po.company_code)),
        (":order_type", Box::new(&po.order_type)),
        (":supplier", Box::new(&po.supplier)),
        (":purchasing_organization", Box::new(&po.purchasing_organization)),
        (":purchasing_group", Box::new(&po.purchasing_group)),
        (":currency", Box::new(&po.currency)),
        (":order_date", Box::new(&po.order_date)),
        (":last_changed_at", time(po.last_changed_at)),
        (":status", Box::new(po.status.as_str())),
        (":status_raw", Box::new(&po.status_raw)),
        (":payment_terms", Box::new(&po.payment_terms)),
        (":external_reference", Box::new(&po.external_reference)),
        (":created_by", Box::new(&po.created_by)),
        (":net_value", real(po.net_value)),
        (":net_value_text", exact(po.net_value)),
        (
            ":item_count",
            Box::new(i64::try_from(po.items.len()).unwrap_or(i64::MAX)),
        ),
        (":source_time", time(po.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "purchase_orders", &values)?;
    po.items
        .iter()
        .try_for_each(|item| add_item(tx, po, item, synced_at))
}

fn add_item(
    tx: &Transaction<'_>,
    po: &PurchaseOrder,
    item: &PurchaseOrderItem,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":purchase_order", Box::new(&po.purchase_order)),
        (":item", Box::new(&item.item)),
        (":text", Box::new(&item.text)),
        (":material", Box::new(&item.material)),
        (":plant", Box::new(&item.plant)),
        (":storage_location", Box::new(&item.storage_location)),
        (":quantity", real(item.quantity)),
        (":quantity_text", exact(item.quantity)),
        (":unit", Box::new(&item.unit)),
        (":net_price", real(item.net_price)),
        (":net_price_text", exact(item.net_price)),
        (":price_unit", real(item.price_unit)),
        (":price_unit_text", exact(item.price_unit)),
        (":net_value", real(item.net_value)),
        (":net_value_text", exact(item.net_value)),
        (":currency", Box::new(&po.currency)),
        (":is_deleted", Box::new(item.is_deleted)),
        (":is_completely_delivered", Box::new(item.is_completely_delivered)),
        (":is_free_of_charge", Box::new(item.is_free_of_charge)),
        (":is_finally_invoiced", Box::new(item.is_finally_invoiced)),
        (":source_time", time(po.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "purchase_order_items", &values)
}

pub(crate) fn add_stock(
    tx: &Transaction<'_>,
    stock: &StockRow,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let estimate = stock.value_estimate.as_ref();
    let values: Values<'_> = vec![
        (":material", Box::new(&stock.material)),
        (":plant", Box::new(&stock.plant)),
        (":storage_location", Box::new(&stock.storage_location)),
        (":stock_type", Box::new(stock.stock_type.as_str())),
        (":stock_type_raw", Box::new(&stock.stock_type_raw)),
        (":special_stock", Box::new(&stock.special_stock)),
        (":quantity", real(stock.quantity)),
        (":quantity_text", exact(stock.quantity)),
        (":unit", Box::new(&stock.unit)),
        (":buckets", Box::new(stock.buckets)),
        (":value_estimate", real(estimate.map(|value| value.amount))),
        (":value_estimate_text", exact(estimate.map(|value| value.amount))),
        (
            ":value_currency",
            Box::new(estimate.map(|value| value.currency.as_str())),
        ),
        (
            ":value_basis",
            Box::new(stock.value_basis.map(PriceControl::as_str)),
        ),
        // SAP's stock service does not tell from when its answer is.
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "inventory", &values)
}

pub(crate) fn add_cost_center(
    tx: &Transaction<'_>,
    center: &CostCenter,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":controlling_area", Box::new(&center.controlling_area)),
        (":cost_center", Box::new(&center.cost_center)),
        (":valid_from", Box::new(&center.valid_from)),
        (":valid_to", Box::new(&center.valid_to)),
        (":name", Box::new(&center.name)),
        (":description", Box::new(&center.description)),
        (":company_code", Box::new(&center.company_code)),
        (":department", Box::new(&center.department)),
        (":responsible", Box::new(&center.responsible)),
        (":responsible_user", Box::new(&center.responsible_user)),
        (":category", Box::new(&center.category)),
        (":profit_center", Box::new(&center.profit_center)),
        (":is_blocked", Box::new(center.is_blocked)),
        (":currency", Box::new(&center.currency)),
        (":fiscal_year", Box::new(&center.fiscal_year)),
        (":budget", real(center.budget)),
        (":budget_text", exact(center.budget)),
        (":actual", real(center.actual)),
        (":actual_text", exact(center.actual)),
        (":amounts_currency", Box::new(&center.amounts_currency)),
        // SAP does not tell when a cost centre was changed.
        (":source_time", time(None)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "cost_centers", &values)
}

pub(crate) fn add_material(
    tx: &Transaction<'_>,
    material: &Material,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":material", Box::new(&material.material)),
        (":description", Box::new(&material.description)),
        (":description_language", Box::new(&material.description_language)),
        (":material_type", Box::new(&material.material_type)),
        (":material_group", Box::new(&material.material_group)),
        (":base_unit", Box::new(&material.base_unit)),
        (":gross_weight", real(material.gross_weight)),
        (":gross_weight_text", exact(material.gross_weight)),
        (":net_weight", real(material.net_weight)),
        (":net_weight_text", exact(material.net_weight)),
        (":weight_unit", Box::new(&material.weight_unit)),
        (":cross_plant_status", Box::new(&material.cross_plant_status)),
        (
            ":is_marked_for_deletion",
            Box::new(material.is_marked_for_deletion),
        ),
        (":is_batch_managed", Box::new(material.is_batch_managed)),
        (":standard_id", Box::new(&material.standard_id)),
        (":last_changed_at", time(material.last_changed_at)),
        (":source_time", time(material.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "materials", &values)?;
    material
        .plants
        .iter()
        .try_for_each(|plant| add_plant(tx, material, plant, synced_at))?;
    material
        .valuations
        .iter()
        .try_for_each(|valuation| add_valuation(tx, material, valuation, synced_at))
}

fn add_plant(
    tx: &Transaction<'_>,
    material: &Material,
    plant: &MaterialPlant,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":material", Box::new(&material.material)),
        (":plant", Box::new(&plant.plant)),
        (":mrp_type", Box::new(&plant.mrp_type)),
        (":abc_indicator", Box::new(&plant.abc_indicator)),
        (":purchasing_group", Box::new(&plant.purchasing_group)),
        (":source_time", time(material.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "material_plants", &values)
}

fn add_valuation(
    tx: &Transaction<'_>,
    material: &Material,
    valuation: &MaterialValuation,
    synced_at: Timestamp,
) -> rusqlite::Result<()> {
    let values: Values<'_> = vec![
        (":material", Box::new(&material.material)),
        (":valuation_area", Box::new(&valuation.valuation_area)),
        (":valuation_type", Box::new(&valuation.valuation_type)),
        (":price_control", Box::new(valuation.price_control.as_str())),
        (":price", real(valuation.price)),
        (":price_text", exact(valuation.price)),
        (":price_unit", real(valuation.price_unit)),
        (":price_unit_text", exact(valuation.price_unit)),
        (":currency", Box::new(&valuation.currency)),
        (":source_time", time(material.last_changed_at)),
        (":synced_at", time(Some(synced_at))),
    ];
    add(tx, "material_valuations", &values)
}
