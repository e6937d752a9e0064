//! Plant answers over a mirror in memory: limits by the calendar, what is known up to when, losses that close, what is late,
//! and what is left out.

mod details;
mod figures;
mod ranges;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::ports::{Feed, FeedAsk, FeedRecords, FeedSource, PlantEvents, PlantFeed};
use andon_domain::records::{
    DowntimeCategory, DowntimeEvent, Equipment, InspectedQuantity, InspectionResult, InspectionType,
    MachineMode, MachineState, MachineStatus, OrderQuantity, Product, ProductionOrder, ProductionOrderStatus,
    QualityReport, Reason, Shift, Span, StateSegment,
};
use andon_domain::{PortError, Role, Timestamp};
use async_trait::async_trait;

use super::*;
use crate::testing::{START, World, failure, person, world};
use crate::watch::schedule::Brought;
use crate::watch::tests::machine as status;
use crate::world::Systems;

/// A day and a time of June 2026, in UTC.
fn time(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-06-{text}:00Z")).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(START)
}

/// A MES that offers every feed.
struct WholePlant;

#[async_trait]
impl FeedSource for WholePlant {
    fn feeds(&self) -> Vec<Feed> {
        Feed::ALL.to_vec()
    }
    async fn fetch(&self, _: Feed, _: &FeedAsk) -> Result<FeedRecords, PortError> {
        Err(failure(andon_domain::PortErrorKind::Unavailable))
    }
}

#[async_trait]
impl PlantFeed for WholePlant {
    async fn listen(&self) -> Result<PlantEvents, PortError> {
        Err(failure(andon_domain::PortErrorKind::Unavailable))
    }
}

/// A plant with machines M11 and M12 on line L1 and M21 on L2, whose history was told just now.
fn plant() -> World {
    let world = world(Systems {
        plant: Some(Arc::new(WholePlant)),
        ..Systems::default()
    });
    for id in ["M11", "M12", "M21"] {
        let mut machine = status(id, MachineState::Running, Some(now()));
        machine.status_since = Some(time("22T12:00"));
        add_machine(&world, machine);
    }
    told(&world, now());
    world
}

fn add_machine(world: &World, machine: MachineStatus) {
    let mut machines = world.mirror.machines.lock().unwrap();
    machines.insert(machine.machine_id.clone(), (machine, now()));
}

/// The MES answered about everything.
fn told(world: &World, at: Timestamp) {
    for feed in Feed::ALL {
        let brought = Brought {
            asked: at,
            is_full: true,
            dropped: 0,
        };
        let flight = world.tenant().feeds.start(feed).unwrap();
        let _ = flight.finish(at, Ok(brought), 127);
    }
}

fn shift(id: &str, day: &str, start: &str, end: &str) -> Shift {
    Shift {
        id: id.to_owned(),
        shift: Some(id.to_owned()),
        business_day: Some(day.to_owned()),
        site: None,
        start: time(start),
        end: time(end),
        breaks: Vec::new(),
    }
}

/// Early and late of the 22nd and the night before them.
fn calendar(world: &World) {
    let mut late = shift("late", "2026-06-22", "22T12:00", "22T20:00");
    late.breaks.push(Span {
        start: time("22T13:00"),
        end: time("22T13:30"),
    });
    *world.mirror.shifts.lock().unwrap() = vec![
        shift("night", "2026-06-21", "21T20:00", "22T04:00"),
        shift("early", "2026-06-22", "22T04:00", "22T12:00"),
        late,
        shift("next", "2026-06-22", "22T20:00", "23T04:00"),
    ];
}

fn ran(id: &str, start: Timestamp, end: Option<Timestamp>, made: i64, good: i64) -> StateSegment {
    StateSegment {
        machine_id: id.to_owned(),
        status: MachineState::Running,
        status_raw: None,
        mode: MachineMode::Production,
        start,
        end,
        produced: Some(made.into()),
        good: Some(good.into()),
        scrap: Some((made - good).into()),
        rework: None,
        planned_cycle_s: Some(60.into()),
        order_id: Some("PO-1".to_owned()),
        reason: None,
        incomplete: Vec::new(),
    }
}

fn stop(
    id: &str,
    machine: &str,
    start: Timestamp,
    end: Option<Timestamp>,
    code: Option<&str>,
) -> DowntimeEvent {
    DowntimeEvent {
        id: id.to_owned(),
        machine_id: machine.to_owned(),
        equipment: Equipment::default(),
        order_id: None,
        category: DowntimeCategory::Unplanned,
        failure: Some(true),
        reason: code.map(|code| Reason {
            code: Some(code.to_owned()),
            text: None,
            group: None,
        }),
        start: Some(start),
        end,
        comment: None,
        deleted: false,
        updated_at: end,
        version: 1,
        incomplete: Vec::new(),
    }
}

fn asked(range: PlantRange) -> PlantWindowRequest {
    PlantWindowRequest {
        range,
        ..PlantWindowRequest::default()
    }
}

async fn ask(world: &World, request: &PlantWindowRequest) -> PlantFigures {
    figures(&world.engine, &person("vic", Role::Viewer), request)
        .await
        .unwrap()
}
