//! The agent's desk: open requests, what is covered already, what it was told not to ask for, and what comes next.

use std::collections::HashMap;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::need::{Need, Reading, Size};
use super::reply::Reply;
use crate::company::{COMPANY_CODE, Material, PURCHASING_ORGANIZATION, SUPPLIERS};
use crate::dice::Dice;

/// Requests that wait for a person at one time; the gateway allows more, a person likes fewer.
const MOST_OPEN: usize = 4;
const USUAL_PAUSE: Duration = Duration::from_secs(45);
const SHORT_PAUSE: Duration = Duration::from_secs(8);
const DENIED_FOR: Duration = Duration::from_secs(10 * 60);
const EXPIRED_FOR: Duration = Duration::from_secs(2 * 60);
/// Goods of the demo arrive within this time.
const COVERED_FOR: Duration = Duration::from_secs(15 * 60);

/// The sizes in turn, so that small, usual and large requests all appear early.
const TURNS: [Size; 6] = [
    Size::Usual,
    Size::Small,
    Size::Usual,
    Size::Large,
    Size::Small,
    Size::Usual,
];

/// A request for a purchase order.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The idempotency key.
    pub(crate) key: String,
    pub(crate) material: &'static str,
    pub(crate) plant: &'static str,
    pub(crate) arguments: Value,
    pub(crate) approval_id: Option<String>,
}

/// What the agent remembers.
#[derive(Debug)]
pub(crate) struct Desk {
    open: Vec<Ask>,
    resting: HashMap<(&'static str, &'static str), Instant>,
    denied: HashMap<&'static str, Instant>,
    turn: usize,
    dice: Dice,
}

impl Desk {
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            open: Vec::new(),
            resting: HashMap::new(),
            denied: HashMap::new(),
            turn: 0,
            dice,
        }
    }

    pub(crate) fn open(&self) -> Vec<Ask> {
        self.open.clone()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < MOST_OPEN
    }

    /// How long to wait before the next request.
    pub(crate) fn pause(&self) -> Duration {
        if self.open.len() < 2 {
            SHORT_PAUSE
        } else {
            USUAL_PAUSE
        }
    }

    pub(crate) fn note_approval(&mut self, key: &str, approval_id: &str) {
        if let Some(ask) = self.open.iter_mut().find(|ask| ask.key == key) {
            ask.approval_id = Some(approval_id.to_owned());
        }
    }

    /// Takes a settled request off the desk and remembers what follows from it.
    pub(crate) fn settle(&mut self, key: &str, reply: &Reply, now: Instant) {
        let Some(at) = self.open.iter().position(|ask| ask.key == key) else {
            return;
        };
        let ask = self.open.swap_remove(at);
        match reply {
            Reply::Denied { .. } | Reply::Refused { .. } | Reply::Failed { .. } => {
                self.denied.insert(ask.material, now + DENIED_FOR);
            }
            Reply::Expired | Reply::NotDone { .. } => {
                self.resting.insert((ask.material, ask.plant), now + EXPIRED_FOR);
            }
            // An order that may exist must not be ordered again.
            Reply::Ordered { .. } | Reply::Unknown | Reply::Pending { .. } | Reply::SlowDown { .. } => {
                self.resting.insert((ask.material, ask.plant), now + COVERED_FOR);
            }
        }
    }

    /// Picks the next request from what was read and puts it on the desk.
    pub(crate) fn plan(&mut self, reading: &Reading, now: Instant, now_ms: i64) -> Option<Ask> {
        self.resting.retain(|_, until| *until > now);
        self.denied.retain(|_, until| *until > now);
        let mut needs: Vec<Need> = reading.needs();
        needs.retain(|need| {
            let key = (need.material.number, need.plant);
            !self.resting.contains_key(&key)
                && !self.denied.contains_key(key.0)
                && !self.open.iter().any(|ask| (ask.material, ask.plant) == key)
        });
        needs.sort_by_key(Need::coverage);
        let wanted = TURNS[self.turn % TURNS.len()];
        let need = needs
            .iter()
            .find(|need| need.size() == wanted)
            .or(needs.first())?
            .clone();
        self.turn += 1;
        let key = format!("demo-{}", uuid::Uuid::new_v4().simple());
        let arguments = self.arguments(&need, reading, &key, now_ms);
        let (material, plant) = (need.material.number, need.plant);
        let ask = Ask {
            key,
            material,
            plant,
            arguments,
            approval_id: None,
        };
        self.open.push(ask.clone());
        Some(ask)
    }

    fn arguments(&mut self, need: &Need, reading: &Reading, key: &str, now_ms: i64) -> Value {
        let material = need.material;
        let quoted = Decimal::new(self.dice.between(97, 103), 2);
        let price = (material.price() * quoted).round_dp(2);
        let mut item = json!({
            "material": material.number,
            "plant": need.plant,
            "quantity": material.lot.to_string(),
            "unit": material.unit,
            "net_price": price.to_string(),
            "price_unit": material.price_unit.to_string(),
        });
        if need.size() == Size::Large {
            item["delivery_date"] = json!(day(now_ms, material.lead_days + 2));
        }
        json!({
            "company_code": COMPANY_CODE,
            "purchasing_organization": PURCHASING_ORGANIZATION,
            "purchasing_group": "001",
            "supplier": material.supplier,
            "currency": "EUR",
            "items": [item],
            "rationale": rationale(need, reading),
            "on_behalf_of": "Jana Moreno, Buyer",
            "idempotency_key": key,
        })
    }
}

