//! What the engine holds: the shared ports, one room of things per tenant, and the bell it rings when something changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use andon_approvals::{ApprovalJournal, RiskPolicy, Roster, WriteOperation};
use andon_domain::ports::{
    AgentRegistry, AuditLog, Connector, Feed, FeedSource, Mirror, Model, PlantFeed, QueryHistory,
    ReadOperation, SecretStore, Settings,
};
use andon_domain::{ApprovalId, Clock, Ids, Risk, System, TenantId};
use andon_guard::{Policy, QuerySource};
use tokio::sync::{Notify, broadcast};

use crate::approve::Unwritten;
use crate::ask::ResultShelf;
use crate::cache::{CacheLimits, TenantCache};
use crate::error::EngineError;
use crate::status::HealthBoard;
use crate::watch::plant::TrendMemory;
use crate::watch::{FeedIntervals, FeedStates};

/// Something changed; screens and waiters look again.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new request waits for people.
    RequestArrived {
        /// Tenant.
        tenant: TenantId,
        /// Request.
        id: ApprovalId,
        /// Its risk.
        risk: Risk,
        /// Line for lists.
        title: String,
    },
    /// A request changed.
    ApprovalChanged {
        /// Tenant.
        tenant: TenantId,
        /// Request.
        id: ApprovalId,
    },
    /// The mirror of a feed changed.
    FeedChanged {
        /// Tenant.
        tenant: TenantId,
        /// Feed.
        feed: Feed,
    },
    /// The health of a system, the keyring or the storage changed.
    StatusChanged {
        /// Tenant.
        tenant: TenantId,
    },
    /// A write made this feed's data old: fetch it again soon.
    SyncWanted {
        /// Tenant.
        tenant: TenantId,
        /// Feed.
        feed: Feed,
    },
}

/// What the connectors of a tenant offer, bound to the operation table by name.
#[derive(Default)]
pub struct Systems {
    /// Read operations by dotted name.
    pub reads: HashMap<&'static str, Arc<dyn ReadOperation>>,
    /// Write operations by dotted name.
    pub writes: HashMap<&'static str, Arc<dyn WriteOperation>>,
    /// The connections, by system.
    pub connectors: BTreeMap<System, Arc<dyn Connector>>,
    /// The MES feed, when a MES is configured.
    pub plant: Option<Arc<dyn PlantFeed>>,
    /// The SAP feed, when SAP is configured.
    pub erp: Option<Arc<dyn FeedSource>>,
    /// The language model, when one is configured.
    pub model: Option<Arc<dyn Model>>,
}

/// What `app` brings for one tenant.
pub struct TenantParts {
    /// Key.
    pub id: TenantId,
    /// Name for people.
    pub name: String,
    /// production, test, demo: a word shown beside the name.
    pub environment: String,
    /// IANA zone of the site, once known.
    pub time_zone: Option<String>,
    /// Its connectors.
    pub systems: Systems,
    /// Its mirror.
    pub mirror: Arc<dyn Mirror>,
    /// The mirror as a read-only SQL source.
    pub source: Arc<dyn QuerySource>,
    /// What analysts may query.
    pub query_policy: Policy,
    /// How requests are judged.
    pub risk_policy: RiskPolicy,
    /// Its audit log.
    pub audit: Arc<dyn AuditLog>,
    /// How much its cache holds.
    pub cache_limits: CacheLimits,
    /// Seconds an answer may be served from the cache.
    pub cache_ttl_s: u32,
    /// How often its feeds are polled.
    pub feed_intervals: FeedIntervals,
    /// Stops of unknown category shorter than this are minor.
    pub minor_stop_below: Duration,
}

/// One tenant at run time.
pub struct Tenant {
    /// What `app` brought.
    pub parts: TenantParts,
    /// Its cache.
    pub cache: TenantCache,
    /// How its feeds are.
    pub feeds: FeedStates,
    /// How its systems are.
    pub health: HealthBoard,
    /// Results of its analysts, for windows and exports.
    pub results: ResultShelf,
    /// What its finished shifts came to.
    pub trend: TrendMemory,
}

impl Tenant {
    /// IANA zone of the site: as set, else as the MES says once it was asked.
    #[must_use]
    pub fn time_zone(&self) -> Option<String> {
        let said = || {
            self.parts
                .systems
                .plant
                .as_ref()
                .and_then(|plant| plant.time_zone())
        };
        self.parts.time_zone.clone().or_else(said)
    }
}

