//! The one place where inner errors become what people and agents see: code, message, hint, reference.
//!
//! Codes exist because somebody acts on them. Hosts, credentials, SQL and stack traces go to the log, never in here.

use andon_domain::operations::InvalidParameter;
use andon_domain::{PortErrorKind, RequestId, Role, System};
use andon_engine::EngineError;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::ReasonView;

/// A stable code. Faces match on it, never on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// No such command, request, agent or result.
    NotFound,
    /// The body is not what the command takes.
    InvalidInput,
    /// Nobody is signed in, or the token is not valid.
    NotSignedIn,
    /// The role, scope or clearance does not allow it.
    NotPermitted,
    /// Something is not configured.
    NotConfigured,
    /// A precondition does not hold; nobody was asked.
    PreconditionFailed,
    /// Too many requests wait already.
    TooManyPending,
    /// The idempotency key was used for something else.
    KeyReused,
    /// Somebody or the clock was first.
    AlreadyDecided,
    /// The request on the screen is not the stored one.
    DigestChanged,
    /// Nobody decides their own request.
    OwnRequest,
    /// Another person is needed.
    SamePerson,
    /// A reason is needed.
    ReasonNeeded,
    /// The typed target does not match.
    TargetMismatch,
    /// The guard refused the query.
    QueryRefused,
    /// The system refuses our logon.
    SystemUnauthorized,
    /// The system does not answer.
    SystemUnavailable,
    /// The system said no.
    SystemRejected,
    /// The answer of the system cannot be used.
    SystemProtocol,
    /// It took too long.
    TimedOut,
    /// It was cancelled.
    Cancelled,
    /// The keyring is locked, absent or slow.
    KeyringUnavailable,
    /// The console cannot write its files.
    StorageUnavailable,
}

/// What people and agents see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ApiError {
    /// Stable code.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Reference for the log.
    pub request_id: String,
    /// What exactly went wrong in a connected system, where somebody can act on it: a stable word such as
    /// `sap_service_not_active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub system_code: Option<String>,
    /// Parameters that are not acceptable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<InvalidParameter>,
    /// Reasons of the guard or of preconditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonView>,
}

impl ApiError {
    /// An error made by a face itself.
    pub fn new(
        request: RequestId,
        code: ErrorCode,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            request_id: request.to_string(),
            system_code: None,
            parameters: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// The HTTP status that fits the code, for faces that speak HTTP.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        match self.code {
            ErrorCode::NotFound => 404,
            ErrorCode::InvalidInput | ErrorCode::ReasonNeeded | ErrorCode::TargetMismatch => 400,
            ErrorCode::NotSignedIn => 401,
            ErrorCode::NotPermitted | ErrorCode::OwnRequest | ErrorCode::SamePerson => 403,
            ErrorCode::AlreadyDecided | ErrorCode::DigestChanged | ErrorCode::KeyReused => 409,
            ErrorCode::PreconditionFailed | ErrorCode::QueryRefused | ErrorCode::SystemRejected => 422,
            ErrorCode::TooManyPending => 429,
            ErrorCode::SystemProtocol | ErrorCode::SystemUnauthorized => 502,
            ErrorCode::NotConfigured
            | ErrorCode::SystemUnavailable
            | ErrorCode::KeyringUnavailable
            | ErrorCode::StorageUnavailable => 503,
            ErrorCode::TimedOut => 504,
            ErrorCode::Cancelled => 499,
        }
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Admin => "admin",
    }
}

