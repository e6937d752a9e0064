//! The demo MES: "Plant REST v1" over a made-up shop floor, read-only, on loopback.
//! History, calendar, quality reports and commands are not served and therefore not announced.

mod floor;
mod list;
mod machines;
mod orders;
mod records;
mod stream;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::faults::{Faults, MesFault, hold};
use floor::{Change, Floor};
use list::{Entry, Limits, Problem, Selection};
use orders::OrderStatus;
use stream::{Events, Wanted};

const TICK: Duration = Duration::from_millis(250);
const EIGHT_HOURS_MS: i64 = 8 * 60 * 60 * 1000;

const MACHINES: Limits = Limits {
    list: "machines",
    default: 500,
    most: 5000,
};
const DOWNTIME: Limits = Limits {
    list: "downtime",
    default: 200,
    most: 1000,
};
const ORDERS: Limits = Limits {
    list: "orders",
    default: 200,
    most: 1000,
};

/// The demo MES.
#[derive(Debug)]
pub(crate) struct Mes {
    floor: Mutex<Floor>,
    events: Arc<Events>,
    faults: Arc<Faults>,
    token: String,
    requests: AtomicU64,
}

/// Opens the shop floor.
pub(crate) fn open(seed: u64, now_ms: i64, speed: f64, token: String, faults: Arc<Faults>) -> Mes {
    let floor = Mutex::new(Floor::open(seed, now_ms, speed));
    Mes {
        floor,
        events: Arc::new(Events::new()),
        faults,
        token,
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

async fn answer_request(State(mes): State<Arc<Mes>>, request: Request) -> Response {
    mes.requests.fetch_add(1, Ordering::SeqCst);
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if path != "/health" && !mes.knows(request.headers()) {
        return problem(&Problem {
            status: 401,
            title: "Unauthorized",
            detail: "a valid bearer token is needed".to_owned(),
        });
    }
    if !is_read {
        let detail = format!("this interface is read-only: {}", request.method());
        return problem(&Problem {
            status: 405,
            title: "Method Not Allowed",
            detail,
        });
    }
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    match route(&mes, path, &pairs, request.headers()) {
        Ok(response) => response,
        Err(refusal) => problem(&refusal),
    }
}

fn route(
    mes: &Arc<Mes>,
    path: &str,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let now_ms = crate::now_ms();
    match path {
        "/health" => Ok(json_response(StatusCode::OK, &health(now_ms))),
        "/api/v1/machines/status" => answer_list(
            mes,
            &Selection::parse(pairs, MACHINES, now_ms)?,
            machine_entries,
            headers,
            now_ms,
        ),
        "/api/v1/downtime-events" => {
            let mut selection = Selection::parse(pairs, DOWNTIME, now_ms)?;
            if selection.since_ms.is_none() && selection.until_ms.is_none() {
                // What is still open overlaps every window that reaches to now.
                selection.since_ms = Some(now_ms - EIGHT_HOURS_MS);
            }
            answer_list(mes, &selection, downtime_entries, headers, now_ms)
        }
        "/api/v1/production-orders" => {
            let selection = Selection::parse(pairs, ORDERS, now_ms)?;
            answer_list(mes, &selection, order_entries, headers, now_ms)
        }
        "/api/v1/events" => Ok(event_stream(mes, pairs, headers)),
        _ => match path.strip_prefix("/api/v1/machines/") {
            Some(id) if !id.is_empty() && !id.contains('/') => one_machine(mes, id, headers),
            _ => Err(Problem::not_found(format!("no such resource: {path}"))),
        },
    }
}

fn health(now_ms: i64) -> Value {
    json!({
        "status": "ok",
        "api_version": "1.0",
        "product": "Demo plant MES (simulated)",
        "version": env!("CARGO_PKG_VERSION"),
        "server_time": records::time(now_ms),
        "time_zone": "Europe/Berlin",
        "capabilities": ["production-orders", "machines/status", "downtime-events", "events"],
        "checks": [{"name": "floor", "status": "ok", "latency_ms": 0}],
    })
}

fn machine_entries(floor: &Floor, _: &Selection) -> Vec<Entry> {
    let machines = floor.machines.iter();
    machines
        .map(|machine| Entry {
            key: machine.id.clone(),
            machine_id: machine.id.clone(),
            work_center: machine.line.work_center,
            area: machine.line.area,
            status: records::status_word(machine.status),
            updated_ms: machine.updated_ms,
            interval: None,
            body: records::machine(floor, machine),
        })
        .collect()
}

fn downtime_entries(floor: &Floor, _: &Selection) -> Vec<Entry> {
    let events = floor.downtime.values();
    events
        .map(|event| {
            let machine = &floor.machines[event.machine];
            Entry {
                key: format!("{:015}|{}|{:06}", event.start_ms, machine.id, event.number),
                machine_id: machine.id.clone(),
                work_center: machine.line.work_center,
                area: machine.line.area,
                status: if event.end_ms.is_none() { "open" } else { "closed" },
                updated_ms: event.updated_ms,
                interval: Some((event.start_ms, event.end_ms.unwrap_or(i64::MAX))),
                body: records::downtime(floor, event),
            }
        })
        .collect()
}

fn order_entries(floor: &Floor, selection: &Selection) -> Vec<Entry> {
    let orders = floor.orders.values();
    orders
        .filter(|order| selection.names_statuses() || order.status != OrderStatus::Completed)
        .map(|order| {
            let machine = &floor.machines[order.machine];
            Entry {
                key: format!("{:015}|{}", order.planned_start_ms, order.number),
                machine_id: machine.id.clone(),
                work_center: machine.line.work_center,
                area: machine.line.area,
                status: order.status.word(),
                updated_ms: order.updated_ms,
                interval: Some((order.planned_start_ms, order.planned_end_ms)),
                body: records::order(floor, order),
            }
        })
        .collect()
}

fn answer_list(
    mes: &Mes,
    selection: &Selection,
    entries: fn(&Floor, &Selection) -> Vec<Entry>,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<Response, Problem> {
    let (entries, as_of) = {
        let floor = hold(&mes.floor);
        (entries(&floor, selection), floor.clock_ms)
    };
    let (items, next_cursor, total) = selection.page(entries)?;
    let items = json!(items);
    let etag = list::etag(&format!("{total}{items}"));
    let body = json!({
        "items": items, "next_cursor": next_cursor, "total": total,
        "as_of": records::time(as_of), "server_time": records::time(now_ms),
    });
    Ok(conditional(&body, &etag, headers))
}

fn one_machine(mes: &Mes, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let floor = hold(&mes.floor);
    let machine = floor.machines.iter().find(|machine| machine.id == id);
    let machine = machine.ok_or_else(|| Problem::not_found(format!("no such machine: {id}")))?;
    let body = records::machine(&floor, machine);
    let etag = list::etag(&body.to_string());
    Ok(conditional(&body, &etag, headers))
}

/// The body, or 304 when the caller has it already.
fn conditional(body: &Value, etag: &str, headers: &HeaderMap) -> Response {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let has_it = known.is_some_and(|known| {
        known
            .split(',')
            .any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
    });
    let mut response = if has_it {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json_response(StatusCode::OK, body)
    };
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
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

fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn problem(problem: &Problem) -> Response {
    let body = json!({
        "type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail,
        "trace_id": uuid::Uuid::new_v4().simple().to_string(),
    });
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, &body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"demo-plant\""),
            );
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        _ => {}
    }
    response
}
