//! Requests and decisions as rows. What comes back must be byte for byte what went in, or the row is named as damaged.

use andon_approvals::{
    ActionDigest, ApprovalRequest, ApprovalRow, DecisionPayload, Progress, SignedDecision, State,
};
use andon_domain::time::Deadline;
use andon_domain::{ApprovalId, CanonicalJson, OperationName, Risk, TenantId, Timestamp};
use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params, params_from_iter};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, conflict, damaged, invalid};

const COLUMNS: &str = "id, tenant, operation, schema_version, parameters, digest, endpoint_fingerprint, policy_version, \
    risk, risk_reasons, quorum, requested_by, on_behalf_of, rationale, idempotency_key, target_version, current_values, \
    preconditions, requested_at, state, decide_by, decide_by_boot_ms, decide_by_boot_id, void_decisions, dispatch_after, \
    execute_by, execute_by_boot_ms, execute_by_boot_id, attempt, outcome, decided_at, settled_at, version";

/// One request of a tenant.
pub(crate) fn by_id(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    id: ApprovalId,
) -> Result<Option<ApprovalRow>, Problem> {
    let values = vec![tenant.as_str().to_owned().into(), id.to_string().into()];
    Ok(select(tx, "tenant = ? AND id = ?", values)?.pop())
}

/// Requests under a condition written here, never by a caller of the store.
pub(crate) fn select(
    tx: &Transaction<'_>,
    condition: &str,
    values: Vec<SqlValue>,
) -> Result<Vec<ApprovalRow>, Problem> {
    let mut statement = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM approvals WHERE {condition}"))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut row = read(row)?;
        row.progress.decisions = decisions(tx, row.request.id)?;
        found.push(row);
    }
    Ok(found)
}

/// Whether the id is taken, by any tenant.
pub(crate) fn exists(tx: &Transaction<'_>, id: ApprovalId) -> Result<bool, Problem> {
    let found = tx
        .query_row("SELECT 1 FROM approvals WHERE id = ?1", [id.to_string()], |_| {
            Ok(())
        })
        .optional()?;
    Ok(found.is_some())
}

