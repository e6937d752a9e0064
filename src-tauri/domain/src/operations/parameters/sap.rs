//! Parameters of the operations of SAP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{Check, Problems, reread, rows_of};
use crate::amount::{Amount, Money};
use crate::canonical::CanonicalJson;
use crate::operations::{Description, InvalidParameters};

/// Filters of `sap.get_purchase_orders`. All are optional and combine with "and".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPurchaseOrders {
    /// One order by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// Supplier number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// active, in_release, released, rejected, incomplete, blocked or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Company code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_code: Option<String>,
    /// Purchasing organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchasing_organization: Option<String>,
    /// Purchasing group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchasing_group: Option<String>,
    /// Orders with an item for this plant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<String>,
    /// Orders with an item of this material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// Orders with an item for this storage location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// Order date from, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_from: Option<String>,
    /// Order date to, `YYYY-MM-DD`, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_to: Option<String>,
    /// Changed at or after, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<String>,
    /// The reference Andon gave an order it created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
}

/// Filters of `sap.get_inventory`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInventory {
    /// Material number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// Plant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<String>,
    /// Storage location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// unrestricted, quality_inspection or blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock_type: Option<String>,
    /// Special stock indicator such as K (consignment), or `own` for own stock only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special_stock: Option<String>,
}

/// Filters of `sap.get_cost_centers`. Without a day, those valid today; without a fiscal year, the calendar year of that day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetCostCenters {
    /// One cost centre by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// Controlling area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controlling_area: Option<String>,
    /// Company code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_code: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Valid on this day, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_on: Option<String>,
    /// Fiscal year of budget and actuals, four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fiscal_year: Option<String>,
}

/// Filters of `sap.get_materials`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMaterials {
    /// One material by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// Part of the description, in the language of the connection. SAP is asked for it as given, in small letters, in capital
    /// letters and with capital first letters; other mixtures are not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Material type, for example ROH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material_type: Option<String>,
    /// Material group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material_group: Option<String>,
    /// Materials kept in this plant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<String>,
}

/// Parameters of `sap.create_purchase_order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePurchaseOrder {
    /// Company code, 4 characters.
    pub company_code: String,
    /// Purchasing organisation, 4 characters.
    pub purchasing_organization: String,
    /// Purchasing group, 3 characters.
    pub purchasing_group: String,
    /// Supplier number, up to 10 characters.
    pub supplier: String,
    /// ISO 4217 currency of all prices.
    pub currency: String,
    /// Terms of payment, 4 characters; SAP takes the supplier's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// 1 to 50 items.
    pub items: Vec<CreatePurchaseOrderItem>,
}

/// One item of a purchase order to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePurchaseOrderItem {
    /// Material number, up to 40 characters.
    pub material: String,
    /// Plant, 4 characters.
    pub plant: String,
    /// Storage location, 4 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// Quantity above zero, at most 3 decimals.
    pub quantity: Amount,
    /// Order unit, up to 3 characters.
    pub unit: String,
    /// Net price for `price_unit` units, above zero, at most 3 decimals.
    pub net_price: Amount,
    /// How many units the price is for: 1 to 99999.
    #[serde(default = "one")]
    pub price_unit: Amount,
    /// Wanted delivery date, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_date: Option<String>,
}

fn one() -> Amount {
    Amount::new(rust_decimal::Decimal::ONE)
}

impl CreatePurchaseOrder {
    /// Sum of all item values; `None` when it does not fit.
    #[must_use]
    pub fn value(&self) -> Option<Money> {
        let amount = self.items.iter().try_fold(Amount::ZERO, |sum, item| {
            sum.checked_add(Amount::line_value(
                item.quantity,
                item.net_price,
                item.price_unit,
            )?)
        })?;
        Some(Money {
            amount: Amount::new(amount.value().round_dp(2)),
            currency: self.currency.clone(),
        })
    }
}

impl Check for GetPurchaseOrders {
    fn check(&self, p: &mut Problems) {
        p.optional_code("purchase_order", self.purchase_order.as_ref(), 10);
        p.optional_code("supplier", self.supplier.as_ref(), 10);
        p.optional_code("company_code", self.company_code.as_ref(), 4);
        p.optional_code(
            "purchasing_organization",
            self.purchasing_organization.as_ref(),
            4,
        );
        p.optional_code("purchasing_group", self.purchasing_group.as_ref(), 3);
        p.optional_code("storage_location", self.storage_location.as_ref(), 4);
        p.instant("changed_since", self.changed_since.as_ref());
        p.optional_code("plant", self.plant.as_ref(), 4);
        p.optional_code("material", self.material.as_ref(), 40);
        p.optional_code("external_reference", self.external_reference.as_ref(), 12);
        p.date("ordered_from", self.ordered_from.as_ref());
        p.date("ordered_to", self.ordered_to.as_ref());
        let words = [
            "active",
            "in_release",
            "released",
            "rejected",
            "incomplete",
            "blocked",
            "deleted",
        ];
        p.word("status", self.status.as_ref(), &words);
    }
}

