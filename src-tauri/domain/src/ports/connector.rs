//! A connected system as a whole: its health, its traffic, and what an administrator should know of it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::PortErrorKind;
use crate::time::Timestamp;

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Works.
    Healthy,
    /// Works with trouble.
    Degraded,
    /// Does not answer.
    Down,
    /// Refuses our logon.
    Unauthorized,
    /// Lacks an address or a credential.
    NotConfigured,
    /// Not asked yet.
    Unknown,
}

/// Result of one health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Health {
    /// How it is.
    pub state: HealthState,
    /// One sentence for people; no host or credential.
    pub message: String,
    /// What to do, when something is to be done.
    pub hint: Option<String>,
    /// Round trip of the check.
    #[ts(type = "number | null")]
    pub latency_ms: Option<u64>,
    /// How far the system's clock is ahead of ours.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
}

/// One connected system as a whole: how it is, what was exchanged with it, and what an administrator should know. Its typed
/// operations are bound to the operation table by `app`.
#[async_trait]
pub trait Connector: Send + Sync {
    /// One check, within a few seconds. Never fails: a failure is a state.
    async fn check(&self) -> Health;

    /// What was exchanged with the system since the start.
    fn traffic(&self) -> Traffic;

    /// Looks at every service that is needed and says, one by one, what is there, what is missing and what to do. Reads only.
    async fn examine(&self) -> Vec<Finding>;
}

/// What was exchanged with a system since the start. The samples are the newest, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Traffic {
    /// Calls made, each with all its attempts.
    #[ts(type = "number")]
    pub calls: u64,
    /// Calls that brought no usable answer.
    #[ts(type = "number")]
    pub failures: u64,
    /// Attempts beyond the first one of each call.
    #[ts(type = "number")]
    pub retries: u64,
    /// Calls not sent, because the system was known to be down.
    #[ts(type = "number")]
    pub refused_at_once: u64,
    /// Calls under way.
    pub open: u32,
    /// Since when nothing but a probe is sent, because the system does not answer.
    pub failing_since: Option<Timestamp>,
    /// Round trips.
    pub latencies: Vec<LatencySample>,
    /// Failures.
    pub troubles: Vec<TroubleSample>,
}

/// The round trip of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LatencySample {
    /// When it ended.
    pub at: Timestamp,
    /// Time of its last attempt until the headers of the answer were there.
    pub ms: u32,
    /// Attempts it took.
    pub attempts: u32,
}

/// One call that failed, in words without host, credential or body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TroubleSample {
    /// When it ended.
    pub at: Timestamp,
    /// What can be done about it.
    pub kind: PortErrorKind,
    /// For people.
    pub message: String,
    /// Attempts it took.
    pub attempts: u32,
}

/// How one thing an administrator can look at is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// As it should be.
    Good,
    /// Works, and should be looked at.
    Warning,
    /// Something optional is not there; what depends on it says "not available".
    Missing,
    /// Does not work.
    Failed,
}

/// One thing found when a connection was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// What was looked at: a service, a feed, a setting.
    pub subject: String,
    /// How it is.
    pub state: FindingState,
    /// One sentence.
    pub message: String,
    /// What to do, in words an administrator of that system can act on.
    pub remedy: Option<String>,
}
