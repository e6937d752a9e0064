//! One poll or one event: from the source into the mirror, then a ring of the bell. A feed that turns bad or good again is
//! an event of the audit log; a poll is not. What a poll asks for is in `poll`.

use std::time::Duration;

use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::ports::{Feed, FeedBatch, FeedRecords, Merged, PlantEvent};
use andon_domain::records::{DowntimeEvent, MachineStatus, ProductionOrder, QualityReport};
use andon_domain::{Caller, Permission, PortError, PortErrorKind, System, TenantId, Timestamp};
use futures_util::StreamExt;
use serde_json::json;

use super::intervals::is_streamed;
use super::poll::poll;
use super::schedule::{Offer, Turn};
use super::view::FeedView;
use super::{FEEDS, offer, source_of};
use crate::access::permit;
use crate::audit;
use crate::dispatch::not_configured;
use crate::error::EngineError;
use crate::world::{Change, Engine, Tenant};

/// Events of the stream that go into the mirror together, when so many are there.
const MOST_EVENTS: usize = 256;

/// The configured feeds of a tenant that are due now.
///
/// # Errors
/// [`EngineError::NotFound`] for an unknown tenant.
pub fn due(engine: &Engine, tenant: &TenantId) -> Result<Vec<Feed>, EngineError> {
    let tenant = engine.tenant(tenant)?;
    let due = tenant.feeds.tick(engine.clock.now());
    Ok(due
        .into_iter()
        .filter(|feed| offer(tenant, *feed) == Offer::Offered)
        .collect())
}

/// Fetches one feed and merges it into the mirror. `None` when it is being fetched already.
///
/// # Errors
/// Not configured, or the source or the mirror failed. The feed's state has it too, and its turn is logged here: a timer
/// may ignore the error.
pub async fn sync_feed(
    engine: &Engine,
    tenant: &TenantId,
    feed: Feed,
) -> Result<Option<Merged>, EngineError> {
    let tenant = engine.tenant(tenant)?;
    match offer(tenant, feed) {
        Offer::Offered => {}
        Offer::NotOffered => return Err(not_offered(feed)),
        Offer::NotConfigured => return Err(not_configured(feed.system())),
    }
    let Some(flight) = tenant.feeds.start(feed) else {
        return Ok(None);
    };
    let result = poll(engine, tenant, feed, flight.wants_all()).await;
    let mut random = [0];
    engine.ids.random(&mut random);
    let ended = result.as_ref().map(|(_, brought)| *brought);
    let turn = flight.finish(engine.clock.now(), ended, random[0]);
    note_turn(engine, tenant, feed, turn, result.as_ref().err()).await;
    // Also without a change in the data: the screens show when the source last answered.
    if result.is_ok() || turn != Turn::None {
        engine.announce(Change::FeedChanged {
            tenant: tenant.parts.id.clone(),
            feed,
        });
    }
    Ok(Some(result?.0))
}

/// How far a system's clock is ahead of ours: by the last answer of its feeds, or else by the last health check.
pub(crate) fn skew_of(tenant: &Tenant, system: System) -> Option<i64> {
    let checked = || {
        tenant
            .health
            .get(system)
            .and_then(|(health, _)| health.clock_skew_ms)
    };
    tenant.feeds.skew(system).or_else(checked)
}

async fn note_turn(engine: &Engine, tenant: &Tenant, feed: Feed, turn: Turn, error: Option<&PortError>) {
    let tenant_id = &tenant.parts.id;
    let (action, outcome) = match turn {
        Turn::None => return,
        Turn::Failing => ("feed.failing", AuditOutcome::Failed),
        Turn::Recovered => ("feed.recovered", AuditOutcome::Done),
    };
    if let Some(error) = error {
        tracing::warn!(tenant = %tenant_id, feed = feed.as_str(), detail = %error.detail, "feed fails: {error}");
    } else {
        tracing::info!(tenant = %tenant_id, feed = feed.as_str(), "feed works again");
    }
    let system = Caller::system(tenant_id.clone());
    let event = AuditEvent::new(&system, engine.clock.now(), action, feed.as_str().to_owned())
        .outcome(outcome)
        .detail(json!({"reason": error.map(ToString::to_string)}));
    // The trouble of the log itself is remembered for the status line; the feed goes on.
    let _ = audit::note(engine, tenant, event).await;
}