fn rationale(need: &Need, reading: &Reading) -> String {
    let material = need.material;
    let mut text = format!(
        "{} ({}) has {} {} unrestricted in plant {}, below the reorder point of {}. One lot of {} from {} brings \
         it back; the planned delivery time is {} days.",
        material.number,
        material.text,
        need.stock.normalize(),
        material.unit,
        need.plant,
        material.reorder_point,
        material.lot,
        supplier_name(material),
        material.lead_days
    );
    let is_hydraulic = material.group == "HYDRAULIC";
    let fitting = reading
        .down
        .iter()
        .find(|machine| is_hydraulic && machine.reason.to_lowercase().contains("hydraulic"));
    if let Some(machine) = fitting {
        text.push_str(&format!(" {} is down now: {}.", machine.id, machine.reason));
    } else if !reading.down.is_empty() {
        let ids: Vec<&str> = reading
            .down
            .iter()
            .take(3)
            .map(|machine| machine.id.as_str())
            .collect();
        text.push_str(&format!(" Down at this moment: {}.", ids.join(", ")));
    }
    if reading.downtime_events > 0 {
        text.push_str(&format!(
            " {} of the last 8 hours' stops were looked at.",
            reading.downtime_events
        ));
    }
    text
}

fn supplier_name(material: &Material) -> &'static str {
    SUPPLIERS
        .iter()
        .find(|supplier| supplier.number == material.supplier)
        .map_or("its supplier", |s| s.name)
}

fn day(now_ms: i64, days: i64) -> String {
    let later = jiff::Timestamp::from_millisecond(now_ms + days * 86_400_000).unwrap_or_default();
    later.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::company::SHORT_AT_OPENING;

    fn opening() -> Reading {
        let rows: Vec<Value> = SHORT_AT_OPENING
            .iter()
            .map(|(material, plant)| json!({"material": material, "plant": plant, "quantity": "1"}))
            .collect();
        let mut reading = Reading::default();
        reading.add_stock(&json!(rows));
        reading
    }

    fn value(ask: &Ask) -> Decimal {
        let number = |name: &str| {
            ask.arguments["items"][0][name]
                .as_str()
                .unwrap()
                .parse::<Decimal>()
                .unwrap()
        };
        number("quantity") * number("net_price") / number("price_unit")
    }

    #[test]
    fn the_first_requests_come_in_every_size() {
        for seed in 0..20 {
            let mut desk = Desk::new(Dice::new(seed, "agent"));
            let asks: Vec<Ask> = (0..4)
                .filter_map(|_| desk.plan(&opening(), Instant::now(), 1_795_000_000_000))
                .collect();
            let values: Vec<Decimal> = asks.iter().map(value).collect();
            assert!(
                values.iter().any(|v| *v < Decimal::from(1_000)),
                "no small one: {values:?}"
            );
            assert!(
                values.iter().any(|v| *v > Decimal::from(100_000)),
                "no large one: {values:?}"
            );
            let usual = |v: &&Decimal| **v >= Decimal::from(1_000) && **v <= Decimal::from(100_000);
            assert_eq!(values.iter().filter(usual).count(), 2, "{values:?}");
            assert!(!desk.has_room(), "four are enough");
        }
    }

    #[test]
    fn nothing_is_asked_without_a_reading_that_shows_the_need() {
        let mut desk = Desk::new(Dice::new(1, "agent"));
        assert!(desk.plan(&Reading::default(), Instant::now(), 0).is_none());
    }

    #[test]
    fn what_was_ordered_or_denied_is_not_asked_again_soon() {
        let mut desk = Desk::new(Dice::new(1, "agent"));
        let now = Instant::now();
        let ordered = desk.plan(&opening(), now, 0).unwrap();
        desk.settle(&ordered.key, &Reply::Ordered { number: None }, now);
        let denied = desk.plan(&opening(), now, 0).unwrap();
        desk.settle(
            &denied.key,
            &Reply::Denied {
                reason: String::new(),
            },
            now,
        );
        let mut rest = Vec::new();
        while let Some(ask) = desk.plan(&opening(), now, 0) {
            rest.push(ask.material);
        }
        assert_eq!(rest.len(), SHORT_AT_OPENING.len() - 2);
        assert!(
            !rest.contains(&ordered.material) && !rest.contains(&denied.material),
            "{rest:?}"
        );
        let later = now + DENIED_FOR + Duration::from_secs(1);
        assert_eq!(
            desk.plan(&opening(), later, 0).map(|ask| ask.material),
            Some(denied.material)
        );
    }

    #[test]
    fn a_request_says_what_was_read_and_for_whom() {
        let mut desk = Desk::new(Dice::new(1, "agent"));
        let ask = desk.plan(&opening(), Instant::now(), 0).unwrap();
        let material = Material::named(ask.material).unwrap();
        assert_eq!(ask.arguments["supplier"], json!(material.supplier));
        assert_eq!(ask.arguments["on_behalf_of"], json!("Jana Moreno, Buyer"));
        assert_eq!(ask.arguments["idempotency_key"], json!(ask.key));
        assert!(
            ask.arguments["rationale"]
                .as_str()
                .unwrap()
                .contains("below the reorder point")
        );
    }
}
