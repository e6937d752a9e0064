//! A request comes in: permitted, valid and possible, or refused before anybody is asked. On disk before it is answered.

use std::time::Duration;

use andon_approvals::{
    Action, ApprovalFilter, ApprovalRequest, ApprovalRow, Inserted, JoinRule, Precondition,
    PreconditionState, Progress, RiskPolicy, State, WriteOperation, action_digest,
};
use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::operations::{Description, Effect, InvalidParameter, InvalidParameters, Operation};
use andon_domain::text::visible;
use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, Caller, CanonicalJson, OperationName, Risk, operations};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::{change, load, uncovered};
use crate::access::permit_operation;
use crate::error::EngineError;
use crate::world::{Change, Engine, Tenant};

const MOST_PENDING: u32 = 10;
const JOIN_WITHIN: Duration = Duration::from_secs(600);
/// How many of the requester's newest requests are looked through for the one asked for again.
const LOOK_BACK: u32 = 200;
const LONGEST_RATIONALE: usize = 2_000;

/// What comes with a request beside its parameters; none of it changes what would run.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The agent's own words.
    pub rationale: Option<String>,
    /// Whom it says it acts for.
    pub on_behalf_of: Option<String>,
    /// Key under which it may ask again.
    pub idempotency_key: Option<String>,
}

/// A request that was taken in.
#[derive(Debug)]
pub struct Requested {
    /// The request as it is.
    pub row: ApprovalRow,
    /// Whether it had been asked before.
    pub is_joined: bool,
}

struct Prepared {
    parameters: CanonicalJson,
    description: Description,
    preconditions: Vec<Precondition>,
}

/// Takes in a write. It is on disk, with its audit line, when this returns.
///
/// # Errors
/// Every reason why nobody was asked: not permitted, not valid, not possible, too many waiting, or storage.
pub async fn request(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    asked: Asked,
) -> Result<Requested, EngineError> {
    let result = try_request(engine, caller, name, parameters, asked).await;
    if let Err(refusal) = &result {
        note_refusal(engine, caller, name, refusal).await?;
    }
    result
}

async fn try_request(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    parameters: &Value,
    asked: Asked,
) -> Result<Requested, EngineError> {
    let tenant = engine.tenant(&caller.tenant)?;
    let operation = operations::find(name)
        .filter(|operation| operation.effect == Effect::Write)
        .ok_or_else(|| EngineError::NotFound(format!("write operation: {}", visible(name, 100))))?;
    permit_operation(caller, operation)?;
    check_words(&asked)?;
    let binding = tenant.parts.systems.writes.get(operation.name);
    let binding = binding.ok_or_else(|| EngineError::NotConfigured(operation.system.as_str().to_owned()))?;
    let parameters = (operation.validate)(parameters)?;
    if let Some(row) = asked_before(
        engine,
        tenant,
        caller,
        operation,
        binding.as_ref(),
        &parameters,
        &asked,
    )
    .await?
    {
        return Ok(Requested { row, is_joined: true });
    }
    let prepared = prepare(operation, binding.as_ref(), parameters).await?;
    let (request, progress) = build(
        engine,
        tenant,
        caller,
        operation,
        binding.as_ref(),
        prepared,
        asked,
    )
    .await?;
    engine.crash_point("submit");
    insert(engine, caller, request, progress).await
}

/// The request this call asks for again. Found before the system is asked anything: it may be down by now, or have changed,
/// and the caller only wants to know how it stands. The journal decides again, and for good, when a request is inserted.
async fn asked_before(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    operation: &Operation,
    binding: &dyn WriteOperation,
    parameters: &CanonicalJson,
    asked: &Asked,
) -> Result<Option<ApprovalRow>, EngineError> {
    let since = engine.clock.now().minus(JOIN_WITHIN);
    let filter = ApprovalFilter {
        requested_by: Some(caller.actor()),
        since: asked.idempotency_key.is_none().then_some(since),
        limit: LOOK_BACK,
        ..ApprovalFilter::default()
    };
    let is_same = |request: &ApprovalRequest| {
        request.operation.as_str() == operation.name
            && request.schema_version == operation.schema_version
            && request.parameters == *parameters
            && request.on_behalf_of == asked.on_behalf_of
    };
    let is_recent = |row: &ApprovalRow| {
        let may_have_happened = !matches!(
            row.progress.state,
            State::Denied | State::Expired | State::Cancelled | State::Failed
        );
        may_have_happened
            && row.request.requested_at > since
            && row.request.policy_version == tenant.parts.risk_policy.version()
            && row.request.endpoint_fingerprint == binding.endpoint_fingerprint()
    };
    let rows = engine.journal.list(&caller.tenant, &filter).await?;
    Ok(rows.into_iter().find(|row| {
        is_same(&row.request)
            && match &asked.idempotency_key {
                Some(key) => row.request.idempotency_key.as_ref() == Some(key),
                None => is_recent(row),
            }
    }))
}

