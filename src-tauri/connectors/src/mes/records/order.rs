//! A production order.

use andon_domain::Timestamp;
use andon_domain::records::{OrderQuantity, Product, ProductionOrder, ProductionOrderStatus};
use serde_json::value::RawValue;

use super::super::fields::{Fields, Notes};
use super::super::words::StatusWords;
use super::{Versioned, equipment, good_within, in_order, version};

impl Versioned for ProductionOrder {
    type Key = String;
    const NEEDS: &'static str = "a key";

    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let id = fields.key("id", &mut notes)?;
        fields.must_have(&["status", "updated_at", "version"], &mut notes);
        let mut time = |name: &str| fields.instant(name, &mut notes);
        let (planned_start, planned_end) = (time("planned_start"), time("planned_end"));
        let (actual_start, actual_end) = (time("actual_start"), time("actual_end"));
        let due_at = time("due_at");
        in_order(
            planned_start,
            planned_end,
            ("planned_start", "planned_end"),
            &mut notes,
        );
        in_order(
            actual_start,
            actual_end,
            ("actual_start", "actual_end"),
            &mut notes,
        );
        let is_started = actual_start.is_some() && actual_end.is_none();
        let (status, status_raw) = status(&fields, words, is_started, &mut notes);
        Some(Self {
            id,
            order_number: fields.text("order_number", &mut notes),
            status,
            status_raw,
            priority: fields.within("priority", 1, 9, &mut notes),
            product: product(&fields, &mut notes),
            equipment: equipment(&fields, &mut notes),
            quantity: quantity(&fields, &mut notes),
            planned_cycle_s: fields.count("planned_cycle_s", &mut notes),
            planned_start,
            planned_end,
            due_at,
            actual_start,
            actual_end,
            lot_id: fields.text("lot_id", &mut notes),
            updated_at: fields.instant("updated_at", &mut notes),
            version: version(&fields, &mut notes),
            incomplete: notes,
        })
    }

    fn key(&self) -> String {
        self.id.clone()
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }

    fn incomplete(&self) -> &[String] {
        &self.incomplete
    }

    fn not_understood(&self) -> Option<&str> {
        self.status_raw
            .as_deref()
            .filter(|_| self.status == ProductionOrderStatus::Unknown)
    }
}

fn status(
    fields: &Fields<'_>,
    words: &StatusWords,
    is_started: bool,
    notes: &mut Notes,
) -> (ProductionOrderStatus, Option<String>) {
    let told = fields.text("status_raw", notes);
    let Some(word) = fields.text("status", notes) else {
        return (ProductionOrderStatus::Unknown, told);
    };
    let meaning = words.order(&word, is_started);
    let raw = if meaning.is_contract {
        told
    } else {
        told.or(Some(word))
    };
    (meaning.state, raw)
}

fn product(fields: &Fields<'_>, notes: &mut Notes) -> Option<Product> {
    let product = fields.object("product", "product.", notes)?;
    product.must_have(&["id"], notes);
    Some(Product {
        id: product.key("id", notes)?,
        name: product.text("name", notes),
        revision: product.text("revision", notes),
    })
}

fn quantity(fields: &Fields<'_>, notes: &mut Notes) -> OrderQuantity {
    let Some(quantity) = fields.object("quantity", "quantity.", notes) else {
        return OrderQuantity::default();
    };
    quantity.must_have(&["planned", "uom"], notes);
    let read = OrderQuantity {
        planned: quantity.count("planned", notes),
        produced: quantity.count("produced", notes),
        good: quantity.count("good", notes),
        scrap: quantity.count("scrap", notes),
        rework: quantity.count("rework", notes),
        uom: quantity.text("uom", notes),
    };
    good_within(read.good, read.produced, "produced", notes);
    read
}
