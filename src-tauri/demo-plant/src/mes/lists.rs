//! The lists of the MES: their limits, what they show when nothing is asked for, and their order.

use serde_json::Value;

use super::floor::{Floor, Machine};
use super::list::{Facts, Hit, Limits, Page, Problem, Selection};
use super::orders::OrderStatus;
use super::records;

const HOUR_MS: i64 = 60 * 60 * 1000;
const EIGHT_HOURS_MS: i64 = 8 * HOUR_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The longest window of the calendar.
const MOST_CALENDAR_MS: i64 = 400 * DAY_MS;

/// A list of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Machines,
    Orders,
    History,
    Quality,
    Downtime,
    Calendar,
}

impl List {
    pub(crate) fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/api/v1/machines/status" => Self::Machines,
            "/api/v1/machines/history" => Self::History,
            "/api/v1/production-orders" => Self::Orders,
            "/api/v1/quality-reports" => Self::Quality,
            "/api/v1/downtime-events" => Self::Downtime,
            "/api/v1/calendar" => Self::Calendar,
            _ => return None,
        })
    }

    pub(crate) fn limits(self) -> Limits {
        let (list, default, most) = match self {
            Self::Machines => ("machines", 500, 5000),
            Self::Orders => ("orders", 200, 1000),
            Self::History => ("history", 200, 1000),
            Self::Quality => ("quality", 200, 1000),
            Self::Downtime => ("downtime", 200, 1000),
            Self::Calendar => ("calendar", 200, 1000),
        };
        Limits { list, default, most }
    }

    /// The page that is asked for, as JSON.
    pub(crate) fn page(
        self,
        floor: &Floor,
        selection: &mut Selection,
        now_ms: i64,
    ) -> Result<Page<Value>, Problem> {
        if matches!(self, Self::History | Self::Quality | Self::Downtime) && !selection.names_a_time() {
            // What is still open overlaps every window that reaches to now.
            selection.since_ms = Some(now_ms - EIGHT_HOURS_MS);
        }
        match self {
            Self::Machines => machines(floor, selection),
            Self::Orders => orders(floor, selection),
            Self::History => history(floor, selection),
            Self::Quality => quality(floor, selection),
            Self::Downtime => downtime(floor, selection),
            Self::Calendar => calendar(floor, selection, now_ms),
        }
    }
}

fn facts(machine: &Machine) -> Facts<'_> {
    Facts {
        machine_id: &machine.id,
        work_center: &machine.work_center,
        area: machine.line.area,
        status: records::status_word(machine.status),
        updated_ms: machine.updated_ms,
        interval: None,
    }
}

fn render<R>(page: Page<R>, record: impl Fn(R) -> Value) -> Page<Value> {
    Page {
        records: page.records.into_iter().map(record).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
    }
}

fn machines(floor: &Floor, selection: &Selection) -> Result<Page<Value>, Problem> {
    let hits = floor
        .machines
        .iter()
        .filter(|machine| selection.takes(&facts(machine)));
    let hits = hits.map(|machine| Hit {
        key: machine.id.clone(),
        record: machine,
    });
    let page = selection.page(hits.collect())?;
    Ok(render(page, |machine| records::machine(floor, machine)))
}

fn orders(floor: &Floor, selection: &Selection) -> Result<Page<Value>, Problem> {
    let is_shown = |status: OrderStatus| selection.names_statuses() || !status.is_over();
    let hits = floor
        .orders
        .values()
        .filter(|order| is_shown(order.status))
        .filter(|order| {
            let from = order.actual_start_ms.unwrap_or(order.planned_start_ms);
            let planned = order.planned_end_ms.max(from);
            let to = order.actual_end_ms.unwrap_or(planned.max(order.updated_ms));
            selection.takes(&Facts {
                status: order.status.word(),
                updated_ms: order.updated_ms,
                interval: Some((from.min(order.planned_start_ms), to)),
                ..facts(&floor.machines[order.machine])
            })
        });
    let hits = hits.map(|order| Hit {
        key: format!("{:015}|{}", order.planned_start_ms, order.number),
        record: order,
    });
    let page = selection.page(hits.collect())?;
    Ok(render(page, |order| records::order(floor, order)))
}

