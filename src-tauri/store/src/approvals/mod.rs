//! The journal of approval requests: joining equal requests, compare-and-swap on the version, and what never changes.
//!
//! Whether a decision is genuine is the business of `approvals`; here it is only kept, once, in its place.

mod rows;

use std::sync::Arc;

use andon_approvals::{
    ApprovalFilter, ApprovalJournal, ApprovalRequest, ApprovalRow, Changed, Inserted, JoinRule, Progress,
    SignedDecision, State,
};
use andon_domain::audit::AuditEvent;
use andon_domain::{ApprovalId, PortError, PortErrorKind, System, TenantId};
use async_trait::async_trait;
use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::audit::chain::append_event;
use crate::problem::{Problem, conflict, invalid};
use crate::store::Journal;

/// Most requests one listing gives.
const MOST_LISTED: u32 = 10_000;

/// [`ApprovalJournal`] over the journal file.
pub(crate) struct Approvals {
    pub(crate) journal: Arc<Journal>,
}

#[async_trait]
impl ApprovalJournal for Approvals {
    async fn insert(
        &self,
        request: ApprovalRequest,
        progress: Progress,
        rule: JoinRule,
        audit: AuditEvent,
    ) -> Result<Inserted, PortError> {
        self.journal
            .writer
            .write(move |tx| insert(tx, request, progress, rule, &audit))
            .await
    }

    async fn get(&self, tenant: &TenantId, id: ApprovalId) -> Result<Option<ApprovalRow>, PortError> {
        let tenant = tenant.clone();
        self.journal
            .readers
            .read(move |tx| rows::by_id(tx, &tenant, id))
            .await
    }

    async fn list(&self, tenant: &TenantId, filter: &ApprovalFilter) -> Result<Vec<ApprovalRow>, PortError> {
        let (tenant, filter) = (tenant.clone(), filter.clone());
        self.journal
            .readers
            .read(move |tx| list(tx, &tenant, &filter))
            .await
    }

    async fn change(
        &self,
        tenant: &TenantId,
        id: ApprovalId,
        from_version: i64,
        progress: Progress,
        audit: AuditEvent,
    ) -> Result<Changed, PortError> {
        let tenant = tenant.clone();
        self.journal
            .writer
            .write(move |tx| change(tx, &tenant, id, from_version, progress, &audit))
            .await
    }

    async fn in_states(&self, states: &[State]) -> Result<Vec<ApprovalRow>, PortError> {
        let states = states.to_vec();
        self.journal
            .readers
            .read(move |tx| {
                let mut condition = String::from("TRUE");
                let mut values = Vec::new();
                only_states(&states, &mut condition, &mut values);
                condition.push_str(" ORDER BY requested_at, id");
                if states.is_empty() {
                    Ok(Vec::new())
                } else {
                    rows::select(tx, &condition, values)
                }
            })
            .await
    }
}

fn insert(
    tx: &Transaction<'_>,
    request: ApprovalRequest,
    progress: Progress,
    rule: JoinRule,
    audit: &AuditEvent,
) -> Result<Inserted, Problem> {
    if audit.tenant != request.tenant {
        return Err(invalid("the audit event belongs to another tenant").into());
    }
    if !matches!(progress.state, State::Pending | State::Approved) {
        return Err(invalid(format!("a request cannot begin as: {}", progress.state.as_str())).into());
    }
    if let Some(joined) = joined(tx, &request, rule)? {
        return Ok(joined);
    }
    let waiting: u32 = tx
        .prepare_cached(
            "SELECT count(*) FROM approvals WHERE state = 'pending' AND tenant = ?1 AND requested_by = ?2",
        )?
        .query_row(params![request.tenant.as_str(), request.requested_by], |row| {
            row.get(0)
        })?;
    if progress.state == State::Pending && waiting >= rule.most_pending {
        return Ok(Inserted::TooMany(waiting));
    }
    if rows::exists(tx, request.id)? {
        return Err(conflict(format!("a request of this id exists: {}", request.id)).into());
    }
    rows::add(tx, &request, &progress)?;
    add_decisions(tx, request.id, &request.tenant, 0, &progress.decisions)?;
    append_event(tx, audit)?;
    Ok(Inserted::New(ApprovalRow {
        request,
        progress,
        version: 1,
    }))
}

