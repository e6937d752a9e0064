//! What the Plant screen shows: machines with the age of what is known, lines, counts, and what needs a person first.
//!
//! Age counts from when the source measured, by the source's clock. What is stale is counted as stale and as nothing
//! else: an old "running" is never shown as running.

use std::collections::HashMap;
use std::time::Duration;

use andon_domain::ports::{Feed, Window};
use andon_domain::records::{DowntimeEvent, MachineState, MachineStatus, ProductionOrder};
use andon_domain::{Caller, Permission, System, Timestamp};
use serde::Serialize;
use ts_rs::TS;

use super::FEEDS;
use super::alarms::{AlarmLoad, alarm_load};
use super::lines::{Line, lines, place};
use super::orders::{BoardOrder, LateOrder, late_orders, on_tile};
use super::sync::{skew_of, view_of};
use super::view::{FeedView, FeedViewState};
use crate::access::permit;
use crate::error::EngineError;
use crate::world::{Engine, Tenant};

const DOWNTIME_WINDOW: Duration = Duration::from_secs(8 * 3600);
const MOST_DOWNTIME: u32 = 500;

/// The Plant screen.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Board {
    /// When this was put together.
    pub at: Timestamp,
    /// IANA zone of the site, once known.
    pub time_zone: Option<String>,
    /// The machines, by line and id.
    pub machines: Vec<BoardMachine>,
    /// How many machines are in which state.
    pub counts: StateCounts,
    /// The lines.
    pub lines: Vec<Line>,
    /// What needs a person, longest first.
    pub abnormal: Vec<Abnormal>,
    /// Stops of the last 8 hours and what is open, newest first.
    pub downtime: Vec<DowntimeEvent>,
    /// Orders that are due and not ended, longest first.
    pub late_orders: Vec<LateOrder>,
    /// Feeds of the MES that are not as they should be.
    pub troubled_feeds: Vec<FeedView>,
    /// How many alarms come in.
    pub alarm_load: AlarmLoad,
    /// How the machine feed is.
    pub feed: FeedView,
    /// How far the MES's clock is ahead of ours, when known. Ages are by its clock.
    #[ts(type = "number | null")]
    pub clock_skew_ms: Option<i64>,
}

/// A machine with the age of what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BoardMachine {
    /// The record.
    pub status: MachineStatus,
    /// When the console last heard it.
    pub synced_at: Timestamp,
    /// Age from when the source measured; absent when the source does not say.
    #[ts(type = "number | null")]
    pub age_ms: Option<u64>,
    /// Too old, or of unknown age, to be taken as the state now.
    pub is_stale: bool,
    /// The order on it, when orders are known.
    pub order: Option<BoardOrder>,
}

/// Machines by state. A stale one counts as stale only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, TS)]
pub struct StateCounts {
    /// All machines.
    pub total: u32,
    /// Running.
    pub running: u32,
    /// Idle.
    pub idle: u32,
    /// In set-up.
    pub setup: u32,
    /// Down.
    pub down: u32,
    /// In maintenance.
    pub maintenance: u32,
    /// Offline.
    pub offline: u32,
    /// Not understood.
    pub unknown: u32,
    /// Stale, whatever the last state was.
    pub stale: u32,
}

impl StateCounts {
    pub(super) fn add(&mut self, machine: &BoardMachine) {
        self.total += 1;
        let count = match machine.status.status {
            _ if machine.is_stale => &mut self.stale,
            MachineState::Running => &mut self.running,
            MachineState::Idle => &mut self.idle,
            MachineState::Setup => &mut self.setup,
            MachineState::Down => &mut self.down,
            MachineState::Maintenance => &mut self.maintenance,
            MachineState::Offline => &mut self.offline,
            MachineState::Unknown => &mut self.unknown,
        };
        *count += 1;
    }
}

/// Why something needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AbnormalKind {
    /// A machine is down.
    Down,
    /// An alarm is raised on a machine that is not down.
    Alarm,
    /// What is known about a machine is too old.
    Stale,
    /// No connection to a machine.
    Offline,
}

/// One entry of the strip that says what needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Abnormal {
    /// Why.
    pub kind: AbnormalKind,
    /// Machine.
    pub machine_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its line.
    pub work_center: Option<String>,
    /// The reason or alarm, in the plant's words; untrusted.
    pub text: Option<String>,
    /// Priority of the alarm, 1 to 4.
    pub priority: Option<u8>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// The Plant screen as it is now, from the mirror.
