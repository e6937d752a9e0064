//! Creating a purchase order by deep insert: the posted JSON is read strictly, checked against the master data,
//! and becomes a draft for the books or a list of SAP-like messages. Unusual prices and dates only warn.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::answer::{Message, SapError};
use super::books::controlling::{self, CONTROLLING_AREA};
use super::books::{Draft, DraftItem, fill_item};
use super::edm::Edm;
use super::schema::{EntitySet, Row, SetId};
use crate::company::{
    COMPANY_CODE, CURRENCIES, Material, PAYMENT_TERMS, PLANTS, PURCHASING_GROUPS, PURCHASING_ORGANIZATION,
    SUPPLIERS, per_euro,
};

const DAY_MS: i64 = 86_400_000;

/// A draft and what SAP remarks about it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) draft: Draft,
    pub(crate) warnings: Vec<Message>,
}

/// Checks a posted order; all business errors come back together.
pub(crate) fn check(body: &[u8], user: &str, now_ms: i64) -> Result<Checked, SapError> {
    let Ok(Value::Object(posted)) = serde_json::from_slice::<Value>(body) else {
        return Err(SapError::bad_request(
            "/IWCOR/CX_DS_EP_PROPERTY_ERROR/000",
            "Malformed request body",
        ));
    };
    let (header, children) = read_entity(&posted, SetId::PurchaseOrder.set())?;
    let mut check = Check {
        errors: Vec::new(),
        warnings: Vec::new(),
        today: now_ms - now_ms.rem_euclid(DAY_MS),
    };
    let header = check.header(header, user, now_ms);
    let mut items = Vec::new();
    for child in children
        .iter()
        .filter(|child| child.navigation == "to_PurchaseOrderItem")
    {
        let line = 10 * (i64::try_from(items.len()).unwrap_or(0) + 1);
        items.extend(check.item(child, &header, line)?);
    }
    if !children
        .iter()
        .any(|child| child.navigation == "to_PurchaseOrderItem")
    {
        check.error("06/436", "", "Document does not contain any items");
    }
    let mut lines: Vec<&str> = items
        .iter()
        .map(|item| item.row.text("PurchaseOrderItem"))
        .collect();
    lines.sort_unstable();
    if lines.windows(2).any(|pair| pair[0] == pair[1]) {
        check.error(
            "06/018",
            "PurchaseOrderItem",
            "Item number is used more than once",
        );
    }
    if !check.errors.is_empty() {
        return Err(SapError::business(check.errors));
    }
    items.sort_by(|a, b| {
        a.row
            .text("PurchaseOrderItem")
            .cmp(b.row.text("PurchaseOrderItem"))
    });
    let header = release(header, &items);
    Ok(Checked {
        draft: Draft { header, items },
        warnings: check.warnings,
    })
}

/// An entity nested under a navigation of its parent.
struct Child<'a> {
    navigation: &'static str,
    fields: &'a Map<String, Value>,
}

fn read_entity<'a>(
    posted: &'a Map<String, Value>,
    set: &'static EntitySet,
) -> Result<(Row, Vec<Child<'a>>), SapError> {
    let invalid = |name: &str, reason: &str| {
        SapError::bad_request(
            "/IWCOR/CX_DS_EP_PROPERTY_ERROR/007",
            format!("Property '{name}' has an invalid value: {reason}"),
        )
    };
    let mut row = Row::default();
    let mut children = Vec::new();
    for (name, value) in posted.iter().filter(|(name, _)| *name != "__metadata") {
        if let Some(property) = set.property(name) {
            let value = property
                .edm_type
                .read_json(value)
                .map_err(|reason| invalid(name, &reason))?;
            if value != Edm::Null {
                row.set(property.name, value);
            }
        } else if let Some(navigation) = set.navigation(name).filter(|navigation| navigation.is_many) {
            let list = value.get("results").unwrap_or(value);
            let list = list.as_array().ok_or_else(|| invalid(name, "not a collection"))?;
            for entry in list {
                let fields = entry.as_object().ok_or_else(|| invalid(name, "not an entity"))?;
                children.push(Child {
                    navigation: navigation.name,
                    fields,
                });
            }
        } else {
            let text = format!(
                "Property '{name}' is invalid for entity type '{}'",
                set.type_name()
            );
            return Err(SapError::bad_request("/IWCOR/CX_DS_EDM_ERROR/001", text));
        }
    }
    Ok((row, children))
}

struct Check {
    errors: Vec<Message>,
    warnings: Vec<Message>,
    today: i64,
}

impl Check {
    fn error(&mut self, code: &str, property: &str, text: impl Into<String>) {
        self.errors.push(Message::error(code, property, text));
    }

