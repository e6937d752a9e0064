//! Doubles of the ports for the tests of this crate: everything in memory, time and randomness by hand.
//!
//! What they cannot show (files, networks, SQL) is tested in `tests/it` with the real parts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use andon_approvals::{
    ApprovalFilter, ApprovalJournal, ApprovalRequest, ApprovalRow, Changed, Inserted, JoinRule, Progress,
    RiskPolicy, State,
};
use andon_domain::agent::{AgentGrant, AgentRecord};
use andon_domain::audit::{AuditEntry, AuditEvent};
use andon_domain::ports::{
    AgentRegistry, AuditFilter, AuditLog, AuditVerdict, Feed, FeedAsk, FeedBatch, FeedMark, FeedRecords,
    FeedSource, Fetched, KeyringState, Merged, Mirror, PlantEvents, PlantFeed, QueryHistory, QueryRecord,
    ReadOperation, SecretStore, Settings, Window,
};
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use andon_domain::time::Moment;
use andon_domain::{
    AgentId, Amount, ApprovalId, Caller, CanonicalJson, Class, Clock, Ids, Money, PortError, PortErrorKind,
    Principal, Role, Secret, System, TenantId, Timestamp, UserId, Via,
};
use andon_guard::{Cell, CheckedQuery, Dialect, Policy, QuerySource, ResultColumn, RowSet, RunLimits};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::cache::CacheLimits;
use crate::world::{Engine, EngineParts, Systems, TenantParts};

pub(crate) const START: i64 = 1_782_137_076_000;

/// A clock that moves only when told.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn forward(&self, duration: Duration) {
        self.0
            .fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn moment(&self) -> Moment {
        let now = self.0.load(Ordering::SeqCst);
        Moment {
            utc: Timestamp::from_millis(now),
            boot_ms: u64::try_from(now).unwrap(),
            boot_id: "boot".to_owned(),
        }
    }
}

/// Ids that count, and bytes from a counter.
#[derive(Default)]
pub(crate) struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }

    fn random(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = u8::try_from(self.0.fetch_add(1, Ordering::SeqCst) % 251).unwrap();
        }
    }
}

/// An audit log that can be told to refuse.
#[derive(Default)]
pub(crate) struct MemoryAudit {
    pub(crate) events: Mutex<Vec<AuditEvent>>,
    pub(crate) refuses: AtomicBool,
}

impl MemoryAudit {
    pub(crate) fn actions(&self) -> Vec<String> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|event| event.action.clone())
            .collect()
    }

    pub(crate) fn last(&self) -> AuditEvent {
        self.events
            .lock()
            .unwrap()
            .last()
            .cloned()
            .expect("an event was written")
    }

    fn push(&self, event: AuditEvent) -> Result<(), PortError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(PortError::storage("disk full"));
        }
        self.events.lock().unwrap().push(event);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for MemoryAudit {
    async fn append(&self, event: AuditEvent) -> Result<(), PortError> {
        self.push(event)
    }
    async fn append_read(&self, event: AuditEvent) -> Result<(), PortError> {
        self.push(event)
    }
    async fn tail(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, PortError> {
        let events = self.events.lock().unwrap();
        let first = events.len().saturating_sub(filter.limit as usize);
        let entry = |(place, event): (usize, &AuditEvent)| AuditEntry {
            sequence: i64::try_from(place).unwrap() + 1,
            hash: String::new(),
            event: event.clone(),
        };
        Ok(events.iter().enumerate().skip(first).map(entry).collect())
    }
    async fn verify(&self) -> Result<AuditVerdict, PortError> {
        let events = i64::try_from(self.events.lock().unwrap().len()).unwrap();
        Ok(AuditVerdict {
            is_intact: true,
            events,
            first_bad: None,
            message: String::new(),
        })
    }
}

type TokenHash = [u8; 32];

/// Agents in memory; touches are counted.
#[derive(Default)]
pub(crate) struct MemoryAgents {
    pub(crate) rows: Mutex<Vec<(TokenHash, AgentRecord)>>,
    pub(crate) touches: AtomicU32,
}

#[async_trait]
impl AgentRegistry for MemoryAgents {
    async fn add(
        &self,
        grant: &AgentGrant,
        token_sha256: TokenHash,
        created_at: Timestamp,
        created_by: &str,
        _audit: AuditEvent,
    ) -> Result<(), PortError> {
        let mut rows = self.rows.lock().unwrap();
        if rows
            .iter()
            .any(|(_, row)| row.grant.agent == grant.agent && row.revoked_at.is_none())
        {
            return Err(PortError::new(
                System::Storage,
                PortErrorKind::Conflict,
                "name taken",
            ));
        }
        let created_by = created_by.to_owned();
        let record = AgentRecord {
            grant: grant.clone(),
            created_at,
            created_by,
            revoked_at: None,
            last_used_at: None,
        };
        rows.push((token_sha256, record));
        Ok(())
    }
    async fn list(&self, tenant: &TenantId) -> Result<Vec<AgentRecord>, PortError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .filter(|(_, row)| row.grant.tenant == *tenant)
            .map(|(_, row)| row.clone())
            .collect())
    }
    async fn revoke(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        at: Timestamp,
        _audit: AuditEvent,
    ) -> Result<bool, PortError> {
        let mut rows = self.rows.lock().unwrap();
        let living = rows.iter_mut().find(|(_, row)| {
            row.grant.tenant == *tenant && row.grant.agent == *agent && row.revoked_at.is_none()
        });
        let Some((_, row)) = living else { return Ok(false) };
        row.revoked_at = Some(at);
        Ok(true)
    }
    async fn by_token(&self, token_sha256: TokenHash) -> Result<Option<AgentRecord>, PortError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .find(|(hash, _)| *hash == token_sha256)
            .map(|(_, row)| row.clone()))
    }
    async fn touch(&self, _tenant: &TenantId, agent: &AgentId, at: Timestamp) -> Result<(), PortError> {
        self.touches.fetch_add(1, Ordering::SeqCst);
        for (_, row) in self
            .rows
            .lock()
            .unwrap()
            .iter_mut()
            .filter(|(_, row)| row.grant.agent == *agent)
        {
            row.last_used_at = Some(at);
        }
        Ok(())
    }
}

