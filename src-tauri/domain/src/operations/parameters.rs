//! Parameter types of the operations. Their JSON schema, validation and canonical form come from the type.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DescribedParameter, Description, InvalidParameter, InvalidParameters};
use crate::amount::{Amount, Money};
use crate::canonical::CanonicalJson;
use crate::time::Timestamp;

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
    /// Orders with an item for this plant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<String>,
    /// Orders with an item of this material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub material: Option<String>,
    /// Order date from, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_from: Option<String>,
    /// Order date to, `YYYY-MM-DD`, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered_to: Option<String>,
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
}

/// Filters of `mes.get_machine_status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMachineStatus {
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line (ISA-95 work center).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// running, idle, setup, down, maintenance, offline or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Filters of `mes.get_downtime_events`. Without a time, the last 8 hours and what is still open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetDowntimeEvents {
    /// From, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// To, RFC 3339 with offset, not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
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

/// Collects everything wrong with a set of parameters.
#[derive(Default)]
pub(super) struct Problems(Vec<InvalidParameter>);

impl Problems {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.0.push(InvalidParameter {
            field: field.into(),
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// An SAP key or code: printable, no surrounding space, of at most `most` characters.
    fn code(&mut self, field: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length == 0 || length > most {
            self.add(
                field,
                format!("has {length} characters"),
                format!("Give 1 to {most} characters."),
            );
        } else if text.trim() != text || text.chars().any(|c| c.is_control() || crate::text::is_hidden(c)) {
            self.add(
                field,
                "has invisible or surrounding characters",
                "Give the code as the system shows it.",
            );
        }
    }

    fn optional_code(&mut self, field: &str, text: Option<&String>, most: usize) {
        if let Some(text) = text {
            self.code(field, text, most);
        }
    }

    fn date(&mut self, field: &str, text: Option<&String>) {
        if let Some(text) = text
            && text.parse::<jiff::civil::Date>().is_err()
        {
            self.add(field, format!("is not a date: {text}"), "Give YYYY-MM-DD.");
        }
    }

    fn instant(&mut self, field: &str, text: Option<&String>) {
        if let Some(text) = text
            && Timestamp::parse(text).is_none()
        {
            self.add(
                field,
                format!("is not a time with offset: {text}"),
                "Give RFC 3339 such as 2026-06-22T06:00:00Z.",
            );
        }
    }

    fn word(&mut self, field: &str, text: Option<&String>, allowed: &[&str]) {
        if let Some(text) = text
            && !allowed.contains(&text.as_str())
        {
            self.add(
                field,
                format!("is not known: {text}"),
                format!("Give one of {}.", allowed.join(", ")),
            );
        }
    }

    fn positive(&mut self, field: &str, amount: Amount, decimals: u32, most: u64) {
        let value = amount.value().normalize();
        if !amount.is_positive() || value > most.into() {
            self.add(
                field,
                format!("is out of range: {amount}"),
                format!("Give a number above 0 and up to {most}."),
            );
        } else if value.scale() > decimals {
            self.add(
                field,
                format!("has too many decimals: {amount}"),
                format!("Give at most {decimals}."),
            );
        }
    }
}

/// What a parameter type checks beyond its shape.
pub(super) trait Check: Serialize + DeserializeOwned {
    fn check(&self, problems: &mut Problems);
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
        p.word(
            "stock_type",
            self.stock_type.as_ref(),
            &["unrestricted", "quality_inspection", "blocked"],
        );
    }
}

impl Check for GetMachineStatus {
    fn check(&self, p: &mut Problems) {
        p.optional_code("machine_id", self.machine_id.as_ref(), 128);
        p.optional_code("work_center", self.work_center.as_ref(), 128);
        let words = [
            "running",
            "idle",
            "setup",
            "down",
            "maintenance",
            "offline",
            "unknown",
        ];
        p.word("status", self.status.as_ref(), &words);
    }
}

impl Check for GetDowntimeEvents {
    fn check(&self, p: &mut Problems) {
        p.instant("since", self.since.as_ref());
        p.instant("until", self.until.as_ref());
        p.optional_code("machine_id", self.machine_id.as_ref(), 128);
        p.optional_code("work_center", self.work_center.as_ref(), 128);
        let since = self.since.as_deref().and_then(Timestamp::parse);
        let until = self.until.as_deref().and_then(Timestamp::parse);
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            p.add(
                "until",
                "is not after since",
                "Give a later time, or leave it out.",
            );
        }
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

/// Reads, checks and canonicalises parameters of type `T`.
pub(super) fn validate<T: Check>(value: &Value) -> Result<CanonicalJson, InvalidParameters> {
    let whole = |message: String| {
        let hint = "Compare with the operation's schema.".to_owned();
        InvalidParameters(vec![InvalidParameter {
            field: String::new(),
            message,
            hint,
        }])
    };
    let typed: T = serde_json::from_value(value.clone()).map_err(|e| whole(e.to_string()))?;
    let mut problems = Problems::default();
    typed.check(&mut problems);
    if !problems.0.is_empty() {
        return Err(InvalidParameters(problems.0));
    }
    CanonicalJson::from_value(&typed).map_err(|e| whole(e.to_string()))
}

/// Words for `sap.create_purchase_order`, from the canonical bytes alone.
pub(super) fn describe_create_purchase_order(
    parameters: &CanonicalJson,
) -> Result<Description, InvalidParameters> {
    let order: CreatePurchaseOrder = parameters.read().map_err(|e| {
        InvalidParameters(vec![InvalidParameter {
            field: String::new(),
            message: e.to_string(),
            hint: String::new(),
        }])
    })?;
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
        rows: rows_of("", parameters.value()),
    })
}

/// Every leaf of a value, with its path.
fn rows_of(path: &str, value: &Value) -> Vec<DescribedParameter> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| {
                rows_of(
                    &if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    },
                    value,
                )
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(i, value)| rows_of(&format!("{path}[{i}]"), value))
            .collect(),
        Value::String(text) => vec![DescribedParameter {
            field: path.to_owned(),
            value: text.clone(),
        }],
        other => vec![DescribedParameter {
            field: path.to_owned(),
            value: other.to_string(),
        }],
    }
}
