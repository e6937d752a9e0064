//! Whose session is whose. The protocol library makes the ids at random and keeps the sessions; it does not know agents.
//!
//! A session belongs to the token that opened it. Shown by anybody else it does not exist.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::transport::streamable_http_server::session::SessionManager as _;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, SessionConfig};

/// A session nobody uses ends after this time. Long, because many clients cannot open a new one by themselves; how many
/// there are is limited for each agent.
const IDLE: Duration = Duration::from_secs(12 * 3_600);

/// Owner of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    agent: String,
    /// Keyed hash of the token: a new token of the same agent does not inherit sessions.
    token: u64,
}

/// The sessions and their owners.
pub(crate) struct Sessions {
    pub(crate) manager: Arc<LocalSessionManager>,
    owners: Mutex<Owners>,
    hasher: RandomState,
    per_agent: usize,
}

#[derive(Default)]
struct Owners {
    by_session: HashMap<Arc<str>, (Owner, u64)>,
    count: u64,
}

impl Sessions {
    pub(crate) fn new(per_agent: usize) -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config = SessionConfig::default();
        manager.session_config.keep_alive = Some(IDLE);
        Self {
            manager: Arc::new(manager),
            owners: Mutex::default(),
            hasher: RandomState::new(),
            per_agent,
        }
    }

    pub(crate) fn owner(&self, agent: &str, token: &str) -> Owner {
        Owner {
            agent: agent.to_owned(),
            token: self.hasher.hash_one(token),
        }
    }

    /// Whether this owner opened that session.
    pub(crate) fn is_theirs(&self, owner: &Owner, session: &str) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners
            .by_session
            .get(session)
            .is_some_and(|(opened_by, _)| opened_by == owner)
    }

    /// Notes a new session and closes the agent's oldest when it has too many.
    pub(crate) async fn opened(&self, owner: Owner, session: &str) {
        let alive: Vec<Arc<str>> = self.manager.sessions.read().await.keys().cloned().collect();
        let surplus = {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            owners.by_session.retain(|id, _| alive.contains(id));
            owners.count += 1;
            let (agent, count) = (owner.agent.clone(), owners.count);
            owners.by_session.insert(Arc::from(session), (owner, count));
            let theirs = owners
                .by_session
                .iter()
                .filter(|(_, (owner, _))| owner.agent == agent);
            let mut theirs: Vec<(u64, Arc<str>)> =
                theirs.map(|(id, (_, at))| (*at, Arc::clone(id))).collect();
            theirs.sort();
            let surplus = theirs.len().saturating_sub(self.per_agent);
            theirs.truncate(surplus);
            for (_, id) in &theirs {
                owners.by_session.remove(id);
            }
            theirs
        };
        for (_, id) in surplus {
            if let Err(error) = self.manager.close_session(&id).await {
                tracing::debug!(%error, "an old session was closed already");
            }
        }
    }

    /// Forgets a session that ended.
    pub(crate) fn closed(&self, session: &str) {
        self.owners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .by_session
            .remove(session);
    }
}
