//! The read journey: permitted, valid, from the cache or the system, written down, and only then answered.
//!
//! Writes take another way (`approve`). An old answer is served only when the system does not answer, and it says so.

use std::sync::Arc;
use std::time::Duration;

use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::canonical::hex;
use andon_domain::operations::{Effect, Operation};
use andon_domain::ports::{Feed, ReadOperation};
use andon_domain::text::visible;
use andon_domain::{
    Caller, CanonicalJson, Class, PortError, PortErrorKind, System, TenantId, Timestamp, operations,
};
use serde_json::{Value, json};

mod browse;
mod page;
mod sight;

pub use browse::{Browsed, Exported, Look, browse, export};
pub use page::Page;

use page::{Window, cursor};
use sight::Sight;

use crate::access::permit_operation;
use crate::audit;
use crate::cache::{Answer, CacheKey};
use crate::error::EngineError;
use crate::watch::skew_of;
use crate::world::{Change, Engine, Tenant};

/// Records with everything that must be known about them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadResult {
    /// The records of this page.
    pub records: Vec<Value>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
    /// How many records there are in all, when that is known.
    pub total: Option<u64>,
    /// What must be known about them.
    pub about: About,
}

/// What must be known about records, whichever part of them is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The operation.
    pub operation: &'static str,
    /// Whether a stated limit of the connector cut the records.
    pub is_truncated: bool,
    /// How many the system has, when it tells and more exist than were fetched.
    pub source_total: Option<u64>,
    /// Highest class of what is left in the records.
    pub class: Class,
    /// The system they are from.
    pub source: System,
    /// When the system was asked.
    pub fetched_at: Timestamp,
    /// When the system says the data is from, by its clock.
    pub observed_at: Option<Timestamp>,
    /// Age of the data, from `observed_at`, or from `fetched_at` when the system does not say.
    pub age_ms: u64,
    /// Whether the answer was served from the cache.
    pub from_cache: bool,
    /// Whether the answer is older than it should be because the system does not answer.
    pub is_stale: bool,
    /// What was odd but not wrong.
    pub warnings: Vec<String>,
    /// Paths of the fields that are left out for lack of clearance.
    pub hidden: Vec<String>,
}

/// A read that was permitted and answered, before a part of it is shown.
struct Opened {
    operation: &'static Operation,
    parameters: CanonicalJson,
    sight: Sight,
    found: Found,
}

/// Whether an answer that the cache still holds is new enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Cached,
    /// A person wants what the system says now. An old answer still stands in when the system is down.
    Asked,
}

struct Found {
    answer: Arc<Answer>,
    from_cache: bool,
    /// Why an old answer is served.
    stale_because: Option<PortError>,
    /// How far the clock of the system is ahead of ours.
    ahead_ms: i64,
}

/// Runs a read of the operation table. The audit log has its line before this returns.
///
/// # Errors
/// Not permitted, not valid, not configured, or the system or the audit log failed. Each is written down too.
pub async fn read(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    page: &Page,
) -> Result<ReadResult, EngineError> {
    let result = try_read(engine, caller, name, parameters, page).await;
    noted(engine, caller, name, result).await
}

/// The result, after the audit log has its line when it is a refusal or a failure.
async fn noted<T>(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    result: Result<T, EngineError>,
) -> Result<T, EngineError> {
    if let Err(failure) = &result
        && let Ok(tenant) = engine.tenant(&caller.tenant)
        && !is_audit_failure(failure)
    {
        note_failure(engine, tenant, caller, name, failure).await?;
    }
    result
}

async fn try_read(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    page: &Page,
) -> Result<ReadResult, EngineError> {
    let tenant = engine.tenant(&caller.tenant)?;
    let (operation, parameters, sight) = checked(caller, name, parameters)?;
    let window = Window::of(page, operation, &parameters)?;
    let found = find(engine, tenant, caller, operation, &parameters, Freshness::Cached).await?;
    let now = engine.clock.now();
    let result = slice(operation, &parameters, &sight, &window, &found, now);
    let mut detail = json!({
        "records": result.records.len(), "offset": window.offset, "from_cache": result.about.from_cache,
        "is_stale": result.about.is_stale, "class": result.about.class,
        "parameters_sha256": hex(&parameters.sha256()),
    });
    if operation.class < Class::HighlyRestricted {
        detail["parameters"] = parameters.value().clone();
    }
    let event = AuditEvent::new(caller, now, "operation.read", operation.name.to_owned()).detail(detail);
    audit::note_read(engine, tenant, event).await?;
    Ok(result)
}

