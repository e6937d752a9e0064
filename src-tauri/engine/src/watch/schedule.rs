//! When each feed is due, and how it is. Pure: time and randomness come in with each call.
//!
//! One request in flight per feed; after a failure twice the interval each time, up to a minute; no polling at all while
//! the system refuses our logon, since more attempts only lock the user.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use andon_domain::ports::Feed;
use andon_domain::{PortError, PortErrorKind, System, Timestamp};

use super::FEEDS;
use super::intervals::{FeedIntervals, LONGEST_BACKOFF, is_streamed, jittered};
use super::reach::{LONGEST_SLICE, SHORTEST_SLICE};
use super::view::{FeedView, FeedViewState};

/// A due time further off than the feed's own delay by more than this: the clock was set back meanwhile.
const CLOCK_SET_BACK: Duration = Duration::from_secs(60);
/// A source that asks to be left alone is, for at most so long.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(10 * 60);

/// What a successful attempt brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// When the source was asked: what changed later is not in it.
    pub asked: Timestamp,
    /// Whether everything was asked for and came, and not only what changed.
    pub is_full: bool,
    /// Records without a usable key, left out.
    pub dropped: u32,
}

/// What is there of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// The system offers it.
    Offered,
    /// The system is configured and does not offer it.
    NotOffered,
    /// The system is not configured.
    NotConfigured,
}

/// Whether an attempt turned a feed from good to bad or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// As before.
    None,
    /// It worked and now fails.
    Failing,
    /// It failed and now works.
    Recovered,
}

#[derive(Debug, Default)]
struct FeedState {
    next_due: Timestamp,
    /// From when it was set to `next_due`.
    delay: Duration,
    is_in_flight: bool,
    /// Asked for while a request was in flight that may have missed what it was asked for.
    is_wanted_again: bool,
    is_paused: bool,
    is_locked_out: bool,
    failures: u32,
    last_ok: Option<Timestamp>,
    last_full: Option<Timestamp>,
    /// Everything is to be read, however far the feed was read before.
    wants_all: bool,
    /// How often that was wanted: what was asked for before does not count after.
    wishes: u64,
    /// Time that one read of events covers, and the most that it may, less where a source has too many.
    slice: Option<Duration>,
    longest_slice: Option<Duration>,
    is_truncated: bool,
    cut_full: Option<Timestamp>,
    /// The interval that was in force at the last success: data of a slow poll does not become stale by a faster one.
    interval_at_ok: Duration,
    last_error: Option<String>,
    dropped: u32,
}

#[derive(Debug, Default)]
struct Inner {
    intervals: FeedIntervals,
    feeds: BTreeMap<Feed, FeedState>,
    is_live: bool,
    heard_at: Option<Timestamp>,
    skew_ms: BTreeMap<System, i64>,
}

impl Inner {
    fn feed(&mut self, feed: Feed) -> &mut FeedState {
        self.feeds.entry(feed).or_default()
    }

    fn feeds_of(&mut self, system: System, change: impl Fn(&mut FeedState)) {
        for feed in FEEDS.into_iter().filter(|feed| feed.system() == system) {
            change(self.feed(feed));
        }
    }

    fn streamed_are_due(&mut self, now: Timestamp) {
        for feed in FEEDS.into_iter().filter(|feed| is_streamed(*feed)) {
            self.feed(feed).next_due = now;
        }
    }

    /// All feeds of a system use one user: what is refused to one is not tried by the others.
    fn lock_out(&mut self, system: System, error: &PortError) {
        self.feeds_of(system, |state| {
            state.is_locked_out = true;
            state.last_error = Some(error.to_string());
        });
    }

    fn last_contact(&self, feed: Feed) -> Option<Timestamp> {
        let polled = self.feeds.get(&feed).and_then(|state| state.last_ok);
        let heard = self.heard_at.filter(|_| is_streamed(feed));
        polled.max(heard)
    }

    fn interval(&self, feed: Feed) -> Duration {
        self.intervals.of(feed, self.is_live && is_streamed(feed))
    }

    fn stale_after(&self, feed: Feed) -> Duration {
        // While polls fail, what came before is not given the longer patience of the stream that brought it.
        let is_well = |state: &&FeedState| state.failures == 0;
        let at_ok = self
            .feeds
            .get(&feed)
            .filter(is_well)
            .map_or(Duration::ZERO, |state| state.interval_at_ok);
        self.intervals.stale_age(self.interval(feed).max(at_ok))
    }
}

/// How the feeds of one tenant are.
#[derive(Debug, Default)]
pub struct FeedStates(Mutex<Inner>);

impl FeedStates {
    /// Feeds that are all due, with these intervals.
    #[must_use]
    pub fn new(intervals: FeedIntervals) -> Self {
        Self(Mutex::new(Inner {
            intervals,
            ..Inner::default()
        }))
    }

