//! Agents: who may call the gateway, with which token. A token is shown once and kept as its SHA-256 only.

use std::sync::Arc;
use std::time::Duration;

use andon_domain::agent::{AgentGrant, AgentRecord, scopes_allow};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::{
    AgentId, Caller, Permission, PortErrorKind, Principal, Role, Secret, Timestamp, Via, operations,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::access::permit;
use crate::audit;
use crate::error::EngineError;
use crate::world::{Engine, Tenant};

const TOKEN_START: &str = "andon_";
const TOKEN_BYTES: usize = 32;
/// 256 bits in base64url without padding.
const TOKEN_LENGTH: usize = TOKEN_START.len() + 43;
const TOUCH_EVERY: Duration = Duration::from_secs(60);
const MOST_SCOPES: usize = 64;

/// Adds an agent. The token is in the answer and nowhere else.
///
/// # Errors
/// Not permitted, a name, scope or end that cannot be, a living agent of that name, or storage.
pub async fn add(
    engine: &Engine,
    caller: &Caller,
    grant: AgentGrant,
) -> Result<(AgentRecord, Secret), EngineError> {
    permit(caller, Permission::AgentManage)?;
    engine.tenant(&caller.tenant)?;
    if grant.tenant != caller.tenant {
        return Err(EngineError::NotFound(format!("tenant: {}", grant.tenant)));
    }
    let now = engine.clock.now();
    check_grant(&grant, now)?;
    let token = new_token(engine);
    let audit = AuditEvent::new(caller, now, "agent.added", grant.agent.as_str().to_owned()).detail(json!({
        "scopes": grant.scopes, "clearance": grant.clearance, "expires_at": grant.expires_at,
    }));
    let added = engine
        .agents
        .add(&grant, sha256(token.expose()), now, &caller.actor(), audit)
        .await;
    added.map_err(|error| match error.kind {
        PortErrorKind::Conflict => EngineError::InvalidInput {
            field: "agent",
            message: format!("is the name of a living agent: {}", grant.agent),
            hint: "Revoke that agent first, or choose another name.".to_owned(),
        },
        _ => error.into(),
    })?;
    let created_by = caller.actor();
    let record = AgentRecord {
        grant,
        created_at: now,
        created_by,
        revoked_at: None,
        last_used_at: None,
    };
    Ok((record, token))
}

/// All agents of the tenant, also revoked ones.
///
/// # Errors
/// Not permitted, or storage.
pub async fn list(engine: &Engine, caller: &Caller) -> Result<Vec<AgentRecord>, EngineError> {
    permit(caller, Permission::AgentManage)?;
    engine.tenant(&caller.tenant)?;
    Ok(engine.agents.list(&caller.tenant).await?)
}

/// Revokes an agent. Its next call is refused.
///
/// # Errors
/// Not permitted, no living agent of that name, or storage.
pub async fn revoke(engine: &Engine, caller: &Caller, agent: &AgentId) -> Result<(), EngineError> {
    permit(caller, Permission::AgentManage)?;
    engine.tenant(&caller.tenant)?;
    let now = engine.clock.now();
    let audit = AuditEvent::new(caller, now, "agent.revoked", agent.as_str().to_owned());
    if engine.agents.revoke(&caller.tenant, agent, now, audit).await? {
        Ok(())
    } else {
        Err(EngineError::NotFound(format!("living agent: {agent}")))
    }
}

/// Makes sure that the agent exists with exactly this grant and a fresh token: a living one of that name is revoked first.
/// For agents that the console itself starts.
///
/// # Errors
/// As [`add`].
pub async fn ensure(
    engine: &Engine,
    caller: &Caller,
    grant: AgentGrant,
) -> Result<(AgentRecord, Secret), EngineError> {
    check_grant(&grant, engine.clock.now())?;
    match revoke(engine, caller, &grant.agent).await {
        Ok(()) | Err(EngineError::NotFound(_)) => add(engine, caller, grant).await,
        Err(failure) => Err(failure),
    }
}

/// The caller a token stands for. An unknown, a revoked and an expired token are refused in the same words; a refused
/// token that was once given out is written down.
///
/// # Errors
/// [`EngineError::NotPermitted`] for a token that is not good; a port failure when that cannot be told.
pub async fn authenticate(engine: &Engine, token: &str) -> Result<Caller, EngineError> {
    if token.len() != TOKEN_LENGTH || !token.starts_with(TOKEN_START) {
        return Err(bad_token());
    }
    // Looking a hash up compares hashes, not tokens, so the time it takes tells nothing about a token.
    let record = engine
        .agents
        .by_token(sha256(token))
        .await?
        .ok_or_else(bad_token)?;
    let tenant = engine.tenant(&record.grant.tenant).map_err(|_| bad_token())?;
    let caller = caller_of(&record);
    let now = engine.clock.now();
    if let Some(why) = why_refused(&record, now) {
        let event = AuditEvent::new(
            &caller,
            now,
            "agent.token_refused",
            record.grant.agent.as_str().to_owned(),
        )
        .outcome(AuditOutcome::Refused)
        .detail(json!({"reason": why}));
        audit::note(engine, tenant, event).await?;
        return Err(bad_token());
    }
    touch(engine, tenant, &record, now).await;
    Ok(caller)
}

fn caller_of(record: &AgentRecord) -> Caller {
    let grant = &record.grant;
    Caller {
        tenant: grant.tenant.clone(),
        principal: Principal::Agent(grant.agent.clone()),
        display_name: grant.agent.to_string(),
        role: Role::Operator,
        clearance: grant.clearance,
        via: Via::Gateway,
        scopes: grant.scopes.clone(),
    }
}

fn why_refused(record: &AgentRecord, now: Timestamp) -> Option<&'static str> {
    if record.revoked_at.is_some() {
        return Some("revoked");
    }
    record
        .grant
        .expires_at
        .is_some_and(|end| end <= now)
        .then_some("expired")
}

