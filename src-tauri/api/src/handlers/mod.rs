//! The functions behind the commands: wire in, use case, wire out. No rule of its own lives here.

pub(crate) mod admin;
pub(crate) mod approvals;
pub(crate) mod connections;
pub(crate) mod operations;
pub(crate) mod plant;
pub(crate) mod query;
pub(crate) mod session;

use andon_domain::{Caller, Permission, Principal, RequestId};
use andon_engine::{Engine, EngineError, access};

use crate::console::{Console, Session};
use crate::error::{ApiError, ErrorCode, from_engine};

/// Whoever has no signing key yet may only look; another role would not help them.
fn not_enrolled(request: RequestId) -> ApiError {
    ApiError::new(
        request,
        ErrorCode::KeyringUnavailable,
        "you have no signing key yet, because the keyring is locked or not there; until then you may only look",
        "Unlock the keyring, or start a Secret Service such as gnome-keyring. Andon sees it within seconds.",
    )
}

/// What every handler gets.
pub(crate) struct Context<'c> {
    pub(crate) console: &'c Console,
    pub(crate) session: &'c Session,
    pub(crate) caller: Caller,
    pub(crate) request: RequestId,
}

impl<'c> Context<'c> {
    /// Finds the caller and asks for the command's permission.
    pub(crate) fn new(
        console: &'c Console,
        session: &'c Session,
        request: RequestId,
        permission: Permission,
    ) -> Result<Self, ApiError> {
        let caller = session.caller(console);
        access::permit(&caller, permission).map_err(|e| match &caller.principal {
            Principal::Person(user) if console.engine.roster().person(user).is_none() => {
                not_enrolled(request)
            }
            _ => from_engine(e, request),
        })?;
        Ok(Self {
            console,
            session,
            caller,
            request,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.console.engine
    }

    /// An engine error as people see it.
    pub(crate) fn fail(&self, error: impl Into<EngineError>) -> ApiError {
        from_engine(error.into(), self.request)
    }

    /// Name of a person for screens, or the key when nobody on the roster has it.
    pub(crate) fn person_name(&self, id: &str) -> String {
        let roster = self.engine().roster();
        roster
            .person(&andon_domain::UserId::from(id))
            .map_or_else(|| id.to_owned(), |person| person.name.clone())
    }

    /// An audit actor in words: `person:ada` is Ada's name, `agent:bot` is bot, `system` is Andon.
    pub(crate) fn actor_name(&self, actor: &str) -> String {
        match actor.split_once(':') {
            Some(("person", id)) => self.person_name(id),
            Some((_, name)) => name.to_owned(),
            None if actor == "system" => "Andon".to_owned(),
            None => actor.to_owned(),
        }
    }
}
