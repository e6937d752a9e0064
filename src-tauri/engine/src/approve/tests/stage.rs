//! The doubles of the write journey. The journal keeps the contract of its port: one change at a time from the version it was
//! made from, arrows that exist, decisions that stay.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use andon_approvals::{
    ApplyOutcome, ApprovalFilter, ApprovalJournal, ApprovalRequest, ApprovalRow, ApprovedChange,
    ChangeReference, Changed, Current, Inserted, JoinRule, Precondition, PreconditionState, Progress,
    Receipt, Reconciled, RiskPolicy, State, WriteOperation,
};
use andon_domain::audit::AuditEvent;
use andon_domain::ports::{KeyringState, SecretStore, Settings};
use andon_domain::time::Moment;
use andon_domain::{
    AgentId, ApprovalId, Caller, CanonicalJson, Class, Clock, Ids, Money, PortError, PortErrorKind,
    Principal, Role, Secret, System, TenantId, Timestamp, UserId, Via,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::approve::{Asked, Requested, recover, request};
use crate::cache::CacheLimits;
use crate::error::EngineError;
use crate::people::{self, NewPerson};
use crate::testing::{FixedSource, MemoryAgents, MemoryAudit, MemoryHistory, MemoryMirror, START, policy};
use crate::world::{Engine, EngineParts, Systems, TenantParts};

pub(super) const CREATE: &str = "sap.create_purchase_order";
pub(super) const MEDIUM: &str = "500";
pub(super) const HIGH: &str = "5000";
pub(super) const CRITICAL: &str = "250000";
pub(super) const LONG_REASON: &str = "agreed with purchasing on the phone";

/// A wall clock and a clock since boot that move apart when told.
pub(super) struct Clocks {
    utc: AtomicI64,
    boot: AtomicU64,
    boots: AtomicU64,
}

impl Clocks {
    pub(super) fn pass(&self, seconds: u64) {
        self.jump(i64::try_from(seconds).unwrap());
        self.boot.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// Moves the wall clock only.
    pub(super) fn jump(&self, seconds: i64) {
        self.utc.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub(super) fn reboot(&self) {
        self.boots.fetch_add(1, Ordering::SeqCst);
        self.boot.store(5_000, Ordering::SeqCst);
    }
}

impl Clock for Clocks {
    fn moment(&self) -> Moment {
        Moment {
            utc: Timestamp::from_millis(self.utc.load(Ordering::SeqCst)),
            boot_ms: self.boot.load(Ordering::SeqCst),
            boot_id: format!("boot-{}", self.boots.load(Ordering::SeqCst)),
        }
    }
}

#[derive(Default)]
struct Counter(AtomicU64);

impl Ids for Counter {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }

    fn random(&self, buffer: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (place, byte) in buffer.iter_mut().enumerate() {
            *byte = n[place % 8];
        }
    }
}

/// Looks at a change before it is made; may make another one first, and may refuse.
pub(super) type Hook = Box<dyn FnMut(&Progress, &mut Vec<ApprovalRow>) -> Result<(), PortError> + Send>;

#[derive(Default)]
pub(super) struct MemoryJournal {
    pub(super) rows: Mutex<Vec<ApprovalRow>>,
    pub(super) events: Mutex<Vec<AuditEvent>>,
    pub(super) hook: Mutex<Option<Hook>>,
    /// The next change is made, and its caller is told that it was not.
    pub(super) lose_reply: AtomicBool,
}

impl MemoryJournal {
    pub(super) fn on_change(
        &self,
        hook: impl FnMut(&Progress, &mut Vec<ApprovalRow>) -> Result<(), PortError> + Send + 'static,
    ) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(super) fn actions(&self) -> Vec<String> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .map(|event| event.action.clone())
            .collect()
    }

    fn check(before: &Progress, after: &Progress) -> Result<(), PortError> {
        let invalid = |why: &str| Err(PortError::new(System::Storage, PortErrorKind::Invalid, why));
        let decisions = u32::try_from(after.decisions.len()).unwrap();
        if !before.state.may_become(after.state) {
            return invalid(&format!("{} to {}", before.state.as_str(), after.state.as_str()));
        }
        if !after.decisions.starts_with(&before.decisions) {
            return invalid("a decision was changed");
        }
        if after.void_decisions < before.void_decisions || after.void_decisions > decisions {
            return invalid("void decisions");
        }
        let nonces: BTreeSet<_> = after.decisions.iter().map(|d| &d.payload.nonce).collect();
        if nonces.len() != after.decisions.len() {
            return invalid("a nonce was used before");
        }
        Ok(())
    }
}

#[async_trait]
impl ApprovalJournal for MemoryJournal {
    async fn insert(
        &self,
        request: ApprovalRequest,
        progress: Progress,
        rule: JoinRule,
        audit: AuditEvent,
    ) -> Result<Inserted, PortError> {
        let mut rows = self.rows.lock().unwrap();
        let own = || {
            rows.iter()
                .filter(|row| row.request.requested_by == request.requested_by)
        };
        if let Some(key) = &request.idempotency_key
            && let Some(row) = own().find(|row| row.request.idempotency_key.as_ref() == Some(key))
        {
            let is_same = row.request.digest == request.digest;
            return Ok(if is_same {
                Inserted::Joined(row.clone())
            } else {
                Inserted::KeyReused(row.clone())
            });
        }
        let waiting = own().filter(|row| row.progress.state == State::Pending).count();
        if waiting >= usize::try_from(rule.most_pending).unwrap() {
            return Ok(Inserted::TooMany(rule.most_pending));
        }
        let row = ApprovalRow {
            request,
            progress,
            version: 1,
        };
        rows.push(row.clone());
        self.events.lock().unwrap().push(audit);
        Ok(Inserted::New(row))
    }

    async fn get(&self, tenant: &TenantId, id: ApprovalId) -> Result<Option<ApprovalRow>, PortError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .find(|row| row.request.id == id && row.request.tenant == *tenant)
            .cloned())
    }

    async fn list(&self, tenant: &TenantId, filter: &ApprovalFilter) -> Result<Vec<ApprovalRow>, PortError> {
        let rows = self.rows.lock().unwrap();
        let fits = |row: &&ApprovalRow| {
            row.request.tenant == *tenant
                && (filter.states.is_empty() || filter.states.contains(&row.progress.state))
                && filter
                    .requested_by
                    .as_ref()
                    .is_none_or(|who| *who == row.request.requested_by)
        };
        Ok(rows
            .iter()
            .rev()
            .filter(fits)
            .take(filter.limit as usize)
            .cloned()
            .collect())
    }

    async fn change(
        &self,
        _tenant: &TenantId,
        id: ApprovalId,
        from_version: i64,
        progress: Progress,
        audit: AuditEvent,
    ) -> Result<Changed, PortError> {
        let mut rows = self.rows.lock().unwrap();
        if let Some(hook) = self.hook.lock().unwrap().as_mut() {
            hook(&progress, &mut rows)?;
        }
        let row = rows
            .iter_mut()
            .find(|row| row.request.id == id)
            .expect("the request was inserted");
        if row.version != from_version {
            return Ok(Changed::Stale(row.clone()));
        }
        Self::check(&row.progress, &progress)?;
        (row.progress, row.version) = (progress, from_version + 1);
        self.events.lock().unwrap().push(audit);
        if self.lose_reply.swap(false, Ordering::SeqCst) {
            return Err(PortError::storage("the answer was lost"));
        }
        Ok(Changed::Done(row.clone()))
    }

    async fn in_states(&self, states: &[State]) -> Result<Vec<ApprovalRow>, PortError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .filter(|row| states.contains(&row.progress.state))
            .cloned()
            .collect())
    }
}

