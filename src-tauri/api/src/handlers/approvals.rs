//! Requests: lists, cards and decisions.

use std::collections::BTreeMap;

use andon_approvals::{ActionDigest, ApprovalFilter, ApprovalRow, Outcome, SignedDecision, State, Verdict};
use andon_domain::operations::DescribedParameter;
use andon_domain::{ApprovalId, Class, operations};
use andon_engine::approve::{self, Card, Decision, Hindrance, Similar};

use super::Context;
use crate::agents::parse_id;
use crate::error::{ApiError, ErrorCode};
use crate::wire::{
    ApprovalCard, ApprovalItem, ApprovalListRequest, ApprovalListResponse, ApprovalRef, ApprovalView,
    ApproveRequest, DenyRequest, HindranceView, ParameterRow, SettleRequest, SimilarView, TimelineEntry,
    VoteView,
};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn list(
    context: &Context<'_>,
    request: ApprovalListRequest,
) -> Answer<ApprovalListResponse> {
    let states = match request.view {
        ApprovalView::Waiting => {
            vec![
                State::Pending,
                State::Approved,
                State::Claimed,
                State::Dispatched,
                State::Unknown,
            ]
        }
        ApprovalView::Decided => vec![State::Denied, State::Succeeded, State::Failed],
        ApprovalView::Expired => vec![State::Expired, State::Cancelled],
    };
    let limit = request.limit.unwrap_or(200).min(1_000);
    let filter = ApprovalFilter {
        states,
        limit,
        ..ApprovalFilter::default()
    };
    let rows = approve::list(context.engine(), &context.caller, &filter)
        .await
        .map_err(|e| context.fail(e))?;
    let mut items: Vec<ApprovalItem> = rows.iter().map(|row| item(context, row)).collect();
    if request.view == ApprovalView::Waiting {
        items.sort_by(|a, b| {
            b.risk
                .cmp(&a.risk)
                .then(a.decide_by.cmp(&b.decide_by))
                .then(a.id.cmp(&b.id))
        });
    }
    Ok(ApprovalListResponse {
        server_time: context.engine().clock().now(),
        items,
    })
}

pub(crate) async fn get(context: &Context<'_>, request: ApprovalRef) -> Answer<ApprovalCard> {
    card(context, parse_id(&request.id, context.request)?).await
}

pub(crate) async fn approve(context: &Context<'_>, request: ApproveRequest) -> Answer<ApprovalCard> {
    let decision = Decision {
        verdict: Verdict::Approve,
        digest: digest(context, &request.digest)?,
        reason: request.reason,
        typed_target: request.typed_target,
    };
    decide(context, &request.id, decision).await
}

pub(crate) async fn deny(context: &Context<'_>, request: DenyRequest) -> Answer<ApprovalCard> {
    let preset = request.preset.filter(|preset| !preset.is_empty());
    if let Some(preset) = &preset
        && !approve::deny_presets().contains(&preset.as_str())
    {
        let known = approve::deny_presets().join(", ");
        return Err(ApiError::new(
            context.request,
            ErrorCode::InvalidInput,
            format!("preset is not known: {}", andon_domain::text::visible(preset, 40)),
            format!("Give one of {known}, or none."),
        ));
    }
    let reason = match (preset, request.reason.filter(|reason| !reason.trim().is_empty())) {
        (Some(preset), Some(reason)) => Some(format!("{preset}: {reason}")),
        (preset, reason) => preset.or(reason),
    };
    let digest = digest(context, &request.digest)?;
    decide(
        context,
        &request.id,
        Decision {
            verdict: Verdict::Deny,
            digest,
            reason,
            typed_target: None,
        },
    )
    .await
}

async fn decide(context: &Context<'_>, id: &str, decision: Decision) -> Answer<ApprovalCard> {
    let id = parse_id(id, context.request)?;
    approve::decide(context.engine(), &context.caller, id, decision)
        .await
        .map_err(|e| context.fail(e))?;
    card(context, id).await
}

pub(crate) async fn undo(context: &Context<'_>, request: ApprovalRef) -> Answer<ApprovalCard> {
    let id = parse_id(&request.id, context.request)?;
    approve::undo(context.engine(), &context.caller, id)
        .await
        .map_err(|e| context.fail(e))?;
    card(context, id).await
}

pub(crate) async fn extend(context: &Context<'_>, request: ApprovalRef) -> Answer<ApprovalCard> {
    let id = parse_id(&request.id, context.request)?;
    approve::extend(context.engine(), &context.caller, id)
        .await
        .map_err(|e| context.fail(e))?;
    card(context, id).await
}

