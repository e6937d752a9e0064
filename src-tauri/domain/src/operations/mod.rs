//! The one table of operations: what agents may call, people may run, and everything else derives from.
//!
//! An entry is data plus the two pure functions that only its parameter type can answer: is this valid, and what would
//! it do. The functions that touch a system are bound to entries by `app`; a test fails on an unbound entry.

mod parameters;
#[cfg(test)]
mod properties;
mod table;

pub use parameters::{
    ChangeProductionOrder, CreatePurchaseOrder, CreatePurchaseOrderItem, GetCostCenters, GetDowntimeEvents,
    GetInventory, GetMachineHistory, GetMachineStatus, GetMaterials, GetProductionOrders, GetPurchaseOrders,
    GetQualityReports, GetShiftCalendar, SetCycleTarget,
};
pub use table::{find, table};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use ts_rs::TS;

use crate::amount::{Amount, Money};
use crate::caller::Permission;
use crate::canonical::CanonicalJson;
use crate::classification::Class;
use crate::ports::System;
use crate::risk::Risk;

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing; may be cached and repeated.
    Read,
    /// Changes a system; waits for a person.
    Write,
}

/// One parameter that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InvalidParameter {
    /// Where, as a path: `items[0].quantity`; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

/// The parameters of a call are not acceptable; nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("parameters are not valid: {}", in_words(.0))]
pub struct InvalidParameters(pub Vec<InvalidParameter>);

/// What concerns the whole has no field to name.
fn in_words(parameters: &[InvalidParameter]) -> String {
    let words = parameters.iter().map(|p| match p.field.as_str() {
        "" => p.message.clone(),
        field => format!("{field}: {}", p.message),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What a write would do, in words made from its canonical parameters and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Description {
    /// A line for lists: "Create purchase order, supplier 100482".
    pub title: String,
    /// What will happen, in one or two sentences.
    pub sentence: String,
    /// The id a person types to confirm a CRITICAL request.
    pub target: String,
    /// The money it commits, when it commits any.
    pub value: Option<Money>,
    /// How far it moves a number, in percent of what it was, when it replaces one.
    pub change_percent: Option<Amount>,
    /// Every parameter, named and written for people. What is not in here is shown raw and raises the risk.
    pub rows: Vec<DescribedParameter>,
}

/// One parameter as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DescribedParameter {
    /// Path in the parameters: `items[0].quantity`.
    pub field: String,
    /// Its value as text.
    pub value: String,
}

/// Puts the canonical parameters of a write into words.
pub type Describe = fn(&CanonicalJson) -> Result<Description, InvalidParameters>;

/// The class of one field of an operation's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldClass {
    /// Path in a record; lists are walked through: `items.net_price` is that field of every item.
    pub path: &'static str,
    /// Its class.
    pub class: Class,
}

/// One entry of the table.
pub struct Operation {
    /// Dotted name, `sap.get_purchase_orders`.
    pub name: &'static str,
    /// System it goes to.
    pub system: System,
    /// Read or write.
    pub effect: Effect,
    /// Permission a person needs; an agent needs a token scope.
    pub permission: Permission,
    /// Risk before rules look at the parameters.
    pub risk: Risk,
    /// Class of what it returns or changes, but for the fields named in `fields`. Who is not cleared for it is refused.
    pub class: Class,
    /// Fields of its records that are more sensitive than the rest. Who is not cleared for one gets the records without it.
    pub fields: &'static [FieldClass],
    /// How long an answer may be served from the cache, in seconds; `None` for the configured default, `Some(0)` for never.
    pub cache_ttl_s: Option<u32>,
    /// Read operations whose cached answers a success of this write makes wrong.
    pub invalidates: &'static [&'static str],
    /// One sentence for people and models.
    pub sentence: &'static str,
    /// JSON schema of the parameters.
    pub schema: fn() -> Value,
    /// Checks and canonicalises parameters.
    pub validate: fn(&Value) -> Result<CanonicalJson, InvalidParameters>,
    /// Words for a write; `None` for reads.
    pub describe: Option<Describe>,
    /// Version of the parameter type; part of the action digest.
    pub schema_version: u32,
}

impl Operation {
    /// The name agents see: underscores, since several model APIs refuse dots.
    #[must_use]
    pub fn tool_name(&self) -> String {
        self.name.replace('.', "_")
    }

    /// The highest class among all of its fields.
    #[must_use]
    pub fn highest_class(&self) -> Class {
        self.fields
            .iter()
            .map(|field| field.class)
            .fold(self.class, Class::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_the_whole_is_said_without_a_field() {
        let one = |field: &str| InvalidParameter {
            field: field.to_owned(),
            message: "unknown field".to_owned(),
            hint: String::new(),
        };
        let said = InvalidParameters(vec![one(""), one("items[0].unit")]).to_string();
        assert_eq!(
            said,
            "parameters are not valid: unknown field; items[0].unit: unknown field"
        );
    }
}