#[derive(Default)]
struct MemorySettings(Mutex<BTreeMap<String, Value>>);

#[async_trait]
impl Settings for MemorySettings {
    async fn get(&self, _tenant: &TenantId, name: &str) -> Result<Option<Value>, PortError> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }
    async fn set(&self, _: &TenantId, name: &str, value: &Value, _: AuditEvent) -> Result<(), PortError> {
        self.0.lock().unwrap().insert(name.to_owned(), value.clone());
        Ok(())
    }
}

/// A keyring whose prompt takes its time.
#[derive(Default)]
pub(super) struct MemorySecrets {
    kept: Mutex<BTreeMap<String, String>>,
    pub(super) prompt: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl MemorySecrets {
    pub(super) fn forget_all(&self) {
        self.kept.lock().unwrap().clear();
    }
}

#[async_trait]
impl SecretStore for MemorySecrets {
    async fn get(&self, name: &str) -> Result<Option<Secret>, PortError> {
        if let Some(prompt) = self.prompt.lock().unwrap().as_ref() {
            prompt();
        }
        Ok(self
            .kept
            .lock()
            .unwrap()
            .get(name)
            .map(|text| Secret::new(text.clone())))
    }
    async fn set(&self, name: &str, secret: &Secret) -> Result<(), PortError> {
        self.kept
            .lock()
            .unwrap()
            .insert(name.to_owned(), secret.expose().to_owned());
        Ok(())
    }
    async fn remove(&self, name: &str) -> Result<(), PortError> {
        self.kept.lock().unwrap().remove(name);
        Ok(())
    }
    async fn state(&self) -> KeyringState {
        KeyringState::Available
    }
}

/// How the system answers a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Refused,
    NotSent,
    Lost,
    Panics,
    /// Never; the console is cut off while it waits.
    Hangs,
}

