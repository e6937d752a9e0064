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
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use crate::access::permit_operation;
use crate::audit;
use crate::cache::{Answer, CacheKey};
use crate::error::EngineError;
use crate::world::{Change, Engine, Tenant};

const DEFAULT_LIMIT: u32 = 100;
const MOST_LIMIT: u32 = 1_000;

/// Which part of the records is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Page {
    /// At most so many records; 100 when absent, at most 1000.
    pub limit: Option<u32>,
    /// Where the last page ended, as it said.
    pub cursor: Option<String>,
}

/// Records with everything that must be known about them.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ReadResult {
    /// The operation.
    pub operation: String,
    /// The records of this page.
    #[ts(type = "unknown[]")]
    pub records: Vec<Value>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
    /// How many records there are in all, when that is known.
    #[ts(type = "number | null")]
    pub total: Option<u64>,
    /// Whether a stated limit of the connector cut the records.
    pub is_truncated: bool,
    /// Class of the records.
    pub class: Class,
    /// The system they are from.
    pub source: System,
    /// When the system was asked.
    pub fetched_at: Timestamp,
    /// When the system says the data is from.
    pub observed_at: Option<Timestamp>,
    /// Age of the data, from `observed_at`, or from `fetched_at` when the system does not say.
    #[ts(type = "number")]
    pub age_ms: u64,
    /// Whether the answer was served from the cache.
    pub from_cache: bool,
    /// Whether the answer is older than it should be because the system does not answer.
    pub is_stale: bool,
    /// What was odd but not wrong.
    pub warnings: Vec<String>,
    /// Fields left out for lack of clearance. Every operation has one class for all its fields so far, so none is.
    pub hidden_fields: u32,
}

struct Found {
    answer: Arc<Answer>,
    from_cache: bool,
    /// Why an old answer is served.
    stale_because: Option<PortError>,
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
    let operation = operations::find(name)
        .filter(|operation| operation.effect == Effect::Read)
        .ok_or_else(|| EngineError::NotFound(format!("read operation: {}", visible(name, 100))))?;
    permit_operation(caller, operation)?;
    let parameters = (operation.validate)(parameters)?;
    let window = Window::of(page, operation, &parameters)?;
    let found = find(engine, tenant, caller, operation, &parameters).await?;
    let now = engine.clock.now();
    let result = slice(operation, &parameters, &window, &found, now);
    let mut detail = json!({
        "records": result.records.len(), "offset": window.offset, "from_cache": result.from_cache,
        "is_stale": result.is_stale, "class": operation.class,
        "parameters_sha256": hex(&parameters.sha256()),
    });
    if operation.class < Class::HighlyRestricted {
        detail["parameters"] = parameters.value().clone();
    }
    let event = AuditEvent::new(caller, now, "operation.read", operation.name.to_owned()).detail(detail);
    audit::note_read(engine, tenant, event).await?;
    Ok(result)
}