/// The operation, its valid parameters and what the caller sees of its records, when the caller may run it so.
fn checked(
    caller: &Caller,
    name: &str,
    parameters: &Value,
) -> Result<(&'static Operation, CanonicalJson, Sight), EngineError> {
    let operation = operations::find(name)
        .filter(|operation| operation.effect == Effect::Read)
        .ok_or_else(|| EngineError::NotFound(format!("read operation: {}", visible(name, 100))))?;
    permit_operation(caller, operation)?;
    let parameters = (operation.validate)(parameters)?;
    let sight = Sight::of(operation, caller.clearance);
    // Who may not see a field could find its value out by filtering for it.
    let named = parameters.value().as_object().into_iter().flatten();
    if let Some(field) = named.filter_map(|(name, _)| sight.hidden_by_name(name)).next() {
        return Err(EngineError::NotPermitted {
            permission: format!(
                "{} filters by {field}, which is above the clearance",
                operation.name
            ),
            needs: None,
        });
    }
    Ok((operation, parameters, sight))
}

/// The answer of a read, permitted and with its parameters checked, whole.
async fn open(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    freshness: Freshness,
) -> Result<Opened, EngineError> {
    let tenant = engine.tenant(&caller.tenant)?;
    let (operation, parameters, sight) = checked(caller, name, parameters)?;
    let found = find(engine, tenant, caller, operation, &parameters, freshness).await?;
    Ok(Opened {
        operation,
        parameters,
        sight,
        found,
    })
}

