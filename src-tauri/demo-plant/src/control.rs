//! The control port: what the plant counted, faults and forced states, for tests and demonstrations.
//! It asks for no credentials, because it is bound to loopback and the plant is made up.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::{Faults, MesFault, SapFault, ServiceFault};
use crate::mes::Mes;
use crate::sap::{self, Sap, SapCounts};

/// What the control port reaches.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    pub(crate) sap: Arc<Sap>,
    pub(crate) mes: Arc<Mes>,
    pub(crate) faults: Arc<Faults>,
}

#[derive(Debug, Serialize)]
struct Counts {
    #[serde(flatten)]
    sap: SapCounts,
    mes_requests: u64,
    /// Commands that were carried out; refused and repeated ones are not.
    mes_commands: u64,
}

/// Faults to switch; what is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedFaults {
    sap: Option<SapFault>,
    #[serde(default)]
    sap_services: BTreeMap<String, ServiceFault>,
    mes: Option<MesFault>,
}

#[derive(Debug, Deserialize)]
struct Stop {
    reason: Option<String>,
}

/// The control port over HTTP.
pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/counts", get(counts))
        .route("/faults", get(show_faults).post(set_faults))
        .route("/sessions/end", post(end_sessions))
        .route("/machines/{id}/stop", post(stop))
        .route("/machines/{id}/recover", post(recover))
        .route("/orders/{number}", get(order))
        .with_state(control)
}

async fn counts(State(control): State<Control>) -> Response {
    Json(Counts {
        sap: control.sap.counts(),
        mes_requests: control.mes.requests(),
        mes_commands: control.mes.commands_done(),
    })
    .into_response()
}

async fn show_faults(State(control): State<Control>) -> Json<Value> {
    Json(faults(&control))
}

fn faults(control: &Control) -> Value {
    json!({
        "sap": control.faults.sap(),
        "sap_services": control.faults.sap_services(),
        "mes": control.faults.mes(),
    })
}

async fn set_faults(State(control): State<Control>, Json(wanted): Json<WantedFaults>) -> Response {
    if let Some(unknown) = wanted.sap_services.keys().find(|name| !sap::has_service(name)) {
        let text = format!("no such service: {unknown}");
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    for (name, fault) in wanted.sap_services {
        control.faults.set_sap_service(name, fault);
    }
    if let Some(fault) = wanted.sap {
        control.faults.set_sap(fault);
    }
    if let Some(fault) = wanted.mes {
        let was_stale = control.faults.mes() == MesFault::Stale;
        control.faults.set_mes(fault);
        if was_stale && fault != MesFault::Stale {
            control.mes.resync();
        }
    }
    tracing::info!(sap = ?control.faults.sap(), mes = ?control.faults.mes(), "faults set");
    Json(faults(&control)).into_response()
}

async fn end_sessions(State(control): State<Control>) -> Response {
    control.sap.end_sessions();
    done(true)
}

async fn stop(State(control): State<Control>, Path(id): Path<String>, body: Option<Json<Stop>>) -> Response {
    let reason = body
        .and_then(|Json(stop)| stop.reason)
        .unwrap_or_else(|| "Stopped by hand".to_owned());
    done(control.mes.stop(&id, &reason))
}

async fn recover(State(control): State<Control>, Path(id): Path<String>) -> Response {
    done(control.mes.recover(&id))
}

async fn order(State(control): State<Control>, Path(number): Path<String>) -> Response {
    match control.sap.order(&number) {
        Some(order) => Json(order).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn done(is_known: bool) -> Response {
    if is_known {
        Json(json!({"done": true})).into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}
