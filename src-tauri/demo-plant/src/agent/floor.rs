//! What the agent makes of the shop floor: orders to hold or release, and targets that do not fit what is measured.
//! A rationale says what was read and nothing else.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::need::{decimal, rows};
use super::subject::{Ask, Subject};
use crate::dice::Dice;

pub(crate) const HOLD: &str = "mes_hold_production_order";
pub(crate) const RELEASE: &str = "mes_release_production_order";
pub(crate) const SET_CYCLE: &str = "mes_set_cycle_target";

const ON_BEHALF_OF: &str = "Tomas Berg, Shift lead";

/// A kind of request to the MES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A target a little off the present one.
    Trim,
    /// A target far from it.
    Shift,
    Hold,
    Release,
}

/// Orders and machines of one round of reading.
#[derive(Debug, Default)]
pub(crate) struct FloorReading {
    orders: Vec<OrderSeen>,
    machines: Vec<MachineSeen>,
}

#[derive(Debug)]
struct OrderSeen {
    id: String,
    status: String,
    version: i64,
    priority: i64,
    machine: String,
    product: String,
    planned: Option<Decimal>,
    produced: Option<Decimal>,
    scrap: Option<Decimal>,
}

#[derive(Debug)]
struct MachineSeen {
    id: String,
    status: String,
    version: i64,
    planned: Option<Decimal>,
    last: Option<Decimal>,
}

impl Wish {
    pub(crate) fn tool(self) -> &'static str {
        match self {
            Self::Trim | Self::Shift => SET_CYCLE,
            Self::Hold => HOLD,
            Self::Release => RELEASE,
        }
    }
}

impl FloorReading {
    pub(crate) fn add_orders(&mut self, answer: &Value) {
        for row in rows(answer, "version") {
            let text = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let (Some(id), Some(status)) = (text("/id").or_else(|| text("/order_id")), text("/status"))
            else {
                continue;
            };
            let Some(version) = row.get("version").and_then(Value::as_i64) else {
                continue;
            };
            let number = |name: &str| row.pointer(&format!("/quantity/{name}")).and_then(decimal);
            self.orders.push(OrderSeen {
                id,
                status,
                version,
                priority: row.get("priority").and_then(Value::as_i64).unwrap_or(5),
                machine: text("/equipment/work_unit").unwrap_or_default(),
                product: text("/product/name").unwrap_or_default(),
                planned: number("planned"),
                produced: number("produced"),
                scrap: number("scrap"),
            });
        }
    }

    pub(crate) fn add_machines(&mut self, answer: &Value) {
        for row in rows(answer, "machine_id") {
            let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
            let (Some(id), Some(status)) = (text("machine_id"), text("status")) else {
                continue;
            };
            let Some(version) = row.get("version").and_then(Value::as_i64) else {
                continue;
            };
            let seconds = |flat: &str, nested: &str| {
                let value = row.get(flat).or_else(|| row.pointer(nested));
                value.and_then(decimal)
            };
            self.machines.push(MachineSeen {
                id,
                status,
                version,
                planned: seconds("planned_cycle_s", "/cycle/planned_s"),
                last: seconds("last_cycle_s", "/cycle/last_s"),
            });
        }
    }

    /// A request of this kind about something that is free; `held` are the orders this agent has put on hold.
    pub(crate) fn ask(
        &self,
        wish: Wish,
        is_free: &dyn Fn(&Subject) -> bool,
        held: &[String],
        dice: &mut Dice,
    ) -> Option<Ask> {
        match wish {
            Wish::Trim => self.ask_target(false, is_free, dice),
            Wish::Shift => self.ask_target(true, is_free, dice),
            Wish::Hold => self.ask_hold(is_free),
            Wish::Release => self.ask_release(is_free, held),
        }
    }

