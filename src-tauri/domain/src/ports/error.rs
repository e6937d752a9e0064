//! The systems behind ports, and the one error all ports speak.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// A system or service behind a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// SAP over OData.
    Sap,
    /// The plant's MES.
    Mes,
    /// The plant mirror or another SQL source.
    Sql,
    /// The language model.
    Model,
    /// The console's own files.
    Storage,
    /// The operating system's keyring.
    Keyring,
}

impl System {
    /// The name people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sap => "SAP",
            Self::Mes => "MES",
            Self::Sql => "mirror",
            Self::Model => "model",
            Self::Storage => "storage",
            Self::Keyring => "keyring",
        }
    }
}

/// What a caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PortErrorKind {
    /// Logon refused; new credentials are needed and no retry helps.
    Unauthorized,
    /// The user of the connection lacks a permission in the system.
    Forbidden,
    /// The record or service is not there.
    NotFound,
    /// Not configured, or a credential is not set.
    NotConfigured,
    /// Not reachable, or failing for the moment; try later.
    Unavailable,
    /// The system said no for a reason of its own; the message is its own.
    Rejected,
    /// The answer does not follow the protocol.
    Protocol,
    /// The request itself is not acceptable to us.
    Invalid,
    /// It took too long and was ended by us.
    TimedOut,
    /// Cancelled by the caller.
    Cancelled,
    /// The keyring is locked or waiting for its prompt.
    Locked,
    /// A write may or may not have happened; only a read-back tells.
    OutcomeUnknown,
    /// Changed by somebody else meanwhile.
    Conflict,
}

/// A failure at a port. `message` is fit for a screen; `detail` is for the log only (hosts, bodies, SQL).
#[derive(Debug, Clone, Error)]
pub struct PortError {
    /// What can be done about it.
    pub kind: PortErrorKind,
    /// Which system.
    pub system: System,
    /// For people; no host, credential or SQL.
    pub message: String,
    /// For the log.
    pub detail: String,
    /// What exactly it was, where somebody can act on it: a stable word such as `sap_service_not_active`.
    pub code: Option<&'static str>,
    /// How many attempts were made.
    pub attempts: u32,
    /// Over how long.
    pub elapsed: Duration,
    /// How long the system asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl PortError {
    /// A failure of one attempt without log detail.
    pub fn new(system: System, kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            system,
            message: message.into(),
            detail: String::new(),
            code: None,
            attempts: 1,
            elapsed: Duration::ZERO,
            retry_after: None,
        }
    }

    /// Adds what only the log may see.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says what exactly it was.
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// A failure of the console's own files.
    pub fn storage(detail: impl fmt::Display) -> Self {
        Self::new(
            System::Storage,
            PortErrorKind::Unavailable,
            "the console cannot write its files",
        )
        .detail(detail.to_string())
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.system.as_str(), self.message)?;
        if self.attempts > 1 {
            write!(
                f,
                " ({} attempts in {:.1} s)",
                self.attempts,
                self.elapsed.as_secs_f64()
            )?;
        }
        Ok(())
    }
}