/// A history in memory.
#[derive(Default)]
pub(crate) struct MemoryHistory(pub(crate) Mutex<Vec<QueryRecord>>);

#[async_trait]
impl QueryHistory for MemoryHistory {
    async fn put(&self, _tenant: &TenantId, record: QueryRecord) -> Result<(), PortError> {
        self.0.lock().unwrap().push(record);
        Ok(())
    }
    async fn list(&self, _tenant: &TenantId, actor: &str, limit: u32) -> Result<Vec<QueryRecord>, PortError> {
        let rows = self.0.lock().unwrap();
        Ok(rows
            .iter()
            .rev()
            .filter(|row| row.actor == actor)
            .take(limit as usize)
            .cloned()
            .collect())
    }
}

/// A mirror that keeps machines by id, and everything else as it comes.
#[derive(Default)]
pub(crate) struct MemoryMirror {
    pub(crate) machines: Mutex<HashMap<String, (MachineStatus, Timestamp)>>,
    pub(crate) downtime: Mutex<Vec<DowntimeEvent>>,
    pub(crate) history: Mutex<Vec<StateSegment>>,
    pub(crate) shifts: Mutex<Vec<Shift>>,
    pub(crate) orders: Mutex<Vec<ProductionOrder>>,
    pub(crate) reports: Mutex<Vec<QualityReport>>,
    pub(crate) cleared: Mutex<Vec<Feed>>,
    pub(crate) marks: Mutex<HashMap<Feed, FeedMark>>,
    /// The next answer cannot be kept.
    pub(crate) is_full: AtomicBool,
}