/// From the cache, from the system, or, when the system does not answer, from what it said before.
async fn find(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    operation: &'static Operation,
    parameters: &CanonicalJson,
    freshness: Freshness,
) -> Result<Found, EngineError> {
    let ahead_ms = skew_of(tenant, operation.system).unwrap_or(0);
    let found = |answer, from_cache, stale_because| Found {
        answer,
        from_cache,
        stale_because,
        ahead_ms,
    };
    let key = CacheKey::new(operation.name, caller.clearance, parameters);
    let ttl = tenant.cache.ttl(operation.cache_ttl_s);
    if freshness == Freshness::Cached
        && let Some(answer) = tenant.cache.get(&key, engine.clock.now())
    {
        return Ok(found(answer, true, None));
    }
    let binding = tenant
        .parts
        .systems
        .reads
        .get(operation.name)
        .ok_or_else(|| not_configured(operation.system))?;
    let ask = || ask(engine, tenant, &key, binding.as_ref(), parameters, ttl);
    let fetched = if ttl.is_zero() {
        ask().await
    } else {
        tenant.cache.once(&key, ask).await
    };
    match fetched {
        Ok(answer) => Ok(found(answer, false, None)),
        Err(error) if is_down(&error) => match tenant.cache.stale(&key) {
            Some(answer) => {
                tracing::warn!(operation = operation.name, detail = %error.detail, "serving an old answer: {error}");
                Ok(found(answer, true, Some(error)))
            }
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

async fn ask(
    engine: &Engine,
    tenant: &Tenant,
    key: &CacheKey,
    binding: &dyn ReadOperation,
    parameters: &CanonicalJson,
    ttl: Duration,
) -> Result<Arc<Answer>, PortError> {
    let asked_in = tenant.cache.generation(key);
    let fetched_at = engine.clock.now();
    let answer = Arc::new(Answer {
        fetched: binding.read(parameters).await?,
        fetched_at,
    });
    tenant.cache.put(*key, answer.clone(), ttl, asked_in);
    Ok(answer)
}

/// Whether the system gives no answer at all. A refusal is an answer: it never brings an old one back.
fn is_down(error: &PortError) -> bool {
    matches!(
        error.kind,
        PortErrorKind::Unavailable | PortErrorKind::TimedOut | PortErrorKind::Locked
    )
}

fn slice(
    operation: &'static Operation,
    parameters: &CanonicalJson,
    sight: &Sight,
    window: &Window,
    found: &Found,
    now: Timestamp,
) -> ReadResult {
    let Answer { fetched, fetched_at } = found.answer.as_ref();
    let end = window
        .offset
        .saturating_add(window.limit)
        .min(fetched.records.len());
    let records = fetched.records.get(window.offset..end).unwrap_or_default();
    let has_more = end < fetched.records.len();
    let mut about = about(operation, sight, found, now);
    if window.fetched_at.is_some_and(|first| first != *fetched_at) {
        about.warnings.push(
            "the data was read again since the page before; records may repeat or be missing".to_owned(),
        );
    }
    let in_hand = u64::try_from(fetched.records.len()).ok();
    ReadResult {
        records: records.iter().map(|record| sight.shown(record)).collect(),
        next_cursor: has_more.then(|| cursor(operation, parameters, end, *fetched_at)),
        total: fetched.total.or(in_hand.filter(|_| !fetched.is_truncated)),
        about,
    }
}

fn about(operation: &'static Operation, sight: &Sight, found: &Found, now: Timestamp) -> About {
    let Answer { fetched, fetched_at } = found.answer.as_ref();
    // What a system says of time is by its own clock.
    let theirs = Timestamp::from_millis(now.millis().saturating_add(found.ahead_ms));
    let age = match fetched.observed_at {
        Some(observed) => theirs.since(observed),
        None => now.since(*fetched_at),
    };
    let mut warnings = fetched.warnings.clone();
    if let Some(error) = &found.stale_because {
        let age = words_of_age(now.since(*fetched_at));
        warnings.push(format!(
            "{} does not answer; this is what it said {age} ago",
            error.system.as_str()
        ));
    }
    About {
        operation: operation.name,
        is_truncated: fetched.is_truncated,
        source_total: fetched.total,
        class: sight.class,
        source: operation.system,
        fetched_at: *fetched_at,
        observed_at: fetched.observed_at,
        age_ms: millis(age),
        from_cache: found.from_cache,
        is_stale: found.stale_because.is_some(),
        warnings,
        hidden: sight.names.clone(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn words_of_age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// Forgets the answers a successful write made wrong, and asks for the feeds that show them.
pub fn invalidate_for(engine: &Engine, tenant: &TenantId, operation: &Operation) {
    let Ok(tenant) = engine.tenant(tenant) else { return };
    tenant.cache.invalidate(operation.invalidates);
    let now = engine.clock.now();
    for feed in operation.invalidates.iter().filter_map(|read| feed_of(read)) {
        tenant.feeds.want(feed, now);
        engine.announce(Change::SyncWanted {
            tenant: tenant.parts.id.clone(),
            feed,
        });
    }
}

/// The feed that mirrors what a read operation returns.
fn feed_of(operation: &str) -> Option<Feed> {
    match operation {
        "sap.get_purchase_orders" => Some(Feed::PurchaseOrders),
        "sap.get_inventory" => Some(Feed::Stock),
        "mes.get_machine_status" => Some(Feed::Machines),
        "sap.get_cost_centers" => Some(Feed::CostCenters),
        "sap.get_materials" => Some(Feed::Materials),
        "mes.get_downtime_events" => Some(Feed::Downtime),
        "mes.get_production_orders" => Some(Feed::ProductionOrders),
        "mes.get_quality_reports" => Some(Feed::Quality),
        "mes.get_machine_history" => Some(Feed::MachineHistory),
        "mes.get_shift_calendar" => Some(Feed::Calendar),
        _ => None,
    }
}

/// What to set so that a system is configured.
pub(crate) const fn what_to_set(system: System) -> &'static str {
    match system {
        System::Sap => "Set SAP_ODATA_ENDPOINT and its credentials.",
        System::Mes => "Set MES_REST_ENDPOINT and its token.",
        System::Model => "Name a model and its endpoint in the configuration.",
        System::Sql | System::Storage | System::Keyring => "Look at the configuration of the console.",
    }
}

pub(crate) fn not_configured(system: System) -> EngineError {
    EngineError::NotConfigured(format!("{}. {}", system.as_str(), what_to_set(system)))
}

/// The log that cannot be written has nothing to be told about itself.
fn is_audit_failure(failure: &EngineError) -> bool {
    matches!(failure, EngineError::Port(error) if error.system == System::Storage)
}

async fn note_failure(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    name: &str,
    failure: &EngineError,
) -> Result<(), EngineError> {
    let (action, outcome) = match failure {
        EngineError::Port(_) => ("operation.read_failed", AuditOutcome::Failed),
        _ => ("operation.read_refused", AuditOutcome::Refused),
    };
    let event = AuditEvent::new(caller, engine.clock.now(), action, visible(name, 100))
        .outcome(outcome)
        .detail(json!({"reason": visible(&failure.to_string(), 500)}));
    audit::note(engine, tenant, event).await
}

#[cfg(test)]
mod tests;
