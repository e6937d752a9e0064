//! How the systems, the keyring and the console's own files are: what the status line and the connection page show.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use andon_domain::ports::{CacheStats, Health, HealthState, KeyringState};
use andon_domain::{Caller, Permission, System, TenantId, Timestamp};
use futures_util::future::join_all;
use serde::Serialize;
use ts_rs::TS;

use crate::access::permit;
use crate::error::EngineError;
use crate::world::{Change, Engine, Tenant};

/// Whether the console can write its own files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum StorageState {
    /// The last write was taken, or none was tried yet.
    #[default]
    Ok,
    /// The last write was refused.
    Failing {
        /// For people.
        message: String,
        /// Since when.
        since: Timestamp,
    },
}

/// Checks kept for each system, for the chart.
const KEPT_CHECKS: usize = 120;

/// One health check of a system, without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthSample {
    /// When.
    pub at: Timestamp,
    /// How it was.
    pub state: HealthState,
    /// Round trip; absent when there was no answer.
    pub latency_ms: Option<u64>,
}

#[derive(Default)]
struct Board {
    systems: BTreeMap<System, (Health, Timestamp)>,
    checks: BTreeMap<System, VecDeque<HealthSample>>,
    /// When each system was last found to answer well.
    well_at: BTreeMap<System, Timestamp>,
    keyring: Option<KeyringState>,
    storage: StorageState,
}

/// The latest known health of one tenant's systems.
#[derive(Default)]
pub struct HealthBoard(Mutex<Board>);

impl HealthBoard {
    /// Notes a check. Returns whether the state or its message changed; the latency alone does not count.
    pub fn put(&self, system: System, health: Health, at: Timestamp) -> bool {
        let words = |health: &Health| (health.state, health.message.clone(), health.hint.clone());
        let new = words(&health);
        let mut board = self.lock();
        let checks = board.checks.entry(system).or_default();
        if checks.len() == KEPT_CHECKS {
            checks.pop_front();
        }
        checks.push_back(HealthSample {
            at,
            state: health.state,
            latency_ms: health.latency_ms,
        });
        if matches!(health.state, HealthState::Healthy | HealthState::Degraded) {
            board.well_at.insert(system, at);
        }
        let before = board.systems.insert(system, (health, at));
        before.is_none_or(|(before, _)| words(&before) != new)
    }

    /// The last check of a system and when it was made.
    #[must_use]
    pub fn get(&self, system: System) -> Option<(Health, Timestamp)> {
        self.lock().systems.get(&system).cloned()
    }

    /// The newest checks of a system, oldest first.
    #[must_use]
    pub fn checks(&self, system: System) -> Vec<HealthSample> {
        let board = self.lock();
        board.checks.get(&system).into_iter().flatten().copied().collect()
    }

    /// When a check last found the system to answer well.
    fn well_at(&self, system: System) -> Option<Timestamp> {
        self.lock().well_at.get(&system).copied()
    }

    fn put_keyring(&self, state: KeyringState) -> bool {
        self.lock().keyring.replace(state) != Some(state)
    }

    /// The last write was taken. Returns whether that is news.
    pub(crate) fn storage_works(&self) -> bool {
        std::mem::take(&mut self.lock().storage) != StorageState::Ok
    }

