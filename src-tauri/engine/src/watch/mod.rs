//! The watch journey: what MES and SAP tell goes into the mirror, and from there to the screens, with its age.
//!
//! `schedule` says what is due and `reach` what is asked for then; both are pure. `poll` asks, `sync` does one poll or takes
//! one event, `board` is what the Plant screen shows. There is no timer here: `app` calls [`due`] every second and [`follow`] while a stream is wanted.

mod alarms;
mod board;
mod intervals;
mod lines;
mod orders;
pub mod plant;
mod poll;
mod reach;
mod schedule;
mod sync;
mod view;

pub use alarms::{AlarmGroup, AlarmLoad};
pub use board::{Abnormal, AbnormalKind, Board, BoardMachine, StateCounts, board};
pub use intervals::{FeedIntervals, reconnect_after};
pub use lines::Line;
pub use orders::{BoardOrder, LateOrder};
pub use schedule::{Brought, FeedStates, Flight, Offer, Turn};
pub(crate) use sync::skew_of;
pub use sync::{
    apply_events, ask_now, asked_to_wait, due, feed_view, feeds_view, follow, rebuild, resume, set_paused,
    should_follow, sync_feed, want,
};
pub use view::{FeedView, FeedViewState};

use andon_domain::System;
use andon_domain::ports::{Feed, FeedSource};

use crate::world::Tenant;

/// Every feed, in the order people see them.
pub const FEEDS: [Feed; 10] = Feed::ALL;

/// Whether a system is configured that offers the feed.
fn offer(tenant: &Tenant, feed: Feed) -> Offer {
    match source_of(tenant, feed) {
        Some(source) if source.feeds().contains(&feed) => Offer::Offered,
        Some(_) => Offer::NotOffered,
        None => Offer::NotConfigured,
    }
}

/// The system behind a feed.
fn source_of(tenant: &Tenant, feed: Feed) -> Option<&dyn FeedSource> {
    let systems = &tenant.parts.systems;
    match feed.system() {
        System::Mes => systems
            .plant
            .as_ref()
            .map(|plant| plant.as_ref() as &dyn FeedSource),
        _ => systems.erp.as_ref().map(AsRef::as_ref),
    }
}

#[cfg(test)]
mod poll_tests;
#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod tests;