    fn ask_target(&self, is_large: bool, is_free: &dyn Fn(&Subject) -> bool, dice: &mut Dice) -> Option<Ask> {
        let candidates: Vec<(&MachineSeen, Decimal, Decimal)> = self
            .machines
            .iter()
            .filter(|machine| machine.status == "running")
            .filter(|machine| is_free(&Subject::Machine(machine.id.clone())))
            .filter_map(|machine| Some((machine, machine.planned?, machine.last?)))
            .filter(|(_, planned, _)| *planned >= Decimal::ONE)
            .collect();
        let (machine, planned, last) = dice.pick(&candidates).copied()?;
        let percent = if is_large {
            dice.between(7, 14)
        } else {
            dice.between(2, 4)
        };
        // Towards what is measured: a target nobody reaches says nothing, one that is always beaten neither.
        let is_slower = last > planned;
        let share = Decimal::new(if is_slower { 100 + percent } else { 100 - percent }, 2);
        let wanted = (planned * share).round_dp(1).normalize();
        let planned = planned.normalize();
        if wanted == planned || wanted <= Decimal::ZERO {
            return None;
        }
        let direction = if is_slower { "slower" } else { "faster" };
        let reason = format!(
            "{} is planned with {planned} s per piece and measured {} s last; {wanted} s is {percent} % {direction}",
            machine.id,
            last.normalize(),
        );
        let rationale = format!(
            "{reason}. With a target near what the machine does, planned ends of its orders can be relied on."
        );
        let arguments = json!({
            "machine_id": machine.id, "version": machine.version, "current_cycle_s": planned.to_string(),
            "cycle_s": wanted.to_string(), "reason": reason, "rationale": rationale,
        });
        let subject = Subject::Machine(machine.id.clone());
        Some(Ask::new(SET_CYCLE, subject, arguments, ON_BEHALF_OF))
    }

    /// First what makes scrap, then what waits for a machine that is down, then what matters least.
    fn ask_hold(&self, is_free: &dyn Fn(&Subject) -> bool) -> Option<Ask> {
        let free = || {
            self.orders
                .iter()
                .filter(|order| is_free(&Subject::Order(order.id.clone())))
        };
        let released = || free().filter(|order| order.status == "released");
        let wasteful = free()
            .filter(|order| order.status == "active")
            .find_map(|order| Some((order, order.scrap_of_many()?)));
        let (order, reason) = if let Some((order, (scrap, produced))) = wasteful {
            let reason = format!(
                "{} has {scrap} scrap of {produced} pieces; hold it until somebody has looked at the cause",
                order.id
            );
            (order, reason)
        } else if let Some(order) = released().find(|order| self.is_down(&order.machine)) {
            let reason = format!(
                "{} is released for {}, which is down; hold it until the machine is repaired",
                order.id, order.machine
            );
            (order, reason)
        } else {
            let order = released().max_by_key(|order| order.priority)?;
            let reason = format!(
                "{} has priority {} on {}; hold it so that orders of a higher priority come first",
                order.id, order.priority, order.machine
            );
            (order, reason)
        };
        Some(order.ask(HOLD, &reason))
    }

    /// First what this agent held itself, then what else is paused, then what is planned and matters most.
    fn ask_release(&self, is_free: &dyn Fn(&Subject) -> bool, held: &[String]) -> Option<Ask> {
        let free = |status: &'static str| {
            self.orders
                .iter()
                .filter(move |order| order.status == status)
                .filter(|order| is_free(&Subject::Order(order.id.clone())) && !self.is_down(&order.machine))
        };
        if let Some(order) = free("paused").find(|order| held.contains(&order.id)) {
            let reason = format!(
                "{} was put on hold on request of this agent; {} is not down, it can go on",
                order.id, order.machine
            );
            return Some(order.ask(RELEASE, &reason));
        }
        if let Some(order) = free("paused").next() {
            let reason = format!(
                "{} is paused and {} is not down; it can go on",
                order.id, order.machine
            );
            return Some(order.ask(RELEASE, &reason));
        }
        let order = free("planned").min_by_key(|order| order.priority)?;
        let reason = format!(
            "{} has priority {} and is still only planned for {}; release it so that it can be prepared",
            order.id, order.priority, order.machine
        );
        Some(order.ask(RELEASE, &reason))
    }

    fn is_down(&self, machine: &str) -> bool {
        self.machines
            .iter()
            .any(|seen| seen.id == machine && seen.status == "down")
    }
}

impl OrderSeen {
    fn ask(&self, tool: &'static str, reason: &str) -> Ask {
        let mut rationale = format!("{reason}.");
        if let (Some(planned), Some(produced)) = (self.planned, self.produced) {
            rationale.push_str(&format!(
                " {} of {} pieces of {} are made.",
                produced.normalize(),
                planned.normalize(),
                self.product
            ));
        }
        let arguments = json!({
            "order_id": self.id, "version": self.version, "reason": reason, "rationale": rationale,
        });
        Ask::new(tool, Subject::Order(self.id.clone()), arguments, ON_BEHALF_OF)
    }

