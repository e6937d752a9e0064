//! Faults switched on from outside, so that tests can see what happens when a system misbehaves.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::line::Switch;

/// How the SAP side misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SapFault {
    #[default]
    Ok,
    /// Connections are closed without an answer.
    Down,
    /// 503 with `Retry-After`.
    Busy,
    /// Every answer takes four seconds.
    Slow,
    /// A created order is booked, then the connection is cut before the answer.
    LostAnswer,
    /// 200 with an HTML logon form.
    HtmlLogin,
    /// 403: the user may call no service.
    NoPermission,
    /// 401: the client is not the one that the user belongs to.
    WrongClient,
    /// 500: the backend ended the request.
    BackendError,
}

/// How one service of the SAP side misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceFault {
    #[default]
    Ok,
    /// Not activated in the gateway: 404.
    Off,
    /// The user may not call it: 403.
    Denied,
}

/// How the MES side misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MesFault {
    #[default]
    Ok,
    /// Connections are closed without an answer.
    Down,
    /// Answers come, but the data behind them stands still.
    Stale,
    /// 503 with `Retry-After` in seconds, except on `/health`.
    Busy,
    /// 429 with `Retry-After` as a date, except on `/health`.
    TooMany,
    /// Every answer takes four seconds.
    Slow,
    /// `/health` says `degraded`; all else works.
    Degraded,
    /// `/health` is 503 and says `down`; all else is 503.
    Unhealthy,
    /// A command is carried out, then the connection is cut before the answer.
    LostCommand,
    /// Commands are answered with 503 before anything is done.
    BusyCommands,
    /// The MES takes no commands and does not announce any.
    NoCommands,
}

/// The faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    sap: Mutex<SapFault>,
    sap_services: Mutex<BTreeMap<String, ServiceFault>>,
    mes: watch::Sender<MesFault>,
    pub(crate) sap_line: Switch,
    pub(crate) mes_line: Switch,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            sap: Mutex::default(),
            sap_services: Mutex::default(),
            mes: watch::Sender::new(MesFault::Ok),
            sap_line: Switch::default(),
            mes_line: Switch::default(),
        }
    }
}

impl Faults {
    pub(crate) fn sap(&self) -> SapFault {
        *hold(&self.sap)
    }

    pub(crate) fn set_sap(&self, fault: SapFault) {
        *hold(&self.sap) = fault;
        self.sap_line.set(fault == SapFault::Down);
    }

    pub(crate) fn sap_service(&self, name: &str) -> ServiceFault {
        hold(&self.sap_services).get(name).copied().unwrap_or_default()
    }

    /// The services that have a fault.
    pub(crate) fn sap_services(&self) -> BTreeMap<String, ServiceFault> {
        hold(&self.sap_services).clone()
    }

    pub(crate) fn set_sap_service(&self, name: String, fault: ServiceFault) {
        let mut services = hold(&self.sap_services);
        if fault == ServiceFault::Ok {
            services.remove(&name);
        } else {
            services.insert(name, fault);
        }
    }

    pub(crate) fn mes(&self) -> MesFault {
        *self.mes.borrow()
    }

    pub(crate) fn watch_mes(&self) -> watch::Receiver<MesFault> {
        self.mes.subscribe()
    }

    pub(crate) fn set_mes(&self, fault: MesFault) {
        self.mes_line.set(fault == MesFault::Down);
        self.mes.send_replace(fault);
    }
}

/// Locks, and goes on with the data if another holder panicked: a demo should keep answering.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
