//! The pure body of `andonctl guard check`: one JSON line in, one JSON line out.
//!
//! In: `{"id": …, "sql": "…"}`; other keys are ignored. Out: `id`, `verdict`, `score`, `sql`, `params`, `reasons`.

use serde::Serialize;
use serde_json::Value;

use crate::check::check;
use crate::checked::Param;
use crate::dialect::Dialect;
use crate::policy::Policy;
use crate::refusal::{Reason, ReasonCode, Refusal};

/// Checks every line of `input` that is not blank; each gives one line, without its line end.
pub fn check_lines<'a>(
    input: &'a str,
    dialect: Dialect,
    policy: &'a Policy,
) -> impl Iterator<Item = String> + 'a {
    input
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(move |line| check_line(line, dialect, policy))
}

/// Checks one JSON line. A line that cannot be read is itself a refusal, with code `bad_input`.
#[must_use]
pub fn check_line(line: &str, dialect: Dialect, policy: &Policy) -> String {
    let (id, sql) = match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(mut object)) => (object.remove("id").unwrap_or(Value::Null), object.remove("sql")),
        Ok(_) => return bad_input(Value::Null, "a line must be a JSON object with id and sql"),
        Err(error) => return bad_input(Value::Null, &format!("a line is not JSON: {error}")),
    };
    match sql {
        Some(Value::String(sql)) => guard_check_json(id, &sql, dialect, policy),
        Some(_) => bad_input(id, "sql must be a string"),
        None => bad_input(id, "sql is missing"),
    }
}

/// Checks one text and writes the verdict as a JSON line.
#[must_use]
pub fn guard_check_json(id: Value, sql: &str, dialect: Dialect, policy: &Policy) -> String {
    match check(sql, dialect, policy) {
        Ok(query) => write(&Verdict {
            id,
            verdict: "allowed",
            score: Some(query.score().total),
            sql: Some(query.sql()),
            params: query.params(),
            reasons: Vec::new(),
        }),
        Err(refusal) => refused(id, &refusal),
    }
}

#[derive(Serialize)]
struct Verdict<'a> {
    id: Value,
    verdict: &'static str,
    score: Option<u32>,
    sql: Option<&'a str>,
    params: &'a [Param],
    reasons: Vec<ReasonLine<'a>>,
}

#[derive(Serialize)]
struct ReasonLine<'a> {
    code: &'static str,
    rule: &'static str,
    message: &'a str,
    hint: &'a str,
}

fn bad_input(id: Value, message: &str) -> String {
    let hint = r#"Write one JSON object a line: {"id": 1, "sql": "SELECT …"}."#;
    refused(
        id,
        &Refusal::one(Reason::new(ReasonCode::BadInput, message, hint)),
    )
}

fn refused(id: Value, refusal: &Refusal) -> String {
    let reasons = refusal
        .reasons
        .iter()
        .map(|reason| ReasonLine {
            code: reason.code.as_str(),
            rule: reason.rule,
            message: &reason.message,
            hint: &reason.hint,
        })
        .collect();
    let score = refusal.score.as_ref().map(|score| score.total);
    write(&Verdict {
        id,
        verdict: "refused",
        score,
        sql: None,
        params: &[],
        reasons,
    })
}

fn write(verdict: &Verdict<'_>) -> String {
    serde_json::to_string(verdict).expect("strings and numbers always serialise")
}
