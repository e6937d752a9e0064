//! Why a use case did not do what was asked, cut by what the caller can do about it.

use andon_approvals::{ApprovalRow, Precondition};
use andon_domain::operations::InvalidParameters;
use andon_domain::{PortError, Risk, Role};
use andon_guard::Refusal;
use thiserror::Error;

/// A use case refused or failed. Refusals are outcomes; only [`EngineError::Port`] is a failure.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The role or token does not allow it.
    #[error("not permitted: {permission}")]
    NotPermitted {
        /// The permission or scope that is missing.
        permission: String,
        /// The least role that has it, for people.
        needs: Option<Role>,
    },
    /// It is not there, or not for this caller.
    #[error("not found: {0}")]
    NotFound(String),
    /// The parameters are not acceptable.
    #[error(transparent)]
    InvalidParameters(#[from] InvalidParameters),
    /// The input of a person is not acceptable.
    #[error("{field}: {message}")]
    InvalidInput {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// Nothing is configured for this.
    #[error("not configured: {0}")]
    NotConfigured(String),
    /// The guard refused the SQL.
    #[error("the guard refused the query")]
    QueryRefused(Box<Refusal>),
    /// A precondition does not hold; nobody was asked.
    #[error("the request was refused before anybody was asked")]
    Precondition(Vec<Precondition>),
    /// The agent has too many requests waiting.
    #[error("too many requests wait already: {0}")]
    TooManyPending(u32),
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused(Box<ApprovalRow>),
    /// The request is no longer in a state where this can be done. Holds the request as it is.
    #[error("the request has changed meanwhile: {}", .0.progress.state.as_str())]
    AlreadyDecided(Box<ApprovalRow>),
    /// What was on the screen is not what is stored.
    #[error("the request is not the one that was shown")]
    DigestChanged,
    /// Nobody decides their own request.
    #[error("nobody decides their own request")]
    OwnRequest,
    /// The same person voted already; another one is needed.
    #[error("the second approval must come from another person")]
    SamePerson,
    /// A reason is needed.
    #[error("a reason is needed for {}: at least {least} characters", .risk.as_str())]
    ReasonNeeded {
        /// Risk of the request.
        risk: Risk,
        /// Least number of characters.
        least: usize,
    },
    /// The target was not typed as it is.
    #[error("the typed target does not match")]
    TargetMismatch,
    /// Something outside failed.
    #[error(transparent)]
    Port(#[from] PortError),
}