fn history(floor: &Floor, selection: &Selection) -> Result<Page<Value>, Problem> {
    let mut hits = Vec::new();
    for machine in &floor.machines {
        if !selection.takes_machine(&machine.id) {
            continue;
        }
        let segments = machine.history.iter().rev();
        let in_window = segments.take_while(|segment| {
            let end_ms = segment.end_ms.unwrap_or(i64::MAX);
            selection.since_ms.is_none_or(|since| end_ms > since)
        });
        hits.extend(
            in_window
                .filter(|segment| {
                    selection.takes(&Facts {
                        status: records::status_word(segment.status),
                        // An open segment changes with every piece.
                        updated_ms: segment.end_ms.unwrap_or(machine.updated_ms),
                        interval: Some((segment.start_ms, segment.end_ms.unwrap_or(i64::MAX))),
                        ..facts(machine)
                    })
                })
                .map(|segment| Hit {
                    key: format!("{:015}|{}", segment.start_ms, machine.id),
                    record: (machine, segment),
                }),
        );
    }
    let page = selection.page(hits)?;
    Ok(render(page, |(machine, segment)| {
        records::segment(machine, segment)
    }))
}

fn quality(floor: &Floor, selection: &Selection) -> Result<Page<Value>, Problem> {
    let hits = floor.reports.values().filter(|report| {
        selection.takes(&Facts {
            status: records::verdict_word(report.verdict),
            updated_ms: report.updated_ms,
            // An instant: in the window when it is not before its beginning.
            interval: Some((report.inspected_ms, report.inspected_ms + 1)),
            ..facts(&floor.machines[report.machine])
        })
    });
    let hits = hits.map(|report| {
        let machine = &floor.machines[report.machine].id;
        Hit {
            key: format!("{:015}|{machine}|{:09}", report.inspected_ms, report.number),
            record: report,
        }
    });
    let page = selection.page(hits.collect())?;
    Ok(render(page, |report| records::report(floor, report)))
}

fn downtime(floor: &Floor, selection: &Selection) -> Result<Page<Value>, Problem> {
    let hits = floor.downtime.values().filter(|event| {
        selection.takes(&Facts {
            status: if event.end_ms.is_none() { "open" } else { "closed" },
            updated_ms: event.updated_ms,
            interval: Some((event.start_ms, event.end_ms.unwrap_or(i64::MAX))),
            ..facts(&floor.machines[event.machine])
        })
    });
    let hits = hits.map(|event| {
        let machine = &floor.machines[event.machine].id;
        Hit {
            key: format!("{:015}|{machine}|{:09}", event.start_ms, event.number),
            record: event,
        }
    });
    let page = selection.page(hits.collect())?;
    Ok(render(page, |event| records::downtime(floor, event)))
}

fn calendar(floor: &Floor, selection: &Selection, now_ms: i64) -> Result<Page<Value>, Problem> {
    let (since, until) = match (selection.since_ms, selection.until_ms) {
        (Some(since), Some(until)) => (since, until),
        (Some(since), None) => (since, since.max(now_ms) + DAY_MS),
        (None, Some(until)) => (until.min(now_ms) - DAY_MS, until),
        (None, None) => (now_ms - DAY_MS, now_ms + DAY_MS),
    };
    if until - since > MOST_CALENDAR_MS {
        return Err(Problem::bad_request(
            "the calendar gives at most 400 days at once",
        ));
    }
    let hits = floor.shifts.between(since, until).into_iter().map(|shift| Hit {
        key: format!("{:015}", shift.start_ms),
        record: shift,
    });
    let page = selection.page(hits.collect())?;
    Ok(render(page, |shift| records::shift(&shift)))
}