/// Takes events of the plant's stream into the mirror, in one transaction for each feed.
///
/// # Errors
/// The mirror failed, or an unknown tenant.
pub async fn apply_events(
    engine: &Engine,
    tenant: &TenantId,
    events: impl IntoIterator<Item = PlantEvent>,
) -> Result<(), EngineError> {
    let tenant = engine.tenant(tenant)?;
    tenant.feeds.stream_heard(engine.clock.now());
    let mut heard = Heard::default();
    for event in events {
        match event {
            PlantEvent::Machine(machine) => heard.machines.push(*machine),
            PlantEvent::Downtime(downtime) => heard.downtime.push(*downtime),
            PlantEvent::Order(order) => heard.orders.push(*order),
            PlantEvent::Quality(report) => heard.quality.push(*report),
            PlantEvent::Resync => {
                // What came before it stays true; everything is fetched after it.
                std::mem::take(&mut heard).keep(engine, tenant).await?;
                let now = engine.clock.now();
                for feed in FEEDS.into_iter().filter(|feed| feed.system() == System::Mes) {
                    tenant.feeds.want_all(feed, now);
                }
                if let Some(plant) = &tenant.parts.systems.plant {
                    plant.forget();
                }
            }
            PlantEvent::Alive => {}
        }
    }
    heard.keep(engine, tenant).await
}

/// Records of the stream that are not in the mirror yet.
#[derive(Default)]
struct Heard {
    machines: Vec<MachineStatus>,
    downtime: Vec<DowntimeEvent>,
    orders: Vec<ProductionOrder>,
    quality: Vec<QualityReport>,
}

impl Heard {
    async fn keep(self, engine: &Engine, tenant: &Tenant) -> Result<(), EngineError> {
        let batches = [
            FeedRecords::Machines(some(self.machines)),
            FeedRecords::Downtime(some(self.downtime)),
            FeedRecords::ProductionOrders(some(self.orders)),
            FeedRecords::Quality(some(self.quality)),
        ];
        for records in batches {
            let feed = records.feed();
            if records.is_empty() || tenant.feeds.is_paused(feed) {
                continue;
            }
            tenant.parts.mirror.put(&records, engine.clock.now()).await?;
            engine.announce(Change::FeedChanged {
                tenant: tenant.parts.id.clone(),
                feed,
            });
        }
        Ok(())
    }
}

/// A batch of some records, which says nothing about any other.
fn some<T>(records: Vec<T>) -> FeedBatch<T> {
    FeedBatch {
        records,
        ..FeedBatch::default()
    }
}

/// Whether a stream should be open: there is a MES, it accepts our logon, and nobody paused it.
///
/// # Errors
/// [`EngineError::NotFound`] for an unknown tenant.
pub fn should_follow(engine: &Engine, tenant: &TenantId) -> Result<bool, EngineError> {
    let tenant = engine.tenant(tenant)?;
    Ok(tenant.parts.systems.plant.is_some() && tenant.feeds.may_listen())
}

/// How long the MES asked to wait before a lost stream is opened again, where it did.
#[must_use]
pub fn asked_to_wait(engine: &Engine, tenant: &TenantId) -> Option<Duration> {
    let tenant = engine.tenant(tenant).ok()?;
    tenant.parts.systems.plant.as_ref()?.reconnect_after()
}

