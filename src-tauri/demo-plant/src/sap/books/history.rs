//! The orders that were there before the plant opened, made up from the seed: which supplier, what, how much, and what
//! became of them.

use rust_decimal::Decimal;

use super::DAY_MS;
use super::controlling;
use super::past::{Fate, Kind, PastAccount, PastItem, PastOrder, PastOrders, PastSchedule, What, Work};
use crate::company::{
    MATERIALS, Material, PAYMENT_TERMS, PLANTS, PURCHASING_GROUPS, SUPPLIERS, Supplier, decimals_of, per_euro,
};
use crate::dice::Dice;

/// How far back the orders reach: about thirteen months.
const DAYS: i64 = 400;
/// Younger orders may still wait for their release or be held.
const OPEN_DAYS: i64 = 20;
const MOST_ITEMS: i64 = 12;
/// Priced by weight; sometimes ordered in pieces.
const IN_PIECES: &str = "SH-300";

static WORK: &[Work] = &[
    work("Crane inspection, yearly", "AU", 84_000),
    work("Hydraulics maintenance, on call", "HR", 9_200),
    work("Calibration of gauges", "AU", 31_000),
    work("Forklift repair", "AU", 46_500),
    work("Industrial cleaning, weekend", "AU", 128_000),
];

const fn work(text: &'static str, unit: &'static str, price_cents: i64) -> Work {
    Work {
        text,
        unit,
        price_cents,
    }
}

/// `size` orders, oldest first, spread evenly up to today.
pub(super) fn past_orders(seed: u64, size: u32, now_ms: i64) -> PastOrders {
    let mut history = History {
        dice: Dice::new(seed, "order history"),
        today: now_ms - now_ms.rem_euclid(DAY_MS),
        orders: PastOrders::default(),
    };
    history.orders.orders.reserve(size as usize);
    history.orders.items.reserve(size as usize * 7);
    for back in (1..=i64::from(size)).rev() {
        let days_ago = back * DAYS / i64::from(size) + history.dice.between(0, 1);
        history.order(back, days_ago);
    }
    history.orders
}

struct History {
    dice: Dice,
    today: i64,
    orders: PastOrders,
}

/// What the items of one order share.
struct Header {
    supplier: &'static Supplier,
    currency: &'static str,
    date_ms: i64,
    days_ago: i64,
    fate: Fate,
}

impl History {
    fn order(&mut self, back: i64, days_ago: i64) {
        let dice = &mut self.dice;
        let date_ms = self.today - days_ago * DAY_MS;
        let supplier = dice.pick(SUPPLIERS).unwrap_or(&SUPPLIERS[0]);
        let currency = match supplier.other_currency {
            Some(other) if dice.chance(35) => other,
            _ => supplier.currency,
        };
        let fate = fate(dice, back, days_ago);
        let later_ms = dice.between(7, 9 * 24) * 3_600_000 + dice.between(0, 3_599_000);
        // Small orders need no release in SAP; the others have been released.
        let is_small = fate == Fate::Active && dice.chance(40);
        let header = Header {
            supplier,
            currency,
            date_ms,
            days_ago,
            fate,
        };
        let order = PastOrder {
            date_ms,
            changed_ms: (date_ms + later_ms).min(self.today.max(date_ms)),
            supplier,
            currency,
            fate,
            status: if is_small { "02" } else { status(fate) },
            user: dice
                .pick(&["JMORENO", "TKELLER", "AWINTER"])
                .copied()
                .unwrap_or("JMORENO"),
            terms: dice.pick(PAYMENT_TERMS).copied().unwrap_or(("0001", 0)),
            group: dice.pick(PURCHASING_GROUPS).copied().unwrap_or("001"),
            incoterms: dice.pick(&["", "DAP", "FCA", "EXW"]).copied().unwrap_or(""),
            items: 0..0,
        };
        let first = position(self.orders.items.len());
        for line in 1..=self.dice.between(1, MOST_ITEMS) {
            self.item(&header, line);
        }
        let items = first..position(self.orders.items.len());
        self.orders.orders.push(PastOrder { items, ..order });
    }

    fn item(&mut self, header: &Header, line: i64) {
        let roll = self.dice.between(0, 99);
        if roll < 4 {
            self.work_item(header, line);
            return;
        }
        let kind = match roll {
            4..=5 => Kind::Free,
            6 => Kind::Consignment,
            7 => Kind::Returns,
            _ => Kind::Standard,
        };
        let dice = &mut self.dice;
        let own: Vec<&'static Material> = MATERIALS
            .iter()
            .filter(|m| m.supplier == header.supplier.number)
            .collect();
        let Some(material) = dice.pick(&own).copied() else {
            return;
        };
        let plant = dice.pick(material.plants).copied().unwrap_or(PLANTS[0]);
        let in_pieces = material.number == IN_PIECES && dice.chance(25);
        let drift = Decimal::new(dice.between(88, 106), 2);
        let price = match kind {
            Kind::Consignment => Decimal::ZERO,
            _ => {
                (material.price() * per_euro(header.currency) * drift).round_dp(decimals_of(header.currency))
            }
        };
        let item = PastItem {
            order: position(self.orders.orders.len()),
            line: u16::try_from(line * 10).unwrap_or(u16::MAX),
            what: What::Material(material),
            kind,
            plant,
            quantity: quantity(dice, material, in_pieces),
            price,
            deletion: "",
            is_delivered: false,
            is_invoiced: false,
            in_pieces,
            schedule: 0..0,
            accounts: 0..0,
        };
        let splits = item.quantity >= Decimal::TWO && dice.chance(20);
        self.enter(item, header, material.lead_days, splits);
    }