    /// Scrap and pieces, when there are enough pieces and more than 5 % of them are scrap.
    fn scrap_of_many(&self) -> Option<(Decimal, Decimal)> {
        let (scrap, produced) = (self.scrap?, self.produced?);
        let is_much = produced >= Decimal::from(100) && scrap * Decimal::from(20) > produced;
        is_much.then(|| (scrap.normalize(), produced.normalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> FloorReading {
        let mut reading = FloorReading::default();
        let order = |id: &str, status: &str, priority: i64, machine: &str| {
            json!({"id": id, "status": status, "version": 4, "priority": priority,
                "equipment": {"work_unit": machine}, "product": {"name": "Cover 87"},
                "quantity": {"planned": "500", "produced": "120", "scrap": "2"}})
        };
        reading.add_orders(&json!({"rows": [
            order("MO-1", "active", 2, "PS-01"),
            order("MO-2", "released", 3, "PS-01"),
            order("MO-3", "released", 8, "PS-02"),
            order("MO-4", "planned", 1, "PS-02"),
        ]}));
        reading.add_machines(&json!([
            {"machine_id": "PS-01", "status": "running", "version": 17, "planned_cycle_s": "12.5", "last_cycle_s": "13.4"},
            {"machine_id": "PS-02", "status": "idle", "version": 18, "cycle": {"planned_s": 5.0, "last_s": 5.2}},
        ]));
        reading
    }

    fn ask(wish: Wish, held: &[String]) -> Ask {
        reading()
            .ask(wish, &|_| true, held, &mut Dice::new(1, "agent"))
            .unwrap()
    }

    #[test]
    fn a_small_change_stays_within_five_percent_and_a_large_one_does_not() {
        for seed in 0..50 {
            for (wish, is_small) in [(Wish::Trim, true), (Wish::Shift, false)] {
                let ask = reading()
                    .ask(wish, &|_| true, &[], &mut Dice::new(seed, "agent"))
                    .unwrap();
                let number = |name: &str| ask.arguments[name].as_str().unwrap().parse::<Decimal>().unwrap();
                let (current, wanted) = (number("current_cycle_s"), number("cycle_s"));
                let off = (wanted - current).abs() * Decimal::from(20);
                assert_eq!(off <= current, is_small, "{wanted} for {current}");
                assert_eq!(ask.arguments["version"], json!(17), "a whole number");
                assert_eq!(ask.arguments["machine_id"], json!("PS-01"), "the one that runs");
            }
        }
    }

    #[test]
    fn orders_are_held_and_released_with_what_was_read() {
        let held = ask(Wish::Hold, &[]);
        assert_eq!(
            (held.tool, held.arguments["order_id"].as_str()),
            (HOLD, Some("MO-3")),
            "what matters least"
        );
        assert_eq!(held.arguments["version"], json!(4));
        let text = |ask: &Ask, name: &str| ask.arguments[name].as_str().unwrap().to_owned();
        assert!(text(&held, "rationale").contains("priority 8 on PS-02"));
        assert!(text(&held, "rationale").contains("120 of 500 pieces of Cover 87"));
        let released = ask(Wish::Release, &[]);
        assert_eq!(released.arguments["order_id"], json!("MO-4"));
        let mut reading = reading();
        reading.orders[2].status = "paused".to_owned();
        let released = reading
            .ask(
                Wish::Release,
                &|_| true,
                &["MO-3".to_owned()],
                &mut Dice::new(1, "agent"),
            )
            .unwrap();
        assert_eq!(
            (released.tool, &released.arguments["order_id"]),
            (RELEASE, &json!("MO-3"))
        );
        assert!(text(&released, "reason").contains("on request of this agent"));
    }

    #[test]
    fn scrap_and_a_machine_that_is_down_come_before_priority() {
        let mut seen = reading();
        seen.machines[0].status = "down".to_owned();
        let order = |seen: &FloorReading| {
            seen.ask(Wish::Hold, &|_| true, &[], &mut Dice::new(1, "agent"))
                .unwrap()
                .arguments["order_id"]
                .clone()
        };
        assert_eq!(order(&seen), json!("MO-2"));
        seen.orders[0].scrap = Some(Decimal::from(9));
        assert_eq!(order(&seen), json!("MO-1"));
    }

    #[test]
    fn nothing_is_asked_about_what_is_not_free_or_not_read() {
        let mut dice = Dice::new(1, "agent");
        for wish in [Wish::Trim, Wish::Shift, Wish::Hold, Wish::Release] {
            assert!(reading().ask(wish, &|_| false, &[], &mut dice).is_none());
            assert!(
                FloorReading::default()
                    .ask(wish, &|_| true, &[], &mut dice)
                    .is_none()
            );
        }
    }
}
