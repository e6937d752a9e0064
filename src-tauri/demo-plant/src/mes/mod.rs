//! The demo MES: the whole of "Plant REST v1" over a made-up shop floor, on loopback, with commands as an extension.

mod answers;
mod commands;
mod floor;
mod inspections;
mod list;
mod lists;
mod machines;
mod orders;
mod records;
mod stream;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Router};
use serde_json::{Value, json};

use crate::faults::{Faults, MesFault, hold};
use crate::line::Line;
use commands::{Command, Ledger};
pub(crate) use floor::Plan;
use floor::{Change, Floor};
use list::{Problem, Selection};
use lists::List;
use stream::{Events, Wanted};

const TICK: Duration = Duration::from_millis(250);
/// A body of a command is a reason and a number.
const MOST_BODY: usize = 64 * 1024;
const SLOWNESS: Duration = Duration::from_secs(4);

/// The demo MES.
#[derive(Debug)]
pub(crate) struct Mes {
    floor: Mutex<Floor>,
    ledger: Mutex<Ledger>,
    events: Arc<Events>,
    faults: Arc<Faults>,
    token: String,
    takes_commands: bool,
    requests: AtomicU64,
}

/// Opens the shop floor.
pub(crate) fn open(plan: Plan, now_ms: i64, token: String, takes_commands: bool, faults: Arc<Faults>) -> Mes {
    Mes {
        floor: Mutex::new(Floor::open(plan, now_ms)),
        ledger: Mutex::default(),
        events: Arc::new(Events::new(plan.machines)),
        faults,
        token,
        takes_commands,
        requests: AtomicU64::new(0),
    }
}

/// The service over HTTP.
pub(crate) fn router(mes: Arc<Mes>) -> Router {
    Router::new().fallback(answer_request).with_state(mes)
}

/// Lets the floor live; ends never.
pub(crate) async fn live(mes: Arc<Mes>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        mes.advance(crate::now_ms());
    }
}

impl Mes {
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Forces a machine down until [`Mes::recover`]; false if there is no such machine.
    pub(crate) fn stop(&self, id: &str, reason: &str) -> bool {
        hold(&self.floor).stop(id, reason)
    }

    pub(crate) fn recover(&self, id: &str) -> bool {
        hold(&self.floor).recover(id)
    }

    /// Tells listeners to fetch all again, since changes were kept from them.
    pub(crate) fn resync(&self) {
        self.events.publish("resync", "", "{}");
    }

    /// How many commands were carried out.
    pub(crate) fn commands_done(&self) -> u64 {
        hold(&self.ledger).done()
    }

    fn takes_commands(&self) -> bool {
        self.takes_commands && self.faults.mes() != MesFault::NoCommands
    }

    fn advance(&self, now_ms: i64) {
        let mut floor = hold(&self.floor);
        // Asked under the lock: once the fault is set, no reader sees the data move.
        if self.faults.mes() == MesFault::Stale {
            return;
        }
        for change in floor.advance(now_ms) {
            match change {
                Change::Machine(index) => {
                    let machine = &floor.machines[index];
                    let body = records::machine(&floor, machine).to_string();
                    self.events.publish("machine_status", &machine.id, &body);
                }
                Change::Downtime(number) => {
                    if let Some(event) = floor.downtime.get(&number) {
                        let body = records::downtime(&floor, event).to_string();
                        self.events
                            .publish("downtime", &floor.machines[event.machine].id, &body);
                    }
                }
                Change::Report(number) => {
                    if let Some(report) = floor.reports.get(&number) {
                        let body = records::report(&floor, report).to_string();
                        self.events
                            .publish("quality", &floor.machines[report.machine].id, &body);
                    }
                }
                Change::Order(number) => {
                    if let Some(order) = floor.orders.get(&number) {
                        let body = records::order(&floor, order).to_string();
                        self.events
                            .publish("order", &floor.machines[order.machine].id, &body);
                    }
                }
            }
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = given.and_then(|given| given.split_once(' '));
        token.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && token.trim() == self.token
        })
    }
}

