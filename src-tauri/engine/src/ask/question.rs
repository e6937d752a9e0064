//! A question in plain language: a model writes the SQL, the guard judges it, and a refusal goes back to the model twice.
//!
//! The model sees table and column names of what the asker may see, and never a row.

use std::fmt::Write as _;

use andon_domain::audit::{AuditEvent, AuditOutcome};
use andon_domain::ports::{ModelReply, ModelRequest};
use andon_domain::{Caller, Permission, PortError, PortErrorKind, System};
use andon_guard::{CancelFlag, Policy, Refusal};
use serde_json::json;

use super::policy_of;
use super::statement::{QueryResult, Statement, note_refusal, pass, run_passed};
use crate::access::permit;
use crate::audit;
use crate::error::EngineError;
use crate::world::{Engine, Tenant};

const MOST_ATTEMPTS: u32 = 3;
const LONGEST_QUESTION: usize = 2_000;

/// SQL the model wrote and the guard refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The SQL.
    pub sql: String,
    /// Why it was refused.
    pub refusal: Refusal,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The rows; absent when every attempt was refused.
    pub result: Option<QueryResult>,
    /// How the model read the question.
    pub assumptions: Option<String>,
    /// What the guard refused on the way, in order.
    pub refused: Vec<Attempt>,
    /// Name of the model.
    pub model: String,
    /// Tokens of all attempts, when the provider tells.
    pub tokens: Option<u64>,
}

/// Answers a question by a model's SQL.
///
/// # Errors
/// Not permitted, [`EngineError::NotConfigured`] without a model, or the model, the source or the audit log failed.
pub async fn ask(
    engine: &Engine,
    caller: &Caller,
    question: &str,
    cancel: CancelFlag,
) -> Result<Answer, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let model = tenant.parts.systems.model.clone();
    let model = model.ok_or_else(|| EngineError::NotConfigured(System::Model.as_str().to_owned()))?;
    let question = checked_question(question)?;
    let mut request = model_request(engine, tenant, caller, question);
    let mut answer = Answer {
        result: None,
        assumptions: None,
        refused: Vec::new(),
        model: model.name(),
        tokens: None,
    };
    for attempt in 1..=MOST_ATTEMPTS {
        if cancel.is_cancelled() {
            return Err(PortError::new(System::Model, PortErrorKind::Cancelled, "cancelled").into());
        }
        let reply = match model.write_sql(&request).await {
            Ok(reply) => reply,
            Err(error) => {
                note_model_failure(engine, tenant, caller, question, &error).await?;
                return Err(error.into());
            }
        };
        let ModelReply {
            sql,
            assumptions,
            tokens,
        } = reply;
        answer.assumptions = assumptions;
        answer.tokens = sum(answer.tokens, tokens);
        let statement = Statement {
            sql,
            question: Some(question.to_owned()),
            cancel: cancel.clone(),
        };
        match pass(engine, tenant, caller, &statement.sql, attempt) {
            Ok(passed) => {
                answer.result = Some(run_passed(engine, tenant, caller, statement, passed).await?);
                break;
            }
            Err(refusal) => {
                note_refusal(engine, tenant, caller, &statement, &refusal).await?;
                request.previous = Some((statement.sql.clone(), reasons_for_model(&refusal)));
                answer.refused.push(Attempt {
                    sql: statement.sql,
                    refusal,
                });
            }
        }
    }
    Ok(answer)
}

fn checked_question(question: &str) -> Result<&str, EngineError> {
    let question = question.trim();
    if (1..=LONGEST_QUESTION).contains(&question.chars().count()) {
        return Ok(question);
    }
    Err(EngineError::InvalidInput {
        field: "question",
        message: format!("must have 1 to {LONGEST_QUESTION} characters"),
        hint: "Ask one thing at a time.".to_owned(),
    })
}

fn model_request(engine: &Engine, tenant: &Tenant, caller: &Caller, question: &str) -> ModelRequest {
    ModelRequest {
        question: question.to_owned(),
        dialect: tenant.parts.source.dialect().as_str().to_owned(),
        schema: schema_for_model(&policy_of(tenant, caller)),
        today: engine.clock.now().date_in(tenant.time_zone().as_deref()),
        previous: None,
    }
}

/// Tables and columns with their descriptions, one line each.
fn schema_for_model(policy: &Policy) -> String {
    let mut text = String::new();
    for table in policy.tables() {
        let _ = writeln!(
            text,
            "table {}{}",
            table.name,
            described(table.description.as_deref())
        );
        for column in &table.columns {
            let _ = writeln!(
                text,
                "  {}{}",
                column.name,
                described(column.description.as_deref())
            );
        }
    }
    text
}

fn described(description: Option<&str>) -> String {
    description.map_or_else(String::new, |description| format!(": {description}"))
}

fn reasons_for_model(refusal: &Refusal) -> String {
    let lines = refusal
        .reasons
        .iter()
        .map(|reason| format!("- {}. {}", reason.message, reason.hint));
    lines.collect::<Vec<_>>().join("\n")
}

/// Adds what is known; unknown stays unknown only while nothing is known.
fn sum(known: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (known, more) {
        (Some(known), Some(more)) => Some(known.saturating_add(more)),
        (known, more) => known.or(more),
    }
}

async fn note_model_failure(
    engine: &Engine,
    tenant: &Tenant,
    caller: &Caller,
    question: &str,
    error: &PortError,
) -> Result<(), EngineError> {
    let event = AuditEvent::new(caller, engine.clock.now(), "query.model_failed", None)
        .outcome(AuditOutcome::Failed)
        .detail(json!({"question": question, "reason": error.to_string()}));
    audit::note(engine, tenant, event).await
}
