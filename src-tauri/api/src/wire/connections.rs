//! The connected systems as the Connectors screen shows them: health, traffic, feeds, operations and cache.

use andon_domain::operations::Effect;
use andon_domain::ports::{CacheStats, Feed, Finding, HealthState, LatencySample, TroubleSample};
use andon_domain::{Class, Risk, System, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionList {
    /// The console's clock.
    pub server_time: Timestamp,
    /// The connections, configured or not.
    pub connections: Vec<ConnectionView>,
    /// Counts of this tenant's cache.
    pub cache: CacheStats,
    /// Counts of the caches of all tenants together.
    pub cache_of_all: CacheStats,
    /// Whether this person may test, pause, fetch, rebuild and clear.
    pub may_manage: bool,
}

/// One connected system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionView {
    /// Which.
    pub system: System,
    /// Whether it has an address in the configuration.
    pub is_configured: bool,
    /// How it is.
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
    /// When it last answered well: a check, or one of its feeds.
    pub last_contact: Option<Timestamp>,
    /// How far its clock is ahead of ours, when known.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
    /// The newest checks, oldest first.
    pub checks: Vec<HealthSampleView>,
    /// What was exchanged since the start; absent when it is not configured.
    pub traffic: Option<TrafficView>,
    /// Its feeds, in the order people see them.
    pub feeds: Vec<ConnectionFeed>,
    /// Its operations, in the order people see them.
    pub operations: Vec<ConnectionOperation>,
    /// Counts of this tenant's cache for its operations.
    pub cache: CacheStats,
}

/// One health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HealthSampleView {
    /// When.
    pub at: Timestamp,
    /// How it was.
    pub state: HealthState,
    /// Round trip; absent when there was no answer.
    #[ts(type = "number | null")]
    pub latency_ms: Option<u64>,
}

/// What was exchanged with a system since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrafficView {
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
    /// Since when nothing but a probe is sent.
    pub failing_since: Option<Timestamp>,
    /// Round trips of the newest calls, oldest first.
    pub latencies: Vec<LatencySample>,
    /// The newest failures, oldest first; absent for who may not manage connections.
    pub troubles: Option<Vec<TroubleSample>>,
}

/// How a feed of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionFeedState {
    /// Told by the source as it happens.
    Live,
    /// Polled on time.
    Polling,
    /// Later than it should be.
    Delayed,
    /// Too old to be taken as the state now.
    Stale,
    /// The source does not answer, and what is known is old.
    Offline,
    /// Paused by a person.
    Paused,
    /// The source refuses our logon; nothing is tried until the credentials change.
    Unauthorized,
    /// The system does not offer it.
    NotOffered,
    /// The system is not configured.
    NotConfigured,
}

/// One feed of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionFeed {
    /// Which.
    pub feed: Feed,
    /// How it is.
    pub state: ConnectionFeedState,
    /// When the source last answered or told something.
    pub last_contact: Option<Timestamp>,
    /// When it was last read in full; reads between bring only what changed, where the source can tell.
    pub last_full: Option<Timestamp>,
    /// Seconds between two polls.
    pub interval_s: u32,
    /// Failures since the last success.
    pub failures: u32,
    /// Records of the last answer without a usable key, left out.
    pub dropped: u32,
    /// The source has more than could be read: what is shown is not all.
    pub is_truncated: bool,
    /// Why it is not as it should be.
    pub message: Option<String>,
    /// Paused by a person.
    pub is_paused: bool,
    /// Being fetched now.
    pub is_in_flight: bool,
    /// Records in the mirror; absent when the mirror cannot be read.
    #[ts(type = "number | null")]
    pub records: Option<u64>,
}

/// One operation a connection offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionOperation {
    /// Dotted name.
    pub name: String,
    /// Read or write.
    pub effect: Effect,
    /// Risk before rules.
    pub risk: Risk,
    /// Class of what it returns or changes, but for more sensitive fields.
    pub class: Class,
    /// The highest class among its fields.
    pub highest_class: Class,
    /// One sentence.
    pub sentence: String,
    /// Whether it can be called: its system is configured.
    pub is_available: bool,
    /// Counts of this tenant's cache for it.
    pub cache: CacheStats,
}

/// What was found when a connection was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectionFindings {
    /// Which system.
    pub system: System,
    /// When.
    pub at: Timestamp,
    /// What was found, thing by thing.
    pub findings: Vec<Finding>,
}

/// Pause a feed or let it go on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FeedPauseRequest {
    /// Which.
    pub feed: Feed,
    /// Whether it is to stand still.
    pub is_paused: bool,
}

/// Name a feed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FeedRef {
    /// Which.
    pub feed: Feed,
}

/// Throw the mirror's copy of feeds away and read them in full.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct MirrorRebuildRequest {
    /// Which; all when empty.
    #[serde(default)]
    pub feeds: Vec<Feed>,
}