/// Notes the call, at most once a minute. That it could not be noted keeps no agent out.
async fn touch(engine: &Engine, tenant: &Arc<Tenant>, record: &AgentRecord, now: Timestamp) {
    if record
        .last_used_at
        .is_some_and(|last| last <= now && now.since(last) < TOUCH_EVERY)
    {
        return;
    }
    if let Err(error) = engine
        .agents
        .touch(&tenant.parts.id, &record.grant.agent, now)
        .await
    {
        tracing::warn!(agent = %record.grant.agent, detail = %error.detail, "last call not noted: {error}");
    }
}

fn bad_token() -> EngineError {
    EngineError::NotPermitted {
        permission: "a valid agent token".to_owned(),
        needs: None,
    }
}

fn sha256(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn new_token(engine: &Engine) -> Secret {
    let mut bytes = [0; TOKEN_BYTES];
    engine.ids.random(&mut bytes);
    Secret::new(format!("{TOKEN_START}{}", base64url(&bytes)))
}

/// Base64 with the URL alphabet, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, i| {
            group << 8 | usize::from(chunk.get(i).copied().unwrap_or(0))
        });
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[group >> (18 - 6 * place) & 63]));
        }
    }
    text
}

fn check_grant(grant: &AgentGrant, now: Timestamp) -> Result<(), EngineError> {
    let name = grant.agent.as_str();
    let is_name = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if !is_name {
        return Err(EngineError::InvalidInput {
            field: "agent",
            message: "is not a name for an agent".to_owned(),
            hint: "Give 1 to 64 of a-z, 0-9, minus, underscore and dot.".to_owned(),
        });
    }
    let refused = |message: String| EngineError::InvalidInput {
        field: "scopes",
        message,
        hint: "Name operations such as sap.get_inventory, or a beginning such as mes.*".to_owned(),
    };
    if grant.scopes.is_empty() || grant.scopes.len() > MOST_SCOPES {
        return Err(refused(format!(
            "must be 1 to {MOST_SCOPES}: {}",
            grant.scopes.len()
        )));
    }
    let is_known = |scope: &String| {
        let scope = std::slice::from_ref(scope);
        operations::table()
            .iter()
            .any(|operation| scopes_allow(scope, operation.name))
    };
    if let Some(unknown) = grant.scopes.iter().find(|scope| !is_known(scope)) {
        return Err(refused(format!(
            "name no operation: {}",
            andon_domain::text::visible(unknown, 100)
        )));
    }
    if let Some(end) = grant.expires_at.filter(|end| *end <= now) {
        return Err(EngineError::InvalidInput {
            field: "expires_at",
            message: format!("is in the past: {end}"),
            hint: "Give a time to come, or none.".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
#[path = "agents_tests.rs"]
mod tests;
