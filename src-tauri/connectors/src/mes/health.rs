//! Is the MES there, how does it say it is, and does it let us in? `/health` needs no logon, so one record is read as well.

use std::sync::PoisonError;
use std::time::Duration;

use andon_domain::ports::{Health, HealthState};
use andon_domain::text::visible;
use andon_domain::{PortError, Timestamp};
use serde::Deserialize;

use super::Mes;
use super::lists::{parse, problem};
use crate::sap::{clock_is_off, health_of};
use crate::transport::{Call, Errand};

const SKEW_LIMIT_MS: i64 = 30_000;

#[derive(Deserialize)]
struct HealthBody {
    status: String,
    #[serde(default)]
    server_time: Option<String>,
    #[serde(default)]
    time_zone: Option<String>,
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

async fn ask(mes: &Mes) -> Result<Health, PortError> {
    let mut call = limited(mes, "health", &[]);
    call.is_authenticated = false;
    // 503 with a body is how a MES says that it is down; asking again would not change its mind.
    call.attempts = Some(1);
    let answer = mes.transport.get(&call).await?;
    let received = mes.clock.now();
    if !matches!(answer.status, 200 | 503) {
        return Err(problem(&answer));
    }
    let body: HealthBody = match parse(&answer) {
        Ok(body) => body,
        Err(_) if answer.status == 503 => return Err(problem(&answer)),
        Err(error) => return Err(error),
    };
    // A zone that no clock knows would be no help to anybody.
    if let Some(zone) = body
        .time_zone
        .as_deref()
        .filter(|zone| jiff::tz::TimeZone::get(zone).is_ok())
    {
        *mes.time_zone.lock().unwrap_or_else(PoisonError::into_inner) = Some(zone.to_owned());
    }
    let half = i64::try_from(answer.round_trip.as_millis() / 2).unwrap_or(0);
    let server_time = body.server_time.as_deref().and_then(Timestamp::parse);
    let skew = server_time.map(|theirs| theirs.millis() - (received.millis() - half));
    let health = |state, message: String, hint: Option<&str>| Health {
        state,
        message,
        hint: hint.map(str::to_owned),
        latency_ms: u64::try_from(answer.round_trip.as_millis()).ok(),
        clock_skew_ms: skew,
    };
    if answer.status == 503 || body.status.eq_ignore_ascii_case("down") {
        return Ok(health(
            HealthState::Down,
            "the MES says that it is down".to_owned(),
            Some("Ask who runs the MES. It is tried again by itself."),
        ));
    }
    let row = mes
        .transport
        .get(&limited(mes, "api/v1/machines/status", &[("limit", "1")]))
        .await?;
    if row.status != 200 {
        return Err(problem(&row));
    }
    if let Some(skew) = skew.filter(|skew| skew.abs() > SKEW_LIMIT_MS) {
        let hint = "Set the clock of this machine or of the MES; both should follow a time server.";
        return Ok(health(
            HealthState::Degraded,
            clock_is_off("the MES", skew),
            Some(hint),
        ));
    }
    if body.status.eq_ignore_ascii_case("degraded") {
        let bad = body.checks.iter().find(|check| {
            check
                .status
                .as_deref()
                .is_some_and(|status| !status.eq_ignore_ascii_case("ok"))
        });
        let what = bad
            .and_then(|check| check.name.as_deref())
            .map(|name| format!(": {}", visible(name, 60)));
        let message = format!("the MES says that it is degraded{}", what.unwrap_or_default());
        return Ok(health(HealthState::Degraded, message, None));
    }
    Ok(health(
        HealthState::Healthy,
        "the MES answers and lets us read".to_owned(),
        None,
    ))
}

fn limited(mes: &Mes, path: &str, parameters: &[(&str, &str)]) -> Call {
    let mut call = Call::new(mes.address(path, parameters)).header("accept", "application/json");
    call.attempts = Some(2);
    call.total = Some(Duration::from_secs(8));
    call.errand = Errand::Check;
    call
}