    fn work_item(&mut self, header: &Header, line: i64) {
        let dice = &mut self.dice;
        let work = dice.pick(WORK).unwrap_or(&WORK[0]);
        let plant = dice.pick(PLANTS).copied().unwrap_or(PLANTS[0]);
        let quantity = Decimal::from(dice.between(1, 8));
        let price = (Decimal::new(work.price_cents, 2) * per_euro(header.currency))
            .round_dp(decimals_of(header.currency));
        let accounts = self.accounts(quantity, price, header.currency);
        let item = PastItem {
            order: position(self.orders.orders.len()),
            line: u16::try_from(line * 10).unwrap_or(u16::MAX),
            what: What::Work(work),
            kind: Kind::Standard,
            plant,
            quantity,
            price,
            deletion: "",
            is_delivered: false,
            is_invoiced: false,
            in_pieces: false,
            schedule: 0..0,
            accounts,
        };
        self.enter(item, header, 10, false);
    }

    /// One cost centre bears it all, or two share it six to four.
    fn accounts(&mut self, quantity: Decimal, price: Decimal, currency: &str) -> std::ops::Range<u32> {
        let first = position(self.orders.accounts.len());
        let item = position(self.orders.items.len());
        let value = quantity * price;
        let part = |amount: Decimal| amount * Decimal::new(6, 1);
        let shares = if self.dice.chance(30) {
            let (some, amount) = (part(quantity), part(value).round_dp(decimals_of(currency)));
            vec![(some, amount), (quantity - some, value - amount)]
        } else {
            vec![(quantity, value)]
        };
        for (number, (quantity, amount)) in (1..).zip(shares) {
            self.orders.accounts.push(PastAccount {
                item,
                number,
                cost_center: controlling::bearing(&mut self.dice),
                quantity,
                amount,
            });
        }
        first..position(self.orders.accounts.len())
    }

    fn enter(&mut self, mut item: PastItem, header: &Header, lead_days: i64, splits: bool) {
        let is_delivered = header.fate == Fate::Active && header.days_ago > lead_days + 3;
        let has_invoice = matches!(item.kind, Kind::Standard | Kind::Returns);
        let all_deleted = matches!(header.fate, Fate::Deleted | Fate::ItemsDeleted);
        let deletion = match self.dice.between(0, 99) {
            _ if all_deleted => "L",
            0..=1 => "L",
            2 => "S",
            _ => "",
        };
        let first = position(self.orders.schedule.len());
        let index = position(self.orders.items.len());
        let early = if splits {
            (item.quantity / Decimal::TWO).trunc()
        } else {
            item.quantity
        };
        let late = item.quantity - early;
        let lines = [(1, early, lead_days), (2, late, lead_days + 14)];
        for (number, quantity, days) in lines.into_iter().filter(|line| line.0 == 1 || splits) {
            self.orders.schedule.push(PastSchedule {
                item: index,
                number,
                delivery_ms: header.date_ms + days * DAY_MS,
                quantity,
            });
        }
        if item.accounts.is_empty() {
            let end = position(self.orders.accounts.len());
            item.accounts = end..end;
        }
        item.deletion = deletion;
        item.is_delivered = is_delivered;
        item.is_invoiced = is_delivered && has_invoice && header.days_ago > lead_days + 20;
        item.schedule = first..position(self.orders.schedule.len());
        self.orders.items.push(item);
    }
}

/// A few of the newest orders have a fixed fate, so that every state is there at every seed; the others draw.
fn fate(dice: &mut Dice, back: i64, days_ago: i64) -> Fate {
    let is_young = days_ago < OPEN_DAYS;
    let drawn = match dice.between(0, 99) {
        0..=2 => Fate::Rejected,
        3..=5 => Fate::Deleted,
        6 => Fate::ItemsDeleted,
        7 => Fate::Blocked,
        8..=15 if is_young => Fate::InRelease,
        16..=19 if is_young => Fate::Held,
        _ => Fate::Active,
    };
    match back {
        3 | 8 => Fate::InRelease,
        5 => Fate::Held,
        12 => Fate::Blocked,
        15 => Fate::Rejected,
        18 => Fate::Deleted,
        21 => Fate::ItemsDeleted,
        _ => drawn,
    }
}

fn status(fate: Fate) -> &'static str {
    match fate {
        Fate::Active | Fate::Blocked | Fate::ItemsDeleted => "05",
        Fate::InRelease => "03",
        Fate::Rejected => "08",
        Fate::Deleted | Fate::Held => "02",
    }
}

/// Around a lot; weights and volumes have thousandths, pieces are whole.
fn quantity(dice: &mut Dice, material: &Material, in_pieces: bool) -> Decimal {
    let whole = (material.lot * dice.between(40, 130) / 100).max(1);
    if in_pieces {
        return Decimal::from(whole * 2 / 25);
    }
    match material.unit {
        "KG" | "TO" | "L" => Decimal::new(whole * 1000 + dice.between(0, 999), 3),
        _ => Decimal::from(whole),
    }
}

fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
