//! Orders of the past, kept as compact facts whose fields are worked out when they are read: fifty thousand orders with
//! their items must fit into a demo's memory.

use std::ops::Range;

use rust_decimal::Decimal;

use super::FIRST_NUMBER;
use crate::company::{COMPANY_CODE, Material, PURCHASING_ORGANIZATION, Supplier, per_euro};
use crate::sap::edm::Edm;
use crate::sap::schema::{Record, SetId};

/// All past orders with their parts, each list in key order.
#[derive(Debug, Default)]
pub(crate) struct PastOrders {
    pub(super) orders: Vec<PastOrder>,
    pub(super) items: Vec<PastItem>,
    pub(super) schedule: Vec<PastSchedule>,
    pub(super) accounts: Vec<PastAccount>,
}

/// One past order or a part of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
    orders: &'a PastOrders,
    at: At,
}

/// Which list and where in it.
#[derive(Debug, Clone, Copy)]
enum At {
    Order(usize),
    Item(usize),
    Schedule(usize),
    Account(usize),
}

#[derive(Debug)]
pub(super) struct PastOrder {
    pub(super) date_ms: i64,
    pub(super) changed_ms: i64,
    pub(super) supplier: &'static Supplier,
    pub(super) currency: &'static str,
    pub(super) fate: Fate,
    pub(super) status: &'static str,
    pub(super) user: &'static str,
    pub(super) terms: (&'static str, i64),
    pub(super) group: &'static str,
    pub(super) incoterms: &'static str,
    pub(super) items: Range<u32>,
}

#[derive(Debug)]
pub(super) struct PastItem {
    pub(super) order: u32,
    pub(super) line: u16,
    pub(super) what: What,
    pub(super) kind: Kind,
    pub(super) plant: &'static str,
    pub(super) quantity: Decimal,
    pub(super) price: Decimal,
    pub(super) deletion: &'static str,
    pub(super) is_delivered: bool,
    pub(super) is_invoiced: bool,
    /// Ordered in pieces, priced by weight.
    pub(super) in_pieces: bool,
    pub(super) schedule: Range<u32>,
    pub(super) accounts: Range<u32>,
}

#[derive(Debug)]
pub(super) struct PastSchedule {
    pub(super) item: u32,
    pub(super) number: u8,
    pub(super) delivery_ms: i64,
    pub(super) quantity: Decimal,
}

#[derive(Debug)]
pub(super) struct PastAccount {
    pub(super) item: u32,
    pub(super) number: u8,
    pub(super) cost_center: &'static str,
    pub(super) quantity: Decimal,
    pub(super) amount: Decimal,
}

/// What an item is for: stock, or work charged to cost centres.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Material(&'static Material),
    Work(&'static Work),
}

/// Work that is bought without a material number.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) text: &'static str,
    pub(super) unit: &'static str,
    pub(super) price_cents: i64,
}

/// How an item is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Standard,
    /// Free of charge; the usual price stays in the item, so that a sum that counts it is visibly wrong.
    Free,
    /// Stays the supplier's until it is used: no price, no invoice.
    Consignment,
    Returns,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Active,
    InRelease,
    Rejected,
    Deleted,
    /// Every item is deleted and the header says nothing, as SAP leaves it.
    ItemsDeleted,
    Blocked,
    Held,
}

/// Pieces of the sheet that is priced by weight: 12.5 kg each.
const PRICE_UNITS_PER_PIECES: (i64, i64) = (25, 2);
const GL_ACCOUNT: &str = "0000470000";

impl PastOrders {
    pub(crate) fn count(&self, set: SetId) -> usize {
        match set {
            SetId::PurchaseOrder => self.orders.len(),
            SetId::PurchaseOrderItem => self.items.len(),
            SetId::ScheduleLine => self.schedule.len(),
            SetId::AccountAssignment => self.accounts.len(),
            _ => 0,
        }
    }

