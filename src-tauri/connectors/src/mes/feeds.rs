//! The feeds of the mirror. A list is asked for with the tag of its last answer, so that a plant where nothing changed
//! costs one short answer; windows begin on a full step of time, so that the same question is asked again for a while.

use std::time::Duration;

use andon_domain::ports::{Feed, FeedAsk, FeedBatch, FeedRecords, Window};
use andon_domain::records::{MachineStatus, ProductionOrder, Shift};
use andon_domain::{PortError, PortErrorKind, Timestamp};

use super::Mes;
use super::lists::{Ask, Listed, MAX_FEED, Read};
use super::offers::Part;
use super::reads::{ALL_ORDERS, LIMIT, MACHINES_LIMIT};
use super::records::Versioned;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How far back the calendar is kept: what a month's view of the plant needs.
const SHIFTS_BACK: Duration = Duration::from_secs(32 * 24 * 3600);
/// How far ahead: expected ends of orders a week off.
const SHIFTS_AHEAD: Duration = Duration::from_secs(8 * 24 * 3600);
/// Orders that ended are fetched from so long ago, which is the longest window of the Plant screen but "custom".
const ORDERS_BACK: Duration = Duration::from_secs(7 * 24 * 3600);
/// What changed is asked for of so long ago: the MES narrows by both times at once, and a correction may come late.
const CHANGED_BACK: Duration = Duration::from_secs(31 * 24 * 3600);
/// Orders that have not ended, and those nobody knows.
const OPEN_ORDERS: &str = "planned,released,active,paused,unknown";
const ENDED_ORDERS: &str = "completed,cancelled";
/// The list of open orders among those whose tags are kept.
const OPEN: &str = "open orders";

