//! Operations, agents, connections and the audit log.

use andon_domain::agent::AgentGrant;
use andon_domain::audit::AuditEvent;
use andon_domain::operations::{Effect, Operation};
use andon_domain::ports::{AuditFilter, AuditVerdict};
use andon_domain::{AgentId, Class, Secret, operations};
use andon_engine::approve::{self, Asked};
use andon_engine::dispatch::{self, Page, ReadResult};
use andon_engine::{agents, audit, status, watch};
use serde_json::json;

use super::{Context, approvals, session};
use crate::error::{ApiError, ErrorCode};
use crate::wire::{
    AgentAddRequest, AgentAdded, AgentList, AgentRef, AuditTail, AuditTailRequest, CredentialSetRequest,
    Empty, OperationAnswer, OperationList, OperationRunRequest, OperationView, ReadAnswer, StatusView,
    SystemRef,
};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn operations(_: &Context<'_>, _: Empty) -> Answer<OperationList> {
    Ok(OperationList {
        operations: operations::table().iter().map(view).collect(),
    })
}

fn view(operation: &Operation) -> OperationView {
    OperationView {
        name: operation.name.to_owned(),
        tool: operation.tool_name(),
        effect: operation.effect,
        system: operation.system,
        risk: operation.risk,
        class: operation.class,
        sentence: operation.sentence.to_owned(),
        schema: (operation.schema)(),
    }
}

pub(crate) async fn operation_run(
    context: &Context<'_>,
    request: OperationRunRequest,
) -> Answer<OperationAnswer> {
    let (engine, caller) = (context.engine(), &context.caller);
    let is_write = operations::find(&request.name).is_some_and(|operation| operation.effect == Effect::Write);
    if is_write {
        let asked = Asked {
            rationale: request.rationale,
            on_behalf_of: None,
            idempotency_key: request.idempotency_key,
        };
        let taken = approve::request(engine, caller, &request.name, &request.parameters, asked).await;
        let taken = taken.map_err(|e| context.fail(e))?;
        let item = Box::new(approvals::item(context, &taken.row));
        return Ok(OperationAnswer::Requested {
            item,
            is_joined: taken.is_joined,
        });
    }
    let page = Page {
        limit: request.limit,
        cursor: request.cursor,
    };
    let read = dispatch::read(engine, caller, &request.name, &request.parameters, &page).await;
    Ok(OperationAnswer::Read(read.map_err(|e| context.fail(e))?.into()))
}

impl From<ReadResult> for ReadAnswer {
    fn from(read: ReadResult) -> Self {
        let ReadResult {
            operation: _,
            records,
            next_cursor,
            total,
            is_truncated,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden_fields,
        } = read;
        Self {
            records,
            next_cursor,
            total,
            is_truncated,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden_fields,
        }
    }
}

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

pub(crate) async fn connection_test(context: &Context<'_>, request: SystemRef) -> Answer<StatusView> {
    let tenant = &context.caller.tenant;
    // A person pressed "test".
    try_again(context, request.system)?;
    status::check_all(context.engine(), tenant)
        .await
        .map_err(|e| context.fail(e))?;
    session::status(context, Empty {}).await
}

/// A connection that stopped after a refused logon, and its feeds, may try once more.
fn try_again(context: &Context<'_>, system: andon_domain::System) -> Answer<()> {
    let tenant = &context.caller.tenant;
    context.console.credentials.changed(tenant, system);
    watch::resume(context.engine(), tenant, system).map_err(|e| context.fail(e))
}
