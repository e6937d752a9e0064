//! Who is signed in, and how the console and its systems are.

use andon_domain::ports::{CacheStats, HealthState, KeyringState};
use andon_domain::{Class, Role, System, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person as screens show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonView {
    /// Key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Made up for the demo.
    pub is_demo: bool,
}

/// The session of this face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// Who is signed in.
    pub user: PersonView,
    /// Tenant key.
    pub tenant: String,
    /// Tenant name for people.
    pub tenant_name: String,
    /// production, test or demo.
    pub environment: String,
    /// Highest class this person sees.
    pub clearance: Class,
    /// People the user menu can switch to; empty unless this is the demo.
    pub roster: Vec<PersonView>,
    /// The plant is simulated.
    pub is_demo: bool,
    /// Why nothing can be decided now, when that is so: the keyring is locked, absent or slow.
    pub limited: Option<KeyringState>,
    /// IANA zone of the site, when known.
    pub time_zone: Option<String>,
    /// Version of the console.
    pub version: String,
    /// The console's clock.
    pub server_time: Timestamp,
}

/// Become another demo person.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SessionSwitchRequest {
    /// Person to become.
    pub user: String,
}

/// How one system is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SystemView {
    /// Which.
    pub system: System,
    /// How.
    pub state: HealthState,
    /// One sentence.
    pub message: String,
    /// What to do, when something is to be done.
    pub hint: Option<String>,
    /// Round trip of the last check.
    #[ts(type = "number | null")]
    pub latency_ms: Option<u64>,
    /// When it was last checked.
    pub checked_at: Option<Timestamp>,
    /// When it last answered well.
    pub last_contact: Option<Timestamp>,
}

/// How everything is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StatusView {
    /// The console's clock.
    pub server_time: Timestamp,
    /// SAP and MES.
    pub systems: Vec<SystemView>,
    /// How the plant feed is.
    pub feed: super::FeedView,
    /// This tenant's cache.
    pub cache: CacheStats,
    /// The keyring.
    pub keyring: KeyringState,
    /// Why the console cannot write its files, when it cannot.
    pub storage_trouble: Option<String>,
    /// The model that writes SQL, when one is configured.
    pub model: Option<String>,
    /// Where agents connect, when the gateway runs.
    pub gateway: Option<String>,
    /// Requests that wait for people.
    #[ts(type = "number")]
    pub waiting: u64,
    /// The highest risk that waits.
    pub highest_risk: Option<andon_domain::Risk>,
    /// Machines that need a person.
    #[ts(type = "number")]
    pub abnormal: u64,
}