/// What `app` brings for all tenants.
pub struct EngineParts {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// Requests.
    pub journal: Arc<dyn ApprovalJournal>,
    /// Agents.
    pub agents: Arc<dyn AgentRegistry>,
    /// Settings.
    pub settings: Arc<dyn Settings>,
    /// Questions asked.
    pub history: Arc<dyn QueryHistory>,
    /// The keyring.
    pub secrets: Arc<dyn SecretStore>,
    /// The tenants.
    pub tenants: Vec<TenantParts>,
    /// Name of a crash point for tests; release builds ignore it.
    pub crash_at: Option<String>,
}

/// The engine. Shared by every face.
pub struct Engine {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) journal: Arc<dyn ApprovalJournal>,
    pub(crate) agents: Arc<dyn AgentRegistry>,
    pub(crate) settings: Arc<dyn Settings>,
    pub(crate) history: Arc<dyn QueryHistory>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) roster: RwLock<Arc<Roster>>,
    tenants: BTreeMap<TenantId, Arc<Tenant>>,
    changes: broadcast::Sender<Change>,
    /// Rung when an approved request may be ready to send.
    pub(crate) work: Notify,
    /// Held while requests to send are picked.
    pub(crate) sending: tokio::sync::Mutex<()>,
    /// Requests that are being sent.
    in_flight: Mutex<BTreeSet<ApprovalId>>,
    unwritten: Mutex<Vec<Unwritten>>,
    #[cfg_attr(
        not(debug_assertions),
        expect(dead_code, reason = "crash points exist in debug builds only")
    )]
    crash_at: Option<String>,
}

impl Engine {
    /// Puts the engine together. The roster is empty until [`crate::people::load`].
    #[must_use]
    pub fn new(parts: EngineParts) -> Arc<Self> {
        let tenants = parts.tenants.into_iter().map(|parts| {
            let tenant = Tenant {
                cache: TenantCache::new(parts.cache_limits, parts.cache_ttl_s),
                feeds: FeedStates::new(parts.feed_intervals.clone()),
                health: HealthBoard::default(),
                results: ResultShelf::default(),
                trend: TrendMemory::default(),
                parts,
            };
            (tenant.parts.id.clone(), Arc::new(tenant))
        });
        Arc::new(Self {
            tenants: tenants.collect(),
            clock: parts.clock,
            ids: parts.ids,
            journal: parts.journal,
            agents: parts.agents,
            settings: parts.settings,
            history: parts.history,
            secrets: parts.secrets,
            roster: RwLock::default(),
            changes: broadcast::channel(1024).0,
            work: Notify::new(),
            sending: tokio::sync::Mutex::default(),
            in_flight: Mutex::default(),
            unwritten: Mutex::default(),
            crash_at: parts.crash_at,
        })
    }

    /// The tenant, or a refusal that does not tell whether it exists elsewhere.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown tenant.
    pub fn tenant(&self, id: &TenantId) -> Result<&Arc<Tenant>, EngineError> {
        self.tenants
            .get(id)
            .ok_or_else(|| EngineError::NotFound(format!("tenant: {id}")))
    }

    /// All tenants.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        self.tenants.values()
    }

    /// The people, as they are now.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        self.roster
            .read()
            .map_or_else(|poisoned| poisoned.into_inner().clone(), |roster| roster.clone())
    }

    pub(crate) fn set_roster(&self, roster: Roster) {
        match self.roster.write() {
            Ok(mut guard) => *guard = Arc::new(roster),
            Err(poisoned) => *poisoned.into_inner() = Arc::new(roster),
        }
    }

    /// Listens to changes. A listener that lags far behind misses some and should then look at everything again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub(crate) fn announce(&self, change: Change) {
        // Nobody listening is fine: the journal and the mirror are the truth.
        let _ = self.changes.send(change);
    }

    /// The clocks.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Ids and randomness.
    #[must_use]
    pub fn ids(&self) -> &dyn Ids {
        &*self.ids
    }

    /// The keyring.
    #[must_use]
    pub fn secrets(&self) -> &Arc<dyn SecretStore> {
        &self.secrets
    }

    pub(crate) fn in_flight(&self) -> MutexGuard<'_, BTreeSet<ApprovalId>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How writes ended that the journal did not take yet.
    pub(crate) fn take_unwritten(&self) -> Vec<Unwritten> {
        std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn keep_unwritten(&self, end: Unwritten) {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(end);
    }

    /// Ends the process here when a test asked for it: no destructor runs, as in a power cut.
    pub(crate) fn crash_point(&self, name: &str) {
        #[cfg(debug_assertions)]
        if self.crash_at.as_deref() == Some(name) {
            std::process::abort();
        }
        let _ = name;
    }
}
