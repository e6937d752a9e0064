//! Entities as the services show them: a row that names what was filled, or a past order's part that computes its fields.

use std::collections::BTreeMap;

use super::{EntitySet, Property};
use crate::sap::books::Past;
use crate::sap::edm::Edm;

/// One entity: only what was filled; the rest reads as SAP's initial value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row(BTreeMap<&'static str, Edm>);

/// One entity to be read, wherever it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record<'a> {
    Row(&'a Row),
    Past(Past<'a>),
}

impl Row {
    pub(crate) fn with(mut self, name: &'static str, value: Edm) -> Self {
        self.0.insert(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &'static str, value: Edm) {
        self.0.insert(name, value);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", Edm::as_text)
    }

    pub(crate) fn decimal(&self, name: &str) -> rust_decimal::Decimal {
        self.0.get(name).map(Edm::as_decimal).unwrap_or_default()
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&Edm> {
        self.0.get(name)
    }
}

impl<'a> From<&'a Row> for Record<'a> {
    fn from(row: &'a Row) -> Self {
        Self::Row(row)
    }
}

impl Record<'_> {
    /// A field by its name; `None` where nobody filled it.
    pub(crate) fn field(&self, name: &str) -> Option<Edm> {
        match self {
            Self::Row(row) => row.raw(name).cloned(),
            Self::Past(past) => past.field(name),
        }
    }

    /// A property's value; SAP's initial value where nobody filled it.
    pub(crate) fn get(&self, property: &Property) -> Edm {
        self.field(property.name)
            .unwrap_or_else(|| Edm::initial(property.edm_type))
    }

    /// The key predicate as SAP writes it: `'4500000001'`, or `A='1',B='2'` for several keys.
    pub(crate) fn key_predicate(&self, set: &EntitySet) -> String {
        let keys: Vec<&Property> = set.keys().collect();
        match keys.as_slice() {
            [only] => self.get(only).to_key_literal(),
            several => {
                let parts: Vec<String> = several
                    .iter()
                    .map(|property| format!("{}={}", property.name, self.get(property).to_key_literal()))
                    .collect();
                parts.join(",")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::SetId;

    #[test]
    fn a_key_with_several_parts_is_named() {
        let row = Row::default()
            .with("PurchaseOrder", Edm::text("4500000001"))
            .with("PurchaseOrderItem", Edm::text("00010"));
        let record = Record::from(&row);
        assert_eq!(
            record.key_predicate(SetId::PurchaseOrderItem.set()),
            "PurchaseOrder='4500000001',PurchaseOrderItem='00010'"
        );
        assert_eq!(record.key_predicate(SetId::PurchaseOrder.set()), "'4500000001'");
    }

    #[test]
    fn a_date_in_a_key_is_typed_and_escaped() {
        let row = Row::default()
            .with("ControllingArea", Edm::text("1000"))
            .with("CostCenter", Edm::text("0000010100"))
            .with("ValidityEndDate", Edm::DateTime(253_402_214_400_000));
        assert_eq!(
            Record::from(&row).key_predicate(SetId::CostCenter.set()),
            "ControllingArea='1000',CostCenter='0000010100',ValidityEndDate=datetime'9999-12-31T00%3A00%3A00'"
        );
    }
}