pub(crate) async fn reconcile(context: &Context<'_>, request: ApprovalRef) -> Answer<ApprovalCard> {
    let id = parse_id(&request.id, context.request)?;
    approve::reconcile(context.engine(), &context.caller, id)
        .await
        .map_err(|e| context.fail(e))?;
    card(context, id).await
}

pub(crate) async fn settle(context: &Context<'_>, request: SettleRequest) -> Answer<ApprovalCard> {
    let id = parse_id(&request.id, context.request)?;
    let (happened, reference) = (request.happened, request.reference);
    approve::settle(
        context.engine(),
        &context.caller,
        id,
        happened,
        reference,
        &request.reason,
    )
    .await
    .map_err(|e| context.fail(e))?;
    card(context, id).await
}

fn digest(context: &Context<'_>, text: &str) -> Answer<ActionDigest> {
    ActionDigest::parse(text).ok_or_else(|| {
        ApiError::new(
            context.request,
            ErrorCode::InvalidInput,
            "digest is not 64 hexadecimal digits",
            "Send the digest that was on the screen.",
        )
    })
}

async fn card(context: &Context<'_>, id: ApprovalId) -> Answer<ApprovalCard> {
    let card = approve::card(context.engine(), &context.caller, id)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(withhold(view(context, card), context.caller.clearance))
}

/// Leaves out what is above the person's clearance, and says how many fields that are. Who asked, when, how risky and how it
/// went stay: they are about people and not about the data.
fn withhold(card: ApprovalCard, clearance: Class) -> ApprovalCard {
    if clearance >= card.class {
        return card;
    }
    let hidden = card.parameters.len() + card.similar.len() + 4;
    ApprovalCard {
        item: without_title(card.item),
        sentence: String::new(),
        value: None,
        risk_reasons: Vec::new(),
        parameters: Vec::new(),
        canonical: String::new(),
        rationale: None,
        preconditions: Vec::new(),
        similar: Vec::new(),
        outcome: card.outcome.map(|outcome| Outcome {
            message: String::new(),
            warnings: Vec::new(),
            detail: serde_json::Value::Null,
            ..outcome
        }),
        typed_target: None,
        hidden_fields: u32::try_from(hidden).unwrap_or(u32::MAX),
        ..card
    }
}

/// A line whose title is only the operation.
fn without_title(item: ApprovalItem) -> ApprovalItem {
    ApprovalItem {
        title: item.operation.clone(),
        ..item
    }
}

/// One line of a list.
pub(crate) fn item(context: &Context<'_>, row: &ApprovalRow) -> ApprovalItem {
    let item = full_item(context, row);
    if context.caller.clearance < class_of(&item.operation) {
        without_title(item)
    } else {
        item
    }
}

/// Class of what an operation changes; an operation that is no longer known counts as the highest.
fn class_of(operation: &str) -> Class {
    operations::find(operation).map_or(Class::HighlyRestricted, |operation| operation.class)
}

fn full_item(context: &Context<'_>, row: &ApprovalRow) -> ApprovalItem {
    let ApprovalRow {
        request,
        progress,
        version: _,
    } = row;
    let decided_by = if progress.state == State::Pending {
        Vec::new()
    } else {
        deciders(context, row)
    };
    let is_undoable = progress.state == State::Approved;
    let votes = progress
        .standing_decisions()
        .iter()
        .filter(|d| d.payload.verdict == Verdict::Approve)
        .count();
    ApprovalItem {
        id: request.id.to_string(),
        title: approve::describe(request).map_or_else(|| request.operation.to_string(), |words| words.title),
        operation: request.operation.to_string(),
        requester: context.actor_name(&request.requested_by),
        risk: request.risk,
        state: progress.state,
        requested_at: request.requested_at,
        decide_by: progress.decide_by.utc,
        decided_at: progress.decided_at,
        decided_by,
        votes: u32::try_from(votes).unwrap_or(u32::MAX),
        quorum: request.quorum,
        undo_until: progress.dispatch_after.filter(|_| is_undoable),
        outcome: progress.outcome.as_ref().map(|outcome| outcome.kind),
        reference: progress
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.reference.clone()),
        digest: request.digest.to_string(),
        can_approve: approve::hindrance(context.engine(), &context.caller, row).is_none(),
    }
}

fn deciders(context: &Context<'_>, row: &ApprovalRow) -> Vec<String> {
    let standing = row.progress.standing_decisions();
    if standing.is_empty() && row.request.quorum == 0 {
        return vec!["policy".to_owned()];
    }
    standing
        .iter()
        .map(|decision| context.person_name(&decision.payload.operator_id))
        .collect()
}

