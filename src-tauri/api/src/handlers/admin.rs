//! Agents, credentials and the audit log.

use andon_domain::agent::AgentGrant;
use andon_domain::audit::AuditEvent;
use andon_domain::ports::{AuditFilter, AuditVerdict};
use andon_domain::{AgentId, Class, Secret, System};
use andon_engine::{agents, audit, status, watch};
use serde_json::json;

use super::Context;
use crate::error::{ApiError, ErrorCode};
use crate::wire::{
    AgentAddRequest, AgentAdded, AgentList, AgentRef, AuditTail, AuditTailRequest, CredentialSetRequest,
    Empty,
};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn agent_list(context: &Context<'_>, _: Empty) -> Answer<AgentList> {
    let agents = agents::list(context.engine(), &context.caller)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(AgentList { agents })
}

pub(crate) async fn agent_add(context: &Context<'_>, request: AgentAddRequest) -> Answer<AgentAdded> {
    let grant = AgentGrant {
        agent: AgentId::new(request.agent),
        tenant: context.caller.tenant.clone(),
        scopes: request.scopes,
        clearance: request.clearance.unwrap_or(Class::Internal),
        expires_at: request.expires_at,
    };
    let (agent, token) = agents::add(context.engine(), &context.caller, grant)
        .await
        .map_err(|e| context.fail(e))?;
    // The one place where a secret leaves: a token is shown once, to the admin who made it.
    Ok(AgentAdded {
        agent,
        token: token.expose().to_owned(),
        gateway: context.console.gateway.clone(),
    })
}

pub(crate) async fn agent_revoke(context: &Context<'_>, request: AgentRef) -> Answer<AgentList> {
    let agent = AgentId::new(request.agent);
    agents::revoke(context.engine(), &context.caller, &agent)
        .await
        .map_err(|e| context.fail(e))?;
    agent_list(context, Empty {}).await
}

pub(crate) async fn audit_tail(context: &Context<'_>, request: AuditTailRequest) -> Answer<AuditTail> {
    let filter = AuditFilter {
        after: request.after,
        action_prefix: request.action,
        subject: None,
        limit: request.limit.unwrap_or(100).min(1_000),
    };
    let entries = audit::tail(context.engine(), &context.caller, filter)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(AuditTail { entries })
}

pub(crate) async fn audit_verify(context: &Context<'_>, _: Empty) -> Answer<AuditVerdict> {
    audit::verify(context.engine(), &context.caller)
        .await
        .map_err(|e| context.fail(e))
}

pub(crate) async fn credential_set(context: &Context<'_>, request: CredentialSetRequest) -> Answer<Empty> {
    let CredentialSetRequest { system, secret } = request;
    let secret = Secret::new(secret);
    let tenant = &context.caller.tenant;
    let name = context
        .console
        .credentials
        .secret_name(tenant, system)
        .ok_or_else(|| {
            ApiError::new(
                context.request,
                ErrorCode::InvalidInput,
                format!("{} takes no credential", system.as_str()),
                "Set its address and kind of logon in the configuration first.",
            )
        })?;
    let secrets = context.engine().secrets();
    let stored = if secret.is_empty() {
        secrets.remove(&name).await
    } else {
        secrets.set(&name, &secret).await
    };
    stored.map_err(|e| context.fail(e))?;
    let action = if secret.is_empty() {
        "credential.removed"
    } else {
        "credential.set"
    };
    let event = AuditEvent::new(
        &context.caller,
        context.engine().clock().now(),
        action,
        system.as_str().to_owned(),
    )
    .detail(json!({ "system": system }));
    audit::append(context.engine(), event)
        .await
        .map_err(|e| context.fail(e))?;
    try_again(context, system)?;
    status::check_all(context.engine(), tenant)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(Empty {})
}

/// A connection that stopped after a refused logon, and its feeds, may try once more.
pub(super) fn try_again(context: &Context<'_>, system: System) -> Answer<()> {
    let tenant = &context.caller.tenant;
    context.console.credentials.changed(tenant, system);
    watch::resume(context.engine(), tenant, system).map_err(|e| context.fail(e))
}