#[derive(Default)]
pub(super) struct ScriptedSystem {
    pub(super) answers: Mutex<VecDeque<Answer>>,
    /// Every write that reached `apply`: request and bytes.
    pub(super) applied: Mutex<Vec<(ApprovalId, String)>>,
    pub(super) hung: Notify,
    pub(super) is_down: AtomicBool,
    pub(super) refuses_checks: AtomicBool,
    pub(super) moved: AtomicBool,
    pub(super) found: Mutex<Option<Reconciled>>,
}

impl ScriptedSystem {
    pub(super) fn say(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(super) fn applied(&self) -> usize {
        self.applied.lock().unwrap().len()
    }

    fn trouble() -> PortError {
        PortError::new(System::Sap, PortErrorKind::Unavailable, "does not answer")
    }
}

pub(super) fn receipt() -> Receipt {
    Receipt {
        reference: "4500000042".to_owned(),
        message: "created".to_owned(),
        warnings: vec!["price differs".to_owned()],
        detail: json!({}),
    }
}

#[async_trait]
impl WriteOperation for ScriptedSystem {
    async fn check(&self, _parameters: &CanonicalJson) -> Result<Vec<Precondition>, PortError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Self::trouble());
        }
        let failed = self.refuses_checks.load(Ordering::SeqCst);
        let state = if failed {
            PreconditionState::Failed
        } else {
            PreconditionState::Passed
        };
        Ok(vec![Precondition {
            rule: "sap-01".to_owned(),
            label: "supplier exists".to_owned(),
            state,
            detail: None,
        }])
    }

    async fn current(&self, _parameters: &CanonicalJson) -> Result<Current, PortError> {
        Ok(Current::default())
    }

    async fn apply(&self, change: ApprovedChange) -> ApplyOutcome {
        let bytes = change.parameters().as_str().to_owned();
        self.applied.lock().unwrap().push((change.approval(), bytes));
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Done);
        match answer {
            Answer::Done => ApplyOutcome::Succeeded(receipt()),
            Answer::Refused => ApplyOutcome::Refused {
                code: "06/001".to_owned(),
                message: "supplier is blocked".to_owned(),
            },
            Answer::NotSent => ApplyOutcome::NotSent(Self::trouble()),
            Answer::Lost => ApplyOutcome::Unknown(Self::trouble()),
            Answer::Panics => panic!("the connector has a defect"),
            Answer::Hangs => {
                self.hung.notify_one();
                std::future::pending().await
            }
        }
    }

    async fn reconcile(&self, _reference: &ChangeReference) -> Result<Reconciled, PortError> {
        Ok(self.found.lock().unwrap().clone().unwrap_or(Reconciled::NotFound))
    }

    fn endpoint_fingerprint(&self) -> [u8; 32] {
        if self.moved.load(Ordering::SeqCst) {
            [8; 32]
        } else {
            [7; 32]
        }
    }
}

/// A console with four people and an agent.
pub(super) struct Stage {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<Clocks>,
    pub(super) journal: Arc<MemoryJournal>,
    pub(super) system: Arc<ScriptedSystem>,
    pub(super) secrets: Arc<MemorySecrets>,
    settings: Arc<MemorySettings>,
    ids: Arc<Counter>,
}

impl Stage {
    pub(super) async fn open() -> Self {
        let clock = Clocks {
            utc: AtomicI64::new(START),
            boot: AtomicU64::new(50_000),
            boots: AtomicU64::new(1),
        };
        let (clock, journal) = (Arc::new(clock), Arc::new(MemoryJournal::default()));
        let (system, secrets) = (
            Arc::new(ScriptedSystem::default()),
            Arc::new(MemorySecrets::default()),
        );
        let (settings, ids) = (Arc::new(MemorySettings::default()), Arc::new(Counter::default()));
        let engine = build(&clock, &ids, &journal, &settings, &secrets, &system);
        let stage = Self {
            engine,
            clock,
            journal,
            system,
            secrets,
            settings,
            ids,
        };
        let new = |id: &str, role| NewPerson {
            id: UserId::from(id),
            name: id.to_owned(),
            role,
            is_demo: false,
        };
        let people = [
            new("ada", Role::Admin),
            new("ben", Role::Admin),
            new("cleo", Role::Operator),
            new("dan", Role::Viewer),
        ];
        people::enrol(&stage.engine, &people).await.unwrap();
        stage
    }