impl Check for GetInventory {
    fn check(&self, p: &mut Problems) {
        p.optional_code("material", self.material.as_ref(), 40);
        p.optional_code("plant", self.plant.as_ref(), 4);
        p.optional_code("storage_location", self.storage_location.as_ref(), 4);
        p.optional_code("special_stock", self.special_stock.as_ref(), 3);
        p.word(
            "stock_type",
            self.stock_type.as_ref(),
            &["unrestricted", "quality_inspection", "blocked"],
        );
    }
}

impl Check for GetCostCenters {
    fn check(&self, p: &mut Problems) {
        p.optional_code("cost_center", self.cost_center.as_ref(), 10);
        p.optional_code("controlling_area", self.controlling_area.as_ref(), 4);
        p.optional_code("company_code", self.company_code.as_ref(), 4);
        p.optional_code("department", self.department.as_ref(), 12);
        p.date("valid_on", self.valid_on.as_ref());
        if let Some(year) = &self.fiscal_year
            && (year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()))
        {
            p.add(
                "fiscal_year",
                format!("is not a fiscal year: {year}"),
                "Give four digits such as 2026.",
            );
        }
    }
}

impl Check for GetMaterials {
    fn check(&self, p: &mut Problems) {
        p.optional_code("material", self.material.as_ref(), 40);
        p.optional_code("description", self.description.as_ref(), 40);
        p.optional_code("material_type", self.material_type.as_ref(), 4);
        p.optional_code("material_group", self.material_group.as_ref(), 9);
        p.optional_code("plant", self.plant.as_ref(), 4);
    }
}

impl Check for CreatePurchaseOrder {
    fn check(&self, p: &mut Problems) {
        p.code("company_code", &self.company_code, 4);
        p.code("purchasing_organization", &self.purchasing_organization, 4);
        p.code("purchasing_group", &self.purchasing_group, 3);
        p.code("supplier", &self.supplier, 10);
        p.optional_code("payment_terms", self.payment_terms.as_ref(), 4);
        if self.currency.len() != 3 || !self.currency.bytes().all(|b| b.is_ascii_uppercase()) {
            p.add(
                "currency",
                format!("is not an ISO 4217 code: {}", self.currency),
                "Give three capitals such as EUR.",
            );
        }
        if self.items.is_empty() || self.items.len() > 50 {
            p.add(
                "items",
                format!("has {} items", self.items.len()),
                "Give 1 to 50 items.",
            );
        }
        for (i, item) in self.items.iter().enumerate() {
            p.code(&format!("items[{i}].material"), &item.material, 40);
            p.code(&format!("items[{i}].plant"), &item.plant, 4);
            p.optional_code(
                &format!("items[{i}].storage_location"),
                item.storage_location.as_ref(),
                4,
            );
            p.code(&format!("items[{i}].unit"), &item.unit, 3);
            p.positive(&format!("items[{i}].quantity"), item.quantity, 3, 9_999_999_999);
            p.positive(&format!("items[{i}].net_price"), item.net_price, 3, 999_999_999);
            p.positive(&format!("items[{i}].price_unit"), item.price_unit, 0, 99_999);
            p.date(&format!("items[{i}].delivery_date"), item.delivery_date.as_ref());
        }
    }
}

/// Words for `sap.create_purchase_order`, from the canonical bytes alone.
pub(in crate::operations) fn describe_create_purchase_order(
    parameters: &CanonicalJson,
) -> Result<Description, InvalidParameters> {
    let order: CreatePurchaseOrder = reread(parameters)?;
    let value = order.value();
    let supplier = order.supplier.trim_start_matches('0');
    let what = match order.items.as_slice() {
        [item] => format!(
            "{} {} of {} for plant {}",
            item.quantity, item.unit, item.material, item.plant
        ),
        items => format!("{} items", items.len()),
    };
    let price = value
        .as_ref()
        .map_or_else(|| "an amount too large to add up".to_owned(), Money::in_words);
    Ok(Description {
        title: match order.items.as_slice() {
            [item] => format!("Order {} {} of {}", item.quantity, item.unit, item.material),
            items => format!("Order {} items from supplier {supplier}", items.len()),
        },
        sentence: format!(
            "Orders {what} from supplier {supplier} for {price}. SAP creates the purchase order at once and gives it a \
             number; after that it can only be changed or cancelled in SAP."
        ),
        target: supplier.to_owned(),
        value,
        change_percent: None,
        rows: rows_of("", parameters.value()),
    })
}