    /// The feeds that are due and not being fetched. Changes nothing.
    #[must_use]
    pub fn tick(&self, now: Timestamp) -> Vec<Feed> {
        let mut inner = self.lock();
        let is_due = |state: &FeedState| {
            let is_free = !state.is_in_flight && !state.is_paused && !state.is_locked_out;
            is_free && (state.next_due <= now || state.next_due.since(now) > state.delay + CLOCK_SET_BACK)
        };
        FEEDS
            .into_iter()
            .filter(|feed| is_due(inner.feed(*feed)))
            .collect()
    }

    /// Takes the right to fetch a feed; `None` while somebody else has it. It is given back when dropped.
    pub fn start(&self, feed: Feed) -> Option<Flight<'_>> {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        if state.is_in_flight {
            return None;
        }
        state.is_in_flight = true;
        state.is_wanted_again = false;
        Some(Flight {
            states: self,
            feed,
            wants_all: state.wants_all,
            wishes: state.wishes,
        })
    }

    /// Asks for a feed to be fetched as soon as possible.
    pub fn want(&self, feed: Feed, now: Timestamp) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        state.next_due = now;
        state.is_wanted_again = state.is_in_flight;
    }

    /// Has everything of a feed read as soon as possible, also what is being fetched now: the mirror's copy was thrown away,
    /// or its source says to begin anew.
    pub fn want_all(&self, feed: Feed, now: Timestamp) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        state.wants_all = true;
        state.wishes += 1;
        state.last_full = None;
        state.next_due = now;
        state.is_wanted_again = state.is_in_flight;
    }

    /// Notes when everything was last read, as the mirror knows it from before.
    pub(super) fn set_last_full(&self, feed: Feed, full: Option<Timestamp>) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        if !state.wants_all {
            state.last_full = full;
        }
    }

    /// Notes whether the source had more than could be read, and when everything was asked for that did not all come.
    pub(super) fn set_truncated(&self, feed: Feed, is_truncated: bool, cut_full: Option<Timestamp>) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        state.is_truncated = is_truncated;
        state.cut_full = cut_full.or(state.cut_full.filter(|_| is_truncated));
    }

    /// When everything was last asked for that did not all come.
    pub(super) fn cut_full(&self, feed: Feed) -> Option<Timestamp> {
        self.lock().feed(feed).cut_full
    }

    /// Time that one read of events covers.
    pub(super) fn slice(&self, feed: Feed) -> Duration {
        self.lock().feed(feed).slice.unwrap_or(SHORTEST_SLICE)
    }

    /// What came of a read was whole: the next one may cover twice the time.
    pub(super) fn double_slice(&self, feed: Feed) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        let longest = state.longest_slice.unwrap_or(LONGEST_SLICE);
        let slice = state.slice.unwrap_or(SHORTEST_SLICE);
        state.slice = Some((slice * 2).min(longest));
    }

    /// Has one read of events cover half the time; `false` where it is as short as can be.
    pub(super) fn halve_slice(&self, feed: Feed) -> bool {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        let slice = state.slice.unwrap_or(SHORTEST_SLICE);
        let half = (slice / 2).max(SHORTEST_SLICE);
        (state.slice, state.longest_slice) = (Some(half), Some(half));
        slice > SHORTEST_SLICE
    }

    /// Whether a person paused the feed.
    #[must_use]
    pub fn is_paused(&self, feed: Feed) -> bool {
        self.lock().feeds.get(&feed).is_some_and(|state| state.is_paused)
    }

    /// The credentials or the address of a system changed: its feeds are tried again at once.
    pub fn resume(&self, system: System, now: Timestamp) {
        self.lock().feeds_of(system, |state| {
            state.is_locked_out = false;
            state.next_due = now;
        });
    }

    /// Pauses a feed or lets it go on.
    pub fn set_paused(&self, feed: Feed, is_paused: bool, now: Timestamp) {
        let mut inner = self.lock();
        let state = inner.feed(feed);
        state.is_paused = is_paused;
        state.next_due = now;
    }

    /// The MES tells changes by itself now. What happened before is fetched once.
    pub fn stream_opened(&self, now: Timestamp) {
        let mut inner = self.lock();
        inner.is_live = true;
        inner.heard_at = Some(now);
        inner.streamed_are_due(now);
    }

    /// The stream said something.
    pub fn stream_heard(&self, now: Timestamp) {
        self.lock().heard_at = Some(now);
    }

    /// The stream ended: polling takes over at once.
    pub fn stream_lost(&self, now: Timestamp) {
        let mut inner = self.lock();
        inner.is_live = false;
        inner.streamed_are_due(now);
    }

    /// The MES refused our logon at the stream.
    pub(super) fn stream_refused(&self, error: &PortError) {
        self.lock().lock_out(System::Mes, error);
    }

    /// Whether a stream of the MES may be opened.
    pub(super) fn may_listen(&self) -> bool {
        let mut inner = self.lock();
        let machines = inner.feed(Feed::Machines);
        !machines.is_locked_out && !machines.is_paused
    }

    /// When a system last answered or told something.
    #[must_use]
    pub fn last_contact(&self, system: System) -> Option<Timestamp> {
        let inner = self.lock();
        FEEDS
            .into_iter()
            .filter(|feed| feed.system() == system)
            .filter_map(|feed| inner.last_contact(feed))
            .max()
    }

    /// When a feed was last fetched in full.
    #[must_use]
    pub fn last_ok(&self, feed: Feed) -> Option<Timestamp> {
        self.lock().feeds.get(&feed).and_then(|state| state.last_ok)
    }

    /// Notes how far a system's clock is ahead of ours.
    pub fn set_skew(&self, system: System, ahead_ms: i64) {
        self.lock().skew_ms.insert(system, ahead_ms);
    }

    /// How far a system's clock is ahead of ours, when known.
    #[must_use]
    pub fn skew(&self, system: System) -> Option<i64> {
        self.lock().skew_ms.get(&system).copied()
    }

    /// Age from which data of a feed is not taken as the state now: three intervals, or as many as are set, at least 15 s.
    #[must_use]
    pub fn stale_after(&self, feed: Feed) -> Duration {
        self.lock().stale_after(feed)
    }

    /// A feed as screens show it.
    #[must_use]
    pub fn view(&self, feed: Feed, offer: Offer, now: Timestamp) -> FeedView {
        let mut inner = self.lock();
        let last_contact = inner.last_contact(feed);
        let stale_after = inner.stale_after(feed);
        let is_live = inner.is_live && is_streamed(feed);
        let interval = inner.interval(feed);
        let state = inner.feed(feed);
        let age = last_contact.map(|last| now.since(last));
        let is_old = age.is_none_or(|age| age > stale_after);
        let view = match () {
            () if offer == Offer::NotConfigured => FeedViewState::NotConfigured,
            () if offer == Offer::NotOffered => FeedViewState::NotOffered,
            () if state.is_paused => FeedViewState::Paused,
            () if state.is_locked_out => FeedViewState::Unauthorized,
            () if is_old && state.failures > 0 => FeedViewState::Offline,
            () if age.is_none() => FeedViewState::Polling,
            () if is_old => FeedViewState::Stale,
            () if state.failures > 0 || age.is_some_and(|age| age > interval * 2) => FeedViewState::Delayed,
            () if is_live => FeedViewState::Live,
            () => FeedViewState::Polling,
        };
        FeedView {
            feed,
            system: feed.system(),
            state: view,
            last_contact,
            last_full: state.last_full,
            interval_s: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX),
            failures: state.failures,
            dropped: state.dropped,
            is_truncated: state.is_truncated,
            message: state.last_error.clone(),
            is_paused: state.is_paused,
            is_in_flight: state.is_in_flight,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to fetch a feed. Dropped without an end, for example with a cancelled task, the feed is due again.
#[derive(Debug)]
#[must_use = "the feed stays in flight until this is finished or dropped"]
pub struct Flight<'s> {
    states: &'s FeedStates,
    feed: Feed,
    wants_all: bool,
    wishes: u64,
}