///
/// # Errors
/// Not permitted, or the mirror cannot be read.
pub async fn board(engine: &Engine, caller: &Caller) -> Result<Board, EngineError> {
    permit(caller, Permission::PlantView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let now = engine.clock.now();
    let skew = skew_of(tenant, System::Mes);
    let theirs = Timestamp::from_millis(now.millis().saturating_add(skew.unwrap_or(0)));
    let stale_after = tenant.feeds.stale_after(Feed::Machines);
    let machines = tenant.parts.mirror.machines().await?;
    let span = Window {
        since: theirs.minus(DOWNTIME_WINDOW),
        until: theirs,
    };
    let orders = tenant.parts.mirror.production_orders(span).await?;
    let by_id: HashMap<&str, &ProductionOrder> =
        orders.iter().map(|order| (order.id.as_str(), order)).collect();
    let mut machines: Vec<_> = machines
        .into_iter()
        .map(|(status, at)| aged(status, at, theirs, stale_after, &by_id))
        .collect();
    machines.sort_by(|a, b| place(&a.status).cmp(&place(&b.status)));
    let downtime = tenant.parts.mirror.downtime(span.since, MOST_DOWNTIME).await?;
    let mut counts = StateCounts::default();
    machines.iter().for_each(|machine| counts.add(machine));
    let feed = view_of(tenant, Feed::Machines, now);
    Ok(Board {
        at: now,
        time_zone: tenant.time_zone(),
        lines: lines(&machines),
        abnormal: abnormal(&machines),
        late_orders: late_orders(&orders, &machines, theirs),
        troubled_feeds: troubled_feeds(tenant, now),
        alarm_load: alarm_load(machines.iter().map(|machine| &machine.status), theirs),
        feed: with_age_of_content(feed, counts),
        machines,
        counts,
        downtime,
        clock_skew_ms: skew,
    })
}

fn aged(
    status: MachineStatus,
    synced_at: Timestamp,
    now: Timestamp,
    stale_after: Duration,
    orders: &HashMap<&str, &ProductionOrder>,
) -> BoardMachine {
    let age = status.observed_at.map(|observed| now.since(observed));
    let age_ms = age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let order = status
        .order_id
        .as_deref()
        .and_then(|id| orders.get(id))
        .map(|order| on_tile(order));
    BoardMachine {
        status,
        synced_at,
        age_ms,
        is_stale: age.is_none_or(|age| age > stale_after),
        order,
    }
}

/// Feeds of the MES that are offered and not on time. The machine feed has its own place on the board.
fn troubled_feeds(tenant: &Tenant, now: Timestamp) -> Vec<FeedView> {
    let is_of_plant = |feed: &Feed| feed.system() == System::Mes && *feed != Feed::Machines;
    FEEDS
        .into_iter()
        .filter(is_of_plant)
        .map(|feed| view_of(tenant, feed, now))
        .filter(|view| {
            matches!(
                view.state,
                FeedViewState::Stale
                    | FeedViewState::Offline
                    | FeedViewState::Paused
                    | FeedViewState::Unauthorized
            )
        })
        .collect()
}

/// A source that answers with nothing but old values is stale, however promptly it answers.
fn with_age_of_content(mut feed: FeedView, counts: StateCounts) -> FeedView {
    let is_on_time = matches!(
        feed.state,
        FeedViewState::Live | FeedViewState::Polling | FeedViewState::Delayed
    );
    if is_on_time && counts.total > 0 && counts.stale == counts.total {
        feed.state = FeedViewState::Stale;
        feed.message
            .get_or_insert_with(|| "MES answers, but what it says is old".to_owned());
    }
    feed
}

fn abnormal(machines: &[BoardMachine]) -> Vec<Abnormal> {
    let mut entries: Vec<Abnormal> = machines.iter().flat_map(abnormal_of).collect();
    // What began first stands first; what began nobody knows when stands last.
    entries.sort_by_key(|entry| {
        (
            entry.since.is_none(),
            entry.since,
            entry.kind,
            entry.machine_id.clone(),
        )
    });
    entries
}

/// A stale machine is nothing but stale; the alarms of a machine that is down explain it and are no entries of their own.
fn abnormal_of(machine: &BoardMachine) -> Vec<Abnormal> {
    let status = &machine.status;
    let entry = |kind, text: Option<String>, since| Abnormal {
        kind,
        machine_id: status.machine_id.clone(),
        name: status.name.clone(),
        work_center: status.equipment.work_center.clone(),
        text,
        priority: None,
        since,
    };
    let reason = status
        .reason
        .as_ref()
        .and_then(|reason| reason.text.clone().or_else(|| reason.code.clone()));
    match status.status {
        _ if machine.is_stale => {
            let text = format!("last state: {}", status.status.as_str());
            vec![entry(AbnormalKind::Stale, Some(text), status.observed_at)]
        }
        MachineState::Down => {
            let worst = status
                .alarms
                .iter()
                .min_by_key(|alarm| alarm.priority.unwrap_or(u8::MAX));
            let text =
                reason.or_else(|| worst.and_then(|alarm| alarm.text.clone().or_else(|| alarm.code.clone())));
            let priority = worst.and_then(|alarm| alarm.priority);
            vec![Abnormal {
                priority,
                ..entry(AbnormalKind::Down, text, status.status_since)
            }]
        }
        MachineState::Offline => vec![entry(AbnormalKind::Offline, reason, status.status_since)],
        _ => status
            .alarms
            .iter()
            .map(|alarm| {
                let text = alarm.text.clone().or_else(|| alarm.code.clone());
                Abnormal {
                    priority: alarm.priority,
                    ..entry(AbnormalKind::Alarm, text, alarm.raised_at)
                }
            })
            .collect(),
    }
}
