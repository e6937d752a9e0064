//! The one way in: text, dialect and policy give a checked query or a refusal.

use andon_domain::Class;

use crate::checked::{Change, ChangeKind, CheckedQuery};
use crate::dialect::Dialect;
use crate::policy::Policy;
use crate::refusal::{Reason, ReasonCode, Refusal};
use crate::walk::Walk;
use crate::{render, text};

/// Checks one SQL text for one database under one policy.
///
/// The result is either the query to run, rendered from the checked tree with its literals as parameters, or a refusal
/// with every reason found. Never panics, whatever the text.
pub fn check(sql: &str, dialect: Dialect, policy: &Policy) -> Result<CheckedQuery, Refusal> {
    let mut query = text::read(sql, dialect, policy.limits())?;
    let mut walk = Walk::new(policy, dialect);
    let columns = walk.statement(&mut query);
    let limits = policy.limits();
    let row_limit = walk.limit_rows(&mut query, limits.rows);
    let score = walk.tally().score(limits.score);
    if score.total > limits.score {
        let parts: Vec<String> =
            score.parts.iter().map(|part| format!("{:?} {} x {}", part.kind, part.count, part.kind.weight())).collect();
        walk.refuse(Reason::new(
            ReasonCode::ScoreTooHigh,
            format!("the query is too complex, {} points ({}), limit: {}", score.total, parts.join(", "), limits.score),
            "Split the question, or drop a join or a subquery.",
        ));
    }
    let found = walk.finish();
    if !found.reasons.is_empty() {
        return Err(Refusal { reasons: found.reasons, score: Some(score) });
    }
    let Some((sql, params)) = render::render(&query, &found.params, dialect) else {
        return Err(Refusal {
            reasons: vec![Reason::new(
                ReasonCode::ConstructNotAllowed,
                "the query cannot be written again without a change of meaning",
                "Write the query in a simpler form.",
            )],
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
    let class = found.reads.iter().map(|read| read.class).max().unwrap_or(Class::Public);
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
        columns,
    })
}
