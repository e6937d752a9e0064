//! What a feed is asked for next, and how far it is read with the answer. Pure: the mark and the time come in, all by our
//! clock.
//!
//! A feed of events is read from now back to where it was read before. What is longer than one read should be is cut into
//! slices, the newest first, and what is left stands in the mark as missing until it is read too.

use std::time::Duration;

use andon_domain::Timestamp;
use andon_domain::ports::{Feed, FeedAsk, FeedMark, Window};

/// Events of so long ago are fetched again with each full read, since they may still change.
const EVENT_WINDOW: Duration = hours(8);
/// Events of so long ago are fetched at the first start and when a source says to begin anew.
const FIRST_WINDOW: Duration = hours(8 * 24);
/// Events of longer ago are not fetched, whatever is missing.
const LONGEST_GAP: Duration = hours(31 * 24);
/// How far two reads overlap: clocks differ, and a change may become visible later than the time it carries.
const OVERLAP: Duration = Duration::from_secs(300);
/// Time that one read of events should cover at most, and the least it is cut down to where a source has too many.
pub(super) const LONGEST_SLICE: Duration = hours(24);
pub(super) const SHORTEST_SLICE: Duration = hours(1);

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

/// One read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// What is asked for.
    pub(super) ask: FeedAsk,
    /// How far the feed is read with the whole answer.
    pub(super) mark: FeedMark,
    /// Whether everything is asked for, and not only what changed or is new.
    pub(super) is_full: bool,
}

/// Whether a feed is of events, of which only a time can be asked for.
pub(super) const fn is_of_events(feed: Feed) -> bool {
    matches!(feed, Feed::Downtime | Feed::Quality | Feed::MachineHistory)
}

/// The newest: everything at first, once a day and when it is wanted, else what changed since it was last asked for.
pub(super) fn newest(feed: Feed, mark: &FeedMark, now: Timestamp, wants_all: bool, slice: Duration) -> Step {
    // A clock that was set back makes the last time one that is still to come.
    let asked = mark.asked.filter(|asked| *asked <= now);
    let again = full_again(feed);
    let is_recent = |full: Timestamp| full <= now && now.since(full) < again;
    let can_ask_for_less = tells_changes(feed) || is_of_events(feed);
    let is_full = wants_all || asked.is_none() || !can_ask_for_less || !mark.full.is_some_and(is_recent);
    let since_asked = asked.map(|asked| asked.minus(OVERLAP));
    let wanted = wanted_since(mark, since_asked, now, is_full, wants_all);
    let changed_since = since_asked.filter(|_| tells_changes(feed) && !is_full);
    let is_cut = is_of_events(feed) && changed_since.is_none();
    let since = if is_cut {
        wanted.max(now.minus(slice))
    } else {
        wanted
    };
    let known = mark.missing.filter(|_| asked.is_some());
    let before = (since > wanted).then_some(Window {
        since: wanted,
        until: since,
    });
    let missing = match (known, before) {
        (Some(known), Some(before)) => Some(Window {
            since: known.since.min(before.since),
            ..before
        }),
        (known, before) => before.or(known),
    };
    let oldest = now.minus(LONGEST_GAP);
    let in_reach = missing.map(|missing| Window {
        since: missing.since.max(oldest),
        ..missing
    });
    Step {
        ask: FeedAsk {
            changed_since,
            window_since: since,
            window_until: None,
        },
        mark: FeedMark {
            asked: Some(now),
            full: if is_full { Some(now) } else { mark.full },
            missing: in_reach.filter(|missing| missing.since < missing.until),
        },
        is_full,
    }
}

/// The newest part of what is missing before, if anything is.
pub(super) fn missing(mark: &FeedMark, slice: Duration) -> Option<Step> {
    let missing = mark.missing?;
    let since = missing.since.max(missing.until.minus(slice));
    let left = Window {
        until: since,
        ..missing
    };
    Some(Step {
        ask: FeedAsk {
            changed_since: None,
            window_since: since,
            window_until: Some(missing.until),
        },
        mark: FeedMark {
            missing: Some(left).filter(|left| left.since < left.until),
            ..*mark
        },
        is_full: false,
    })
}

/// From when on everything is to be in the mirror.
fn wanted_since(
    mark: &FeedMark,
    since_asked: Option<Timestamp>,
    now: Timestamp,
    is_full: bool,
    wants_all: bool,
) -> Timestamp {
    let first = now.minus(FIRST_WINDOW);
    let wanted = match since_asked {
        // What was thrown away is fetched again.
        None => mark.missing.map_or(first, |gone| first.min(gone.since)),
        Some(since) if wants_all => since.min(first),
        Some(since) if is_full => since.min(now.minus(EVENT_WINDOW)),
        Some(since) => since,
    };
    wanted.max(now.minus(LONGEST_GAP))
}

/// Whether a source can be asked for what changed.
const fn tells_changes(feed: Feed) -> bool {
    matches!(
        feed,
        Feed::PurchaseOrders | Feed::ProductionOrders | Feed::Quality | Feed::Downtime
    )
}