#[async_trait]
impl Mirror for MemoryMirror {
    async fn put_read(
        &self,
        records: &FeedRecords,
        at: Timestamp,
        from: &FeedMark,
        to: &FeedMark,
    ) -> Result<Merged, PortError> {
        let merged = self.put(records, at).await?;
        let mut marks = self.marks.lock().unwrap();
        let mark = marks.entry(records.feed()).or_default();
        if mark == from {
            *mark = *to;
        }
        Ok(merged)
    }
    async fn mark(&self, feed: Feed) -> Result<FeedMark, PortError> {
        Ok(self.marks.lock().unwrap().get(&feed).copied().unwrap_or_default())
    }
    async fn put(&self, records: &FeedRecords, at: Timestamp) -> Result<Merged, PortError> {
        if self.is_full.swap(false, Ordering::SeqCst) {
            return Err(PortError::storage("no space left"));
        }
        let mut changed = 0;
        match records {
            FeedRecords::Machines(batch) => {
                let mut machines = self.machines.lock().unwrap();
                for machine in &batch.records {
                    machines.insert(machine.machine_id.clone(), (machine.clone(), at));
                }
                changed = u32::try_from(batch.records.len()).unwrap();
            }
            FeedRecords::Downtime(batch) => {
                let mut downtime = self.downtime.lock().unwrap();
                downtime.extend(batch.records.iter().cloned());
            }
            _ => {}
        }
        Ok(Merged {
            changed,
            ..Merged::default()
        })
    }
    async fn clear(&self, feeds: &[Feed]) -> Result<(), PortError> {
        self.cleared.lock().unwrap().extend(feeds);
        self.marks.lock().unwrap().retain(|feed, _| !feeds.contains(feed));
        if feeds.contains(&Feed::Machines) {
            self.machines.lock().unwrap().clear();
        }
        Ok(())
    }
    async fn downtime_in(&self, window: Window, id: Option<&str>) -> Result<Vec<DowntimeEvent>, PortError> {
        let mut events = self.downtime.lock().unwrap().clone();
        events.retain(|event| {
            let is_of = id.is_none_or(|id| event.machine_id == id);
            is_of && event.start.is_some_and(|start| touches(window, start, event.end))
        });
        Ok(events)
    }
    async fn history(&self, window: Window, id: Option<&str>) -> Result<Vec<StateSegment>, PortError> {
        let mut segments = self.history.lock().unwrap().clone();
        segments.retain(|segment| {
            id.is_none_or(|id| segment.machine_id == id) && touches(window, segment.start, segment.end)
        });
        Ok(segments)
    }
    async fn shifts(&self, window: Window) -> Result<Vec<Shift>, PortError> {
        let mut shifts = self.shifts.lock().unwrap().clone();
        shifts.retain(|shift| touches(window, shift.start, Some(shift.end)));
        Ok(shifts)
    }
    async fn production_orders(&self, _: Window) -> Result<Vec<ProductionOrder>, PortError> {
        Ok(self.orders.lock().unwrap().clone())
    }
    async fn quality(&self, window: Window, limit: u32) -> Result<Vec<QualityReport>, PortError> {
        let mut reports = self.reports.lock().unwrap().clone();
        reports.retain(|report| {
            report
                .inspected_at
                .is_some_and(|at| at >= window.since && at < window.until)
        });
        reports.sort_by_key(|report| std::cmp::Reverse(report.inspected_at));
        reports.truncate(limit as usize);
        Ok(reports)
    }
    async fn machines(&self) -> Result<Vec<(MachineStatus, Timestamp)>, PortError> {
        Ok(self.machines.lock().unwrap().values().cloned().collect())
    }
    async fn downtime(&self, since: Timestamp, limit: u32) -> Result<Vec<DowntimeEvent>, PortError> {
        Ok(self
            .downtime
            .lock()
            .unwrap()
            .iter()
            .filter(|event| event.end.is_none_or(|end| end > since))
            .take(limit as usize)
            .cloned()
            .collect())
    }
    async fn counts(&self) -> Result<BTreeMap<Feed, u64>, PortError> {
        let machines = u64::try_from(self.machines.lock().unwrap().len()).unwrap();
        Ok(BTreeMap::from([(Feed::Machines, machines)]))
    }
    fn path(&self) -> PathBuf {
        PathBuf::new()
    }
}

fn touches(window: Window, start: Timestamp, end: Option<Timestamp>) -> bool {
    start < window.until && end.is_none_or(|end| end > window.since)
}

/// A source that answers every query with the same rows, or fails.
pub(crate) struct FixedSource {
    pub(crate) answer: Mutex<Result<RowSet, PortError>>,
    pub(crate) ran: Mutex<Vec<String>>,
}

impl Default for FixedSource {
    fn default() -> Self {
        let columns = vec![ResultColumn {
            name: "status".to_owned(),
            declared_type: None,
        }];
        let rows = (0..5).map(|n| vec![Cell::Integer(n)]).collect();
        let answer = RowSet {
            columns,
            rows,
            truncated: false,
            elapsed_ms: 3,
        };
        Self {
            answer: Mutex::new(Ok(answer)),
            ran: Mutex::default(),
        }
    }
}

#[async_trait]
impl QuerySource for FixedSource {
    async fn run(&self, query: &CheckedQuery, _limits: &RunLimits) -> Result<RowSet, PortError> {
        self.ran.lock().unwrap().push(query.sql().to_owned());
        self.answer.lock().unwrap().clone()
    }
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

/// A read that answers as told, counts its calls and can be held.
pub(crate) struct ScriptedRead {
    pub(crate) answer: Mutex<Result<Fetched, PortError>>,
    pub(crate) calls: AtomicU32,
    pub(crate) hold: Option<Arc<Notify>>,
}

impl ScriptedRead {
    pub(crate) fn with(records: u64) -> Self {
        Self {
            answer: Mutex::new(Ok(fetched(records))),
            calls: AtomicU32::new(0),
            hold: None,
        }
    }

