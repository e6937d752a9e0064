//! The agent's desk: open requests, what is covered already, what it was told not to ask for, and what comes next.

use std::collections::HashMap;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::floor::{FloorReading, HOLD, Wish};
use super::need::{Need, Reading, Size};
use super::reply::Reply;
use super::subject::{Ask, Subject};
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

/// How long an order stays on hold before the agent asks for its release.
const HELD_FOR: Duration = Duration::from_secs(4 * 60);
const PURCHASE: &str = "sap_create_purchase_order";
/// One of so many requests goes to the MES; the first one never does.
const FLOOR_EVERY: usize = 3;
/// The wishes in turn, the harmless one first.
const WISHES: [Wish; 4] = [Wish::Trim, Wish::Hold, Wish::Shift, Wish::Release];

/// The sizes in turn, so that small, usual and large requests all appear early.
const TURNS: [Size; 6] = [
    Size::Usual,
    Size::Small,
    Size::Usual,
    Size::Large,
    Size::Small,
    Size::Usual,
];

/// What the agent remembers.
#[derive(Debug)]
pub(crate) struct Desk {
    open: Vec<Ask>,
    resting: HashMap<Subject, Instant>,
    denied: HashMap<&'static str, Instant>,
    turn: usize,
    /// Requests of any kind so far, and those to the MES among them.
    asked: usize,
    floor_turn: usize,
    /// Orders on hold because this agent asked for it.
    held: Vec<String>,
    dice: Dice,
}

