//! `ApprovedChange`: the only thing a write port takes, and the last check before one is made.

use andon_domain::operations::{self, Effect};
use andon_domain::time::Moment;
use andon_domain::{ApprovalId, CanonicalJson, OperationName, Risk, TenantId, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use thiserror::Error;

use crate::decision::{DecisionFault, Verdict, verify};
use crate::digest::{Action, ActionDigest, action_digest};
use crate::policy::{Assessment, RiskPolicy, uncovered};
use crate::request::{ApprovalRequest, ApprovalRow};
use crate::roster::Roster;
use crate::state::State;

/// A change that people approved and the journal has marked as dispatched. Not `Clone`: it is spent by sending it.
#[derive(Debug)]
pub struct ApprovedChange {
    approval: ApprovalId,
    tenant: TenantId,
    operation: OperationName,
    parameters: CanonicalJson,
    digest: ActionDigest,
    target_version: Option<String>,
    external_reference: String,
}

impl ApprovedChange {
    /// The request; also the idempotency key for systems that take one.
    #[must_use]
    pub const fn approval(&self) -> ApprovalId {
        self.approval
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The operation.
    #[must_use]
    pub const fn operation(&self) -> &OperationName {
        &self.operation
    }

    /// The approved bytes. Send these and nothing made from anything else.
    #[must_use]
    pub const fn parameters(&self) -> &CanonicalJson {
        &self.parameters
    }

    /// The digest people signed.
    #[must_use]
    pub const fn digest(&self) -> ActionDigest {
        self.digest
    }

    /// Version of the target when it was asked for.
    #[must_use]
    pub fn target_version(&self) -> Option<&str> {
        self.target_version.as_deref()
    }

    /// Our reference in the system, 12 characters, unique to this request.
    #[must_use]
    pub fn external_reference(&self) -> &str {
        &self.external_reference
    }

    /// Takes a request that the journal has just marked as dispatched and checks it a last time.
    ///
    /// # Errors
    /// [`DispatchRefusal`] when it is not dispatched or [`verify_for_dispatch`] finds anything; nothing may be sent then.
    pub fn from_dispatched(
        row: &ApprovalRow,
        roster: &Roster,
        policy: &RiskPolicy,
        endpoint_fingerprint: &[u8; 32],
        now: &Moment,
    ) -> Result<Self, DispatchRefusal> {
        if row.progress.state != State::Dispatched || row.progress.attempt.is_none() {
            return Err(DispatchRefusal::NotDispatched);
        }
        verify_for_dispatch(row, roster, policy, endpoint_fingerprint, now)?;
        let request = &row.request;
        Ok(Self {
            approval: request.id,
            tenant: request.tenant.clone(),
            operation: request.operation.clone(),
            parameters: request.parameters.clone(),
            digest: request.digest,
            target_version: request.target_version.clone(),
            external_reference: external_reference(request.id),
        })
    }
}

/// What is needed to look for the trace of an unanswered write.
#[derive(Debug, Clone)]
pub struct ChangeReference {
    /// The request.
    pub approval: ApprovalId,
    /// Our reference in the system.
    pub external_reference: String,
    /// What was sent.
    pub parameters: CanonicalJson,
}

impl ChangeReference {
    /// For a request that was, or may have been, sent.
    #[must_use]
    pub fn of(row: &ApprovalRow) -> Self {
        Self {
            approval: row.request.id,
            external_reference: external_reference(row.request.id),
            parameters: row.request.parameters.clone(),
        }
    }
}

/// Our reference in SAP: `AN` and ten of `0-9 A-Z` without look-alikes, from the id. 50 bits: two requests with the same
/// reference are not to be expected in a system's life.
#[must_use]
pub fn external_reference(id: ApprovalId) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = Sha256::digest(id.as_uuid().as_bytes());
    let mut bits = hash
        .iter()
        .take(8)
        .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut text = String::from("AN");
    for _ in 0..10 {
        text.push(char::from(ALPHABET[(bits & 31) as usize]));
        bits >>= 5;
    }
    text
}

/// Why a request must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DispatchRefusal {
    /// The journal does not say `dispatched`.
    #[error("the journal does not say that it is being sent")]
    NotDispatched,
    /// Something in the row is not what was digested and signed.
    #[error("the stored request is not what was approved: {0}")]
    Tampered(&'static str),
    /// It is riskier than its row says: the row was changed, or the limits were.
    #[error("its risk is now {}, it was approved as {}", .now.as_str(), .approved.as_str())]
    Riskier {
        /// What its row says.
        approved: Risk,
        /// What its parameters say.
        now: Risk,
    },
    /// A decision does not count.
    #[error("a decision does not count: {0}")]
    Decision(#[from] DecisionFault),
    /// A deny is among the decisions.
    #[error("somebody denied it")]
    Denied,
    /// Not enough different people.
    #[error("not enough people approved: {have} of {need}")]
    Quorum {
        /// How many different people approved.
        have: u32,
        /// How many are needed.
        need: u32,
    },
    /// The connection points elsewhere than when it was asked for.
    #[error("the connection was changed since it was approved")]
    EndpointChanged,
    /// Too late.
    #[error("the decision came too late")]
    TooLate,
}

/// Checks everything that must hold before the first byte leaves: digest over the stored bytes, risk judged anew from them,
/// signatures, roles, distinct people, endpoint, and both clocks.
///
/// Risk and quorum of the row are in no digest, so they are believed upwards only: what the policy says of the bytes is the
/// least that counts.
///
/// # Errors
/// The first [`DispatchRefusal`] found.
pub fn verify_for_dispatch(
    row: &ApprovalRow,
    roster: &Roster,
    policy: &RiskPolicy,
    endpoint_fingerprint: &[u8; 32],
    now: &Moment,
) -> Result<(), DispatchRefusal> {
    let request = &row.request;
    let digest = action_digest(&Action {
        operation: &request.operation,
        schema_version: request.schema_version,
        requested_by: &request.requested_by,
        on_behalf_of: request.on_behalf_of.as_deref(),
        tenant: &request.tenant,
        endpoint_fingerprint: &request.endpoint_fingerprint,
        parameters: &request.parameters,
        target_version: request.target_version.as_deref(),
        policy_version: &request.policy_version,
    })
    .map_err(|_| DispatchRefusal::Tampered("parameters"))?;
    if digest != request.digest {
        return Err(DispatchRefusal::Tampered("action digest"));
    }
    if endpoint_fingerprint != &request.endpoint_fingerprint {
        return Err(DispatchRefusal::EndpointChanged);
    }
    let judged = judge(request, policy)?;
    if request.risk < judged.risk {
        return Err(DispatchRefusal::Riskier {
            approved: request.risk,
            now: judged.risk,
        });
    }
    match &row.progress.execute_by {
        Some(limit) if !limit.has_passed(now) => {}
        _ => return Err(DispatchRefusal::TooLate),
    }
    if is_decided_by_policy(row, policy, &judged) {
        return Ok(());
    }
    check_decisions(row, roster, judged.risk, now.utc)
}

/// What the policy says of the stored bytes, whatever the row says.
fn judge(request: &ApprovalRequest, policy: &RiskPolicy) -> Result<Assessment, DispatchRefusal> {
    let operation = operations::find(request.operation.as_str())
        .filter(|operation| operation.name == request.operation.as_str() && operation.effect == Effect::Write)
        .ok_or(DispatchRefusal::Tampered("operation"))?;
    if request.schema_version != operation.schema_version {
        return Err(DispatchRefusal::Tampered("version of the parameters"));
    }
    let unusable = DispatchRefusal::Tampered("parameters");
    let describe = operation.describe.ok_or_else(|| unusable.clone())?;
    if (operation.validate)(request.parameters.value()).ok().as_ref() != Some(&request.parameters) {
        return Err(unusable);
    }
    let description = describe(&request.parameters).map_err(|_| unusable)?;
    let uncovered = uncovered(request.parameters.value(), &description);
    Ok(policy.assess(operation, &description, uncovered))
}

/// LOW may be decided by the policy: the row says so with a quorum of zero and no decision of anybody, and the policy that
/// holds now says the same of the bytes.
fn is_decided_by_policy(row: &ApprovalRow, policy: &RiskPolicy, judged: &Assessment) -> bool {
    let request = &row.request;
    request.risk == Risk::Low
        && judged.risk == Risk::Low
        && request.quorum == 0
        && policy.quorum(Risk::Low) == 0
        && request.policy_version == policy.version()
        && row.progress.decisions.is_empty()
}

fn check_decisions(
    row: &ApprovalRow,
    roster: &Roster,
    judged: Risk,
    now: Timestamp,
) -> Result<(), DispatchRefusal> {
    let request = &row.request;
    let need = request.quorum.max(request.risk.quorum()).max(judged.quorum());
    // A deny ends a request, so an undo can never have made one void.
    if row
        .progress
        .decisions
        .iter()
        .any(|decision| decision.payload.verdict == Verdict::Deny)
    {
        return Err(DispatchRefusal::Denied);
    }
    let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for decision in row.progress.standing_decisions() {
        let payload = &decision.payload;
        if verify(row, decision, roster)? == Verdict::Deny {
            return Err(DispatchRefusal::Denied);
        }
        if now.millis() >= payload.execute_before {
            return Err(DispatchRefusal::TooLate);
        }
        people.insert(payload.operator_id.as_str());
        keys.insert(payload.key_id.as_str());
    }
    // One person under two names would still have one key.
    let have = u32::try_from(people.len().min(keys.len())).unwrap_or(u32::MAX);
    if request.quorum == 0 || have < need {
        return Err(DispatchRefusal::Quorum { have, need });
    }
    Ok(())
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