    /// The last write was refused. Returns whether that is news.
    pub(crate) fn storage_fails(&self, message: &str, now: Timestamp) -> bool {
        let storage = &mut self.lock().storage;
        let is_news = *storage == StorageState::Ok;
        if is_news {
            *storage = StorageState::Failing {
                message: message.to_owned(),
                since: now,
            };
        }
        is_news
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One system as the status line shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SystemStatus {
    /// Which.
    pub system: System,
    /// Its last check; `unknown` before the first one.
    pub health: Health,
    /// When it was checked.
    pub checked_at: Option<Timestamp>,
    /// When it last answered well: a check, or one of its feeds.
    pub last_contact: Option<Timestamp>,
}

/// How everything is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Overview {
    /// SAP, MES and whatever else is checked.
    pub systems: Vec<SystemStatus>,
    /// Counts of the tenant's cache.
    pub cache: CacheStats,
    /// The keyring at the last check; absent before the first one.
    pub keyring: Option<KeyringState>,
    /// The console's own files.
    pub storage: StorageState,
    /// The language model, when one is configured.
    pub model: Option<String>,
}

/// Asks every system and the keyring how they are, side by side. A system that accepts our logon again has its feeds
/// resumed.
///
/// # Errors
/// [`EngineError::NotFound`] for an unknown tenant.
pub async fn check_all(engine: &Engine, tenant: &TenantId) -> Result<(), EngineError> {
    let tenant = engine.tenant(tenant)?;
    let checks = tenant
        .parts
        .systems
        .connectors
        .iter()
        .map(|(system, check)| async move {
            let health = check.check().await;
            note_health(engine, tenant, *system, health)
        });
    let (changes, keyring) = futures_util::join!(join_all(checks), engine.secrets.state());
    let keyring_changed = tenant.health.put_keyring(keyring);
    if keyring_changed || changes.contains(&true) {
        engine.announce(Change::StatusChanged {
            tenant: tenant.parts.id.clone(),
        });
    }
    Ok(())
}

fn note_health(engine: &Engine, tenant: &Tenant, system: System, health: Health) -> bool {
    let now = engine.clock.now();
    let before = tenant.health.get(system).map(|(before, _)| before.state);
    let was_locked_out = matches!(
        before,
        Some(HealthState::Unauthorized | HealthState::NotConfigured)
    );
    if was_locked_out && matches!(health.state, HealthState::Healthy | HealthState::Degraded) {
        tenant.feeds.resume(system, now);
    }
    tenant.health.put(system, health, now)
}

/// Whether a system or the keyring is not as it should be, so that it is worth another look soon.
#[must_use]
pub fn is_in_trouble(engine: &Engine, tenant: &TenantId) -> bool {
    let Ok(tenant) = engine.tenant(tenant) else {
        return false;
    };
    let board = tenant.health.lock();
    let is_well = |health: &Health| matches!(health.state, HealthState::Healthy | HealthState::NotConfigured);
    board.systems.values().any(|(health, _)| !is_well(health))
        || board
            .keyring
            .is_some_and(|keyring| keyring != KeyringState::Available)
}

/// How everything is, from what is known now; asks nobody.
///
/// # Errors
/// Not permitted.
pub fn overview(engine: &Engine, caller: &Caller) -> Result<Overview, EngineError> {
    permit(caller, Permission::SessionView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let configured = &tenant.parts.systems;
    let mut systems = vec![System::Sap, System::Mes];
    systems.extend(
        configured
            .connectors
            .keys()
            .filter(|system| !matches!(system, System::Sap | System::Mes)),
    );
    let systems = systems.into_iter().map(|system| {
        let known = tenant.health.get(system);
        let checked_at = known.as_ref().map(|(_, at)| *at);
        let is_configured = configured.connectors.contains_key(&system);
        let health = known.map_or_else(|| not_checked(system, is_configured), |(health, _)| health);
        SystemStatus {
            system,
            health,
            checked_at,
            last_contact: tenant
                .feeds
                .last_contact(system)
                .max(tenant.health.well_at(system)),
        }
    });
    let systems = systems.collect();
    let board = tenant.health.lock();
    Ok(Overview {
        systems,
        cache: tenant.cache.stats(),
        keyring: board.keyring,
        storage: board.storage.clone(),
        model: configured.model.as_ref().map(|model| model.name()),
    })
}

fn not_checked(system: System, is_configured: bool) -> Health {
    let (state, message, hint) = if is_configured {
        (
            HealthState::Unknown,
            format!("{} was not asked yet", system.as_str()),
            None,
        )
    } else {
        let hint = crate::dispatch::what_to_set(system).to_owned();
        (
            HealthState::NotConfigured,
            format!("{} is not configured", system.as_str()),
            Some(hint),
        )
    };
    Health {
        state,
        message,
        hint,
        latency_ms: None,
        clock_skew_ms: None,
    }
}