    pub(crate) fn say(&self, answer: Result<Fetched, PortError>) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

pub(crate) fn fetched(records: u64) -> Fetched {
    Fetched {
        records: (0..records).map(|n| json!({ "n": n })).collect(),
        total: None,
        is_truncated: false,
        warnings: Vec::new(),
        observed_at: None,
    }
}

pub(crate) fn failure(kind: PortErrorKind) -> PortError {
    PortError::new(System::Sap, kind, "did not work")
}

#[async_trait]
impl ReadOperation for ScriptedRead {
    async fn read(&self, _parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(hold) = &self.hold {
            hold.notified().await;
        }
        self.answer.lock().unwrap().clone()
    }
}

/// A plant and an SAP that answer as told.
pub(crate) struct ScriptedFeeds {
    pub(crate) machines: Mutex<Result<FeedBatch<MachineStatus>, PortError>>,
    /// What it says about stops, first to last; then nothing.
    pub(crate) downtime: Mutex<VecDeque<Result<FeedBatch<DowntimeEvent>, PortError>>>,
    /// Every ask, oldest first.
    pub(crate) asks: Mutex<Vec<(Feed, FeedAsk)>>,
    pub(crate) forgotten: AtomicU32,
    pub(crate) skew_ms: Mutex<Option<i64>>,
    pub(crate) events: Mutex<Option<Result<PlantEvents, PortError>>>,
}

impl Default for ScriptedFeeds {
    fn default() -> Self {
        Self {
            machines: Mutex::new(Ok(batch(Vec::new()))),
            downtime: Mutex::default(),
            asks: Mutex::default(),
            forgotten: AtomicU32::new(0),
            skew_ms: Mutex::default(),
            events: Mutex::default(),
        }
    }
}

pub(crate) fn batch<T>(records: Vec<T>) -> FeedBatch<T> {
    FeedBatch {
        records,
        is_complete: true,
        ..FeedBatch::default()
    }
}

#[async_trait]
impl FeedSource for ScriptedFeeds {
    fn feeds(&self) -> Vec<Feed> {
        vec![Feed::Machines, Feed::Downtime, Feed::PurchaseOrders, Feed::Stock]
    }
    fn clock_skew_ms(&self) -> Option<i64> {
        *self.skew_ms.lock().unwrap()
    }
    fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
    }
    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError> {
        self.asks.lock().unwrap().push((feed, *ask));
        Ok(match feed {
            Feed::Machines => FeedRecords::Machines(self.machines.lock().unwrap().clone()?),
            Feed::Downtime => {
                let said = self.downtime.lock().unwrap().pop_front();
                FeedRecords::Downtime(said.unwrap_or_else(|| Ok(batch(Vec::new())))?)
            }
            Feed::PurchaseOrders => FeedRecords::PurchaseOrders(batch(Vec::new())),
            _ => FeedRecords::Stock(batch(Vec::new())),
        })
    }
}

#[async_trait]
impl PlantFeed for ScriptedFeeds {
    async fn listen(&self) -> Result<PlantEvents, PortError> {
        self.events.lock().unwrap().take().expect("the test set a stream")
    }
}

/// Ports that the tests here never reach.
struct Unused;

fn unused() -> PortError {
    PortError::storage("not part of this test")
}

#[async_trait]
impl ApprovalJournal for Unused {
    async fn insert(
        &self,
        _request: ApprovalRequest,
        _progress: Progress,
        _rule: JoinRule,
        _audit: AuditEvent,
    ) -> Result<Inserted, PortError> {
        Err(unused())
    }
    async fn get(&self, _tenant: &TenantId, _id: ApprovalId) -> Result<Option<ApprovalRow>, PortError> {
        Err(unused())
    }
    async fn list(
        &self,
        _tenant: &TenantId,
        _filter: &ApprovalFilter,
    ) -> Result<Vec<ApprovalRow>, PortError> {
        Err(unused())
    }
    async fn change(
        &self,
        _tenant: &TenantId,
        _id: ApprovalId,
        _from_version: i64,
        _progress: Progress,
        _audit: AuditEvent,
    ) -> Result<Changed, PortError> {
        Err(unused())
    }
    async fn in_states(&self, _states: &[State]) -> Result<Vec<ApprovalRow>, PortError> {
        Err(unused())
    }
}

#[async_trait]
impl Settings for Unused {
    async fn get(&self, _tenant: &TenantId, _name: &str) -> Result<Option<Value>, PortError> {
        Err(unused())
    }
    async fn set(
        &self,
        _tenant: &TenantId,
        _name: &str,
        _value: &Value,
        _audit: AuditEvent,
    ) -> Result<(), PortError> {
        Err(unused())
    }
}

#[async_trait]
impl SecretStore for Unused {
    async fn get(&self, _name: &str) -> Result<Option<Secret>, PortError> {
        Err(unused())
    }
    async fn set(&self, _name: &str, _secret: &Secret) -> Result<(), PortError> {
        Err(unused())
    }
    async fn remove(&self, _name: &str) -> Result<(), PortError> {
        Err(unused())
    }
    async fn state(&self) -> KeyringState {
        KeyringState::Locked
    }
}

/// An engine of one tenant with every double in hand.
pub(crate) struct World {
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) audit: Arc<MemoryAudit>,
    pub(crate) agents: Arc<MemoryAgents>,
    pub(crate) history: Arc<MemoryHistory>,
    pub(crate) mirror: Arc<MemoryMirror>,
    pub(crate) source: Arc<FixedSource>,
}

