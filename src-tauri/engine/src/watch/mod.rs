//! The watch journey: what MES and SAP tell goes into the mirror, and from there to the screens, with its age.
//!
//! `schedule` says what is due and is pure, `sync` does one poll or takes one event, `board` is what the Plant screen
//! shows. There is no timer here: `app` calls [`due`] every second and [`follow`] while a stream is wanted.

mod board;
mod schedule;
mod sync;

pub use board::{Abnormal, AbnormalKind, Board, BoardMachine, Line, StateCounts, board};
pub use schedule::{FeedStates, FeedView, FeedViewState, Flight, Turn, interval, reconnect_after, system_of};
pub use sync::{apply_event, due, feeds_view, follow, resume, set_paused, should_follow, sync_feed, want};

use andon_domain::System;
use andon_domain::ports::Feed;

use crate::world::Tenant;

/// Every feed, in the order people see them.
pub const FEEDS: [Feed; 4] = [Feed::Machines, Feed::Downtime, Feed::PurchaseOrders, Feed::Stock];

fn is_configured(tenant: &Tenant, feed: Feed) -> bool {
    match system_of(feed) {
        System::Mes => tenant.parts.systems.plant.is_some(),
        _ => tenant.parts.systems.erp.is_some(),
    }
}

#[cfg(test)]
mod tests;
