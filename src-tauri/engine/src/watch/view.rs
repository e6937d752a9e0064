//! A feed as screens and `andonctl` show it.

use andon_domain::ports::Feed;
use andon_domain::{System, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How a feed is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FeedViewState {
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
    /// The system is configured and does not offer this feed.
    NotOffered,
    /// No such connection.
    NotConfigured,
}

/// A feed as screens show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct FeedView {
    /// Which.
    pub feed: Feed,
    /// Where it is from.
    pub system: System,
    /// How it is.
    pub state: FeedViewState,
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
}