    fn header(&mut self, posted: Row, user: &str, now_ms: i64) -> Row {
        let company = posted.text("CompanyCode");
        if company != COMPANY_CODE {
            self.error(
                "F5/165",
                "CompanyCode",
                format!("Company code {company} does not exist"),
            );
        }
        let order_type = posted.text("PurchaseOrderType");
        if !matches!(order_type, "" | "NB") {
            self.error(
                "06/001",
                "PurchaseOrderType",
                format!("Document type {order_type} not allowed"),
            );
        }
        let organization = posted.text("PurchasingOrganization");
        if organization != PURCHASING_ORGANIZATION {
            let text = format!("Purchasing organization {organization} does not exist");
            self.error("06/083", "PurchasingOrganization", text);
        }
        let group = posted.text("PurchasingGroup");
        if !PURCHASING_GROUPS.contains(&group) {
            self.error(
                "06/084",
                "PurchasingGroup",
                format!("Purchasing group {group} not defined"),
            );
        }
        let known = SUPPLIERS
            .iter()
            .find(|s| same_number(s.number, posted.text("Supplier")));
        if known.is_none() {
            let text = format!("Supplier {} does not exist", posted.text("Supplier"));
            self.error("06/321", "Supplier", text);
        }
        let currency = match posted.text("DocumentCurrency") {
            "" => known.map_or("EUR", |supplier| supplier.currency).to_owned(),
            given => given.to_owned(),
        };
        if !CURRENCIES.contains(&currency.as_str()) {
            self.error(
                "SG/105",
                "DocumentCurrency",
                format!("Currency {currency} is not defined"),
            );
        }
        let terms = match posted.text("PaymentTerms") {
            "" => "0003".to_owned(),
            given => given.to_owned(),
        };
        let days = PAYMENT_TERMS
            .iter()
            .find(|(code, _)| *code == terms)
            .map(|(_, days)| *days);
        if days.is_none() {
            self.error(
                "F5/138",
                "PaymentTerms",
                format!("Terms of payment {terms} not defined"),
            );
        }
        for given in [
            "PurchaseOrder",
            "LastChangeDateTime",
            "CreatedByUser",
            "PurchasingProcessingStatus",
        ] {
            if posted.has(given) {
                self.error("06/004", given, format!("Field {given} is not ready for input"));
            }
        }
        let date = posted
            .raw("PurchaseOrderDate")
            .cloned()
            .unwrap_or(Edm::DateTime(self.today));
        let number = known.map_or(String::new(), |supplier| supplier.number.to_owned());
        posted
            .with("PurchaseOrderType", Edm::text("NB"))
            .with("Supplier", Edm::text(number))
            .with("DocumentCurrency", Edm::text(currency))
            .with("PaymentTerms", Edm::text(terms))
            .with("NetPaymentDays", Edm::Decimal(Decimal::from(days.unwrap_or(0))))
            .with("PurchaseOrderDate", date)
            .with("CreationDate", Edm::DateTime(self.today))
            .with("LastChangeDateTime", Edm::DateTimeOffset(now_ms))
            .with(
                "CreatedByUser",
                Edm::text(user.chars().take(12).collect::<String>()),
            )
            .with("Language", Edm::text("EN"))
            .with("ExchangeRate", Edm::text("1.00000"))
    }

    fn item(&mut self, child: &Child<'_>, header: &Row, line: i64) -> Result<Option<DraftItem>, SapError> {
        let (posted, children) = read_entity(child.fields, SetId::PurchaseOrderItem.set())?;
        let line = match posted.text("PurchaseOrderItem") {
            "" => line,
            given => given.parse::<i64>().unwrap_or(0),
        };
        if line < 1 {
            self.error("06/017", "PurchaseOrderItem", "Item number is not valid");
        }
        let plant = posted.text("Plant").to_owned();
        if !PLANTS.contains(&plant.as_str()) {
            self.error("06/142", "Plant", format!("Plant {plant} does not exist"));
        }
        let number = posted.text("Material");
        let Some(material) = Material::named(number) else {
            self.error(
                "M3/305",
                "Material",
                format!("Material {number} does not exist or is not activated"),
            );
            return Ok(None);
        };
        if PLANTS.contains(&plant.as_str()) && !material.plants.contains(&plant.as_str()) {
            let text = format!("Material {number} not maintained in plant {plant}");
            self.error("M3/351", "Plant", text);
        }
        let quantity = posted.raw("OrderQuantity").map_or(Decimal::ZERO, Edm::as_decimal);
        if quantity <= Decimal::ZERO {
            self.error("06/057", "OrderQuantity", "Enter a quantity greater than zero");
        }
        for name in ["PurchaseOrderQuantityUnit", "OrderPriceUnit"] {
            let unit = posted.text(name);
            if !unit.is_empty() && unit != material.unit {
                let text = format!(
                    "Unit {unit} is not defined for material {number} (base unit {})",
                    material.unit
                );
                self.error("06/150", name, text);
            }
        }
        let price = self.price(&posted, material, header);
        let delivery_ms = self.delivery(&children, material)?;
        let accounts = self.accounts(&children)?;
        let currency = header.text("DocumentCurrency").to_owned();
        let row = fill_item(posted, material, line, &plant, quantity)
            .with("DocumentCurrency", Edm::text(currency))
            .with("NetPriceQuantity", Edm::Decimal(price.per));
        Ok(Some(DraftItem {
            row,
            delivery_ms,
            accounts,
        }))
    }

