//! Is the MES there, how does it say it is, and does it let us in? `/health` needs no logon, so one record is read as well.

use std::sync::PoisonError;
use std::time::Duration;

use andon_domain::ports::{Health, HealthState};
use andon_domain::text::visible;
use andon_domain::{PortError, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::Mes;
use super::clock::Reading;
use super::lists::{parse, problem};
use super::offers::{Offers, Part};
use crate::sap::{clock_is_off, health_of};
use crate::transport::{Call, Errand};

/// Beyond this, ages shown beside the MES's own would mislead.
pub(super) const SKEW_LIMIT_MS: i64 = 30_000;

#[derive(Deserialize)]
pub(super) struct HealthBody {
    status: String,
    #[serde(default)]
    pub(super) api_version: Option<String>,
    #[serde(default)]
    pub(super) product: Option<String>,
    #[serde(default)]
    pub(super) version: Option<String>,
    #[serde(default)]
    server_time: Option<String>,
    #[serde(default)]
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    capabilities: Option<Value>,
    #[serde(default)]
    checks: Vec<CheckBody>,
}

#[derive(Deserialize)]
struct CheckBody {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

/// What `/health` told, with how long it took.
pub(super) struct Seen {
    pub(super) body: HealthBody,
    pub(super) is_down: bool,
    pub(super) round_trip: Duration,
    /// How far the clock of the MES is ahead of ours.
    pub(super) skew_ms: Option<i64>,
}

impl Seen {
    /// The first part of the MES that it says is not well.
    pub(super) fn trouble(&self) -> Option<String> {
        let is_bad = |check: &&CheckBody| {
            let status = check.status.as_deref();
            status.is_some_and(|status| !status.eq_ignore_ascii_case("ok"))
        };
        let bad = self.body.checks.iter().find(is_bad)?;
        bad.name.as_deref().map(|name| visible(name, 60))
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.body.status.eq_ignore_ascii_case("degraded")
    }
}

/// One check.
pub(super) async fn check(mes: &Mes) -> Health {
    ask(mes).await.unwrap_or_else(|error| {
        tracing::info!(detail = error.detail, kind = ?error.kind, "mes health check failed");
        let (state, hint) = health_of(&error);
        let message = error.to_string();
        Health {
            state,
            message,
            hint: hint.map(str::to_owned),
            latency_ms: None,
            clock_skew_ms: None,
        }
    })
}

/// Reads `/health` and notes what it says of the site and of what is offered.
pub(super) async fn look(mes: &Mes) -> Result<Seen, PortError> {
    let mut call = limited(mes, "health", &[]);
    call.is_authenticated = false;
    // 503 with a body is how a MES says that it is down; asking again would not change its mind.
    call.attempts = Some(1);
    let answer = mes.transport.get(&call).await?;
    if !matches!(answer.status, 200 | 503) {
        return Err(problem(&answer));
    }
    let body: HealthBody = match parse(&answer) {
        Ok(body) => body,
        Err(_) if answer.status == 503 => return Err(problem(&answer)),
        Err(error) => return Err(error),
    };
    // A zone that no clock knows would be no help to anybody.
    if let Some(zone) = body.time_zone.as_deref().filter(|zone| is_zone(zone)) {
        *mes.time_zone.lock().unwrap_or_else(PoisonError::into_inner) = Some(zone.to_owned());
    }
    let is_down = answer.status == 503 || body.status.eq_ignore_ascii_case("down");
    // A MES that is down may say nothing of what it offers; what it said before still counts then.
    if body.capabilities.is_some() || !is_down {
        let words = body.capabilities.as_ref().and_then(Value::as_array);
        let words = words.into_iter().flatten().filter_map(Value::as_str);
        mes.note_offers(Offers::new(words));
    }
    let server_time = body.server_time.as_deref().and_then(Timestamp::parse);
    let reading = server_time.and_then(|theirs| Reading::of(&answer, Some(theirs)));
    mes.skew.note(reading);
    Ok(Seen {
        body,
        is_down,
        round_trip: answer.round_trip,
        skew_ms: reading.map(|reading| reading.ahead_ms),
    })
}

/// Whether clocks here know a zone.
pub(super) fn is_zone(zone: &str) -> bool {
    jiff::tz::TimeZone::get(zone).is_ok()
}

/// Reads one record, which proves that the logon is accepted.
pub(super) async fn log_on(mes: &Mes) -> Result<(), PortError> {
    let path = format!("api/v1/{}", Part::Machines.path());
    let row = mes.transport.get(&limited(mes, &path, &[("limit", "1")])).await?;
    match row.status {
        200 => Ok(()),
        _ => Err(problem(&row)),
    }
}

async fn ask(mes: &Mes) -> Result<Health, PortError> {
    let seen = look(mes).await?;
    let health = |state, message: String, hint: Option<&str>| Health {
        state,
        message,
        hint: hint.map(str::to_owned),
        latency_ms: u64::try_from(seen.round_trip.as_millis()).ok(),
        clock_skew_ms: seen.skew_ms,
    };
    if seen.is_down {
        return Ok(health(
            HealthState::Down,
            "the MES says that it is down".to_owned(),
            Some("Ask who runs the MES. It is tried again by itself."),
        ));
    }
    log_on(mes).await?;
    if let Some(skew) = seen.skew_ms.filter(|skew| skew.saturating_abs() > SKEW_LIMIT_MS) {
        let hint = "Set the clock of this machine or of the MES; both should follow a time server.";
        return Ok(health(
            HealthState::Degraded,
            clock_is_off("the MES", skew),
            Some(hint),
        ));
    }
    if seen.is_degraded() {
        let what = seen.trouble().map(|name| format!(": {name}"));
        let message = format!("the MES says that it is degraded{}", what.unwrap_or_default());
        return Ok(health(HealthState::Degraded, message, None));
    }
    Ok(health(
        HealthState::Healthy,
        "the MES answers and lets us read".to_owned(),
        None,
    ))
}

/// A read that must not take long.
pub(super) fn limited(mes: &Mes, path: &str, parameters: &[(&str, &str)]) -> Call {
    let mut call = Call::new(mes.address(path, parameters)).header("accept", "application/json");
    call.attempts = Some(2);
    call.total = Some(Duration::from_secs(8));
    call.errand = Errand::Check;
    call
}