/// After this, a feed of which only the newest is asked for otherwise is read in full again. Segments do not tell when
/// they were changed, so those that may still change are read anew more often.
const fn full_again(feed: Feed) -> Duration {
    match feed {
        Feed::MachineHistory => hours(1),
        _ => hours(24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_782_000_000_000 + seconds * 1_000)
    }

    fn window(since: i64, until: i64) -> Window {
        Window {
            since: at(since),
            until: at(until),
        }
    }

    fn asked(seconds: i64, full: i64) -> FeedMark {
        FeedMark {
            asked: Some(at(seconds)),
            full: Some(at(full)),
            missing: None,
        }
    }

    /// Every window that is asked for, by its beginning and end in seconds from now, and the mark after all of them.
    fn read(feed: Feed, mark: FeedMark, wants_all: bool) -> (Vec<(i64, i64)>, FeedMark) {
        let seconds = |time: Timestamp| (time.millis() - at(0).millis()) / 1_000;
        let mut step = newest(feed, &mark, at(0), wants_all, LONGEST_SLICE);
        let mut asked = vec![(seconds(step.ask.window_since), 0)];
        while let Some(next) = missing(&step.mark, LONGEST_SLICE) {
            step = next;
            let until = step.ask.window_until.unwrap();
            asked.push((seconds(step.ask.window_since), seconds(until)));
        }
        (asked, step.mark)
    }

    fn reaches_back_without_a_gap(asked: &[(i64, i64)]) -> i64 {
        assert!(
            asked.windows(2).all(|two| two[1].1 == two[0].0),
            "each slice ends where the next begins: {asked:?}"
        );
        assert!(
            asked.iter().all(|(since, until)| until - since <= DAY),
            "{asked:?}"
        );
        asked.last().unwrap().0
    }

    #[test]
    fn the_first_read_goes_back_as_far_as_the_screens_look() {
        for feed in [Feed::Downtime, Feed::Quality, Feed::MachineHistory] {
            let (slices, mark) = read(feed, FeedMark::default(), false);
            assert_eq!(reaches_back_without_a_gap(&slices), -8 * DAY);
            assert_eq!(mark, asked(0, 0));
        }
    }

    #[test]
    fn what_was_thrown_away_is_read_again_for_a_month_at_most() {
        let cleared = |since| FeedMark {
            missing: Some(window(since, -HOUR)),
            ..FeedMark::default()
        };
        for (oldest, reach) in [(-HOUR, -8 * DAY), (-20 * DAY, -20 * DAY), (-90 * DAY, -31 * DAY)] {
            let (slices, mark) = read(Feed::MachineHistory, cleared(oldest), false);
            assert_eq!(reaches_back_without_a_gap(&slices), reach);
            assert_eq!(mark.missing, None);
        }
    }

    #[test]
    fn after_a_weekend_everything_since_friday_is_read() {
        for feed in [Feed::Downtime, Feed::Quality, Feed::MachineHistory] {
            let (slices, _) = read(feed, asked(-3 * DAY, -3 * DAY), false);
            assert_eq!(reaches_back_without_a_gap(&slices), -3 * DAY - 300);
        }
        let (slices, _) = read(Feed::Downtime, asked(-90 * DAY, -90 * DAY), false);
        assert_eq!(reaches_back_without_a_gap(&slices), -31 * DAY);
    }

    #[test]
    fn what_is_still_missing_is_not_forgotten_by_a_new_gap() {
        let mark = FeedMark {
            missing: Some(window(-9 * DAY, -8 * DAY)),
            ..asked(-3 * DAY, -3 * DAY)
        };
        let (slices, after) = read(Feed::MachineHistory, mark, false);
        assert_eq!(reaches_back_without_a_gap(&slices), -9 * DAY);
        assert_eq!(after.missing, None);
        let quiet = FeedMark {
            missing: Some(window(-9 * DAY, -8 * DAY)),
            ..asked(-60, -60)
        };
        let (slices, _) = read(Feed::MachineHistory, quiet, false);
        assert_eq!(slices, [(-360, 0), (-9 * DAY, -8 * DAY)]);
    }

    #[test]
    fn history_is_read_from_the_last_answer_and_once_an_hour_as_far_as_it_may_change() {
        let step = |mark| newest(Feed::MachineHistory, &mark, at(0), false, LONGEST_SLICE);
        let narrow = step(asked(-60, -1_800));
        assert_eq!((narrow.ask.window_since, narrow.is_full), (at(-360), false));
        assert_eq!(narrow.mark, asked(0, -1_800));
        let wide = step(asked(-60, -3_600));
        assert_eq!((wide.ask.window_since, wide.is_full), (at(-8 * HOUR), true));
    }

    #[test]
    fn changes_are_asked_for_only_where_everything_was_read_within_a_day() {
        let since = |feed, mark| newest(feed, &mark, at(0), false, LONGEST_SLICE).ask.changed_since;
        for feed in [
            Feed::Downtime,
            Feed::ProductionOrders,
            Feed::PurchaseOrders,
            Feed::Quality,
        ] {
            assert_eq!(since(feed, asked(-60, -HOUR)), Some(at(-360)));
            assert_eq!(since(feed, asked(-60, -DAY)), None);
            assert_eq!(since(feed, asked(60, 60)), None, "the clock was set back");
        }
        assert_eq!(since(Feed::Machines, asked(-60, -HOUR)), None);
    }

    #[test]
    fn a_source_that_says_to_begin_anew_is_read_in_full() {
        let (slices, mark) = read(Feed::Downtime, asked(-60, -60), true);
        assert_eq!(reaches_back_without_a_gap(&slices), -8 * DAY);
        assert_eq!(mark.full, Some(at(0)));
    }
}