/// Maps an engine error, and logs a failure once, here, under the request id. Refusals are not failures and are not logged.
#[must_use]
pub fn from_engine(error: EngineError, request: RequestId) -> ApiError {
    let new = |code, message: String, hint: &str| ApiError::new(request, code, message, hint);
    match error {
        EngineError::NotPermitted { permission, needs } => {
            let hint = needs.map_or_else(
                || "Ask an admin for a token or clearance that allows it.".to_owned(),
                |role| format!("The {} role is needed. Ask an admin.", role_word(role)),
            );
            new(
                ErrorCode::NotPermitted,
                format!("not permitted: {permission}"),
                &hint,
            )
        }
        EngineError::NotFound(what) => new(
            ErrorCode::NotFound,
            format!("not found: {what}"),
            "Check the name or key.",
        ),
        EngineError::InvalidParameters(invalid) => {
            let mut mapped = new(
                ErrorCode::InvalidInput,
                invalid.to_string(),
                "Correct the parameters named here and call again; nothing was done.",
            );
            mapped.parameters = invalid.0;
            mapped
        }
        EngineError::InvalidInput { field, message, hint } => {
            new(ErrorCode::InvalidInput, format!("{field}: {message}"), &hint)
        }
        EngineError::NotConfigured(what) => new(
            ErrorCode::NotConfigured,
            format!("not configured: {what}"),
            "Set the connection or credential, then try again.",
        ),
        EngineError::QueryRefused(refusal) => {
            let mut mapped = new(
                ErrorCode::QueryRefused,
                "the guard refused the query; it did not run".to_owned(),
                "Each reason says how to mend it.",
            );
            mapped.reasons = refusal.reasons.iter().map(ReasonView::from).collect();
            mapped
        }
        EngineError::Precondition(checks) => {
            let failed = checks
                .iter()
                .filter(|c| c.state == andon_approvals::PreconditionState::Failed);
            let words: Vec<String> = failed
                .map(|c| {
                    c.detail
                        .as_ref()
                        .map_or(c.label.clone(), |d| format!("{}: {d}", c.label))
                })
                .collect();
            new(
                ErrorCode::PreconditionFailed,
                format!("refused before anybody was asked: {}", words.join("; ")),
                "Correct the request. Nobody was asked and nothing was done.",
            )
        }
        EngineError::TooManyPending(count) => new(
            ErrorCode::TooManyPending,
            format!("too many requests wait already: {count}"),
            "Wait for decisions, or cancel a request, before asking for more.",
        ),
        EngineError::KeyReused(row) => new(
            ErrorCode::KeyReused,
            format!(
                "the idempotency key was used for another request: {}",
                row.request.id
            ),
            "Use a new key for a different request.",
        ),
        EngineError::AlreadyDecided(row) => new(
            ErrorCode::AlreadyDecided,
            format!(
                "the request has changed meanwhile, it is now: {}",
                row.progress.state.as_str()
            ),
            "Open it again to see who decided and how it ended.",
        ),
        EngineError::DigestChanged => new(
            ErrorCode::DigestChanged,
            "the request is not the one that was shown".to_owned(),
            "Open it again and read it before deciding.",
        ),
        EngineError::OwnRequest => new(
            ErrorCode::OwnRequest,
            "nobody decides their own request".to_owned(),
            "Ask another person to decide it.",
        ),
        EngineError::SamePerson => new(
            ErrorCode::SamePerson,
            "the second approval must come from another person".to_owned(),
            "Another admin has to approve it too.",
        ),
        EngineError::ReasonNeeded { least, .. } => new(
            ErrorCode::ReasonNeeded,
            format!("a reason is needed, characters at least: {least}"),
            "Say why, for the audit log.",
        ),
        EngineError::TargetMismatch => new(
            ErrorCode::TargetMismatch,
            "the typed target does not match the request".to_owned(),
            "Type the target exactly as the request shows it.",
        ),
        EngineError::Port(port) => from_port(&port, request),
    }
}

