//! Production orders: how far, at which rate, and how late.

use std::collections::HashMap;
use std::time::Duration;

use andon_domain::ports::{Feed, Window};
use andon_domain::records::{ProductionOrder, ProductionOrderStatus, StateSegment};
use andon_domain::{Amount, Caller, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::answers::{Lateness, OrderRate, PlantOrder, PlantOrders, PlantWindowRequest, RateBasis};
use super::stage::{self, Stage};
use crate::error::EngineError;
use crate::kpi::{Rate, RateSource, Span, order_rate};
use crate::watch::orders::{due, is_open};
use crate::world::Engine;

/// A rate is measured over at most so long.
const RECENT: Duration = Duration::from_secs(2 * 3600);

/// An end farther off is no expectation.
const FARTHEST_HOURS: f64 = 24.0 * 365.0;

/// The orders of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn orders(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantOrders, EngineError> {
    let stage = stage::set(engine, caller, request).await?;
    let mirror = stage.tenant.parts.mirror.as_ref();
    let mut orders = mirror.production_orders(stage.span()).await?;
    let on = machines_of(&stage);
    orders.retain(|order| is_asked_for(order, request, &on));
    let until = stage.counted_until();
    let recent = Window {
        since: until.minus(RECENT),
        until,
    };
    let history = mirror.history(recent, request.machine_id.as_deref()).await?;
    let mut by_order: HashMap<&str, Vec<&StateSegment>> = HashMap::new();
    for segment in &history {
        if let Some(order) = segment.order_id.as_deref() {
            by_order.entry(order).or_default().push(segment);
        }
    }
    let recent = Span::new(recent.since, recent.until);
    let mut shown: Vec<PlantOrder> = orders
        .into_iter()
        .map(|order| {
            let segments = by_order.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
            let machines = on.get(order.id.as_str()).cloned().unwrap_or_default();
            shown(order, machines, segments, recent, stage.now)
        })
        .collect();
    shown.sort_by(|a, b| place(a).cmp(&place(b)));
    let known = stage.known(Feed::ProductionOrders);
    Ok(PlantOrders {
        basis: stage.basis("plant.definition.orders", known),
        window: stage.window,
        orders: shown,
    })
}

/// The machines each order is on now.
fn machines_of(stage: &Stage<'_>) -> HashMap<String, Vec<String>> {
    let mut on: HashMap<String, Vec<String>> = HashMap::new();
    for (machine, _) in &stage.machines {
        if let Some(order) = &machine.order_id {
            on.entry(order.clone())
                .or_default()
                .push(machine.machine_id.clone());
        }
    }
    on
}

/// An order of a place, or on a machine of it.
fn is_asked_for(
    order: &ProductionOrder,
    request: &PlantWindowRequest,
    on: &HashMap<String, Vec<String>>,
) -> bool {
    let is_on_machine = on.contains_key(&order.id);
    let is = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    let is_in_place = is(&request.work_center, &order.equipment.work_center)
        && is(&request.area, &order.equipment.area)
        && request.machine_id.is_none();
    is_in_place || is_on_machine
}

fn shown(
    order: ProductionOrder,
    machines: Vec<String>,
    segments: &[&StateSegment],
    recent: Span,
    now: Timestamp,
) -> PlantOrder {
    let quantity = &order.quantity;
    let remaining = remaining(&order);
    let progress = match (quantity.good, quantity.planned) {
        (Some(good), Some(planned)) => good
            .value()
            .checked_div(planned.value())
            .and_then(|part| part.to_f64()),
        _ => None,
    };
    let rate = (order.status == ProductionOrderStatus::Active)
        .then(|| {
            let started = order.actual_start.map(Timestamp::millis);
            order_rate(segments, recent, quantity.good, started)
        })
        .flatten();
    let expected_end = order.actual_end.or_else(|| expected_end(remaining?, rate?, now));
    let due = due(&order);
    let (lateness, late) = lateness(&order, due, expected_end, now);
    PlantOrder {
        machines,
        remaining,
        progress,
        rate: rate.map(told),
        expected_end,
        due,
        lateness,
        late_s: late.map(|late| late.as_secs_f64()),
        order,
    }
}

fn remaining(order: &ProductionOrder) -> Option<Amount> {
    let rest = order
        .quantity
        .planned?
        .value()
        .checked_sub(order.quantity.good?.value())?;
    Some(Amount::new(rest.max(Decimal::ZERO)))
}

/// Breaks and shifts are not counted: the rate includes the stops of the time it was measured over.
fn expected_end(remaining: Amount, rate: Rate, now: Timestamp) -> Option<Timestamp> {
    let hours = remaining.value().to_f64()? / rate.per_hour;
    if hours > FARTHEST_HOURS {
        return None;
    }
    Some(now.plus(Duration::try_from_secs_f64(hours * 3600.0).ok()?))
}

fn lateness(
    order: &ProductionOrder,
    due: Option<Timestamp>,
    expected_end: Option<Timestamp>,
    now: Timestamp,
) -> (Lateness, Option<Duration>) {
    let Some(due) = due else {
        return (Lateness::Unknown, None);
    };
    let past = |end: Timestamp| (end > due).then(|| end.since(due));
    if let Some(end) = order.actual_end {
        return past(end).map_or((Lateness::OnTime, None), |late| (Lateness::Late, Some(late)));
    }
    if !is_open(order) {
        return (Lateness::Unknown, None);
    }
    let expected_late = expected_end.and_then(past);
    match (past(now), expected_late) {
        (Some(already), expected) => (Lateness::Late, Some(expected.unwrap_or(already).max(already))),
        (None, Some(late)) => (Lateness::ExpectedLate, Some(late)),
        (None, None) if expected_end.is_some() => (Lateness::OnTime, None),
        // Not due yet, and nothing says when it will end.
        (None, None) => (Lateness::Unknown, None),
    }
}

fn told(rate: Rate) -> OrderRate {
    OrderRate {
        per_hour: rate.per_hour,
        basis: match rate.source {
            RateSource::RecentHistory => RateBasis::RecentHistory,
            RateSource::SinceStart => RateBasis::SinceStart,
        },
        since: Timestamp::from_millis(rate.span.start),
        until: Timestamp::from_millis(rate.span.end),
    }
}

/// The latest first, then by due time, then by key.
fn place(order: &PlantOrder) -> (bool, u64, bool, Option<Timestamp>, &str) {
    let late = order.late_s.map(|late| Duration::from_secs_f64(late).as_secs());
    let has_ended = !is_open(&order.order);
    (
        has_ended,
        u64::MAX - late.unwrap_or(0),
        order.due.is_none(),
        order.due,
        &order.order.id,
    )
}