async fn answer_request(
    State(mes): State<Arc<Mes>>,
    Extension(ConnectInfo(line)): Extension<ConnectInfo<Line>>,
    request: Request,
) -> Response {
    mes.requests.fetch_add(1, Ordering::SeqCst);
    let now_ms = crate::now_ms();
    let path = request.uri().path().to_owned();
    let fault = mes.faults.mes();
    if fault == MesFault::Slow {
        tokio::time::sleep(SLOWNESS).await;
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if path == "/health" {
        return if is_read {
            health(&mes, fault, now_ms, request.headers())
        } else {
            answers::not_allowed("GET, HEAD")
        };
    }
    match fault {
        MesFault::Busy | MesFault::Unhealthy => return answers::busy("the MES is busy"),
        MesFault::TooMany => return answers::too_many(now_ms),
        _ => {}
    }
    if !mes.knows(request.headers()) {
        let detail = "a valid bearer token is needed";
        return answers::problem(&Problem::new(401, "Unauthorized", detail));
    }
    if mes.takes_commands()
        && let Some(command) = Command::at(&path)
    {
        if *request.method() != Method::POST {
            return answers::not_allowed("POST");
        }
        let (head, body) = request.into_parts();
        return answer_command(&mes, command, &head.headers, body, &line).await;
    }
    if !is_read && Command::at(&path).is_none() {
        return answers::not_allowed("GET, HEAD");
    }
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    match route(&mes, &path, &pairs, request.headers(), now_ms) {
        Ok(response) => response,
        Err(refusal) => answers::problem(&refusal),
    }
}

fn route(
    mes: &Arc<Mes>,
    path: &str,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<Response, Problem> {
    if let Some(list) = List::at(path) {
        let mut selection = Selection::parse(pairs, list.limits(), now_ms)?;
        return answer_list(mes, list, &mut selection, headers, now_ms);
    }
    if path == "/api/v1/events" {
        return Ok(event_stream(mes, pairs, headers));
    }
    let one = |prefix: &str| {
        path.strip_prefix(prefix)
            .filter(|id| !id.is_empty() && !id.contains('/'))
    };
    if let Some(id) = one("/api/v1/machines/") {
        return one_machine(mes, id, headers);
    }
    if let Some(key) = one("/api/v1/commands/")
        && mes.takes_commands()
    {
        let told = hold(&mes.ledger).told(&key.to_ascii_lowercase());
        let told = told.ok_or_else(|| Problem::not_found("no command with this key has come here"))?;
        return Ok(answers::json_response(StatusCode::OK, &told, headers));
    }
    Err(Problem::not_found(format!("no such resource: {path}")))
}

async fn answer_command(
    mes: &Mes,
    command: Command<'_>,
    headers: &HeaderMap,
    body: Body,
    line: &Line,
) -> Response {
    if mes.faults.mes() == MesFault::BusyCommands {
        return answers::busy("the MES takes no commands at this moment");
    }
    let Ok(body) = axum::body::to_bytes(body, MOST_BODY).await else {
        return answers::problem(&Problem::new(
            413,
            "Content Too Large",
            "a command is a short text",
        ));
    };
    let carried_out = {
        let mut ledger = hold(&mes.ledger);
        let mut floor = hold(&mes.floor);
        ledger.carry_out(&mut floor, command, headers, &body)
    };
    match carried_out {
        Ok((response, is_done)) => {
            if is_done {
                tracing::info!(?command, "a command was carried out");
            }
            if is_done && mes.faults.mes() == MesFault::LostCommand {
                line.cut();
            }
            response
        }
        Err(refusal) => answers::problem(&refusal),
    }
}

fn health(mes: &Mes, fault: MesFault, now_ms: i64, headers: &HeaderMap) -> Response {
    let mut capabilities = vec![
        "production-orders",
        "machines/status",
        "machines/history",
        "quality-reports",
        "downtime-events",
        "calendar",
        "events",
    ];
    if mes.takes_commands() {
        capabilities.push("commands");
    }
    let asked = std::time::Instant::now();
    let age_ms = now_ms - hold(&mes.floor).clock_ms;
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (status, collector) = match fault {
        MesFault::Unhealthy => ("down", "down"),
        MesFault::Degraded => ("degraded", "degraded"),
        _ => ("ok", "ok"),
    };
    let code = if status == "down" {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let body = json!({
        "status": status,
        "api_version": "1.0",
        "product": "Demo plant MES (simulated)",
        "version": env!("CARGO_PKG_VERSION"),
        "server_time": records::time(now_ms),
        "time_zone": "Europe/Berlin",
        "capabilities": capabilities,
        "checks": [
            {"name": "floor", "status": "ok", "latency_ms": latency_ms},
            {"name": "collector", "status": collector, "latency_ms": age_ms.max(0)},
        ],
    });
    answers::json_response(code, &body, headers)
}

fn answer_list(
    mes: &Mes,
    list: List,
    selection: &mut Selection,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<Response, Problem> {
    let (page, as_of) = {
        let floor = hold(&mes.floor);
        (list.page(&floor, selection, now_ms)?, floor.clock_ms)
    };
    let items = Value::Array(page.records);
    let etag = list::etag(&format!("{}{items}", page.total));
    let body = json!({
        "items": items, "next_cursor": page.next_cursor, "total": page.total,
        "as_of": records::time(as_of), "server_time": records::time(now_ms),
    });
    Ok(answers::conditional(&body, &etag, headers))
}

fn one_machine(mes: &Mes, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let floor = hold(&mes.floor);
    let index = floor
        .machine_named(id)
        .ok_or_else(|| Problem::not_found(format!("no such machine: {id}")))?;
    let body = records::machine(&floor, &floor.machines[index]);
    let etag = list::etag(&body.to_string());
    Ok(answers::conditional(&body, &etag, headers))
}

fn event_stream(mes: &Arc<Mes>, pairs: &[(String, String)], headers: &HeaderMap) -> Response {
    let words = |wanted: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, list)| list.split(',').map(|word| word.trim().to_owned()).collect())
    };
    let wanted = Wanted {
        kinds: words("types"),
        machine_ids: words("machine_id"),
    };
    let last_id = headers
        .get(HeaderName::from_static("last-event-id"))
        .and_then(|value| value.to_str().ok());
    let body = stream::body(Arc::clone(&mes.events), wanted, last_id, mes.faults.watch_mes());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
