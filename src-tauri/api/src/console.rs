//! The console as faces see it: sessions, commands and events.

use std::sync::{Arc, RwLock};

use andon_domain::ports::KeyringState;
use andon_domain::{Caller, Class, Principal, RequestId, Role, TenantId, UserId, Via};
use andon_engine::{Change, Engine, people};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::commands;
use crate::error::ApiError;
use crate::handlers::query::Runs;
use crate::wire::ApiEvent;

/// Tells connectors that a credential changed; `app` brings it.
pub trait Credentials: Send + Sync {
    /// Name in the keyring of the credential for this system of this tenant; `None` when it takes none.
    fn secret_name(&self, tenant: &TenantId, system: andon_domain::System) -> Option<String>;
    /// A credential was set or removed: try again with the new one.
    fn changed(&self, tenant: &TenantId, system: andon_domain::System);
}

/// What `app` brings for the console.
pub struct ConsoleParts {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The operating-system user: the first admin of a workstation.
    pub first_admin: people::NewPerson,
    /// People of the demo; empty outside it.
    pub demo_people: Vec<people::NewPerson>,
    /// Where agents connect.
    pub gateway: Option<String>,
    /// Credentials of connections.
    pub credentials: Arc<dyn Credentials>,
}

/// The console. Shared by every face.
pub struct Console {
    pub(crate) engine: Arc<Engine>,
    pub(crate) first_admin: people::NewPerson,
    pub(crate) demo_people: Vec<people::NewPerson>,
    pub(crate) gateway: Option<String>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) runs: Runs,
}

/// One signed-in face: a window, a browser, a command line.
#[derive(Debug)]
pub struct Session {
    pub(crate) tenant: TenantId,
    pub(crate) user: RwLock<UserId>,
    pub(crate) via: Via,
}

impl Console {
    /// Puts the console together.
    #[must_use]
    pub fn new(parts: ConsoleParts) -> Arc<Self> {
        Arc::new(Self {
            engine: parts.engine,
            first_admin: parts.first_admin,
            demo_people: parts.demo_people,
            gateway: parts.gateway,
            credentials: parts.credentials,
            runs: Runs::default(),
        })
    }

    /// The engine, for timers.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Whether the plant is simulated.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        !self.demo_people.is_empty()
    }

    /// A session of the first admin. The host has made sure that it is this person's workstation or token.
    #[must_use]
    pub fn sign_in(&self, via: Via) -> Arc<Session> {
        Arc::new(Session {
            tenant: TenantId::default_tenant(),
            user: RwLock::new(self.first_admin.id.clone()),
            via,
        })
    }

    /// Enrols the first admin and the demo's people. Fails while the keyring is not available; called again then.
    ///
    /// # Errors
    /// When the keyring or the journal refuses.
    pub async fn enrol(&self) -> Result<(), andon_engine::EngineError> {
        let mut people = vec![self.first_admin.clone()];
        people.extend(self.demo_people.iter().cloned());
        people::enrol(&self.engine, &people).await
    }

    /// Runs a command for a session.
    ///
    /// # Errors
    /// What people see; failures have been logged under its `request_id`.
    pub async fn call(&self, session: &Session, name: &str, body: Value) -> Result<Value, ApiError> {
        let request: RequestId = self.engine.ids().request();
        commands::call(self, session, request, name, body).await
    }

    /// Events for a face, without anything that needs a permission to see.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Change> {
        self.engine.changes()
    }
}

impl Session {
    /// The tenant this session works in.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The caller behind this session now. Somebody the roster does not know (no keyring yet) may look and nothing more.
    #[must_use]
    pub fn caller(&self, console: &Console) -> Caller {
        let user = self
            .user
            .read()
            .map_or_else(|poisoned| poisoned.into_inner().clone(), |user| user.clone());
        people::caller(&console.engine, &user, &self.tenant, self.via).unwrap_or_else(|| Caller {
            tenant: self.tenant.clone(),
            principal: Principal::Person(user),
            display_name: console.first_admin.name.clone(),
            role: Role::Viewer,
            clearance: Class::default_clearance(Role::Viewer),
            via: self.via,
            scopes: Vec::new(),
        })
    }

    pub(crate) fn become_user(&self, user: UserId) {
        match self.user.write() {
            Ok(mut guard) => *guard = user,
            Err(poisoned) => *poisoned.into_inner() = user,
        }
    }
}

/// The event a face gets for a change of its tenant; `None` for what no face needs.
#[must_use]
pub fn event(change: &Change, tenant: &TenantId) -> Option<ApiEvent> {
    match change {
        Change::RequestArrived { tenant: t, id, .. } if t == tenant => {
            Some(ApiEvent::ApprovalArrived { id: id.to_string() })
        }
        Change::ApprovalChanged { tenant: t, id } if t == tenant => {
            Some(ApiEvent::ApprovalChanged { id: id.to_string() })
        }
        Change::FeedChanged { tenant: t, feed } if t == tenant => {
            Some(ApiEvent::PlantChanged { feed: *feed })
        }
        Change::StatusChanged { tenant: t } if t == tenant => Some(ApiEvent::StatusChanged),
        _ => None,
    }
}

/// Whether decisions are locked because of the keyring.
pub(crate) const fn limited(state: KeyringState) -> Option<KeyringState> {
    match state {
        KeyringState::Available => None,
        other => Some(other),
    }
}
