//! What the console keeps besides requests and data: secrets, agents, settings.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::PortError;
use crate::agent::{AgentGrant, AgentRecord};
use crate::audit::AuditEvent;
use crate::ids::{AgentId, TenantId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// How the keyring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyringState {
    /// Works.
    Available,
    /// Present but locked.
    Locked,
    /// No keyring service.
    Absent,
    /// Does not answer in time; a prompt may be open.
    Slow,
}

/// The operating system's keyring. Names are `tenant/name`; there is no fall-back to a file.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret, or `None` when it is not set.
    async fn get(&self, name: &str) -> Result<Option<Secret>, PortError>;
    /// Sets or replaces.
    async fn set(&self, name: &str, secret: &Secret) -> Result<(), PortError>;
    /// Removes; a missing one is fine.
    async fn remove(&self, name: &str) -> Result<(), PortError>;
    /// How the keyring is, asked now.
    async fn state(&self) -> KeyringState;
}

/// Agents and the hashes of their tokens.
#[async_trait]
pub trait AgentRegistry: Send + Sync {
    /// Adds an agent with the SHA-256 of its token and the audit event, in one transaction. A living agent of the same
    /// name is a conflict.
    async fn add(
        &self,
        grant: &AgentGrant,
        token_sha256: [u8; 32],
        created_at: Timestamp,
        created_by: &str,
        audit: AuditEvent,
    ) -> Result<(), PortError>;
    /// All agents of a tenant, also revoked ones.
    async fn list(&self, tenant: &TenantId) -> Result<Vec<AgentRecord>, PortError>;
    /// Revokes; `false` when there is no living agent of that name.
    async fn revoke(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<bool, PortError>;
    /// The agent a token hash belongs to, revoked and expired ones included.
    async fn by_token(&self, token_sha256: [u8; 32]) -> Result<Option<AgentRecord>, PortError>;
    /// Notes that an agent called.
    async fn touch(&self, tenant: &TenantId, agent: &AgentId, at: Timestamp) -> Result<(), PortError>;
}

/// Settings of a tenant, small JSON values by name.
#[async_trait]
pub trait Settings: Send + Sync {
    /// The value, or `None` when it was never set.
    async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<Value>, PortError>;
    /// Sets the value and appends the audit event in one transaction.
    async fn set(
        &self,
        tenant: &TenantId,
        name: &str,
        value: &Value,
        audit: AuditEvent,
    ) -> Result<(), PortError>;
}
