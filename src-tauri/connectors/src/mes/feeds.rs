//! The feeds of the mirror. A list is asked for with the tag of its last answer, so that a plant where nothing changed
//! costs one short answer; windows begin on a full step of time, so that the same question is asked again for a while.

use std::time::Duration;

use andon_domain::ports::{Feed, FeedAsk, FeedBatch, FeedRecords};
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
/// Orders that have not ended, and those nobody knows.
const OPEN_ORDERS: &str = "planned,released,active,paused,unknown";
const ENDED_ORDERS: &str = "completed,cancelled";

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
        Read::Unchanged(server_time) => unchanged(server_time, true),
        Read::List(listed) => {
            let is_complete = !listed.is_truncated;
            batch(listed, is_complete)
        }
    })
}

/// What touches a window. Never complete: what is older than the window is still there.
async fn events<R: Versioned>(
    mes: &Mes,
    name: &'static str,
    part: Part,
    ask: &FeedAsk,
    changed_since: Option<Timestamp>,
) -> Result<FeedBatch<R>, PortError> {
    let since = floor(ask.window_since, HOUR).to_string();
    let mut parameters = vec![("since", since.as_str()), ("limit", LIMIT)];
    let changed = changed_since.map(|since| since.to_string());
    if let Some(changed) = &changed {
        parameters.push(("updated_since", changed));
        return Ok(batch(mes.list(&feed_ask(part, parameters)).await?, false));
    }
    Ok(
        match mes.list_if_changed(name, &feed_ask(part, parameters)).await? {
            Read::Unchanged(server_time) => unchanged(server_time, false),
            Read::List(listed) => batch(listed, false),
        },
    )
}

/// Orders that changed, or all that are open with those that ended lately. Never complete: a MES forgets orders that ended
/// long ago, and the mirror need not.
async fn orders(mes: &Mes, ask: &FeedAsk) -> Result<FeedBatch<ProductionOrder>, PortError> {
    if let Some(changed) = ask.changed_since {
        let changed = changed.to_string();
        let parameters = vec![
            ("status", ALL_ORDERS),
            ("updated_since", changed.as_str()),
            ("limit", LIMIT),
        ];
        let listed = mes.list(&feed_ask(Part::Orders, parameters)).await?;
        return Ok(batch(listed, false));
    }
    let open = feed_ask(Part::Orders, vec![("status", OPEN_ORDERS), ("limit", LIMIT)]);
    let week_ago = mes.clock.now().minus(ORDERS_BACK);
    let since = floor(ask.window_since.min(week_ago), HOUR).to_string();
    let parameters = vec![
        ("status", ENDED_ORDERS),
        ("updated_since", since.as_str()),
        ("limit", LIMIT),
    ];
    let ended = feed_ask(Part::Orders, parameters);
    let open = mes.list_if_changed("open orders", &open).await?;
    let ended = mes.list_if_changed("ended orders", &ended).await?;
    Ok(match (open, ended) {
        (Read::Unchanged(_), Read::Unchanged(server_time)) => unchanged(server_time, false),
        (Read::List(listed), Read::Unchanged(_)) | (Read::Unchanged(_), Read::List(listed)) => {
            batch(listed, false)
        }
        (Read::List(open), Read::List(ended)) => {
            let mut both = batch(open, false);
            // An order that ended between the two answers is in both; the mirror keeps the higher version.
            both.records.extend(ended.records);
            both.dropped += ended.dropped;
            both.server_time = ended.server_time.or(both.server_time);
            both
        }
    })
}

/// Shifts of the last month and the next week. Complete, so that a shift that was cancelled is not counted on.
async fn calendar(mes: &Mes) -> Result<FeedBatch<Shift>, PortError> {
    let today = floor(mes.clock.now(), DAY);
    let (since, until) = (
        today.minus(SHIFTS_BACK).to_string(),
        today.plus(SHIFTS_AHEAD).to_string(),
    );
    let parameters = vec![("since", since.as_str()), ("until", &until), ("limit", LIMIT)];
    let ask = feed_ask(Part::Calendar, parameters);
    Ok(match mes.list_if_changed("calendar", &ask).await? {
        Read::Unchanged(server_time) => unchanged(server_time, true),
        Read::List(listed) => {
            let is_complete = !listed.is_truncated;
            batch(listed, is_complete)
        }
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

const fn unchanged<R>(server_time: Option<Timestamp>, is_complete: bool) -> FeedBatch<R> {
    FeedBatch {
        records: Vec::new(),
        is_unchanged: true,
        is_complete,
        dropped: 0,
        server_time,
    }
}

fn batch<R>(listed: Listed<R>, is_complete: bool) -> FeedBatch<R> {
    FeedBatch {
        records: listed.records,
        is_unchanged: false,
        is_complete,
        dropped: listed.dropped,
        server_time: listed.server_time,
    }
}