    /// Whom an item is charged to; the cost centre must take postings today.
    fn accounts(&mut self, children: &[Child<'_>]) -> Result<Vec<Row>, SapError> {
        let mut rows = Vec::new();
        for child in children
            .iter()
            .filter(|child| child.navigation == "to_AccountAssignment")
        {
            let (row, _) = read_entity(child.fields, SetId::AccountAssignment.set())?;
            let center = row.text("CostCenter");
            if !controlling::may_bear(center) {
                let text = format!("Cost center {CONTROLLING_AREA}/{center} does not exist or is blocked");
                self.error("KI/235", "CostCenter", text);
            }
            let number = format!("{:02}", rows.len() + 1);
            rows.push(
                row.with("AccountAssignmentNumber", Edm::text(number))
                    .with("ControllingArea", Edm::text(CONTROLLING_AREA)),
            );
        }
        Ok(rows)
    }

    fn price(&mut self, posted: &Row, material: &Material, header: &Row) -> Price {
        let amount = posted
            .raw("NetPriceAmount")
            .map_or(Decimal::ZERO, Edm::as_decimal);
        let per = posted
            .raw("NetPriceQuantity")
            .map_or(Decimal::ONE, Edm::as_decimal);
        let is_free = posted.raw("PurchasingItemIsFreeOfCharge") == Some(&Edm::Boolean(true));
        if amount < Decimal::ZERO || (amount.is_zero() && !is_free) {
            self.error("06/215", "NetPriceAmount", "Net price must be greater than 0");
        }
        if per <= Decimal::ZERO {
            self.error("06/216", "NetPriceQuantity", "Price unit must be greater than 0");
        } else if !is_free {
            let rate = per_euro(header.text("DocumentCurrency"));
            let usual = material.price() * rate / Decimal::from(material.price_unit);
            let asked = amount / per;
            if (asked - usual).abs() > usual * Decimal::new(2, 1) {
                let text = format!(
                    "Net price of material {} differs from the last price by more than 20%",
                    material.number
                );
                self.warnings
                    .push(Message::warning("06/207", "NetPriceAmount", text));
            }
        }
        Price { per }
    }

    fn delivery(&mut self, children: &[Child<'_>], material: &Material) -> Result<i64, SapError> {
        let usual = self.today + material.lead_days * DAY_MS;
        let mut delivery = usual;
        for line in children
            .iter()
            .filter(|child| child.navigation == "to_ScheduleLine")
        {
            let (row, _) = read_entity(line.fields, SetId::ScheduleLine.set())?;
            if let Some(Edm::DateTime(date)) = row.raw("ScheduleLineDeliveryDate") {
                delivery = *date;
            }
        }
        if delivery < self.today {
            self.error(
                "06/019",
                "ScheduleLineDeliveryDate",
                "Delivery date is in the past",
            );
        } else if delivery < usual {
            let text = format!(
                "Can delivery date be met? Planned delivery time is {} days",
                material.lead_days
            );
            self.warnings
                .push(Message::warning("06/040", "ScheduleLineDeliveryDate", text));
        }
        Ok(delivery)
    }
}

struct Price {
    per: Decimal,
}

/// Large orders wait for a release in SAP too, which is SAP's own matter.
fn release(header: Row, items: &[DraftItem]) -> Row {
    let value: Decimal = items
        .iter()
        .map(|item| {
            let field = |name| item.row.decimal(name);
            field("OrderQuantity") * field("NetPriceAmount") / field("NetPriceQuantity").max(Decimal::ONE)
        })
        .fold(Decimal::ZERO, Decimal::saturating_add);
    let is_large = value > Decimal::from(250_000);
    header
        .with(
            "PurchasingProcessingStatus",
            Edm::text(if is_large { "03" } else { "02" }),
        )
        .with("ReleaseIsNotCompleted", Edm::Boolean(is_large))
}

/// Numbers compare without leading zeros, as SAP's input conversion does.
fn same_number(stored: &str, given: &str) -> bool {
    !given.is_empty() && stored.trim_start_matches('0') == given.trim_start_matches('0')
}

#[cfg(test)]
mod tests;
