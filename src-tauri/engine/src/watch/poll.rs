//! What one poll asks of a source and puts into the mirror: the newest, then what is missing before it.
//!
//! How far a feed is read moves only with the data, and only with all of it: an answer that a limit cut is kept, and asked
//! for again in shorter slices where the feed is of events. Slices begin short, so that a large plant is on the screens soon,
//! and grow while they come whole.

use std::time::Duration;

use andon_domain::ports::{Feed, FeedAsk, FeedBatch, FeedMark, FeedRecords, FeedSource, Merged};
use andon_domain::{PortError, PortErrorKind, Timestamp};

use super::reach::{self, Step};
use super::schedule::Brought;
use super::source_of;
use super::sync::skew_of;
use crate::world::{Engine, Tenant};

/// So long a poll goes on with what is missing; then the newest is asked for again first.
const PATIENCE: Duration = Duration::from_secs(20);

/// One poll of a feed.
pub(super) async fn poll(
    engine: &Engine,
    tenant: &Tenant,
    feed: Feed,
    mut wants_all: bool,
) -> Result<(Merged, Brought), PortError> {
    let source = source_of(tenant, feed)
        .ok_or_else(|| PortError::new(feed.system(), PortErrorKind::NotConfigured, "not configured"))?;
    let began = engine.clock.now();
    let mark = tenant.parts.mirror.mark(feed).await?;
    tenant.feeds.set_last_full(feed, mark.full);
    let mut merged = Merged::default();
    let (asked, step, taken) = loop {
        let asked = engine.clock.now();
        let known = FeedMark {
            full: mark.full.max(tenant.feeds.cut_full(feed)),
            ..mark
        };
        let mut step = reach::newest(feed, &known, asked, wants_all, tenant.feeds.slice(feed));
        if !step.is_full {
            step.mark.full = mark.full;
        }
        let taken = take(engine, tenant, source, feed, (&mark, &step)).await?;
        add(&mut merged, taken.merged);
        if !taken.is_truncated || !reach::is_of_events(feed) {
            break (asked, step, taken);
        }
        // Too many changes: everything comes in slices.
        if step.ask.changed_since.is_some() {
            wants_all = true;
        } else if !tenant.feeds.halve_slice(feed) {
            break (asked, step, taken);
        }
    };
    if step.is_full || taken.is_truncated {
        let cut_full = Some(asked).filter(|_| taken.is_truncated && step.is_full);
        tenant.feeds.set_truncated(feed, taken.is_truncated, cut_full);
    }
    let brought = Brought {
        asked,
        is_full: step.is_full,
        dropped: taken.dropped,
    };
    if !taken.is_truncated && step.mark.missing.is_some() {
        if step.is_full {
            tenant.feeds.double_slice(feed);
        }
        if tenant.feeds.last_ok(feed).is_none() {
            // The first answer since the start goes to the screens before anything older.
            tenant.feeds.want(feed, asked);
        } else {
            let older = catch_up(engine, tenant, source, feed, step.mark, began).await?;
            add(&mut merged, older);
        }
    }
    Ok((merged, brought))
}

/// Reads what is missing, the newest first, while there is time.
async fn catch_up(
    engine: &Engine,
    tenant: &Tenant,
    source: &dyn FeedSource,
    feed: Feed,
    mut mark: FeedMark,
    began: Timestamp,
) -> Result<Merged, PortError> {
    let mut merged = Merged::default();
    while let Some(step) = reach::missing(&mark, tenant.feeds.slice(feed)) {
        if engine.clock.now().since(began) >= PATIENCE {
            tenant.feeds.want(feed, engine.clock.now());
            break;
        }
        match take(engine, tenant, source, feed, (&mark, &step)).await {
            Ok(taken) => {
                add(&mut merged, taken.merged);
                if !taken.is_truncated {
                    mark = step.mark;
                    tenant.feeds.double_slice(feed);
                } else if !tenant.feeds.halve_slice(feed) {
                    tenant.feeds.set_truncated(feed, true, None);
                    break;
                }
            }
            // A source that refuses to look so far back is not asked again and again; the rest of the feed is well.
            Err(error) if error.kind == PortErrorKind::Rejected => {
                tracing::warn!(feed = feed.as_str(), detail = %error.detail, "what is missing of a feed is not to be had: {error}");
                let given_up = FeedMark {
                    missing: None,
                    ..mark
                };
                let now = engine.clock.now();
                tenant
                    .parts
                    .mirror
                    .put_read(&nothing(feed), now, &mark, &given_up)
                    .await?;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(merged)
}

struct Taken {
    merged: Merged,
    is_truncated: bool,
    dropped: u32,
}

/// One answer of the source, in the mirror.
async fn take(
    engine: &Engine,
    tenant: &Tenant,
    source: &dyn FeedSource,
    feed: Feed,
    (from, step): (&FeedMark, &Step),
) -> Result<Taken, PortError> {
    let asked = engine.clock.now();
    let records = source
        .fetch(feed, &by_their_clock(tenant, feed, &step.ask))
        .await?;
    let now = arrived(engine, tenant, asked, source.clock_skew_ms(), &records);
    let is_truncated = records.is_truncated();
    let mirror = &tenant.parts.mirror;
    let put = match (is_truncated, step.is_full && !reach::is_of_events(feed)) {
        (false, _) => mirror.put_read(&records, now, from, &step.mark).await,
        // Asking for everything again would bring no more; what changes from now on is asked for.
        (true, true) => {
            let to = FeedMark {
                full: from.full,
                ..step.mark
            };
            mirror.put_read(&records, now, from, &to).await
        }
        (true, false) => mirror.put(&records, now).await,
    };
    // The next answer must not be "unchanged" since one that was not kept.
    let merged = put.inspect_err(|_| source.forget())?;
    Ok(Taken {
        merged,
        is_truncated,
        dropped: records.dropped(),
    })
}

fn by_their_clock(tenant: &Tenant, feed: Feed, ask: &FeedAsk) -> FeedAsk {
    let ahead = skew_of(tenant, feed.system()).unwrap_or(0);
    let theirs = |ours: Timestamp| Timestamp::from_millis(ours.millis().saturating_add(ahead));
    FeedAsk {
        changed_since: ask.changed_since.map(theirs),
        window_since: theirs(ask.window_since),
        window_until: ask.window_until.map(theirs),
    }
}

/// Notes the source's clock: as it read it off single answers, else as of the middle of the whole fetch. Returns our time now.
fn arrived(
    engine: &Engine,
    tenant: &Tenant,
    asked: Timestamp,
    read: Option<i64>,
    records: &FeedRecords,
) -> Timestamp {
    let now = engine.clock.now();
    let of_fetch = || {
        let middle = asked.plus(now.since(asked) / 2);
        Some(records.server_time()?.millis().saturating_sub(middle.millis()))
    };
    if let Some(ahead) = read.or_else(of_fetch) {
        tenant.feeds.set_skew(records.feed().system(), ahead);
    }
    now
}

/// An answer about no record.
fn nothing(feed: Feed) -> FeedRecords {
    match feed {
        Feed::Quality => FeedRecords::Quality(FeedBatch::default()),
        Feed::Downtime => FeedRecords::Downtime(FeedBatch::default()),
        _ => FeedRecords::MachineHistory(FeedBatch::default()),
    }
}

const fn add(all: &mut Merged, one: Merged) {
    all.changed += one.changed;
    all.ignored += one.ignored;
    all.removed += one.removed;
}
