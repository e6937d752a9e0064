//! Who is asking: the first argument of every use case.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::classification::Class;
use crate::ids::{AgentId, TenantId, UserId};

/// What a person may do, widest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the plant screen and the mirror.
    Viewer,
    /// Decides MEDIUM and HIGH requests, calls systems.
    Operator,
    /// Decides CRITICAL requests, manages agents, connections and settings.
    Admin,
}

/// The door a caller came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The desktop window.
    Window,
    /// A browser on the headless host.
    Headless,
    /// `andonctl`.
    Cli,
    /// The agents' gateway.
    Gateway,
    /// A timer of the console itself.
    System,
}

impl Via {
    /// The word written to the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Headless => "headless",
            Self::Cli => "cli",
            Self::Gateway => "gateway",
            Self::System => "system",
        }
    }
}

/// A person, an agent, or the console itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Somebody on the roster.
    Person(UserId),
    /// An agent with a token; it carries the operations its token allows.
    Agent(AgentId),
    /// A timer or start-up task.
    System,
}

/// One permission. The access policy answers it with a permit or a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub enum Permission {
    /// See who is signed in and how the console is.
    #[serde(rename = "session.view")]
    SessionView,
    /// See machines, orders and downtime in the mirror.
    #[serde(rename = "plant.view")]
    PlantView,
    /// Run guarded SQL over the mirror.
    #[serde(rename = "query.run")]
    QueryRun,
    /// See approval requests and their outcome.
    #[serde(rename = "approval.view")]
    ApprovalView,
    /// Decide requests up to HIGH.
    #[serde(rename = "approval.decide")]
    ApprovalDecide,
    /// Decide CRITICAL requests.
    #[serde(rename = "approval.decide_critical")]
    ApprovalDecideCritical,
    /// Make live read calls to connected systems.
    #[serde(rename = "connector.read")]
    ConnectorRead,
    /// Ask for a write to a connected system.
    #[serde(rename = "connector.write")]
    ConnectorWrite,
    /// Set credentials, test and pause connections.
    #[serde(rename = "connector.manage")]
    ConnectorManage,
    /// Add, list and revoke agents.
    #[serde(rename = "agent.manage")]
    AgentManage,
    /// Read the audit log.
    #[serde(rename = "audit.view")]
    AuditView,
    /// Change settings of the tenant.
    #[serde(rename = "settings.manage")]
    SettingsManage,
}

impl Permission {
    /// The dotted name people see in a refusal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionView => "session.view",
            Self::PlantView => "plant.view",
            Self::QueryRun => "query.run",
            Self::ApprovalView => "approval.view",
            Self::ApprovalDecide => "approval.decide",
            Self::ApprovalDecideCritical => "approval.decide_critical",
            Self::ConnectorRead => "connector.read",
            Self::ConnectorWrite => "connector.write",
            Self::ConnectorManage => "connector.manage",
            Self::AgentManage => "agent.manage",
            Self::AuditView => "audit.view",
            Self::SettingsManage => "settings.manage",
        }
    }

    /// The least role that holds this permission.
    #[must_use]
    pub const fn least_role(self) -> Role {
        match self {
            Self::SessionView | Self::PlantView | Self::QueryRun | Self::ApprovalView => Role::Viewer,
            Self::ApprovalDecide | Self::ConnectorRead | Self::ConnectorWrite => Role::Operator,
            Self::ApprovalDecideCritical
            | Self::ConnectorManage
            | Self::AgentManage
            | Self::AuditView
            | Self::SettingsManage => Role::Admin,
        }
    }
}

/// Who is asking, for which tenant, with what rights, through which door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant everything of this call belongs to.
    pub tenant: TenantId,
    /// The person, agent or timer.
    pub principal: Principal,
    /// The name shown to people.
    pub display_name: String,
    /// The role of a person; an agent acts with [`Role::Operator`] limited by its scopes.
    pub role: Role,
    /// The highest class this caller may see.
    pub clearance: Class,
    /// The door.
    pub via: Via,
    /// Operations an agent's token allows, by name; empty for people.
    pub scopes: Vec<String>,
}

impl Caller {
    /// The console itself, for timers and start-up work.
    #[must_use]
    pub fn system(tenant: TenantId) -> Self {
        Self {
            tenant,
            principal: Principal::System,
            display_name: "Andon".to_owned(),
            role: Role::Viewer,
            clearance: Class::HighlyRestricted,
            via: Via::System,
            scopes: Vec::new(),
        }
    }

    /// A stable text for the audit log and the digest: `person:ada`, `agent:procurement` or `system`.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.principal {
            Principal::Person(user) => format!("person:{user}"),
            Principal::Agent(agent) => format!("agent:{agent}"),
            Principal::System => "system".to_owned(),
        }
    }

    /// The person, if one is asking.
    #[must_use]
    pub fn person(&self) -> Option<&UserId> {
        match &self.principal {
            Principal::Person(user) => Some(user),
            Principal::Agent(_) | Principal::System => None,
        }
    }

    /// The agent, if one is asking.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.principal {
            Principal::Agent(agent) => Some(agent),
            Principal::Person(_) | Principal::System => None,
        }
    }
}