/// Writes a new request; its decisions are written apart.
pub(crate) fn add(
    tx: &Transaction<'_>,
    request: &ApprovalRequest,
    progress: &Progress,
) -> Result<(), Problem> {
    let marks = COLUMNS
        .split(',')
        .map(|name| format!(":{}", name.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let execute_by = progress.execute_by.as_ref();
    tx.prepare_cached(&format!("INSERT INTO approvals ({COLUMNS}) VALUES ({marks})"))?
        .execute(named_params! {
            ":id": request.id.to_string(),
            ":tenant": request.tenant.as_str(),
            ":operation": request.operation.as_str(),
            ":schema_version": request.schema_version,
            ":parameters": request.parameters.as_str(),
            ":digest": request.digest.as_bytes(),
            ":endpoint_fingerprint": request.endpoint_fingerprint,
            ":policy_version": request.policy_version,
            ":risk": request.risk.as_str(),
            ":risk_reasons": serde_json::to_string(&request.risk_reasons)?,
            ":quorum": request.quorum,
            ":requested_by": request.requested_by,
            ":on_behalf_of": request.on_behalf_of,
            ":rationale": request.rationale,
            ":idempotency_key": request.idempotency_key,
            ":target_version": request.target_version,
            ":current_values": serde_json::to_string(&request.current)?,
            ":preconditions": serde_json::to_string(&request.preconditions)?,
            ":requested_at": request.requested_at.millis(),
            ":state": progress.state.as_str(),
            ":decide_by": progress.decide_by.utc.millis(),
            ":decide_by_boot_ms": boot_ms(&progress.decide_by),
            ":decide_by_boot_id": progress.decide_by.boot_id,
            ":void_decisions": progress.void_decisions,
            ":dispatch_after": progress.dispatch_after.map(Timestamp::millis),
            ":execute_by": execute_by.map(|d| d.utc.millis()),
            ":execute_by_boot_ms": execute_by.map(boot_ms),
            ":execute_by_boot_id": execute_by.map(|d| d.boot_id.as_str()),
            ":attempt": progress.attempt,
            ":outcome": outcome_text(progress)?,
            ":decided_at": progress.decided_at.map(Timestamp::millis),
            ":settled_at": progress.settled_at.map(Timestamp::millis),
            ":version": 1,
        })?;
    Ok(())
}

/// Writes the progress over a row that still has `version`, and counts the version up.
pub(crate) fn update(
    tx: &Transaction<'_>,
    id: ApprovalId,
    version: i64,
    progress: &Progress,
) -> Result<(), Problem> {
    let execute_by = progress.execute_by.as_ref();
    let updated = tx
        .prepare_cached(
            "UPDATE approvals SET state = :state, decide_by = :decide_by, decide_by_boot_ms = :decide_by_boot_ms, \
             decide_by_boot_id = :decide_by_boot_id, void_decisions = :void_decisions, \
             dispatch_after = :dispatch_after, execute_by = :execute_by, execute_by_boot_ms = :execute_by_boot_ms, \
             execute_by_boot_id = :execute_by_boot_id, attempt = :attempt, outcome = :outcome, \
             decided_at = :decided_at, settled_at = :settled_at, version = version + 1 \
             WHERE id = :id AND version = :version",
        )?
        .execute(named_params! {
            ":id": id.to_string(),
            ":version": version,
            ":state": progress.state.as_str(),
            ":decide_by": progress.decide_by.utc.millis(),
            ":decide_by_boot_ms": boot_ms(&progress.decide_by),
            ":decide_by_boot_id": progress.decide_by.boot_id,
            ":void_decisions": progress.void_decisions,
            ":dispatch_after": progress.dispatch_after.map(Timestamp::millis),
            ":execute_by": execute_by.map(|d| d.utc.millis()),
            ":execute_by_boot_ms": execute_by.map(boot_ms),
            ":execute_by_boot_id": execute_by.map(|d| d.boot_id.as_str()),
            ":attempt": progress.attempt,
            ":outcome": outcome_text(progress)?,
            ":decided_at": progress.decided_at.map(Timestamp::millis),
            ":settled_at": progress.settled_at.map(Timestamp::millis),
        })?;
    if updated == 1 {
        Ok(())
    } else {
        Err(conflict(format!("the request was changed meanwhile: {id}")).into())
    }
}

/// Writes a decision into its place.
pub(crate) fn add_decision(
    tx: &Transaction<'_>,
    id: ApprovalId,
    position: usize,
    decision: &SignedDecision,
) -> Result<(), Problem> {
    let position = i64::try_from(position).map_err(|_| invalid("too many decisions"))?;
    let payload = CanonicalJson::from_value(&decision.payload)?;
    tx.prepare_cached(
        "INSERT INTO decisions (approval_id, position, nonce, payload, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id.to_string(), position, decision.payload.nonce, payload.as_str(), decision.signature])?;
    Ok(())
}

fn decisions(tx: &Transaction<'_>, id: ApprovalId) -> Result<Vec<SignedDecision>, Problem> {
    let mut statement = tx.prepare_cached(
        "SELECT position, payload, signature, nonce FROM decisions WHERE approval_id = ?1 ORDER BY position",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (position, text, nonce): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let damage = |why: &str| damaged("decisions", format_args!("{id}/{position}"), why);
        if usize::try_from(position) != Ok(found.len()) {
            return Err(damage("a decision before it is missing").into());
        }
        let payload: DecisionPayload = exact(&text)
            .and_then(|json| json.read().map_err(|e| e.to_string()))
            .map_err(|e| damage(&e))?;
        if payload.nonce != nonce || payload.approval_id != id {
            return Err(damage("the columns do not match the payload").into());
        }
        found.push(SignedDecision {
            payload,
            signature: row.get(2)?,
        });
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<ApprovalRow, Problem> {
    let id: String = row.get("id")?;
    let damage = |why: &str| Problem::from(damaged("approvals", &id, why));
    let state: String = row.get("state")?;
    let outcome: Option<String> = row.get("outcome")?;
    let progress = Progress {
        state: State::from_word(&state).ok_or_else(|| damage("unknown state"))?,
        decide_by: deadline(row, "decide_by")?.ok_or_else(|| damage("no time limit"))?,
        decisions: Vec::new(),
        void_decisions: row.get("void_decisions")?,
        dispatch_after: instant(row, "dispatch_after")?,
        execute_by: deadline(row, "execute_by")?,
        attempt: row.get("attempt")?,
        outcome: outcome
            .map(|text| json(&text))
            .transpose()
            .map_err(|e| damage(&e))?,
        decided_at: instant(row, "decided_at")?,
        settled_at: instant(row, "settled_at")?,
    };
    let request = request(row, &id).map_err(|problem| match problem {
        Unreadable::Damaged(why) => damage(&why),
        Unreadable::Sql(error) => error.into(),
    })?;
    Ok(ApprovalRow {
        request,
        progress,
        version: row.get("version")?,
    })
}

enum Unreadable {
    Damaged(String),
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<String> for Unreadable {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

fn request(row: &Row<'_>, id: &str) -> Result<ApprovalRequest, Unreadable> {
    let text = |name: &str| row.get::<_, String>(name);
    let optional = |name: &str| row.get::<_, Option<String>>(name);
    let parameters = exact(&text("parameters")?)?;
    Ok(ApprovalRequest {
        id: ApprovalId::parse(id)
            .filter(|parsed| parsed.to_string() == id)
            .ok_or_else(|| "id".to_owned())?,
        tenant: TenantId::new(text("tenant")?),
        operation: OperationName::new(text("operation")?),
        schema_version: row.get("schema_version")?,
        parameters,
        digest: ActionDigest::from_bytes(row.get("digest")?),
        endpoint_fingerprint: row.get("endpoint_fingerprint")?,
        policy_version: text("policy_version")?,
        risk: risk(&text("risk")?)?,
        risk_reasons: json(&text("risk_reasons")?)?,
        quorum: row.get("quorum")?,
        requested_by: text("requested_by")?,
        on_behalf_of: optional("on_behalf_of")?,
        rationale: optional("rationale")?,
        idempotency_key: optional("idempotency_key")?,
        target_version: optional("target_version")?,
        current: json(&text("current_values")?)?,
        preconditions: json(&text("preconditions")?)?,
        requested_at: Timestamp::from_millis(row.get("requested_at")?),
    })
}

/// Canonical JSON that is stored exactly as it was.
fn exact(text: &str) -> Result<CanonicalJson, String> {
    let json = CanonicalJson::parse(text).map_err(|e| e.to_string())?;
    if json.as_str() == text {
        Ok(json)
    } else {
        Err("the stored json is not in canonical form".to_owned())
    }
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

fn risk(word: &str) -> Result<Risk, String> {
    [Risk::Low, Risk::Medium, Risk::High, Risk::Critical]
        .into_iter()
        .find(|risk| risk.as_str() == word)
        .ok_or_else(|| format!("unknown risk: {word}"))
}

fn outcome_text(progress: &Progress) -> Result<Option<String>, serde_json::Error> {
    progress.outcome.as_ref().map(serde_json::to_string).transpose()
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn deadline(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Deadline>> {
    let Some(utc) = instant(row, column)? else {
        return Ok(None);
    };
    let boot_ms: i64 = row.get(format!("{column}_boot_ms").as_str())?;
    let boot_id = row.get(format!("{column}_boot_id").as_str())?;
    Ok(Some(Deadline {
        utc,
        boot_ms: u64::try_from(boot_ms).unwrap_or(0),
        boot_id,
    }))
}

fn boot_ms(deadline: &Deadline) -> i64 {
    i64::try_from(deadline.boot_ms).unwrap_or(i64::MAX)
}