fn from_port(port: &andon_domain::PortError, request: RequestId) -> ApiError {
    tracing::warn!(request_id = %request, system = port.system.as_str(), kind = ?port.kind, attempts = port.attempts,
        system_code = port.code, detail = %andon_domain::text::visible(&port.detail, 2_000), "{port}");
    let (code, hint) = match (port.system, port.kind) {
        (System::Keyring, _) | (_, PortErrorKind::Locked) => (
            ErrorCode::KeyringUnavailable,
            "Unlock the keyring, then try again. Reading still works.",
        ),
        (System::Storage, _) => (
            ErrorCode::StorageUnavailable,
            "Free space in the data folder or check its permissions. Nothing was sent; reading still works.",
        ),
        (_, PortErrorKind::Unauthorized) => (
            ErrorCode::SystemUnauthorized,
            "Set a new password or token for this connection. It is not tried again by itself, so that the user is not locked.",
        ),
        (_, PortErrorKind::Forbidden) => (
            ErrorCode::SystemRejected,
            "The connection's user lacks a permission; ask the system's administrator.",
        ),
        (_, PortErrorKind::NotFound) => (
            ErrorCode::NotFound,
            "Check the key; the record may have been removed.",
        ),
        (_, PortErrorKind::NotConfigured) => (
            ErrorCode::NotConfigured,
            "Set the connection or credential, then try again.",
        ),
        (_, PortErrorKind::Unavailable | PortErrorKind::OutcomeUnknown) => (
            ErrorCode::SystemUnavailable,
            "Try again in a moment. The status bar shows when it answers again.",
        ),
        (_, PortErrorKind::Rejected | PortErrorKind::Conflict) => {
            (ErrorCode::SystemRejected, "The message is the system's own.")
        }
        (_, PortErrorKind::Protocol) => (
            ErrorCode::SystemProtocol,
            "The address may be wrong or something between answers in its place. Quote the reference.",
        ),
        (_, PortErrorKind::Invalid) => (ErrorCode::InvalidInput, "Correct it and try again."),
        (_, PortErrorKind::TimedOut) => (ErrorCode::TimedOut, "Ask for less, or try again later."),
        (_, PortErrorKind::Cancelled) => (ErrorCode::Cancelled, "Run it again when you like."),
    };
    let hint = port.code.and_then(system_hint).unwrap_or(hint);
    let mut mapped = ApiError::new(request, code, port.to_string(), hint);
    mapped.system_code = port.code.map(str::to_owned);
    mapped
}

/// What to do about a failure that the system itself tells apart.
fn system_hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "sap_service_not_active" => {
            "Ask an SAP administrator to activate the service (/IWFND/MAINT_SERVICE); andonctl doctor names it."
        }
        "sap_wrong_path" => {
            "Check the address and the names of the services; andonctl doctor compares them with SAP."
        }
        "sap_wrong_client" => "Set sap.client to the SAP client meant.",
        "sap_logon_refused" | "sap_logon_page" => {
            "Check user, password and SAP client, then set the password or token again. It is not tried again by itself, so that the user is not locked."
        }
        "sap_not_permitted" => {
            "The connection's user lacks a permission; ask an SAP administrator (S_SERVICE, transaction SU53)."
        }
        "sap_backend_error" => {
            "Quote the reference: the log has SAP's transaction id, by which an SAP administrator finds it in /IWFND/ERROR_LOG."
        }
        "sap_busy" => "SAP is busy or being maintained. Try again later.",
        "sap_field_not_there" => {
            "Ask without this condition, or name the field under sap.services in the configuration."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use andon_domain::PortError;

    use super::*;

    #[test]
    fn a_code_of_the_system_reaches_the_face_with_its_own_hint_and_the_detail_does_not() {
        let request = RequestId::parse("00000000-0000-4000-8000-000000000000").unwrap();
        let failure = || {
            PortError::new(System::Sap, PortErrorKind::Unavailable, "An exception was raised")
                .detail("status 500, code SY/530, transaction 4711ABC")
        };
        let coded = from_engine(EngineError::Port(failure().code("sap_backend_error")), request);
        assert_eq!(coded.code, ErrorCode::SystemUnavailable);
        assert_eq!(coded.system_code.as_deref(), Some("sap_backend_error"));
        assert!(coded.hint.contains("/IWFND/ERROR_LOG"), "{}", coded.hint);
        let plain = from_engine(EngineError::Port(failure()), request);
        assert_eq!(plain.system_code, None);
        let shown = serde_json::to_string(&[coded, plain]).unwrap();
        assert!(!shown.contains("4711ABC"), "the transaction is for the log");
    }
}