/// Describes and asks the system whether it would be possible.
async fn prepare(
    operation: &Operation,
    binding: &dyn WriteOperation,
    parameters: CanonicalJson,
) -> Result<Prepared, EngineError> {
    let describe = operation
        .describe
        .ok_or_else(|| EngineError::NotFound(operation.name.to_owned()))?;
    let description = describe(&parameters)?;
    let preconditions = binding.check(&parameters).await?;
    if preconditions
        .iter()
        .any(|check| check.state == PreconditionState::Failed)
    {
        return Err(EngineError::Precondition(preconditions));
    }
    Ok(Prepared {
        parameters,
        description,
        preconditions,
    })
}

async fn build(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    operation: &Operation,
    binding: &dyn WriteOperation,
    prepared: Prepared,
    asked: Asked,
) -> Result<(ApprovalRequest, Progress), EngineError> {
    let Prepared {
        parameters,
        description,
        preconditions,
    } = prepared;
    let current = binding.current(&parameters).await?;
    let policy = &tenant.parts.risk_policy;
    let uncovered = uncovered(parameters.value(), &description);
    let assessment = policy.assess(operation, &description, uncovered);
    let quorum = policy.quorum(assessment.risk);
    let (name, requested_by) = (OperationName::new(operation.name), caller.actor());
    let endpoint_fingerprint = binding.endpoint_fingerprint();
    let policy_version = policy.version();
    let digest = action_digest(&Action {
        operation: &name,
        schema_version: operation.schema_version,
        requested_by: &requested_by,
        on_behalf_of: asked.on_behalf_of.as_deref(),
        tenant: &caller.tenant,
        endpoint_fingerprint: &endpoint_fingerprint,
        parameters: &parameters,
        target_version: current.target_version.as_deref(),
        policy_version: &policy_version,
    })
    .map_err(|e| not_valid(e.to_string()))?;
    let now = engine.clock.moment();
    let mut progress = Progress::pending(Deadline::after(&now, policy.decide_within));
    if quorum == 0 {
        progress.state = State::Approved;
        progress.decided_at = Some(now.utc);
        progress.dispatch_after = Some(now.utc.plus(RiskPolicy::undo_window(Risk::Low)));
        progress.execute_by = Some(Deadline::after(&now, policy.execute_within));
    }
    let request = ApprovalRequest {
        id: engine.ids.approval(),
        tenant: caller.tenant.clone(),
        operation: name,
        schema_version: operation.schema_version,
        parameters,
        digest,
        endpoint_fingerprint,
        policy_version,
        risk: assessment.risk,
        risk_reasons: assessment.reasons,
        quorum,
        requested_by,
        on_behalf_of: asked.on_behalf_of,
        rationale: asked.rationale,
        idempotency_key: asked.idempotency_key,
        target_version: current.target_version,
        current: current.values,
        preconditions,
        requested_at: now.utc,
    };
    Ok((request, progress))
}

async fn insert(
    engine: &Engine,
    caller: &Caller,
    request: ApprovalRequest,
    progress: Progress,
) -> Result<Requested, EngineError> {
    let (id, risk) = (request.id, request.risk);
    let title = super::describe(&request).map_or_else(|| request.operation.to_string(), |d| d.title);
    let is_auto = progress.state == State::Approved;
    let action = if is_auto {
        "approval.approved_by_policy"
    } else {
        "approval.requested"
    };
    let audit = AuditEvent::new(caller, request.requested_at, action, id.to_string()).detail(json!({
        "operation": request.operation, "risk": risk, "digest": request.digest.to_string(),
        "policy_version": request.policy_version,
    }));
    let rule = JoinRule {
        without_key_within: JOIN_WITHIN,
        most_pending: MOST_PENDING,
    };
    let inserted = engine.journal.insert(request, progress, rule, audit).await;
    super::note_storage(engine, &caller.tenant, inserted.as_ref().err());
    match inserted? {
        Inserted::New(row) => {
            engine.crash_point("audit");
            let tenant = caller.tenant.clone();
            if is_auto {
                engine.announce(Change::ApprovalChanged { tenant, id });
                engine.work.notify_one();
            } else {
                engine.announce(Change::RequestArrived {
                    tenant,
                    id,
                    risk,
                    title,
                });
            }
            engine.crash_point("notify");
            Ok(Requested {
                row,
                is_joined: false,
            })
        }
        Inserted::Joined(row) => Ok(Requested { row, is_joined: true }),
        Inserted::KeyReused(row) => Err(EngineError::KeyReused(Box::new(row))),
        Inserted::TooMany(count) => Err(EngineError::TooManyPending(count)),
    }
}