fn view(context: &Context<'_>, card: Card) -> ApprovalCard {
    let Card {
        row,
        description,
        abilities,
        trail,
        similar,
    } = card;
    let request = &row.request;
    let described = description.as_ref().map(|d| d.rows.clone()).unwrap_or_default();
    let parameters = parameter_rows(described, &request.current);
    let uncovered = description
        .as_ref()
        .map_or(0, |d| approve::uncovered(request.parameters.value(), d));
    let uncovered = u32::try_from(uncovered).unwrap_or(u32::MAX);
    let void = row.progress.void_decisions as usize;
    let decisions = row.progress.decisions.iter().enumerate();
    ApprovalCard {
        server_time: context.engine().clock().now(),
        item: item(context, &row),
        sentence: description
            .as_ref()
            .map(|d| d.sentence.clone())
            .unwrap_or_default(),
        value: description.as_ref().and_then(|d| d.value.clone()),
        risk_reasons: request.risk_reasons.clone(),
        parameters,
        uncovered,
        canonical: request.parameters.as_str().to_owned(),
        rationale: request.rationale.clone(),
        on_behalf_of: request.on_behalf_of.clone(),
        preconditions: request.preconditions.clone(),
        class: class_of(request.operation.as_str()),
        fingerprint: request.digest.fingerprint(),
        policy_version: request.policy_version.clone(),
        votes: decisions
            .map(|(i, decision)| vote(context, decision, i < void))
            .collect(),
        timeline: trail
            .into_iter()
            .map(|entry| TimelineEntry {
                at: entry.event.at,
                who: context.actor_name(&entry.event.actor),
                action: entry.event.action,
            })
            .collect(),
        similar: similar
            .into_iter()
            .map(|similar| similar_view(context, similar))
            .collect(),
        outcome: row.progress.outcome.clone(),
        hindrance: abilities.hindrance.map(HindranceView::from),
        can_deny: abilities.can_deny,
        can_undo: abilities.can_undo,
        can_extend: abilities.can_extend,
        can_settle: abilities.can_settle,
        least_reason: u32::try_from(abilities.least_reason).unwrap_or(u32::MAX),
        typed_target: description.map(|d| d.target).filter(|_| abilities.needs_target),
        deny_presets: approve::deny_presets().map(str::to_owned).to_vec(),
        hidden_fields: 0,
    }
}

/// What is sent, and after it what else the system was asked for: values that stay as they are.
fn parameter_rows(
    described: Vec<DescribedParameter>,
    current: &BTreeMap<String, String>,
) -> Vec<ParameterRow> {
    let is_sent = |field: &str| described.iter().any(|row| row.field == field);
    let beside: Vec<ParameterRow> = current
        .iter()
        .filter(|(field, _)| !is_sent(field))
        .map(|(field, now)| ParameterRow {
            field: field.clone(),
            now: Some(now.clone()),
            after: now.clone(),
        })
        .collect();
    let sent = described.into_iter().map(|row| ParameterRow {
        now: current.get(&row.field).cloned(),
        field: row.field,
        after: row.value,
    });
    sent.chain(beside).collect()
}

fn vote(context: &Context<'_>, decision: &SignedDecision, is_void: bool) -> VoteView {
    VoteView {
        person: context.person_name(&decision.payload.operator_id),
        verdict: decision.payload.verdict,
        at: andon_domain::Timestamp::from_millis(decision.payload.decided_at),
        reason: decision.payload.reason.clone(),
        is_void,
    }
}

fn similar_view(context: &Context<'_>, similar: Similar) -> SimilarView {
    let Similar { row, title } = similar;
    SimilarView {
        id: row.request.id.to_string(),
        at: row.progress.decided_at.unwrap_or(row.request.requested_at),
        value: approve::describe(&row.request).and_then(|words| words.value),
        title,
        state: row.progress.state,
        decided_by: deciders(context, &row),
    }
}

impl From<Hindrance> for HindranceView {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Role => Self::Role,
            Hindrance::Own => Self::Own,
            Hindrance::Voted => Self::Voted,
            Hindrance::NotWaiting => Self::NotWaiting,
            Hindrance::NoKey => Self::NoKey,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_beside_the_parameters_follows_them_unchanged() {
        let described = ["items[0].quantity", "supplier"]
            .map(|field| DescribedParameter {
                field: field.to_owned(),
                value: "new".to_owned(),
            })
            .to_vec();
        let current = [("supplier", "old"), ("items[0].unrestricted_stock", "120 PC")];
        let current = current
            .map(|(field, value)| (field.to_owned(), value.to_owned()))
            .into();
        let rows = parameter_rows(described, &current);
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (row.field.as_str(), row.now.as_deref(), row.after.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                ("items[0].quantity", None, "new"),
                ("supplier", Some("old"), "new"),
                ("items[0].unrestricted_stock", Some("120 PC"), "120 PC"),
            ]
        );
    }
}