impl World {
    pub(crate) fn tenant(&self) -> &crate::world::Tenant {
        self.engine
            .tenant(&TenantId::default_tenant())
            .expect("the tenant is there")
    }
}

pub(crate) fn world(systems: Systems) -> World {
    let clock = Arc::new(ManualClock(AtomicI64::new(START)));
    let (audit, agents) = (
        Arc::new(MemoryAudit::default()),
        Arc::new(MemoryAgents::default()),
    );
    let (history, mirror) = (
        Arc::new(MemoryHistory::default()),
        Arc::new(MemoryMirror::default()),
    );
    let source = Arc::new(FixedSource::default());
    let money = |currency: &str| Money {
        amount: Amount::ZERO,
        currency: currency.to_owned(),
    };
    let tenant = TenantParts {
        id: TenantId::default_tenant(),
        name: "Test".to_owned(),
        environment: "test".to_owned(),
        time_zone: Some("Europe/Berlin".to_owned()),
        systems,
        mirror: mirror.clone(),
        source: source.clone(),
        query_policy: policy(),
        risk_policy: RiskPolicy {
            medium_below: money("EUR"),
            critical_above: money("EUR"),
            cycle_target_band_percent: andon_domain::Amount::from(5),
            auto_approve_low: false,
            decide_within: Duration::from_secs(300),
            execute_within: Duration::from_secs(300),
        },
        audit: audit.clone(),
        cache_limits: CacheLimits::default(),
        cache_ttl_s: 300,
        feed_intervals: crate::watch::FeedIntervals::default(),
        minor_stop_below: Duration::from_secs(120),
    };
    let engine = Engine::new(EngineParts {
        clock: clock.clone(),
        ids: Arc::new(CountingIds::default()),
        journal: Arc::new(Unused),
        agents: agents.clone(),
        settings: Arc::new(Unused),
        history: history.clone(),
        secrets: Arc::new(Unused),
        tenants: vec![tenant],
        crash_at: None,
    });
    World {
        engine,
        clock,
        audit,
        agents,
        history,
        mirror,
        source,
    }
}

/// The mirror's tables as the ready questions use them; suppliers and values are class III.
pub(crate) fn policy() -> Policy {
    let columns = |internal: &[&str], business: &[&str]| {
        let column = |class: Class| move |name: &&str| json!({"name": name, "class": class});
        internal
            .iter()
            .map(column(Class::Internal))
            .chain(business.iter().map(column(Class::BusinessSensitive)))
            .collect::<Vec<_>>()
    };
    let text = json!({"tables": {
        "purchase_orders": {"description": "Orders", "columns": columns(
            &["purchase_order", "currency", "order_date", "status", "item_count"], &["supplier", "net_value"])},
        "purchase_order_items": {"columns": columns(
            &["purchase_order", "material", "plant", "quantity", "unit", "is_deleted", "is_completely_delivered"],
            &["net_value"])},
        "inventory": {"columns": columns(
            &["material", "plant", "storage_location", "stock_type", "special_stock", "quantity", "unit"], &[])},
        "machines": {"columns": columns(
            &["machine_id", "name", "line", "status", "status_since", "reason_text"], &[])},
        "downtime_events": {"columns": columns(
            &["id", "machine_id", "line", "category", "reason_text", "started_at", "ended_at", "comment"], &[])},
    }});
    Policy::from_json(&text.to_string()).expect("the policy of the tests is sound")
}

pub(crate) fn person(name: &str, role: Role) -> Caller {
    Caller {
        tenant: TenantId::default_tenant(),
        principal: Principal::Person(UserId::from(name)),
        display_name: name.to_owned(),
        role,
        clearance: Class::default_clearance(role),
        via: Via::Window,
        scopes: Vec::new(),
    }
}
