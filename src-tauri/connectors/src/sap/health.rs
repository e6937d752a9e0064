//! Is SAP there, does it let us in, does it offer what we need, may we read rows, and what time does it have?

use std::time::Duration;

use andon_domain::ports::{Health, HealthState};
use andon_domain::{PortError, PortErrorKind, System, Timestamp};

use super::Sap;
use super::catalog::{EntitySet, PURCHASE_ORDER, STOCK};
use super::names::Service;
use crate::transport::{Answer, Call, Errand, http_date};

/// Beyond this, ages and deadlines shown beside SAP's own would mislead.
const SKEW_LIMIT_MS: i64 = 30_000;

/// One check. `$metadata` proves logon and service; only a row proves the permission to read.
pub(super) async fn check(sap: &Sap) -> Health {
    match ask(sap).await {
        Ok((answer, received)) => healthy(&answer, received),
        Err(Trouble { error, state, hint }) => {
            tracing::info!(detail = error.detail, kind = ?error.kind, "sap health check failed");
            let message = error.to_string();
            Health {
                state,
                message,
                hint: hint.map(str::to_owned),
                latency_ms: None,
                clock_skew_ms: None,
            }
        }
    }
}

struct Trouble {
    error: PortError,
    state: HealthState,
    hint: Option<&'static str>,
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        let (state, hint) = health_of(&error);
        Self { error, state, hint }
    }
}

/// What a failure means for the connection, and what to do about it.
pub(crate) fn health_of(error: &PortError) -> (HealthState, Option<&'static str>) {
    match error.kind {
        PortErrorKind::Unauthorized => (
            HealthState::Unauthorized,
            Some(
                "Check the user and set the password or token again. Nothing more is sent until then, so that the user is not locked.",
            ),
        ),
        PortErrorKind::NotConfigured => (
            HealthState::NotConfigured,
            Some(
                "Set the user in the configuration, and the password or token with: andonctl credential set sap (or mes, model).",
            ),
        ),
        PortErrorKind::Locked => (
            HealthState::NotConfigured,
            Some("Unlock the keyring of the operating system."),
        ),
        PortErrorKind::Forbidden => (
            HealthState::Degraded,
            Some("Give the connection's user the permission to read."),
        ),
        PortErrorKind::NotFound => (
            HealthState::Degraded,
            Some("Check the address, and that the services are activated."),
        ),
        PortErrorKind::Protocol => (
            HealthState::Degraded,
            Some("Check the address; something else may answer there."),
        ),
        PortErrorKind::Unavailable | PortErrorKind::TimedOut => (
            HealthState::Down,
            Some("Check the network and that the system runs. It is tried again by itself."),
        ),
        _ => (HealthState::Degraded, None),
    }
}

async fn ask(sap: &Sap) -> Result<(Answer, Timestamp), Trouble> {
    has(sap, Service::PurchaseOrders, &PURCHASE_ORDER).await?;
    let names = &sap.config.names;
    let key = names
        .field(Service::PurchaseOrders, "PurchaseOrder")
        .unwrap_or("PurchaseOrder");
    let mut call = Call::new(sap.address(
        Service::PurchaseOrders,
        names.set(Service::PurchaseOrders, PURCHASE_ORDER.name),
        &[("$top", "1"), ("$select", key), ("$format", "json")],
    ));
    limit(&mut call);
    let answer = sap.answer(call.header("accept", "application/json")).await?;
    let received = sap.clock.now();
    find_again(sap).await;
    has(sap, Service::Stock, &STOCK).await?;
    Ok((answer, received))
}

/// Whether the service describes itself and has the set.
async fn has(sap: &Sap, service: Service, set: &EntitySet) -> Result<(), Trouble> {
    let mut call = Call::new(sap.address(service, "$metadata", &[]));
    limit(&mut call);
    let (description, answer) = sap.describe(service, call).await?;
    let set = sap.config.names.set(service, set.name);
    if description.has_set(set) {
        return Ok(());
    }
    let path = sap.config.names.path(service);
    let message = format!("does not offer the entity set {set} of {path}");
    Err(answer
        .failure(System::Sap, PortErrorKind::NotFound, message)
        .into())
}

/// A service that was not there may have been activated meanwhile; its feed then comes back by itself.
async fn find_again(sap: &Sap) {
    for service in sap.services.missing() {
        let mut call = Call::new(sap.address(service, "$metadata", &[]));
        call.attempts = Some(1);
        call.total = Some(Duration::from_secs(3));
        call.errand = Errand::Check;
        if let Ok((_, _)) = sap.describe(service, call).await {
            tracing::info!(
                service = sap.config.names.path(service),
                "a service of SAP is there again"
            );
        }
    }
}

/// One failed try does not mean down: the first call after a restart of SAP may be slow.
fn limit(call: &mut Call) {
    call.attempts = Some(2);
    call.total = Some(Duration::from_secs(8));
    call.errand = Errand::Check;
}

fn healthy(answer: &Answer, received: Timestamp) -> Health {
    let latency_ms = u64::try_from(answer.round_trip.as_millis()).ok();
    let skew = http_date(answer.header("date")).map(|theirs| skew_ms(theirs, received, answer.round_trip));
    let is_off = skew.is_some_and(|skew| skew.abs() > SKEW_LIMIT_MS);
    Health {
        state: if is_off {
            HealthState::Degraded
        } else {
            HealthState::Healthy
        },
        message: match skew {
            Some(skew) if is_off => clock_is_off("SAP", skew),
            _ => "SAP answers and lets us read".to_owned(),
        },
        hint: is_off
            .then(|| "Set the clock of this machine or of SAP; both should follow a time server.".to_owned()),
        latency_ms,
        clock_skew_ms: skew,
    }
}

/// How far their clock is ahead. A `Date` header has whole seconds, so less than one means nothing.
fn skew_ms(theirs: Timestamp, received: Timestamp, round_trip: Duration) -> i64 {
    let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(0);
    let skew = theirs.millis().saturating_add(500) - (received.millis() - half);
    if skew.abs() <= 1_000 { 0 } else { skew }
}

/// A sentence about a clock.
pub(crate) fn clock_is_off(name: &str, skew_ms: i64) -> String {
    let direction = if skew_ms > 0 { "ahead" } else { "behind" };
    format!("the clock of {name} is {} s {direction}", skew_ms.abs() / 1_000)
}