/// A refused call is an event of its own. If it cannot be written down, that failure is what the caller hears.
async fn note_refusal(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    refusal: &EngineError,
) -> Result<(), EngineError> {
    let Ok(tenant) = engine.tenant(&caller.tenant) else {
        return Ok(());
    };
    let outcome = match refusal {
        EngineError::Port(_) => AuditOutcome::Failed,
        _ => AuditOutcome::Refused,
    };
    let event = AuditEvent::new(
        caller,
        engine.clock.now(),
        "operation.write_refused",
        visible(name, 100),
    )
    .outcome(outcome)
    .detail(json!({"reason": visible(&refusal.to_string(), 500)}));
    Ok(tenant.parts.audit.append(event).await?)
}

/// The agent takes its request back.
///
/// # Errors
/// [`EngineError::AlreadyDecided`] when it is no longer waiting; not found for a request of somebody else.
pub async fn cancel(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    let row = load_own(engine, caller, id).await?;
    if row.progress.state != State::Pending {
        return Err(EngineError::AlreadyDecided(Box::new(row)));
    }
    let now = engine.clock.now();
    let mut progress = row.progress.clone();
    progress.state = State::Cancelled;
    progress.decided_at = Some(now);
    progress.settled_at = Some(now);
    let audit = AuditEvent::new(caller, now, "approval.cancelled", id.to_string());
    change(engine, &row, progress, audit).await
}

/// Waits until a request of the caller is settled or its outcome is unknown, at most `patience`. Returns how it is then.
/// A waiter that leaves decides nothing.
///
/// # Errors
/// Not found for a request of somebody else; a port failure when the journal cannot be read.
pub async fn wait(
    engine: &Engine,
    caller: &Caller,
    id: ApprovalId,
    patience: Duration,
) -> Result<ApprovalRow, EngineError> {
    // Listening starts before the first look, so that a change between the two is not missed.
    let mut changes = engine.changes();
    let mut row = load_own(engine, caller, id).await?;
    let wait = async {
        while !row.progress.state.is_settled() && row.progress.state != State::Unknown {
            match changes.recv().await {
                Ok(Change::ApprovalChanged { id: changed, .. }) if changed != id => continue,
                Ok(Change::ApprovalChanged { .. }) | Err(RecvError::Lagged(_)) => {}
                Ok(_) => continue,
                Err(RecvError::Closed) => break,
            }
            row = load_own(engine, caller, id).await?;
        }
        Ok::<_, EngineError>(())
    };
    match tokio::time::timeout(patience, wait).await {
        Ok(result) => result?,
        Err(_elapsed) => row = load_own(engine, caller, id).await?,
    }
    engine.crash_point("waiter-reply");
    Ok(row)
}

/// The newest requests this caller made.
///
/// # Errors
/// When the journal cannot be read.
pub async fn own(engine: &Engine, caller: &Caller, limit: u32) -> Result<Vec<ApprovalRow>, EngineError> {
    engine.tenant(&caller.tenant)?;
    let filter = ApprovalFilter {
        requested_by: Some(caller.actor()),
        limit,
        ..ApprovalFilter::default()
    };
    Ok(engine.journal.list(&caller.tenant, &filter).await?)
}

/// A request made by this caller; anybody else's does not exist for them here.
async fn load_own(engine: &Engine, caller: &Caller, id: ApprovalId) -> Result<ApprovalRow, EngineError> {
    let row = load(engine, caller, id).await?;
    if row.request.requested_by != caller.actor() {
        return Err(EngineError::NotFound(format!("request: {id}")));
    }
    Ok(row)
}

fn check_words(asked: &Asked) -> Result<(), EngineError> {
    let texts = [
        ("rationale", asked.rationale.as_ref(), LONGEST_RATIONALE),
        ("on_behalf_of", asked.on_behalf_of.as_ref(), 200),
        ("idempotency_key", asked.idempotency_key.as_ref(), 200),
    ];
    for (field, text, most) in texts {
        if text.is_some_and(|text| text.chars().count() > most || text.is_empty()) {
            return Err(EngineError::InvalidInput {
                field,
                message: format!("must have 1 to {most} characters"),
                hint: "Shorten it, or leave it out.".to_owned(),
            });
        }
    }
    Ok(())
}

fn not_valid(message: String) -> EngineError {
    let hint = "Send fewer or smaller parameters.".to_owned();
    EngineError::InvalidParameters(InvalidParameters(vec![InvalidParameter {
        field: String::new(),
        message,
        hint,
    }]))
}
