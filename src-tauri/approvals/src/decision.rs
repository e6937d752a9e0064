//! Signed decisions: who said yes or no to exactly which action, until when it may run.
//!
//! The queue or the file a decision is read from is never trusted; the executor verifies the signature against its roster.

use andon_domain::canonical::{from_hex, hex};
use andon_domain::{ApprovalId, CanonicalError, CanonicalJson, Risk, Role, TenantId, Timestamp};
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::request::ApprovalRow;
use crate::roster::Roster;

const DOMAIN: &[u8] = b"andon/decision/v1\0";

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Run it.
    Approve,
    /// Do not run it.
    Deny,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPayload {
    /// Which request.
    pub approval_id: ApprovalId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The operation.
    pub operation: String,
    /// Where it goes, hex.
    pub endpoint_fp: String,
    /// The action digest, hex.
    pub action_digest: String,
    /// The risk the decider saw.
    pub risk: Risk,
    /// The policy it was judged by.
    pub policy_version: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who decided.
    pub operator_id: String,
    /// With which key.
    pub key_id: String,
    /// Who asked.
    pub requested_by: String,
    /// When, UTC milliseconds.
    pub decided_at: i64,
    /// Not to be run at or after, UTC milliseconds.
    pub execute_before: i64,
    /// Random, never used twice.
    pub nonce: String,
    /// The reason given, if any; told to the agent.
    pub reason: Option<String>,
}

/// A decision with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDecision {
    /// What was signed.
    pub payload: DecisionPayload,
    /// Ed25519 signature, 128 hex digits.
    pub signature: String,
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecisionFault {
    /// It speaks of another request, or of this one with something changed.
    #[error("the decision does not match the request: {0}")]
    Mismatch(&'static str),
    /// Nobody on the roster has this key, or not for this tenant, or not now.
    #[error("the deciding key is not valid: {0}")]
    Key(&'static str),
    /// The signature is not the key's.
    #[error("the signature does not verify")]
    Signature,
    /// The role is too low for the risk.
    #[error("the role does not allow this risk: {0}")]
    Role(&'static str),
    /// The requester decided.
    #[error("nobody decides their own request")]
    OwnRequest,
}

fn signed_bytes(payload: &DecisionPayload) -> Result<Vec<u8>, CanonicalError> {
    let canonical = CanonicalJson::from_value(payload)?;
    let mut bytes = DOMAIN.to_vec();
    bytes.extend_from_slice(canonical.as_str().as_bytes());
    Ok(bytes)
}

/// Signs a decision with the operator's key.
///
/// # Errors
/// [`CanonicalError`] when the payload has no canonical form (a reason of more than 256 KiB).
pub fn sign(payload: DecisionPayload, key: &SigningKey) -> Result<SignedDecision, CanonicalError> {
    let signature = key.sign(&signed_bytes(&payload)?);
    Ok(SignedDecision {
        payload,
        signature: hex(&signature.to_bytes()),
    })
}

/// The least role that decides a risk.
pub(crate) const fn role_for(risk: Risk) -> Role {
    match risk {
        Risk::Low | Risk::Medium | Risk::High => Role::Operator,
        Risk::Critical => Role::Admin,
    }
}

/// Checks a decision against the request it claims to decide and the roster at the time it was made.
///
/// # Errors
/// The first [`DecisionFault`] found; the decision then counts for nothing.
pub fn verify(
    row: &ApprovalRow,
    decision: &SignedDecision,
    roster: &Roster,
) -> Result<Verdict, DecisionFault> {
    let (request, payload) = (&row.request, &decision.payload);
    let same = [
        (payload.approval_id == request.id, "approval id"),
        (payload.tenant == request.tenant, "tenant"),
        (payload.operation == request.operation.as_str(), "operation"),
        (
            payload.endpoint_fp == hex(&request.endpoint_fingerprint),
            "endpoint",
        ),
        (
            payload.action_digest == request.digest.to_string(),
            "action digest",
        ),
        (payload.risk == request.risk, "risk"),
        (payload.policy_version == request.policy_version, "policy version"),
        (payload.requested_by == request.requested_by, "requester"),
        (
            payload.decided_at >= request.requested_at.millis(),
            "time of decision",
        ),
        (payload.execute_before > payload.decided_at, "time limit"),
    ];
    if let Some((_, what)) = same.iter().find(|(holds, _)| !holds) {
        return Err(DecisionFault::Mismatch(what));
    }
    let decided_at = Timestamp::from_millis(payload.decided_at);
    let person = roster.key_holder(&payload.operator_id, &payload.key_id, &payload.tenant, decided_at)?;
    let bytes = signed_bytes(payload).map_err(|_| DecisionFault::Mismatch("payload"))?;
    let signature = from_hex(&decision.signature)
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
        .ok_or(DecisionFault::Signature)?;
    person
        .key
        .verifying_key()?
        .verify_strict(&bytes, &signature)
        .map_err(|_| DecisionFault::Signature)?;
    if person.role < role_for(request.risk) {
        return Err(DecisionFault::Role("a higher role is needed"));
    }
    if request.requested_by == format!("person:{}", payload.operator_id) {
        return Err(DecisionFault::OwnRequest);
    }
    Ok(payload.verdict)
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
