//! Agents and the access their tokens grant.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::classification::Class;
use crate::ids::{AgentId, TenantId};
use crate::time::Timestamp;

/// What a new agent may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentGrant {
    /// Name and key, for example `procurement-agent`.
    pub agent: AgentId,
    /// Tenant it works in.
    pub tenant: TenantId,
    /// Operations it may call, by name; a trailing `*` stands for every operation with that beginning.
    pub scopes: Vec<String>,
    /// Highest class it may see.
    pub clearance: Class,
    /// When the token ends; absent for no end.
    pub expires_at: Option<Timestamp>,
}

/// An agent as it is listed. The token itself is shown once and stored only as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AgentRecord {
    /// What it may do.
    pub grant: AgentGrant,
    /// When it was added.
    pub created_at: Timestamp,
    /// Who added it.
    pub created_by: String,
    /// When its token was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last called.
    pub last_used_at: Option<Timestamp>,
}

impl AgentGrant {
    /// Whether a scope of this grant allows the operation.
    #[must_use]
    pub fn allows(&self, operation: &str) -> bool {
        scopes_allow(&self.scopes, operation)
    }
}

/// Whether one of the scopes names the operation, exactly or by a trailing `*`.
#[must_use]
pub fn scopes_allow(scopes: &[String], operation: &str) -> bool {
    scopes.iter().any(|scope| match scope.strip_suffix('*') {
        Some(beginning) => operation.starts_with(beginning),
        None => scope == operation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_it_names_and_nothing_near_it() {
        let scopes = vec!["sap.get_*".to_owned(), "mes.get_machine_status".to_owned()];
        assert!(
            scopes_allow(&scopes, "sap.get_inventory") && scopes_allow(&scopes, "mes.get_machine_status")
        );
        assert!(!scopes_allow(&scopes, "sap.create_purchase_order"));
        assert!(!scopes_allow(&scopes, "mes.get_machine_status_all"));
        assert!(!scopes_allow(&[], "sap.get_inventory"), "no scope allows nothing");
    }
}
