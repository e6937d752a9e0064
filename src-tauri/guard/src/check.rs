//! The one way in: text, dialect and policy give a checked query or a refusal.

use std::thread;

use andon_domain::Class;
use sqlparser::tokenizer::TokenWithSpan;

use crate::checked::{Change, ChangeKind, CheckedQuery};
use crate::dialect::Dialect;
use crate::policy::Policy;
use crate::refusal::{Reason, ReasonCode, Refusal};
use crate::score::Score;
use crate::walk::Walk;
use crate::{render, text};

/// Texts with more tokens than this are checked on a thread of their own. The tree of a long chain is as deep as the
/// chain, and dropping or comparing it needs that much stack; up to here any caller's stack is enough.
const TOKENS_ON_CALLERS_STACK: usize = 120;
/// Enough for the longest chain that 2000 tokens can make, several times over (`tests/stack.rs`).
const CHECK_STACK: usize = 16 * 1024 * 1024;

/// Checks one SQL text for one database under one policy.
///
/// The result is either the query to run, rendered from the checked tree with its literals as parameters, or a refusal
/// with every reason found. Never panics, whatever the text.
pub fn check(sql: &str, dialect: Dialect, policy: &Policy) -> Result<CheckedQuery, Refusal> {
    let tokens = text::tokens(sql, dialect, policy.limits())?;
    if tokens.len() <= TOKENS_ON_CALLERS_STACK {
        return check_tokens(sql, tokens, dialect, policy);
    }
    thread::scope(|scope| {
        thread::Builder::new()
            .name("andon-guard".to_owned())
            .stack_size(CHECK_STACK)
            .spawn_scoped(scope, || check_tokens(sql, tokens, dialect, policy))
            .ok()
            .and_then(|worker| worker.join().ok())
            .unwrap_or_else(|| Err(Refusal::one(no_room())))
    })
}

fn check_tokens(
    sql: &str,
    tokens: Vec<TokenWithSpan>,
    dialect: Dialect,
    policy: &Policy,
) -> Result<CheckedQuery, Refusal> {
    let (mut query, buffer) = text::parse(sql, tokens, dialect)?;
    let limits = policy.limits();
    let mut walk = Walk::new(policy, dialect);
    let columns = walk.statement(&mut query);
    let row_limit = walk.limit_rows(&mut query, limits.rows);
    let score = walk.tally().score(limits.score);
    if score.total > limits.score {
        walk.refuse(too_complex(&score));
    }
    let found = walk.finish();
    if !found.reasons.is_empty() {
        return Err(Refusal {
            reasons: found.reasons,
            score: Some(score),
        });
    }
    let Some((sql, params)) = render::render(&query, &found.params, dialect, buffer) else {
        return Err(Refusal {
            reasons: vec![not_the_same()],
            score: Some(score),
        });
    };
    let mut changes = found.changes;
    if !params.is_empty() {
        changes.push(Change {
            kind: ChangeKind::LiteralBound,
            rule: ChangeKind::LiteralBound.rule(),
            message: format!("literals passed as parameters: {}", params.len()),
        });
    }
    let class = found
        .reads
        .iter()
        .map(|read| read.class)
        .max()
        .unwrap_or(Class::Public);
    Ok(CheckedQuery {
        sql,
        params,
        dialect,
        reads: found.reads,
        class,
        score,
        changes,
        row_limit,
        functions: found.functions,
        ctes: found.ctes,
        columns,
    })
}

fn too_complex(score: &Score) -> Reason {
    let parts: Vec<String> = score.parts.iter().map(ToString::to_string).collect();
    Reason::new(
        ReasonCode::ScoreTooHigh,
        format!(
            "the query is too complex ({}): {} points, limit {}",
            parts.join(", "),
            score.total,
            score.limit
        ),
        "Split the question, or leave out a join or a subquery.",
    )
}

fn not_the_same() -> Reason {
    Reason::new(
        ReasonCode::ConstructNotAllowed,
        "the query cannot be written again without a change of meaning",
        "Write the query in a simpler form.",
    )
}

fn no_room() -> Reason {
    Reason::new(
        ReasonCode::TooManyTokens,
        "there is no room to check a text this long",
        "Shorten the statement.",
    )
}