    pub(crate) fn at(&self, set: SetId, index: usize) -> Option<Record<'_>> {
        let at = match set {
            SetId::PurchaseOrder => At::Order(index),
            SetId::PurchaseOrderItem => At::Item(index),
            SetId::ScheduleLine => At::Schedule(index),
            SetId::AccountAssignment => At::Account(index),
            _ => return None,
        };
        (index < self.count(set)).then_some(Record::Past(Past { orders: self, at }))
    }

    /// What belongs to one order in a set.
    pub(crate) fn of_order(&self, set: SetId, order: usize) -> Vec<Record<'_>> {
        let Some(items) = self.orders.get(order).map(|order| places(&order.items)) else {
            return Vec::new();
        };
        let parts = match set {
            SetId::PurchaseOrder => order..order + 1,
            SetId::PurchaseOrderItem => items,
            SetId::ScheduleLine => self.span(items, |item| &item.schedule),
            SetId::AccountAssignment => self.span(items, |item| &item.accounts),
            _ => 0..0,
        };
        parts.filter_map(|index| self.at(set, index)).collect()
    }

    /// From the first item's first part to the last item's last one.
    fn span(&self, items: Range<usize>, part: impl Fn(&PastItem) -> &Range<u32>) -> Range<usize> {
        let items = self.items.get(items).unwrap_or_default();
        match (items.first(), items.last()) {
            (Some(first), Some(last)) => places(&(part(first).start..part(last).end)),
            _ => 0..0,
        }
    }
}

fn places(range: &Range<u32>) -> Range<usize> {
    usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0)
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl<'a> Past<'a> {
    /// A field by its name; `None` where nobody filled it.
    pub(crate) fn field(&self, name: &str) -> Option<Edm> {
        match self.at {
            At::Order(index) => self.orders.orders.get(index)?.field(index, name),
            At::Item(index) => self.item(index)?.field(self.orders, name),
            At::Schedule(index) => {
                let line = self.orders.schedule.get(index)?;
                line.field(self.item(place(line.item))?, name)
            }
            At::Account(index) => {
                let account = self.orders.accounts.get(index)?;
                account.field(self.item(place(account.item))?, name)
            }
        }
    }

    fn item(&self, index: usize) -> Option<&'a PastItem> {
        self.orders.items.get(index)
    }
}

fn number(order: usize) -> Edm {
    let offset = u64::try_from(order).unwrap_or(0);
    Edm::text((FIRST_NUMBER + offset).to_string())
}

impl PastOrder {
    fn field(&self, index: usize, name: &str) -> Option<Edm> {
        Some(match name {
            "PurchaseOrder" => number(index),
            "CompanyCode" => Edm::text(COMPANY_CODE),
            "PurchaseOrderType" => Edm::text("NB"),
            "PurchasingDocumentDeletionCode" => Edm::text(self.fate.deletion_code()),
            "PurchasingProcessingStatus" => Edm::text(self.status),
            "CreatedByUser" => Edm::text(self.user),
            "CreationDate" | "PurchaseOrderDate" => Edm::DateTime(self.date_ms),
            "LastChangeDateTime" => Edm::DateTimeOffset(self.changed_ms),
            "Supplier" => Edm::text(self.supplier.number),
            "Language" => Edm::text("EN"),
            "PaymentTerms" => Edm::text(self.terms.0),
            "NetPaymentDays" => Edm::Decimal(Decimal::from(self.terms.1)),
            "PurchasingOrganization" => Edm::text(PURCHASING_ORGANIZATION),
            "PurchasingGroup" => Edm::text(self.group),
            "DocumentCurrency" => Edm::text(self.currency),
            "ExchangeRate" => Edm::text(exchange_rate(self.currency)),
            "IncotermsClassification" => Edm::text(self.incoterms),
            "ReleaseIsNotCompleted" => Edm::Boolean(matches!(self.fate, Fate::InRelease | Fate::Rejected)),
            "PurchasingCompletenessStatus" => Edm::Boolean(self.fate == Fate::Held),
            _ => return None,
        })
    }
}

/// What one unit of the currency is in euro, with five decimals as SAP writes rates.
fn exchange_rate(currency: &str) -> String {
    let rate = Decimal::ONE
        .checked_div(per_euro(currency))
        .unwrap_or(Decimal::ONE);
    format!("{:.5}", rate.round_dp(5))
}