impl Desk {
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            open: Vec::new(),
            resting: HashMap::new(),
            denied: HashMap::new(),
            turn: 0,
            asked: 0,
            floor_turn: 0,
            held: Vec::new(),
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
        let rest = match (&ask.subject, reply) {
            (Subject::Material { material, .. }, Reply::Denied { .. })
            | (Subject::Material { material, .. }, Reply::Refused { .. } | Reply::Failed { .. }) => {
                self.denied.insert(material, now + DENIED_FOR);
                return;
            }
            (_, Reply::Denied { .. } | Reply::Refused { .. }) => DENIED_FOR,
            // What failed on the floor has mostly changed in the meantime; a new look will tell.
            (_, Reply::Expired | Reply::NotDone { .. } | Reply::Failed { .. }) => EXPIRED_FOR,
            (Subject::Order(id), Reply::Ordered { .. }) => {
                self.held.retain(|held| held != id);
                if ask.tool == HOLD {
                    self.held.push(id.clone());
                }
                // Long enough on hold to be seen, short enough to be released by the one who asked for it.
                HELD_FOR
            }
            // An order that may exist must not be ordered again.
            (_, Reply::Ordered { .. } | Reply::Unknown | Reply::Pending { .. } | Reply::SlowDown { .. }) => {
                COVERED_FOR
            }
        };
        self.resting.insert(ask.subject, now + rest);
    }

    /// What should come next, if the shop floor is to be asked and something of the kind is offered.
    pub(crate) fn wants_from_floor(&self, tools: &[String]) -> Vec<Wish> {
        if self.asked % FLOOR_EVERY != FLOOR_EVERY - 1 {
            return Vec::new();
        }
        let turns = WISHES.iter().cycle().skip(self.floor_turn % WISHES.len());
        turns
            .take(WISHES.len())
            .copied()
            .filter(|wish| tools.iter().any(|tool| tool == wish.tool()))
            .collect()
    }

    /// Picks the first of these wishes that the reading calls for and puts it on the desk.
    pub(crate) fn plan_floor(
        &mut self,
        wishes: &[Wish],
        reading: &FloorReading,
        now: Instant,
    ) -> Option<Ask> {
        self.resting.retain(|_, until| *until > now);
        let (open, resting, held) = (&self.open, &self.resting, &self.held);
        let is_free = |subject: &Subject| {
            !resting.contains_key(subject) && !open.iter().any(|ask| ask.subject == *subject)
        };
        let dice = &mut self.dice;
        let ask = wishes
            .iter()
            .find_map(|wish| reading.ask(*wish, &is_free, held, dice))?;
        self.floor_turn += 1;
        self.asked += 1;
        self.open.push(ask.clone());
        Some(ask)
    }

    /// Picks the next request from what was read and puts it on the desk.
    pub(crate) fn plan(&mut self, reading: &Reading, now: Instant, now_ms: i64) -> Option<Ask> {
        self.resting.retain(|_, until| *until > now);
        self.denied.retain(|_, until| *until > now);
        let mut needs: Vec<Need> = reading.needs();
        needs.retain(|need| {
            let subject = need.subject();
            !self.resting.contains_key(&subject)
                && !self.denied.contains_key(need.material.number)
                && !self.open.iter().any(|ask| ask.subject == subject)
        });
        needs.sort_by_key(Need::coverage);
        let wanted = TURNS[self.turn % TURNS.len()];
        let need = needs
            .iter()
            .find(|need| need.size() == wanted)
            .or(needs.first())?
            .clone();
        self.turn += 1;
        self.asked += 1;
        let arguments = self.arguments(&need, reading, now_ms);
        let ask = Ask::new(PURCHASE, need.subject(), arguments, "Jana Moreno, Buyer");
        self.open.push(ask.clone());
        Some(ask)
    }

    fn arguments(&mut self, need: &Need, reading: &Reading, now_ms: i64) -> Value {
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
            rest.push(ask.subject);
        }
        assert_eq!(rest.len(), SHORT_AT_OPENING.len() - 2);
        assert!(
            !rest.contains(&ordered.subject) && !rest.contains(&denied.subject),
            "{rest:?}"
        );
        let later = now + DENIED_FOR + Duration::from_secs(1);
        assert_eq!(
            desk.plan(&opening(), later, 0).map(|ask| ask.subject),
            Some(denied.subject)
        );
    }

    #[test]
    fn a_request_says_what_was_read_and_for_whom() {
        let mut desk = Desk::new(Dice::new(1, "agent"));
        let ask = desk.plan(&opening(), Instant::now(), 0).unwrap();
        let Subject::Material { material, .. } = ask.subject else {
            panic!("about {}", ask.subject);
        };
        let material = Material::named(material).unwrap();
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

    fn floor() -> FloorReading {
        let mut reading = FloorReading::default();
        reading.add_orders(&json!([
            {"id": "MO-1", "status": "released", "version": 2, "priority": 7, "equipment": {"work_unit": "PS-01"}},
            {"id": "MO-2", "status": "paused", "version": 3, "priority": 7, "equipment": {"work_unit": "PS-01"}},
        ]));
        reading.add_machines(&json!([
            {"machine_id": "PS-01", "status": "running", "version": 9, "planned_cycle_s": "12.5", "last_cycle_s": "13.0"},
            {"machine_id": "PS-02", "status": "running", "version": 9, "planned_cycle_s": "5", "last_cycle_s": "5.2"},
        ]));
        reading
    }

    #[test]
    fn every_third_request_goes_to_the_floor_and_the_first_one_never() {
        let now = Instant::now();
        let tools = [
            "mes_set_cycle_target",
            "mes_hold_production_order",
            "mes_release_production_order",
        ];
        let tools = tools.map(str::to_owned);
        let mut desk = Desk::new(Dice::new(1, "agent"));
        let mut asked = Vec::new();
        for _ in 0..12 {
            let wishes = desk.wants_from_floor(&tools);
            let ask = desk
                .plan_floor(&wishes, &floor(), now)
                .or_else(|| desk.plan(&opening(), now, 0))
                .unwrap();
            asked.push(ask.tool);
        }
        assert_eq!(asked[..2], [PURCHASE, PURCHASE]);
        let floor: Vec<&str> = asked.iter().skip(2).step_by(3).copied().collect();
        assert_eq!(
            floor,
            [
                "mes_set_cycle_target",
                "mes_hold_production_order",
                "mes_set_cycle_target",
                "mes_release_production_order"
            ]
        );
        assert!(
            asked.iter().filter(|tool| **tool == PURCHASE).count() == 8,
            "{asked:?}"
        );
        let mut desk = Desk::new(Dice::new(1, "agent"));
        desk.asked = 2;
        assert!(
            desk.wants_from_floor(&[]).is_empty(),
            "what is not offered is not asked for"
        );
    }

    #[test]
    fn what_was_held_on_request_is_released_later_and_not_at_once() {
        let now = Instant::now();
        let mut desk = Desk::new(Dice::new(1, "agent"));
        let hold = desk.plan_floor(&[Wish::Hold], &floor(), now).unwrap();
        desk.settle(&hold.key, &Reply::Ordered { number: None }, now);
        let mut reading = FloorReading::default();
        reading.add_orders(&json!([
            {"id": "MO-1", "status": "paused", "version": 3, "priority": 7, "equipment": {"work_unit": "PS-01"}},
        ]));
        assert!(desk.plan_floor(&[Wish::Release], &reading, now).is_none());
        let later = now + HELD_FOR + Duration::from_secs(1);
        let release = desk.plan_floor(&[Wish::Release], &reading, later).unwrap();
        assert_eq!(release.arguments["order_id"], json!("MO-1"));
        assert!(
            release.arguments["reason"]
                .as_str()
                .unwrap()
                .contains("on request")
        );
    }
}
