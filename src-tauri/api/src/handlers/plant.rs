//! The Plant screen.

use std::collections::BTreeSet;

use andon_domain::records::MachineState;
use andon_engine::watch::{self, Abnormal, Board, BoardMachine, FeedViewState, StateCounts};

use super::Context;
use crate::error::ApiError;
use crate::wire::{
    AbnormalItem, AbnormalKind, Empty, FeedState, FeedView, LineView, MachineTile, PlantBoard, StateCount,
};

/// Beyond this the screen counts ages by the MES's clock and says so.
const NOTABLE_SKEW_MS: i64 = 30_000;

pub(crate) async fn board(context: &Context<'_>, _: Empty) -> Result<PlantBoard, ApiError> {
    let board = watch::board(context.engine(), &context.caller)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(view(board))
}

fn view(board: Board) -> PlantBoard {
    let Board {
        at,
        time_zone,
        machines,
        counts,
        lines,
        abnormal,
        downtime,
        feed: machine_feed,
        clock_skew_ms,
    } = board;
    let sites: BTreeSet<&String> = machines
        .iter()
        .filter_map(|m| m.status.equipment.site.as_ref())
        .collect();
    let site = if sites.len() == 1 {
        sites.first().map(|site| (*site).clone())
    } else {
        None
    };
    let skew = clock_skew_ms.filter(|skew| skew.abs() > NOTABLE_SKEW_MS);
    PlantBoard {
        server_time: andon_domain::Timestamp::from_millis(at.millis().saturating_add(skew.unwrap_or(0))),
        site,
        time_zone,
        feed: feed(&machine_feed),
        lines: lines
            .into_iter()
            .map(|line| LineView {
                name: line.name.unwrap_or_default(),
                machines: line.machines,
            })
            .collect(),
        counts: counted(&counts),
        abnormal: abnormal.into_iter().map(item).collect(),
        machines: machines.into_iter().map(tile).collect(),
        downtime,
        clock_skew_ms: skew,
    }
}

fn tile(machine: BoardMachine) -> MachineTile {
    let BoardMachine {
        status,
        synced_at: _,
        age_ms,
        is_stale,
    } = machine;
    MachineTile {
        machine: status,
        age_ms,
        is_stale,
    }
}

fn counted(counts: &StateCounts) -> Vec<StateCount> {
    let StateCounts {
        total: _,
        running,
        idle,
        setup,
        down,
        maintenance,
        offline,
        unknown,
        stale,
    } = *counts;
    let count = |state, count| StateCount { state, count };
    vec![
        count(Some(MachineState::Running), running),
        count(Some(MachineState::Idle), idle),
        count(Some(MachineState::Setup), setup),
        count(Some(MachineState::Down), down),
        count(Some(MachineState::Maintenance), maintenance),
        count(Some(MachineState::Offline), offline),
        count(Some(MachineState::Unknown), unknown),
        count(None, stale),
    ]
}

fn item(abnormal: Abnormal) -> AbnormalItem {
    let Abnormal {
        kind,
        machine_id,
        name,
        work_center: _,
        text,
        priority,
        since,
    } = abnormal;
    let (kind, usual) = match kind {
        watch::AbnormalKind::Down => (AbnormalKind::Down, 1),
        watch::AbnormalKind::Alarm => (AbnormalKind::Alarm, 2),
        watch::AbnormalKind::Offline => (AbnormalKind::Offline, 3),
        watch::AbnormalKind::Stale => (AbnormalKind::Stale, 3),
    };
    AbnormalItem {
        machine_id,
        name,
        kind,
        priority: priority.unwrap_or(usual),
        text,
        since,
    }
}

/// A feed for the screen.
pub(crate) fn feed(feed: &watch::FeedView) -> FeedView {
    let (state, hint) = match feed.state {
        FeedViewState::Live => (FeedState::Live, None),
        FeedViewState::Polling => (FeedState::Polling, None),
        FeedViewState::Delayed => (FeedState::Delayed, None),
        FeedViewState::Stale => (FeedState::Stale, Some("The last values stay, with their age.")),
        FeedViewState::Paused => (
            FeedState::Stale,
            Some("An admin paused this feed; it can be resumed."),
        ),
        FeedViewState::Offline => (
            FeedState::Offline,
            Some("It is tried again by itself. Check that the MES is running."),
        ),
        FeedViewState::Unauthorized => (
            FeedState::Unauthorized,
            Some("An admin has to set a new token; it is not tried again by itself."),
        ),
        FeedViewState::NotConfigured => (
            FeedState::NotConfigured,
            Some("Set MES_REST_ENDPOINT or mes.endpoint and start again."),
        ),
    };
    FeedView {
        state,
        last_contact: feed.last_contact,
        message: feed.message.clone(),
        hint: hint.map(str::to_owned),
    }
}
