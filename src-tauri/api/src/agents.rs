//! The agents' side of the console: what a gateway needs, whatever protocol it speaks.
//!
//! A request is a durable row; a call that waits for it is only a waiter. A waiter that leaves decides nothing.

use std::sync::Arc;
use std::time::Duration;

use andon_approvals::{ApprovalRow, OutcomeKind, Roster, State, Verdict};
use andon_domain::agent::scopes_allow;
use andon_domain::operations::{Effect, Operation};
use andon_domain::{ApprovalId, Caller, RequestId, Timestamp, operations};
use andon_engine::approve::{self, Asked};
use andon_engine::dispatch::{self, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::console::Console;
use crate::error::{ApiError, ErrorCode, from_engine};
use crate::wire::ReadAnswer;

/// How long an agent should wait before it asks again.
const RETRY_AFTER_MS: u64 = 2_000;
/// Arguments that travel beside the parameters of a write and are taken off before the digest.
const BESIDE: [(&str, &str); 3] = [
    (
        "rationale",
        "Why you ask, in plain words for the person who decides. Shown as not verified.",
    ),
    ("on_behalf_of", "The person you act for."),
    (
        "idempotency_key",
        "A key of yours: the same key gives the same request, however often you call.",
    ),
];

/// An agent that showed a valid token.
#[derive(Debug, Clone)]
pub struct AgentSession {
    caller: Caller,
}

/// One tool of an agent.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Name, with underscores.
    pub name: String,
    /// One or two sentences for the model.
    pub description: String,
    /// JSON schema of the arguments.
    pub input_schema: Value,
    /// Whether it changes nothing.
    pub is_read_only: bool,
    /// The operation behind it; `None` for tools about requests themselves.
    pub operation: Option<&'static str>,
}

/// Where a write stands, in the words an agent gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WriteAnswer {
    /// pending, executed, refused_by_system, not_sent, unknown, denied, expired or cancelled.
    pub status: String,
    /// The request.
    pub approval_id: String,
    /// approved or denied, once people decided.
    pub decision: Option<String>,
    /// Who decided, by name.
    pub decided_by: Vec<String>,
    /// The reason they gave.
    pub reason: Option<String>,
    /// What they changed before approving; nothing yet.
    pub edited: Option<Value>,
    /// Time from the request to the decision or to now.
    pub waited_ms: u64,
    /// The system's key of what it made.
    pub reference: Option<String>,
    /// How it ended, in one sentence.
    pub outcome: Option<String>,
    /// Warnings of the system.
    pub warnings: Vec<String>,
    /// Until when people can decide, while it waits.
    pub expires_at: Option<Timestamp>,
    /// When to ask again, while it waits.
    pub retry_after_ms: Option<u64>,
    /// What the agent should make of it.
    pub note: String,
}

impl WriteAnswer {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.status != "pending"
    }

    /// Whether the agent did not get what it asked for.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "executed")
    }
}

impl AgentSession {
    /// Name of the agent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.caller.display_name
    }

    /// A key for limits: one agent of one tenant.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.caller.tenant, self.caller.actor())
    }
}

impl Console {
    /// The agent a token belongs to.
    ///
    /// # Errors
    /// [`ErrorCode::NotSignedIn`] for a token that is unknown, revoked or expired; storage trouble as itself.
    pub async fn agent_sign_in(&self, token: &str) -> Result<AgentSession, ApiError> {
        let request = self.engine.ids().request();
        match andon_engine::agents::authenticate(&self.engine, token).await {
            Ok(caller) => Ok(AgentSession { caller }),
            Err(andon_engine::EngineError::Port(port)) => Err(from_engine(port.into(), request)),
            Err(_) => Err(ApiError::new(
                request,
                ErrorCode::NotSignedIn,
                "the token is not valid",
                "Ask an admin for a new token; this one is unknown, revoked or expired.",
            )),
        }
    }

    /// Tools this agent's token allows.
    #[must_use]
    pub fn agent_tools(&self, agent: &AgentSession) -> Vec<Tool> {
        let allowed = operations::table().iter().filter(|operation| {
            scopes_allow(&agent.caller.scopes, operation.name) && agent.caller.clearance >= operation.class
        });
        let mut tools: Vec<Tool> = allowed.map(operation_tool).collect();
        if tools.iter().any(|tool| !tool.is_read_only) {
            tools.extend(request_tools());
        }
        tools
    }

