//! How often each feed is polled, and how waiting is spread. Pure: randomness comes in with each call.

use std::collections::BTreeMap;
use std::time::Duration;

use andon_domain::ports::Feed;

/// Longest time between two attempts of a failing feed, before jitter; a feed polled less often keeps its own interval.
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// While the MES tells changes by itself, a poll is only a check and comes no more often than this.
const CHECK: Duration = Duration::from_secs(60);

/// Data is stale after at least so long.
const LEAST_STALE: Duration = Duration::from_secs(15);

/// The polling interval of each feed, and how many of them its data may be late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedIntervals {
    set: BTreeMap<Feed, Duration>,
    stale_after: u32,
}

impl Default for FeedIntervals {
    fn default() -> Self {
        Self {
            set: BTreeMap::new(),
            stale_after: Self::STALE_AFTER,
        }
    }
}

impl FeedIntervals {
    /// Intervals after which data is stale when nothing is set.
    pub const STALE_AFTER: u32 = 3;
    /// Shortest interval that can be set.
    pub const SHORTEST: Duration = Duration::from_secs(1);
    /// Longest interval that can be set.
    pub const LONGEST: Duration = Duration::from_secs(3_600);

    /// The interval of a feed when nothing is set.
    #[must_use]
    pub const fn usual(feed: Feed) -> Duration {
        Duration::from_secs(match feed {
            Feed::Machines => 5,
            Feed::Downtime | Feed::ProductionOrders | Feed::PurchaseOrders => 30,
            Feed::Quality | Feed::MachineHistory | Feed::Stock => 60,
            Feed::Calendar | Feed::CostCenters | Feed::Materials => 600,
        })
    }

    /// The same with another interval for one feed, kept within what can be set.
    #[must_use]
    pub fn with(mut self, feed: Feed, interval: Duration) -> Self {
        self.set
            .insert(feed, interval.clamp(Self::SHORTEST, Self::LONGEST));
        self
    }

    /// The interval of a feed. `is_live` when the source tells changes of the feed by itself at the moment.
    #[must_use]
    pub fn of(&self, feed: Feed, is_live: bool) -> Duration {
        let polled = self.set.get(&feed).copied();
        let polled = polled.unwrap_or_else(|| Self::usual(feed));
        if is_live { polled.max(CHECK) } else { polled }
    }

    /// The same with data stale after so many intervals, at least two.
    #[must_use]
    pub fn stale_after(self, intervals: u32) -> Self {
        Self {
            stale_after: intervals.max(2),
            ..self
        }
    }

    /// Age from which data that comes once in this time is stale.
    pub(super) fn stale_age(&self, interval: Duration) -> Duration {
        interval.saturating_mul(self.stale_after).max(LEAST_STALE)
    }
}

/// Whether the plant's stream tells changes of the feed.
pub(super) const fn is_streamed(feed: Feed) -> bool {
    matches!(
        feed,
        Feed::Machines | Feed::Downtime | Feed::ProductionOrders | Feed::Quality
    )
}

/// How long to wait before a lost stream is opened again: what the MES asked for, or 3 s, doubled up to a minute with each
/// failure, give or take a fifth.
#[must_use]
pub fn reconnect_after(asked: Option<Duration>, failures: u32, random: u8) -> Duration {
    let delay = asked
        .unwrap_or(Duration::from_secs(3))
        .saturating_mul(1 << failures.min(5))
        .min(LONGEST_BACKOFF);
    jittered(delay, random, 20)
}

/// The duration, give or take so many percent; `random` is one byte of randomness.
pub(super) fn jittered(duration: Duration, random: u8, percent: u64) -> Duration {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let spread = millis.saturating_mul(percent) / 100;
    Duration::from_millis(millis - spread + spread.saturating_mul(2) * u64::from(random) / 255)
}