/// The request that an equal or equally keyed one came in as before.
fn joined(
    tx: &Transaction<'_>,
    request: &ApprovalRequest,
    rule: JoinRule,
) -> Result<Option<Inserted>, Problem> {
    let (tenant, requester) = (request.tenant.as_str().to_owned(), request.requested_by.clone());
    if let Some(key) = &request.idempotency_key {
        let values = vec![tenant.into(), requester.into(), key.clone().into()];
        let earlier = rows::select(
            tx,
            "tenant = ? AND requested_by = ? AND idempotency_key = ?",
            values,
        )?
        .pop();
        return Ok(earlier.map(|row| {
            if row.request.digest == request.digest {
                Inserted::Joined(row)
            } else {
                Inserted::KeyReused(row)
            }
        }));
    }
    let since = request.requested_at.minus(rule.without_key_within).millis();
    let values: Vec<SqlValue> = vec![
        tenant.into(),
        requester.into(),
        request.digest.as_bytes().to_vec().into(),
        since.into(),
    ];
    let condition = "tenant = ? AND requested_by = ? AND digest = ? AND requested_at > ? \
                     AND state IN ('pending', 'approved', 'claimed', 'dispatched', 'succeeded', 'unknown') \
                     ORDER BY requested_at DESC, id DESC LIMIT 1";
    Ok(rows::select(tx, condition, values)?.pop().map(Inserted::Joined))
}

fn change(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    id: ApprovalId,
    from_version: i64,
    progress: Progress,
    audit: &AuditEvent,
) -> Result<Changed, Problem> {
    if audit.tenant != *tenant {
        return Err(invalid("the audit event belongs to another tenant").into());
    }
    let Some(row) = rows::by_id(tx, tenant, id)? else {
        let error = PortError::new(
            System::Storage,
            PortErrorKind::NotFound,
            format!("there is no such request: {id}"),
        );
        return Err(error.into());
    };
    if row.version != from_version {
        return Ok(Changed::Stale(row));
    }
    let before = &row.progress;
    if !before.state.may_become(progress.state) {
        let (from, to) = (before.state.as_str(), progress.state.as_str());
        return Err(invalid(format!("a request cannot go from {from} to: {to}")).into());
    }
    if !progress.decisions.starts_with(&before.decisions) {
        return Err(invalid("a decision cannot be taken away or changed").into());
    }
    let decisions = u32::try_from(progress.decisions.len()).unwrap_or(u32::MAX);
    if progress.void_decisions < before.void_decisions || progress.void_decisions > decisions {
        return Err(invalid(format!(
            "decisions made void cannot be: {}",
            progress.void_decisions
        ))
        .into());
    }
    let kept = before.decisions.len();
    add_decisions(
        tx,
        id,
        tenant,
        kept,
        progress.decisions.get(kept..).unwrap_or(&[]),
    )?;
    rows::update(tx, id, row.version, &progress)?;
    append_event(tx, audit)?;
    Ok(Changed::Done(ApprovalRow {
        request: row.request,
        progress,
        version: from_version + 1,
    }))
}

fn add_decisions(
    tx: &Transaction<'_>,
    id: ApprovalId,
    tenant: &TenantId,
    first: usize,
    decisions: &[SignedDecision],
) -> Result<(), Problem> {
    for (position, decision) in (first..).zip(decisions) {
        let payload = &decision.payload;
        if payload.approval_id != id || payload.tenant != *tenant {
            return Err(invalid("the decision belongs to another request").into());
        }
        let is_seen = tx
            .prepare_cached("SELECT 1 FROM decisions WHERE nonce = ?1")?
            .query_row([&payload.nonce], |_| Ok(()))
            .optional()?
            .is_some();
        if is_seen {
            return Err(conflict("the nonce of the decision was used before").into());
        }
        rows::add_decision(tx, id, position, decision)?;
    }
    Ok(())
}

fn list(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    filter: &ApprovalFilter,
) -> Result<Vec<ApprovalRow>, Problem> {
    let mut condition = String::from("tenant = ?");
    let mut values = vec![SqlValue::from(tenant.as_str().to_owned())];
    if !filter.states.is_empty() {
        only_states(&filter.states, &mut condition, &mut values);
    }
    if let Some(requester) = &filter.requested_by {
        condition.push_str(" AND requested_by = ?");
        values.push(requester.clone().into());
    }
    if let Some(since) = filter.since {
        condition.push_str(" AND (requested_at >= ? OR settled_at >= ?)");
        values.extend([SqlValue::from(since.millis()), since.millis().into()]);
    }
    condition.push_str(" ORDER BY requested_at DESC, id DESC LIMIT ?");
    values.push(i64::from(filter.limit.min(MOST_LISTED)).into());
    rows::select(tx, &condition, values)
}

fn only_states(states: &[State], condition: &mut String, values: &mut Vec<SqlValue>) {
    let marks = vec!["?"; states.len()].join(", ");
    condition.push_str(&format!(" AND state IN ({marks})"));
    values.extend(
        states
            .iter()
            .map(|state| SqlValue::from(state.as_str().to_owned())),
    );
}