    /// Runs a read.
    ///
    /// # Errors
    /// What the agent sees, with a hint a model can act on.
    pub async fn agent_read(
        &self,
        agent: &AgentSession,
        operation: &str,
        mut arguments: Map<String, Value>,
    ) -> Result<ReadAnswer, ApiError> {
        let request = self.engine.ids().request();
        let page = Page {
            limit: take(&mut arguments, "limit", request)?,
            cursor: take(&mut arguments, "cursor", request)?,
        };
        let read = dispatch::read(
            &self.engine,
            &agent.caller,
            operation,
            &Value::Object(arguments),
            &page,
        )
        .await;
        read.map(ReadAnswer::from).map_err(|e| from_engine(e, request))
    }

    /// Takes in a write. It is on disk when this returns; `wait` tells how it goes on.
    ///
    /// # Errors
    /// Why nobody was asked.
    pub async fn agent_request(
        &self,
        agent: &AgentSession,
        operation: &str,
        mut arguments: Map<String, Value>,
    ) -> Result<(ApprovalId, WriteAnswer), ApiError> {
        let request = self.engine.ids().request();
        let asked = Asked {
            rationale: take(&mut arguments, "rationale", request)?,
            on_behalf_of: take(&mut arguments, "on_behalf_of", request)?,
            idempotency_key: take(&mut arguments, "idempotency_key", request)?,
        };
        let parameters = Value::Object(arguments);
        let requested = approve::request(&self.engine, &agent.caller, operation, &parameters, asked).await;
        let requested = requested.map_err(|e| from_engine(e, request))?;
        Ok((requested.row.request.id, self.write_answer(&requested.row)))
    }

    /// Waits for a request of this agent, at most `patience`.
    ///
    /// # Errors
    /// Not found for anybody else's request.
    pub async fn agent_wait(
        &self,
        agent: &AgentSession,
        id: &str,
        patience: Duration,
    ) -> Result<WriteAnswer, ApiError> {
        let request = self.engine.ids().request();
        let id = parse_id(id, request)?;
        let row = approve::wait(&self.engine, &agent.caller, id, patience).await;
        row.map(|row| self.write_answer(&row))
            .map_err(|e| from_engine(e, request))
    }

    /// The agent takes its request back.
    ///
    /// # Errors
    /// When it is decided already or not this agent's.
    pub async fn agent_cancel(&self, agent: &AgentSession, id: &str) -> Result<WriteAnswer, ApiError> {
        let request = self.engine.ids().request();
        let id = parse_id(id, request)?;
        let row = approve::cancel(&self.engine, &agent.caller, id).await;
        row.map(|row| self.write_answer(&row))
            .map_err(|e| from_engine(e, request))
    }

    /// The newest requests of this agent.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn agent_requests(&self, agent: &AgentSession) -> Result<Vec<WriteAnswer>, ApiError> {
        let request = self.engine.ids().request();
        let rows = approve::own(&self.engine, &agent.caller, 50)
            .await
            .map_err(|e| from_engine(e, request))?;
        Ok(rows.iter().map(|row| self.write_answer(row)).collect())
    }

    fn write_answer(&self, row: &ApprovalRow) -> WriteAnswer {
        answer(row, &self.engine.roster(), self.engine.clock().now())
    }

    /// The engine's handle for faces that only pass it on.
    #[must_use]
    pub fn shared(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }
}

fn answer(row: &ApprovalRow, roster: &Roster, now: Timestamp) -> WriteAnswer {
    let progress = &row.progress;
    let outcome = progress.outcome.as_ref();
    let status = match (progress.state, outcome.map(|outcome| outcome.kind)) {
        (State::Denied, _) => "denied",
        (State::Expired, _) => "expired",
        (State::Cancelled, _) => "cancelled",
        (State::Succeeded, _) => "executed",
        (State::Unknown, _) => "unknown",
        (State::Failed, Some(OutcomeKind::RefusedBySystem)) => "refused_by_system",
        (State::Failed, _) => "not_sent",
        (State::Pending | State::Approved | State::Claimed | State::Dispatched, _) => "pending",
    };
    // The first vote of two is not a decision yet, and nobody's to tell.
    let decisions = if progress.state == State::Pending {
        &[]
    } else {
        progress.standing_decisions()
    };
    let is_by_policy = row.request.quorum == 0 && decisions.is_empty();
    let mut names: Vec<String> = decisions
        .iter()
        .map(|decision| {
            let id = andon_domain::UserId::from(decision.payload.operator_id.as_str());
            roster
                .person(&id)
                .map_or_else(|| id.to_string(), |person| person.name.clone())
        })
        .collect();
    let mut verdict = decisions.last().map(|decision| decision.payload.verdict);
    if is_by_policy {
        (names, verdict) = (vec!["policy".to_owned()], Some(Verdict::Approve));
    }
    let is_waiting = status == "pending";
    let end = if is_waiting {
        now
    } else {
        progress.decided_at.unwrap_or(now)
    };
    let waited = end.since(row.request.requested_at);
    WriteAnswer {
        status: status.to_owned(),
        approval_id: row.request.id.to_string(),
        decision: verdict.map(|verdict| match verdict {
            Verdict::Approve => "approved".to_owned(),
            Verdict::Deny => "denied".to_owned(),
        }),
        decided_by: names,
        reason: decisions
            .last()
            .and_then(|decision| decision.payload.reason.clone()),
        edited: None,
        waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        reference: outcome.and_then(|outcome| outcome.reference.clone()),
        outcome: outcome.map(|outcome| outcome.message.clone()),
        warnings: outcome
            .map(|outcome| outcome.warnings.clone())
            .unwrap_or_default(),
        expires_at: (progress.state == State::Pending).then_some(progress.decide_by.utc),
        retry_after_ms: is_waiting.then_some(RETRY_AFTER_MS),
        note: note(status).to_owned(),
    }
}

