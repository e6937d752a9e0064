//! The Plant screen.

use std::collections::BTreeSet;

use andon_domain::records::{Equipment, MachineState, MachineStatus};
use andon_engine::watch::{
    self, Abnormal, AlarmGroup, AlarmLoad, Board, BoardMachine, BoardOrder, FeedViewState, LateOrder, Line,
    StateCounts,
};

use super::Context;
use crate::error::ApiError;
use crate::wire::{
    self, AbnormalItem, AbnormalKind, Empty, FeedState, FeedView, LineView, MachineTile, PlantBoard,
    PlantFigures, PlantMachine, PlantMachineRequest, PlantOrders, PlantQuality, PlantTimelines,
    PlantWindowRequest, StateCount, TileMachine, TileOrder, TilePlace, TroubledFeed,
};

/// Beyond this the screen counts ages by the MES's clock and says so.
const NOTABLE_SKEW_MS: i64 = 30_000;

pub(crate) async fn board(context: &Context<'_>, _: Empty) -> Result<PlantBoard, ApiError> {
    let board = watch::board(context.engine(), &context.caller)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(view(board))
}

pub(crate) async fn window(
    context: &Context<'_>,
    request: PlantWindowRequest,
) -> Result<PlantFigures, ApiError> {
    watch::plant::figures(context.engine(), &context.caller, &request)
        .await
        .map_err(|e| context.fail(e))
}

pub(crate) async fn machine(
    context: &Context<'_>,
    request: PlantMachineRequest,
) -> Result<PlantMachine, ApiError> {
    watch::plant::machine(context.engine(), &context.caller, &request)
        .await
        .map_err(|e| context.fail(e))
}

pub(crate) async fn timelines(
    context: &Context<'_>,
    request: PlantWindowRequest,
) -> Result<PlantTimelines, ApiError> {
    watch::plant::timelines(context.engine(), &context.caller, &request)
        .await
        .map_err(|e| context.fail(e))
}

pub(crate) async fn orders(
    context: &Context<'_>,
    request: PlantWindowRequest,
) -> Result<PlantOrders, ApiError> {
    watch::plant::orders(context.engine(), &context.caller, &request)
        .await
        .map_err(|e| context.fail(e))
}

pub(crate) async fn quality(
    context: &Context<'_>,
    request: PlantWindowRequest,
) -> Result<PlantQuality, ApiError> {
    watch::plant::quality(context.engine(), &context.caller, &request)
        .await
        .map_err(|e| context.fail(e))
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
        late_orders,
        troubled_feeds,
        alarm_load,
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
        lines: lines.into_iter().map(line).collect(),
        late_orders: late_orders.into_iter().map(late).collect(),
        troubled_feeds: troubled_feeds
            .iter()
            .map(|view| TroubledFeed {
                feed: view.feed,
                view: feed(view),
            })
            .collect(),
        alarm_load: load(alarm_load),
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
        order,
    } = machine;
    MachineTile {
        machine: tile_machine(status),
        order: order.map(tile_order),
        age_ms,
        is_stale,
    }
}

fn tile_machine(status: MachineStatus) -> TileMachine {
    let MachineStatus {
        machine_id,
        name,
        equipment,
        status,
        status_raw,
        status_since,
        mode,
        planned_busy: _,
        reason,
        order_id,
        product_id,
        counters,
        planned_cycle_s,
        last_cycle_s,
        alarms,
        observed_at,
        updated_at: _,
        version: _,
        incomplete,
    } = status;
    let Equipment {
        enterprise: _,
        site: _,
        area,
        work_center,
        work_unit: _,
    } = equipment;
    TileMachine {
        machine_id,
        name,
        equipment: TilePlace { area, work_center },
        status,
        status_raw,
        status_since,
        mode,
        reason,
        order_id,
        product_id,
        counters,
        planned_cycle_s,
        last_cycle_s,
        alarms,
        observed_at,
        incomplete,
    }
}

fn tile_order(order: BoardOrder) -> TileOrder {
    let BoardOrder {
        number,
        product,
        planned,
        good,
        uom,
        due,
    } = order;
    TileOrder {
        number,
        product,
        planned,
        good,
        uom,
        due,
    }
}

fn line(line: Line) -> LineView {
    let Line {
        name,
        area,
        machines,
        counts: _,
        first_stopped,
    } = line;
    LineView {
        name: name.unwrap_or_default(),
        area,
        machines,
        first_stopped,
    }
}

fn late(order: LateOrder) -> wire::LateOrder {
    let LateOrder {
        order_id,
        number,
        product,
        work_center,
        machine_id,
        due,
    } = order;
    wire::LateOrder {
        order_id,
        number,
        product,
        work_center,
        machine_id,
        due,
    }
}

fn load(load: AlarmLoad) -> wire::AlarmLoad {
    let AlarmLoad {
        last_10_min,
        per_10_min,
        is_above_target,
        is_flood,
        groups,
    } = load;
    let group = |group: AlarmGroup| {
        let AlarmGroup {
            area,
            count,
            first_machine,
            first_text,
            first_at,
        } = group;
        wire::AlarmGroup {
            area,
            count,
            first_machine,
            first_text,
            first_at,
        }
    };
    wire::AlarmLoad {
        last_10_min,
        per_10_min,
        is_above_target,
        is_flood,
        groups: groups.into_iter().map(group).collect(),
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
        FeedViewState::NotOffered | FeedViewState::NotConfigured => (
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
