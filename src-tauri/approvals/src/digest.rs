//! The action digest: one hash over everything that makes two requests the same act.
//!
//! The rationale, the idempotency key and times are not in it: a re-worded rationale must not make an approval unspendable.

use std::fmt;

use andon_domain::canonical::{from_hex, hex};
use andon_domain::{CanonicalError, CanonicalJson, OperationName, TenantId};
use serde_json::json;

/// SHA-256 of the action. Its first twelve hex digits are the fingerprint people compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActionDigest([u8; 32]);

impl ActionDigest {
    /// Wraps stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hex digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(text)?.try_into().ok().map(Self)
    }

    /// What a screen shows: `7d4f 0c2f a91b`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digits = hex(&self.0[..6]);
        format!("{} {} {}", &digits[..4], &digits[4..8], &digits[8..])
    }
}

impl fmt::Display for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ActionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// What goes into the digest.
#[derive(Debug, Clone)]
pub struct Action<'a> {
    /// Operation.
    pub operation: &'a OperationName,
    /// Version of its parameter type.
    pub schema_version: u32,
    /// The requester as audit actor.
    pub requested_by: &'a str,
    /// Whom it says it acts for.
    pub on_behalf_of: Option<&'a str>,
    /// Tenant.
    pub tenant: &'a TenantId,
    /// Where it would go.
    pub endpoint_fingerprint: &'a [u8; 32],
    /// The canonical parameters.
    pub parameters: &'a CanonicalJson,
    /// Version of the target, where it has one.
    pub target_version: Option<&'a str>,
    /// Version of the risk policy.
    pub policy_version: &'a str,
}

/// Digest of an action.
///
/// # Errors
/// [`CanonicalError`] when the parts together are too large for a canonical form.
pub fn action_digest(action: &Action<'_>) -> Result<ActionDigest, CanonicalError> {
    let canonical = CanonicalJson::from_value(&json!({
        "tool": action.operation,
        "tool_schema_version": action.schema_version,
        "agent": action.requested_by,
        "on_behalf_of": action.on_behalf_of,
        "tenant": action.tenant,
        "endpoint_fingerprint": hex(action.endpoint_fingerprint),
        "parameters": action.parameters.value(),
        "target_version": action.target_version,
        "policy_version": action.policy_version,
    }))?;
    Ok(ActionDigest(canonical.sha256()))
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