const fn note(status: &str) -> &'static str {
    match status.as_bytes() {
        b"pending" => {
            "A person has to decide. Call await_approval with this approval_id; do not ask for the same thing anew."
        }
        b"executed" => "Done, once. The waiting time was human response time.",
        b"denied" => "A person said no. Do not ask for the same thing again unless something changed.",
        b"expired" => "Nobody decided in time; that is not a no. Nothing was done. You may ask again.",
        b"cancelled" => "The request was taken back. Nothing was done.",
        b"refused_by_system" => "It was approved, but the system refused it. Nothing was done.",
        b"not_sent" => "It was approved, but not sent. Nothing was done. You may ask again.",
        _ => {
            "It was sent, but whether it arrived is not known. A person is checking. Do not ask for it again."
        }
    }
}

fn operation_tool(operation: &'static Operation) -> Tool {
    let mut input_schema = (operation.schema)();
    let is_read_only = operation.effect == Effect::Read;
    if let Some(properties) = input_schema.get_mut("properties").and_then(Value::as_object_mut) {
        if is_read_only {
            properties.insert(
                "limit".to_owned(),
                json!({"type": "integer", "minimum": 1, "maximum": 1000, "description": "Records in the answer, 100 by default."}),
            );
            properties.insert(
                "cursor".to_owned(),
                json!({"type": "string", "description": "next_cursor of the last answer, to go on."}),
            );
        } else {
            for (name, description) in BESIDE {
                properties.insert(
                    name.to_owned(),
                    json!({"type": "string", "description": description}),
                );
            }
        }
    }
    let waits = " A person decides; the answer may be pending, then call await_approval.";
    Tool {
        name: operation.tool_name(),
        description: format!("{}{}", operation.sentence, if is_read_only { "" } else { waits }),
        input_schema,
        is_read_only,
        operation: Some(operation.name),
    }
}

fn request_tools() -> Vec<Tool> {
    let by_id = json!({
        "type": "object",
        "properties": {"approval_id": {"type": "string", "description": "approval_id of an earlier answer."}},
        "required": ["approval_id"],
        "additionalProperties": false,
    });
    let tool = |name: &str, description: &str, input_schema: Value, is_read_only: bool| Tool {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema,
        is_read_only,
        operation: None,
    };
    let nothing = json!({"type": "object", "properties": {}, "additionalProperties": false});
    vec![
        tool(
            "await_approval",
            "Waits up to 50 seconds for the decision about a request of yours and returns where it stands.",
            by_id.clone(),
            true,
        ),
        tool(
            "cancel_approval",
            "Takes back a request of yours that nobody has decided yet.",
            by_id,
            false,
        ),
        tool(
            "list_my_requests",
            "Your newest requests and where each stands.",
            nothing,
            true,
        ),
    ]
}

fn take<T: serde::de::DeserializeOwned>(
    arguments: &mut Map<String, Value>,
    name: &str,
    request: RequestId,
) -> Result<Option<T>, ApiError> {
    let Some(value) = arguments.remove(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    serde_json::from_value(value).map(Some).map_err(|e| {
        ApiError::new(
            request,
            ErrorCode::InvalidInput,
            format!("{name}: {e}"),
            "Correct it and call again.",
        )
    })
}

pub(crate) fn parse_id(id: &str, request: RequestId) -> Result<ApprovalId, ApiError> {
    ApprovalId::parse(id).ok_or_else(|| {
        ApiError::new(
            request,
            ErrorCode::NotFound,
            "not found: that is not the id of a request",
            "Give the approval_id of an earlier answer.",
        )
    })
}

#[cfg(test)]
#[path = "agents_tests.rs"]
mod tests;