impl Flight<'_> {
    /// Whether everything is to be read, however far the feed was read before.
    #[must_use]
    pub const fn wants_all(&self) -> bool {
        self.wants_all
    }

    /// Notes how the attempt ended and sets when the feed is due next. `random` is one byte of randomness.
    pub fn finish(self, now: Timestamp, result: Result<Brought, &PortError>, random: u8) -> Turn {
        let mut inner = self.states.lock();
        let interval = inner.interval(self.feed);
        let state = inner.feed(self.feed);
        let was_failing = state.failures > 0 || state.is_locked_out;
        let delay = match result {
            Ok(brought) => {
                state.failures = 0;
                state.is_locked_out = false;
                state.last_error = None;
                state.last_ok = Some(now);
                if brought.is_full && state.wishes == self.wishes {
                    state.wants_all = false;
                    if !state.is_truncated {
                        state.last_full = Some(brought.asked);
                    }
                }
                state.interval_at_ok = interval;
                state.dropped = brought.dropped;
                interval
            }
            Err(error) => {
                state.failures = state.failures.saturating_add(1);
                state.last_error = Some(error.to_string());
                let doubled = interval.saturating_mul(1 << state.failures.min(6));
                doubled.min(LONGEST_BACKOFF).max(interval)
            }
        };
        let usual = if state.is_wanted_again {
            Duration::ZERO
        } else {
            jittered(delay, random, 10)
        };
        let asked_for = result.err().and_then(|error| error.retry_after);
        state.delay = usual.max(asked_for.unwrap_or_default().min(LONGEST_ASKED_FOR));
        state.next_due = now.plus(state.delay);
        if let Err(error) = result
            && error.kind == PortErrorKind::Unauthorized
        {
            inner.lock_out(self.feed.system(), error);
        }
        match (was_failing, result.is_err()) {
            (false, true) => Turn::Failing,
            (true, false) => Turn::Recovered,
            _ => Turn::None,
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.states.lock().feed(self.feed).is_in_flight = false;
    }
}