/// Listens to the plant until the stream ends. `app` calls it again after [`super::reconnect_after`].
///
/// # Errors
/// Why the stream could not be opened or ended; `Ok` when the MES ended it.
pub async fn follow(engine: &Engine, tenant: &TenantId) -> Result<(), EngineError> {
    let tenant = engine.tenant(tenant)?;
    let plant = tenant
        .parts
        .systems
        .plant
        .as_ref()
        .ok_or_else(|| not_configured(System::Mes))?;
    let mut events = match plant.listen().await {
        // A large plant tells more than one transaction an event could take in.
        Ok(events) => events.ready_chunks(MOST_EVENTS),
        Err(error) => {
            if error.kind == PortErrorKind::Unauthorized {
                tenant.feeds.stream_refused(&error);
            }
            return Err(error.into());
        }
    };
    let _live = Live::open(engine, tenant);
    while let Some(chunk) = events.next().await {
        let mut end = None;
        let told = chunk
            .into_iter()
            .map_while(|event| event.map_err(|error| end = Some(error)).ok());
        apply_events(engine, &tenant.parts.id, told.collect::<Vec<_>>()).await?;
        if let Some(error) = end {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Marks the stream as open and, however it ends, as lost.
struct Live<'e> {
    engine: &'e Engine,
    tenant: &'e Tenant,
}

impl<'e> Live<'e> {
    fn open(engine: &'e Engine, tenant: &'e Tenant) -> Self {
        tenant.feeds.stream_opened(engine.clock.now());
        let live = Self { engine, tenant };
        live.announce();
        live
    }

    fn announce(&self) {
        for feed in FEEDS.into_iter().filter(|feed| is_streamed(*feed)) {
            self.engine.announce(Change::FeedChanged {
                tenant: self.tenant.parts.id.clone(),
                feed,
            });
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.tenant.feeds.stream_lost(self.engine.clock.now());
        self.announce();
    }
}

/// Asks for a feed to be fetched as soon as possible.
///
/// # Errors
/// [`EngineError::NotFound`] for an unknown tenant.
pub fn want(engine: &Engine, tenant: &TenantId, feed: Feed) -> Result<(), EngineError> {
    engine.tenant(tenant)?.feeds.want(feed, engine.clock.now());
    engine.announce(Change::SyncWanted {
        tenant: tenant.clone(),
        feed,
    });
    Ok(())
}

/// The credentials of a system changed: its feeds are tried again.
///
/// # Errors
/// [`EngineError::NotFound`] for an unknown tenant.
pub fn resume(engine: &Engine, tenant: &TenantId, system: System) -> Result<(), EngineError> {
    engine.tenant(tenant)?.feeds.resume(system, engine.clock.now());
    for feed in FEEDS.into_iter().filter(|feed| feed.system() == system) {
        engine.announce(Change::SyncWanted {
            tenant: tenant.clone(),
            feed,
        });
    }
    Ok(())
}

/// Pauses a feed or lets it go on.
///
/// # Errors
/// Not permitted, or the audit log failed; nothing changed then.
pub async fn set_paused(
    engine: &Engine,
    caller: &Caller,
    feed: Feed,
    is_paused: bool,
) -> Result<(), EngineError> {
    permit(caller, Permission::ConnectorManage)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let action = if is_paused { "feed.paused" } else { "feed.resumed" };
    let event = AuditEvent::new(caller, engine.clock.now(), action, feed.as_str().to_owned());
    audit::note(engine, tenant, event).await?;
    tenant.feeds.set_paused(feed, is_paused, engine.clock.now());
    engine.announce(Change::FeedChanged {
        tenant: caller.tenant.clone(),
        feed,
    });
    Ok(())
}

/// A person wants a feed fetched now.
///
/// # Errors
/// Not permitted, not configured, not offered, paused, or the audit log failed; nothing was asked for then.
pub async fn ask_now(engine: &Engine, caller: &Caller, feed: Feed) -> Result<(), EngineError> {
    permit(caller, Permission::ConnectorManage)?;
    let tenant = engine.tenant(&caller.tenant)?;
    match offer(tenant, feed) {
        Offer::Offered => {}
        Offer::NotOffered => return Err(not_offered(feed)),
        Offer::NotConfigured => return Err(not_configured(feed.system())),
    }
    if tenant.feeds.is_paused(feed) {
        return Err(EngineError::InvalidInput {
            field: "feed",
            message: format!("is paused: {}", feed.as_str()),
            hint: "Let it go on first; it is then fetched at once.".to_owned(),
        });
    }
    let event = AuditEvent::new(
        caller,
        engine.clock.now(),
        "feed.sync_asked",
        feed.as_str().to_owned(),
    );
    audit::note(engine, tenant, event).await?;
    want(engine, &caller.tenant, feed)
}

/// Throws the mirror's copy of these feeds away, of all when none is named, and has them read in full.
///
/// # Errors
/// Not permitted, or the audit log or the mirror failed.
pub async fn rebuild(engine: &Engine, caller: &Caller, feeds: &[Feed]) -> Result<(), EngineError> {
    permit(caller, Permission::ConnectorManage)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let feeds = if feeds.is_empty() { &FEEDS } else { feeds };
    let names: Vec<&str> = feeds.iter().map(|feed| feed.as_str()).collect();
    let event =
        AuditEvent::new(caller, engine.clock.now(), "mirror.rebuilt", None).detail(json!({ "feeds": names }));
    audit::note(engine, tenant, event).await?;
    tenant.parts.mirror.clear(feeds).await?;
    tenant.trend.forget();
    let now = engine.clock.now();
    for feed in feeds {
        if let Some(source) = source_of(tenant, *feed) {
            source.forget();
        }
        tenant.feeds.want_all(*feed, now);
        engine.announce(Change::FeedChanged {
            tenant: caller.tenant.clone(),
            feed: *feed,
        });
        engine.announce(Change::SyncWanted {
            tenant: caller.tenant.clone(),
            feed: *feed,
        });
    }
    Ok(())
}

/// How every feed is.
///
/// # Errors
/// Not permitted.
pub fn feeds_view(engine: &Engine, caller: &Caller) -> Result<Vec<FeedView>, EngineError> {
    permit(caller, Permission::PlantView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let now = engine.clock.now();
    Ok(FEEDS.into_iter().map(|feed| view_of(tenant, feed, now)).collect())
}

/// How one feed is.
///
/// # Errors
/// Not permitted.
pub fn feed_view(engine: &Engine, caller: &Caller, feed: Feed) -> Result<FeedView, EngineError> {
    permit(caller, Permission::PlantView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    Ok(view_of(tenant, feed, engine.clock.now()))
}

/// A feed as screens show it.
pub(super) fn view_of(tenant: &Tenant, feed: Feed, now: Timestamp) -> FeedView {
    tenant.feeds.view(feed, offer(tenant, feed), now)
}

fn not_offered(feed: Feed) -> EngineError {
    let (system, feed) = (feed.system().as_str(), feed.as_str());
    EngineError::NotFound(format!("feed {feed}; {system} does not offer it"))
}