    /// What is in memory is gone; what the journal and the keyring hold is not.
    pub(super) async fn restart(&mut self) -> u32 {
        *self.journal.hook.lock().unwrap() = None;
        self.journal.lose_reply.store(false, Ordering::SeqCst);
        self.engine = build(
            &self.clock,
            &self.ids,
            &self.journal,
            &self.settings,
            &self.secrets,
            &self.system,
        );
        people::load(&self.engine).await.unwrap();
        recover(&self.engine).await.unwrap()
    }

    pub(super) fn person(&self, name: &str) -> Caller {
        people::caller(
            &self.engine,
            &UserId::from(name),
            &TenantId::default_tenant(),
            Via::Window,
        )
        .unwrap()
    }

    pub(super) async fn ask(&self, price: &str) -> ApprovalRow {
        self.ask_as(&agent("buyer"), price, Asked::default())
            .await
            .unwrap()
            .row
    }

    pub(super) async fn ask_as(
        &self,
        caller: &Caller,
        price: &str,
        asked: Asked,
    ) -> Result<Requested, EngineError> {
        request(&self.engine, caller, CREATE, &order(price), asked).await
    }

    pub(super) fn row(&self, id: ApprovalId) -> ApprovalRow {
        let rows = self.journal.rows.lock().unwrap();
        rows.iter().find(|row| row.request.id == id).cloned().unwrap()
    }

    pub(super) fn state(&self, id: ApprovalId) -> State {
        self.row(id).progress.state
    }
}

pub(super) fn agent(name: &str) -> Caller {
    Caller {
        tenant: TenantId::default_tenant(),
        principal: Principal::Agent(AgentId::from(name)),
        display_name: name.to_owned(),
        role: Role::Operator,
        clearance: Class::BusinessSensitive,
        via: Via::Gateway,
        scopes: vec!["sap.*".to_owned()],
    }
}

/// One piece at this price, so that the price is the value.
pub(super) fn order(price: &str) -> Value {
    json!({"company_code":"1000","purchasing_organization":"1000","purchasing_group":"001","supplier":"0000100482",
        "currency":"EUR","items":[{"material":"HX-220","plant":"1010","quantity":"1","unit":"PC","net_price":price}]})
}

fn build(
    clock: &Arc<Clocks>,
    ids: &Arc<Counter>,
    journal: &Arc<MemoryJournal>,
    settings: &Arc<MemorySettings>,
    secrets: &Arc<MemorySecrets>,
    system: &Arc<ScriptedSystem>,
) -> Arc<Engine> {
    let limit = |amount: i64| Money {
        amount: amount.into(),
        currency: "EUR".to_owned(),
    };
    let mut systems = Systems::default();
    systems.writes.insert(CREATE, system.clone());
    let tenant = TenantParts {
        id: TenantId::default_tenant(),
        name: "Test".to_owned(),
        environment: "test".to_owned(),
        time_zone: None,
        systems,
        mirror: Arc::new(MemoryMirror::default()),
        source: Arc::new(FixedSource::default()),
        query_policy: policy(),
        risk_policy: RiskPolicy {
            medium_below: limit(1_000),
            critical_above: limit(100_000),
            cycle_target_band_percent: andon_domain::Amount::from(5),
            auto_approve_low: true,
            decide_within: Duration::from_secs(300),
            execute_within: Duration::from_secs(60),
        },
        audit: Arc::new(MemoryAudit::default()),
        cache_limits: CacheLimits::default(),
        cache_ttl_s: 300,
        feed_intervals: crate::watch::FeedIntervals::default(),
        minor_stop_below: Duration::from_secs(120),
    };
    Engine::new(EngineParts {
        clock: clock.clone(),
        ids: ids.clone(),
        journal: journal.clone(),
        agents: Arc::new(MemoryAgents::default()),
        settings: settings.clone(),
        history: Arc::new(MemoryHistory::default()),
        secrets: secrets.clone(),
        tenants: vec![tenant],
        crash_at: None,
    })
}
