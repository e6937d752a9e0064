//! What a person may tell the MES to do, an extension that `/health` announces as `commands`: hold and release an order,
//! change a machine's target. A key makes a repeated command harmless, a version makes a late one fail.
//! Every command that names a key and a version is remembered with its answer, whether it was done or refused.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::answers;
use super::floor::{Floor, Unwilling};
use super::list::Problem;
use super::records;

const LONGEST_REASON: usize = 500;
const LONGEST_CYCLE_S: f64 = 3600.0;

/// A command as its path names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Hold(&'a str),
    Release(&'a str),
    CycleTarget(&'a str),
}

/// What the MES remembers of commands.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<String, Remembered>,
    done: u64,
}

#[derive(Debug, Clone)]
struct Remembered {
    /// The path and the body, to tell a repetition from another command.
    said: String,
    command: &'static str,
    target: String,
    at_ms: i64,
    status: u16,
    /// The record that was changed, or the problem.
    body: Value,
    version: Option<u64>,
}

impl<'a> Command<'a> {
    pub(crate) fn at(path: &'a str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/api/v1/production-orders/") {
            return match rest.split_once('/')? {
                (id, "hold") if !id.is_empty() => Some(Self::Hold(id)),
                (id, "release") if !id.is_empty() => Some(Self::Release(id)),
                _ => None,
            };
        }
        let id = path
            .strip_prefix("/api/v1/machines/")?
            .strip_suffix("/cycle-target")?;
        (!id.is_empty() && !id.contains('/')).then_some(Self::CycleTarget(id))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hold(_) => "hold",
            Self::Release(_) => "release",
            Self::CycleTarget(_) => "cycle-target",
        }
    }

    fn target(self) -> &'a str {
        match self {
            Self::Hold(id) | Self::Release(id) | Self::CycleTarget(id) => id,
        }
    }
}

impl Ledger {
    /// How many commands were carried out.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// What became of the command with a key.
    pub(crate) fn told(&self, key: &str) -> Option<Value> {
        let entry = self.entries.get(key)?;
        let is_done = entry.version.is_some();
        Some(json!({
            "id": key, "command": entry.command, "target": entry.target,
            "status": if is_done { "done" } else { "refused" },
            "at": records::time(entry.at_ms),
            "record": if is_done { entry.body.clone() } else { Value::Null },
            "problem": if is_done { Value::Null } else { entry.body.clone() },
        }))
    }

    /// Carries a command out, or gives the answer it got before; the flag says whether it was carried out now.
    pub(crate) fn carry_out(
        &mut self,
        floor: &mut Floor,
        command: Command<'_>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(Response, bool), Problem> {
        let key = read_key(headers)?;
        let body = read_body(body)?;
        let said = format!("{} {} {body}", command.name(), command.target());
        if let Some(entry) = self.entries.get(&key) {
            if entry.said != said {
                let detail = "this idempotency key was used for another command";
                return Err(Problem::new(409, "Conflict", detail));
            }
            return Ok((entry.response(headers), false));
        }
        let version = read_version(headers)?;
        let outcome = apply(floor, command, version, &body);
        let is_done = outcome.is_ok();
        self.done += u64::from(is_done);
        let (status, answer, version) = match outcome {
            Ok((record, version)) => (200, record, Some(version)),
            Err(problem) => (problem.status, answers::problem_body(&problem), None),
        };
        let entry = Remembered {
            said,
            command: command.name(),
            target: command.target().to_owned(),
            at_ms: floor.clock_ms,
            status,
            body: answer,
            version,
        };
        let response = entry.response(headers);
        self.entries.insert(key, entry);
        Ok((response, is_done))
    }
}

impl Remembered {
    fn response(&self, headers: &HeaderMap) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = answers::json_response(status, &self.body, headers);
        match self.version {
            Some(version) => answers::tag(&mut response, &format!("\"{version}\"")),
            None => {
                let kind = header::HeaderValue::from_static("application/problem+json");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
        }
        response
    }
}

fn apply(
    floor: &mut Floor,
    command: Command<'_>,
    version: u64,
    body: &Value,
) -> Result<(Value, u64), Problem> {
    let number = |id: &str| records::order_number(id).ok_or_else(|| not_there(command));
    let outcome = match command {
        Command::Hold(id) => floor.hold_order(number(id)?, version),
        Command::Release(id) => floor.release_order(number(id)?, version),
        Command::CycleTarget(id) => {
            let cycle_ms = read_cycle(body)?;
            floor.set_cycle(id, version, cycle_ms).map(|_| ())
        }
    };
    outcome.map_err(|unwilling| refusal(command, &unwilling))?;
    changed(floor, command).ok_or_else(|| not_there(command))
}

fn changed(floor: &Floor, command: Command<'_>) -> Option<(Value, u64)> {
    if let Command::CycleTarget(id) = command {
        let machine = &floor.machines[floor.machine_named(id)?];
        return Some((records::machine(floor, machine), machine.version));
    }
    let order = floor.orders.get(&records::order_number(command.target())?)?;
    Some((records::order(floor, order), order.version))
}

fn not_there(command: Command<'_>) -> Problem {
    let kind = match command {
        Command::CycleTarget(_) => "machine",
        Command::Hold(_) | Command::Release(_) => "production order",
    };
    Problem::not_found(format!("no such {kind}: {}", command.target()))
}

fn refusal(command: Command<'_>, unwilling: &Unwilling) -> Problem {
    let target = command.target();
    match unwilling {
        Unwilling::NoSuchOrder | Unwilling::NoSuchMachine => not_there(command),
        Unwilling::OtherVersion(is) => {
            let detail = format!("{target} has been changed since: its version is {is} now");
            Problem::new(412, "Precondition Failed", detail)
        }
        Unwilling::Status(status) => {
            let wanted = match command {
                Command::Hold(_) => "only a released or active order can be put on hold",
                _ => "only a planned or paused order can be released",
            };
            let detail = format!("{wanted}; {target} is {}", status.word());
            Problem::new(409, "Conflict", detail)
        }
    }
}

fn read_key(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers
        .get("idempotency-key")
        .ok_or_else(|| Problem::bad_request("a command needs the header Idempotency-Key"))?
        .to_str()
        .unwrap_or_default();
    uuid::Uuid::try_parse(text.trim())
        .map(|key| key.to_string())
        .map_err(|_| Problem::bad_request("the header Idempotency-Key must be a UUID"))
}

fn read_version(headers: &HeaderMap) -> Result<u64, Problem> {
    let text = headers.get(header::IF_MATCH).ok_or_else(|| {
        let detail = "a command needs the header If-Match with the version that was read";
        Problem::new(428, "Precondition Required", detail)
    })?;
    text.to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .ok_or_else(|| Problem::bad_request("the header If-Match must be one version in quotes"))
}

fn read_body(body: &[u8]) -> Result<Value, Problem> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default();
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        let detail = format!("reason must be a text of 1 to {LONGEST_REASON} characters");
        return Err(Problem::bad_request(detail));
    }
    Ok(body)
}

fn read_cycle(body: &Value) -> Result<i64, Problem> {
    let seconds = body
        .get("cycle_s")
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST_CYCLE_S);
    #[expect(clippy::cast_possible_truncation, reason = "at most an hour in milliseconds")]
    let cycle_ms = seconds.map(|seconds| (seconds * 1000.0).round() as i64);
    cycle_ms.filter(|cycle_ms| *cycle_ms > 0).ok_or_else(|| {
        let detail = "cycle_s must be a number of seconds above 0 and up to 3600, to the millisecond";
        Problem::new(422, "Unprocessable Content", detail)
    })
}
