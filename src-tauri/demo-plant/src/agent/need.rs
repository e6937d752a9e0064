//! What the agent makes of its readings: stock by material and plant, machines that are down, and what is short.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::subject::Subject;
use crate::company::{MATERIALS, Material};

/// What was read in one round.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    stock: BTreeMap<(String, String), Decimal>,
    pub(crate) down: Vec<DownMachine>,
    pub(crate) downtime_events: usize,
}

/// A machine that stands, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DownMachine {
    pub(crate) id: String,
    pub(crate) reason: String,
}

/// A material that is short in a plant.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) material: &'static Material,
    pub(crate) plant: &'static str,
    pub(crate) stock: Decimal,
}

/// The size of an order in money; the words are the agent's own, the limits are those of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Usual,
    Large,
}

impl Reading {
    /// Adds own unrestricted stock from any answer that lists rows with a material, a plant and a quantity.
    pub(crate) fn add_stock(&mut self, answer: &Value) {
        for row in rows(answer, "material") {
            let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let is_own = text("special_stock").is_empty();
            let is_unrestricted = matches!(text("stock_type"), "" | "unrestricted" | "01");
            let quantity = row
                .get("quantity")
                .or_else(|| row.get("unrestricted"))
                .and_then(decimal);
            if let (true, true, Some(quantity)) = (is_own, is_unrestricted, quantity) {
                let key = (text("material").to_owned(), text("plant").to_owned());
                *self.stock.entry(key).or_default() += quantity;
            }
        }
    }

    pub(crate) fn add_machines(&mut self, answer: &Value) {
        for row in rows(answer, "machine_id") {
            if row.get("status").and_then(Value::as_str) == Some("down") {
                let id = row.get("machine_id").and_then(Value::as_str).unwrap_or_default();
                let reason = row.get("reason").map(|reason| {
                    reason
                        .as_str()
                        .or_else(|| reason.get("text")?.as_str())
                        .unwrap_or("reason not given")
                });
                let reason = reason
                    .or_else(|| row.get("reason_text")?.as_str())
                    .unwrap_or("reason not given");
                self.down.push(DownMachine {
                    id: id.to_owned(),
                    reason: reason.to_owned(),
                });
            }
        }
    }

    pub(crate) fn add_downtime(&mut self, answer: &Value) {
        self.downtime_events += rows(answer, "machine_id").len();
    }

    /// What stands below its reorder point, by this reading alone.
    pub(crate) fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        for material in MATERIALS {
            for plant in material.plants {
                let stock = self
                    .stock
                    .get(&(material.number.to_owned(), (*plant).to_owned()))
                    .copied();
                if let Some(stock) = stock
                    && stock < Decimal::from(material.reorder_point)
                {
                    needs.push(Need {
                        material,
                        plant,
                        stock,
                    });
                }
            }
        }
        needs
    }
}

impl Need {
    pub(crate) fn subject(&self) -> Subject {
        Subject::Material {
            material: self.material.number,
            plant: self.plant,
        }
    }

    pub(crate) fn size(&self) -> Size {
        let value = self.material.lot_value();
        if value < Decimal::from(960) {
            Size::Small
        } else if value <= Decimal::from(95_000) {
            Size::Usual
        } else {
            Size::Large
        }
    }

    /// How much of the reorder point is there; the least comes first.
    pub(crate) fn coverage(&self) -> Decimal {
        self.stock / Decimal::from(self.material.reorder_point.max(1))
    }
}

/// The objects of the first list, at any depth, whose entries have this field.
pub(super) fn rows<'a>(value: &'a Value, field: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) if items.first().is_some_and(|item| item.get(field).is_some()) => {
            items.iter().collect()
        }
        Value::Array(items) => items
            .iter()
            .map(|item| rows(item, field))
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
        Value::Object(fields) => fields
            .values()
            .map(|child| rows(child, field))
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_own_unrestricted_stock_counts() {
        let mut reading = Reading::default();
        reading.add_stock(&json!({"rows": [
            {"material": "HX-220", "plant": "1010", "stock_type": "unrestricted", "quantity": "20"},
            {"material": "HX-220", "plant": "1010", "stock_type": "unrestricted", "quantity": "5.5"},
            {"material": "HX-220", "plant": "1010", "stock_type": "unrestricted", "special_stock": "K", "quantity": "99"},
            {"material": "HX-220", "plant": "1010", "stock_type": "blocked", "quantity": "99"},
            {"material": "HX-220", "plant": "1020", "stock_type": "unrestricted", "quantity": "500"},
            {"material": "NOT-OURS", "plant": "1010", "stock_type": "unrestricted", "quantity": "0"},
        ], "next_cursor": null}));
        let needs = reading.needs();
        assert_eq!(needs.len(), 1, "{needs:?}");
        assert_eq!(
            (needs[0].material.number, needs[0].plant, needs[0].stock),
            ("HX-220", "1010", Decimal::new(255, 1))
        );
    }

    #[test]
    fn machines_that_are_down_are_seen() {
        let mut reading = Reading::default();
        reading.add_machines(&json!({"data": {"items": [
            {"machine_id": "CR-01", "status": "down", "reason": {"code": "H204", "text": "Hydraulic pressure low"}},
            {"machine_id": "CR-02", "status": "running", "reason": null},
        ]}}));
        let expected = DownMachine {
            id: "CR-01".into(),
            reason: "Hydraulic pressure low".into(),
        };
        assert_eq!(reading.down, [expected]);
    }

    #[test]
    fn every_size_of_need_exists() {
        let sizes: Vec<Size> = MATERIALS
            .iter()
            .map(|material| {
                Need {
                    material,
                    plant: "1010",
                    stock: Decimal::ZERO,
                }
                .size()
            })
            .collect();
        for size in [Size::Small, Size::Usual, Size::Large] {
            assert!(
                sizes.iter().filter(|s| **s == size).count() >= 4,
                "too few of {size:?}"
            );
        }
    }
}