impl PastItem {
    fn field(&self, orders: &PastOrders, name: &str) -> Option<Edm> {
        let order = orders.orders.get(place(self.order))?;
        Some(match name {
            "PurchaseOrder" => number(place(self.order)),
            "PurchaseOrderItem" => self.line(),
            "PurchasingDocumentDeletionCode" => Edm::text(self.deletion),
            "Plant" => Edm::text(self.plant),
            "OrderQuantity" => Edm::Decimal(self.quantity),
            "DocumentCurrency" => Edm::text(order.currency),
            "NetPriceAmount" => Edm::Decimal(self.price),
            "NetPriceQuantity" => Edm::Decimal(Decimal::from(self.price_unit())),
            "TaxCode" => Edm::text("V1"),
            "IsCompletelyDelivered" => Edm::Boolean(self.is_delivered),
            "IsFinallyInvoiced" => Edm::Boolean(self.is_invoiced),
            "GoodsReceiptIsExpected" => Edm::Boolean(matches!(self.what, What::Material(_))),
            "InvoiceIsExpected" => Edm::Boolean(matches!(self.kind, Kind::Standard | Kind::Returns)),
            "IsReturnsItem" => Edm::Boolean(self.kind == Kind::Returns),
            "PurchasingItemIsFreeOfCharge" => Edm::Boolean(self.kind == Kind::Free),
            "PurchaseOrderItemCategory" => Edm::text(if self.kind == Kind::Consignment { "2" } else { "0" }),
            "OrderPriceUnitToOrderUnitNmrtr" => Edm::Decimal(Decimal::from(self.price_units().0)),
            "OrdPriceUnitToOrderUnitDnmntr" => Edm::Decimal(Decimal::from(self.price_units().1)),
            other => return self.described(other),
        })
    }

    /// The fields that follow from what was ordered.
    fn described(&self, name: &str) -> Option<Edm> {
        Some(match (self.what, name) {
            (What::Material(material), "Material") => Edm::text(material.number),
            (What::Material(material), "PurchaseOrderItemText") => Edm::text(material.text),
            (What::Material(material), "MaterialGroup") => Edm::text(material.group),
            (What::Material(_), "StorageLocation") => Edm::text(storage_location(self.plant)),
            (What::Material(_), "PurchaseOrderQuantityUnit") if self.in_pieces => Edm::text("PC"),
            (What::Material(material), "PurchaseOrderQuantityUnit" | "OrderPriceUnit") => {
                Edm::text(material.unit)
            }
            (What::Work(work), "PurchaseOrderItemText") => Edm::text(work.text),
            (What::Work(_), "MaterialGroup") => Edm::text("SERVICE"),
            (What::Work(work), "PurchaseOrderQuantityUnit" | "OrderPriceUnit") => Edm::text(work.unit),
            (What::Work(_), "AccountAssignmentCategory") => Edm::text("K"),
            _ => return None,
        })
    }

    fn line(&self) -> Edm {
        Edm::text(format!("{:05}", self.line))
    }

    fn price_unit(&self) -> i64 {
        match self.what {
            What::Material(material) => material.price_unit,
            What::Work(_) => 1,
        }
    }

    fn price_units(&self) -> (i64, i64) {
        if self.in_pieces {
            PRICE_UNITS_PER_PIECES
        } else {
            (1, 1)
        }
    }
}

/// The main storage location of a plant.
pub(super) fn storage_location(plant: &str) -> String {
    format!("{}A", plant.get(..3).unwrap_or(plant))
}

impl PastSchedule {
    fn field(&self, item: &PastItem, name: &str) -> Option<Edm> {
        Some(match name {
            "PurchasingDocument" => number(place(item.order)),
            "PurchasingDocumentItem" => item.line(),
            "ScheduleLine" => Edm::text(format!("{:04}", self.number)),
            "ScheduleLineDeliveryDate" => Edm::DateTime(self.delivery_ms),
            "ScheduleLineOrderQuantity" => Edm::Decimal(self.quantity),
            "PurchaseOrderQuantityUnit" => return item.described(name),
            _ => return None,
        })
    }
}

impl PastAccount {
    fn field(&self, item: &PastItem, name: &str) -> Option<Edm> {
        Some(match name {
            "PurchaseOrder" => number(place(item.order)),
            "PurchaseOrderItem" => item.line(),
            "AccountAssignmentNumber" => Edm::text(format!("{:02}", self.number)),
            "Quantity" => Edm::Decimal(self.quantity),
            "PurgDocNetAmount" => Edm::Decimal(self.amount),
            "GLAccount" => Edm::text(GL_ACCOUNT),
            "CostCenter" => Edm::text(self.cost_center),
            "ControllingArea" => Edm::text(super::controlling::CONTROLLING_AREA),
            "ProfitCenter" => Edm::text(super::controlling::profit_center(self.cost_center)),
            _ => return None,
        })
    }
}

impl Fate {
    fn deletion_code(self) -> &'static str {
        match self {
            Self::Deleted => "L",
            Self::Blocked => "S",
            _ => "",
        }
    }
}