/// The records of one feed.
pub(super) async fn fetch(mes: &Mes, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError> {
    match feed {
        Feed::Machines => Ok(FeedRecords::Machines(machines(mes).await?)),
        Feed::Downtime => {
            let batch = events(mes, "downtime", Part::Downtime, ask, ask.changed_since).await?;
            Ok(FeedRecords::Downtime(batch))
        }
        Feed::ProductionOrders => Ok(FeedRecords::ProductionOrders(orders(mes, ask).await?)),
        Feed::Quality => {
            let batch = events(mes, "quality", Part::Quality, ask, ask.changed_since).await?;
            Ok(FeedRecords::Quality(batch))
        }
        Feed::MachineHistory => {
            // Segments do not tell when they were changed, so their whole window is read.
            let batch = events(mes, "history", Part::History, ask, None).await?;
            Ok(FeedRecords::MachineHistory(batch))
        }
        Feed::Calendar => Ok(FeedRecords::Calendar(calendar(mes).await?)),
        Feed::PurchaseOrders | Feed::Stock | Feed::CostCenters | Feed::Materials => {
            Err(Mes::failure(PortErrorKind::NotFound, "does not offer this feed"))
        }
    }
}

/// All machines as they are now.
async fn machines(mes: &Mes) -> Result<FeedBatch<MachineStatus>, PortError> {
    let ask = feed_ask(Part::Machines, vec![("limit", MACHINES_LIMIT)]);
    Ok(match mes.list_if_changed("machines", &ask).await? {
        Read::Unchanged(server_time) => unchanged(server_time, None),
        Read::List(listed) => all(listed),
    })
}

/// What touches a window, or what changed lately of it.
async fn events<R: Versioned>(
    mes: &Mes,
    name: &'static str,
    part: Part,
    ask: &FeedAsk,
    changed_since: Option<Timestamp>,
) -> Result<FeedBatch<R>, PortError> {
    if let Some(changed) = changed_since {
        let since = floor(ask.window_since.min(changed.minus(CHANGED_BACK)), HOUR).to_string();
        let changed = changed.to_string();
        let parameters = vec![
            ("since", since.as_str()),
            ("updated_since", &changed),
            ("limit", LIMIT),
        ];
        return Ok(part_of(mes.list(&feed_ask(part, parameters)).await?));
    }
    let since = floor(ask.window_since, HOUR);
    let window = |server_time: Option<Timestamp>| {
        let now = || server_time.max(Some(mes.clock.now())).unwrap_or_default();
        Window {
            since,
            until: ask.window_until.unwrap_or_else(now),
        }
    };
    let (since, until) = (since.to_string(), ask.window_until.map(|until| until.to_string()));
    let mut parameters = vec![("since", since.as_str()), ("limit", LIMIT)];
    if let Some(until) = &until {
        parameters.push(("until", until));
        // What was long ago is asked for once.
        let listed = mes.list(&feed_ask(part, parameters)).await?;
        return Ok(all_of(window(None), listed));
    }
    Ok(
        match mes.list_if_changed(name, &feed_ask(part, parameters)).await? {
            Read::Unchanged(server_time) => unchanged(server_time, Some(window(server_time))),
            Read::List(listed) => all_of(window(listed.server_time), listed),
        },
    )
}

/// Orders that changed, or all that are open with those that ended lately. A MES forgets orders that ended long ago, and the
/// mirror need not; of those that are open it has all.
async fn orders(mes: &Mes, ask: &FeedAsk) -> Result<FeedBatch<ProductionOrder>, PortError> {
    if let Some(changed) = ask.changed_since {
        let changed = changed.to_string();
        let parameters = vec![
            ("status", ALL_ORDERS),
            ("updated_since", changed.as_str()),
            ("limit", LIMIT),
        ];
        return Ok(part_of(mes.list(&feed_ask(Part::Orders, parameters)).await?));
    }
    let now = mes.clock.now();
    let since = floor(ask.window_since.min(now.minus(ORDERS_BACK)), HOUR);
    let window = Window { since, until: now };
    let since = since.to_string();
    let open = feed_ask(Part::Orders, vec![("status", OPEN_ORDERS), ("limit", LIMIT)]);
    let parameters = vec![
        ("status", ENDED_ORDERS),
        ("updated_since", since.as_str()),
        ("limit", LIMIT),
    ];
    let ended = feed_ask(Part::Orders, parameters);
    let open = mes.list_if_changed(OPEN, &open).await?;
    // Without the second list the first is not kept either, so it must not be "unchanged" the next time.
    let ended = mes
        .list_if_changed("ended orders", &ended)
        .await
        .inspect_err(|_| mes.forget_tag(OPEN))?;
    Ok(match (open, ended) {
        (Read::Unchanged(_), Read::Unchanged(server_time)) => unchanged(server_time, Some(window)),
        (Read::List(open), Read::Unchanged(_)) => all_of(window, open),
        (Read::Unchanged(_), Read::List(ended)) => part_of(ended),
        (Read::List(open), Read::List(ended)) => {
            let mut both = all_of(window, open);
            // An order that ended between the two answers is in both; the mirror keeps the higher version.
            both.records.extend(ended.records);
            both.dropped += ended.dropped;
            both.is_truncated |= ended.is_truncated;
            both.server_time = ended.server_time.or(both.server_time);
            both
        }
    })
}

/// Shifts of the last month and the next week. All of them, so that a shift that was cancelled is not counted on.
async fn calendar(mes: &Mes) -> Result<FeedBatch<Shift>, PortError> {
    let today = floor(mes.clock.now(), DAY);
    let window = Window {
        since: today.minus(SHIFTS_BACK),
        until: today.plus(SHIFTS_AHEAD),
    };
    let (since, until) = (window.since.to_string(), window.until.to_string());
    let parameters = vec![("since", since.as_str()), ("until", &until), ("limit", LIMIT)];
    let ask = feed_ask(Part::Calendar, parameters);
    Ok(match mes.list_if_changed("calendar", &ask).await? {
        Read::Unchanged(server_time) => unchanged(server_time, Some(window)),
        Read::List(listed) => all_of(window, listed),
    })
}

const fn feed_ask<'a>(part: Part, parameters: Vec<(&'a str, &'a str)>) -> Ask<'a> {
    Ask {
        part,
        parameters,
        most: MAX_FEED,
    }
}

/// The last full step of time at or before an instant.
fn floor(at: Timestamp, step: Duration) -> Timestamp {
    let step = i64::try_from(step.as_millis()).unwrap_or(1);
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(step))
}

fn unchanged<R>(server_time: Option<Timestamp>, window: Option<Window>) -> FeedBatch<R> {
    FeedBatch {
        is_unchanged: true,
        window,
        server_time,
        ..FeedBatch::default()
    }
}

/// A list that says nothing about what it lacks.
fn part_of<R>(listed: Listed<R>) -> FeedBatch<R> {
    for warning in &listed.warnings {
        tracing::debug!(warning, "odd records of the MES");
    }
    FeedBatch {
        records: listed.records,
        is_truncated: listed.is_truncated,
        dropped: listed.dropped,
        server_time: listed.server_time,
        ..FeedBatch::default()
    }
}

/// A list of everything there is of a time, where it came whole.
fn all_of<R>(window: Window, listed: Listed<R>) -> FeedBatch<R> {
    FeedBatch {
        window: Some(window),
        ..all(listed)
    }
}

/// A list of everything there is, where it came whole. A record without a usable key may be any of those that are missing.
fn all<R>(listed: Listed<R>) -> FeedBatch<R> {
    FeedBatch {
        is_complete: !listed.is_truncated && listed.dropped == 0,
        ..part_of(listed)
    }
}