/// From the cache, from the system, or, when the system does not answer, from what it said before.
async fn find(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    operation: &'static Operation,
    parameters: &CanonicalJson,
) -> Result<Found, EngineError> {
    let key = CacheKey::new(operation.name, caller.clearance, parameters);
    let ttl = tenant.cache.ttl(operation.cache_ttl_s);
    if let Some(answer) = tenant.cache.get(&key, engine.clock.now()) {
        return Ok(Found {
            answer,
            from_cache: true,
            stale_because: None,
        });
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
        Ok(answer) => Ok(Found {
            answer,
            from_cache: false,
            stale_because: None,
        }),
        Err(error) if is_down(&error) => match tenant.cache.stale(&key) {
            Some(answer) => {
                tracing::warn!(operation = operation.name, detail = %error.detail, "serving an old answer: {error}");
                Ok(Found {
                    answer,
                    from_cache: true,
                    stale_because: Some(error),
                })
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
    operation: &Operation,
    parameters: &CanonicalJson,
    window: &Window,
    found: &Found,
    now: Timestamp,
) -> ReadResult {
    let Answer { fetched, fetched_at } = found.answer.as_ref();
    let end = window
        .offset
        .saturating_add(window.limit)
        .min(fetched.records.len());
    let records = fetched
        .records
        .get(window.offset..end)
        .unwrap_or_default()
        .to_vec();
    let has_more = end < fetched.records.len();
    let mut warnings = fetched.warnings.clone();
    if let Some(error) = &found.stale_because {
        let age = words_of_age(now.since(*fetched_at));
        warnings.push(format!(
            "{} does not answer; this is what it said {age} ago",
            error.system.as_str()
        ));
    }
    if window.fetched_at.is_some_and(|first| first != *fetched_at) {
        warnings.push(
            "the data was read again since the page before; records may repeat or be missing".to_owned(),
        );
    }
    let in_hand = u64::try_from(fetched.records.len()).ok();
    ReadResult {
        operation: operation.name.to_owned(),
        records,
        next_cursor: has_more.then(|| cursor(operation, parameters, end, *fetched_at)),
        total: fetched.total.or(in_hand.filter(|_| !fetched.is_truncated)),
        is_truncated: fetched.is_truncated,
        class: operation.class,
        source: operation.system,
        fetched_at: *fetched_at,
        observed_at: fetched.observed_at,
        age_ms: millis(now.since(fetched.observed_at.unwrap_or(*fetched_at))),
        from_cache: found.from_cache,
        is_stale: found.stale_because.is_some(),
        warnings,
        hidden_fields: 0,
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

struct Window {
    offset: usize,
    limit: usize,
    /// When the data of the page before was fetched.
    fetched_at: Option<Timestamp>,
}

impl Window {
    fn of(page: &Page, operation: &Operation, parameters: &CanonicalJson) -> Result<Self, EngineError> {
        let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST_LIMIT).contains(&limit) {
            return Err(EngineError::InvalidInput {
                field: "limit",
                message: format!("is out of range: {limit}"),
                hint: format!("Give 1 to {MOST_LIMIT}, or leave it out for {DEFAULT_LIMIT}."),
            });
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(text) = &page.cursor else {
            return Ok(Self {
                offset: 0,
                limit,
                fetched_at: None,
            });
        };
        let (offset, fetched_at) =
            read_cursor(text, operation, parameters).ok_or_else(|| EngineError::InvalidInput {
                field: "cursor",
                message: "does not belong to this operation and these parameters".to_owned(),
                hint: "Repeat the call that gave the cursor with the same parameters, or start without one."
                    .to_owned(),
            })?;
        Ok(Self {
            offset,
            limit,
            fetched_at: Some(fetched_at),
        })
    }
}

/// What ties a cursor to its operation and parameters.
fn cursor_tie(operation: &Operation, parameters: &CanonicalJson) -> String {
    format!("{}-{}", operation.name.len(), hex(&parameters.sha256()[..8]))
}

fn cursor(operation: &Operation, parameters: &CanonicalJson, offset: usize, fetched_at: Timestamp) -> String {
    let tie = cursor_tie(operation, parameters);
    hex(format!("{offset}:{}:{}:{tie}", fetched_at.millis(), operation.name).as_bytes())
}

fn read_cursor(text: &str, operation: &Operation, parameters: &CanonicalJson) -> Option<(usize, Timestamp)> {
    let bytes = (text.len() <= 400)
        .then(|| andon_domain::canonical::from_hex(text))
        .flatten()?;
    let inside = String::from_utf8(bytes).ok()?;
    let mut parts = inside.splitn(4, ':');
    let offset = parts.next()?.parse().ok()?;
    let fetched_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
    let is_ours = parts.next()? == operation.name && parts.next()? == cursor_tie(operation, parameters);
    is_ours.then_some((offset, fetched_at))
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
#[path = "dispatch_tests.rs"]
mod tests;
