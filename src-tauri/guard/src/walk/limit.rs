//! LIMIT, OFFSET and FETCH: whole numbers only, in one spelling, and the policy's row limit on the outermost query.

use sqlparser::ast::{Expr, Fetch, LimitClause, Offset, OffsetRows, Query, Value};
use sqlparser::tokenizer::Span;

use super::Walk;
use crate::checked::ChangeKind;
use crate::dialect::Dialect;
use crate::literal::whole_number;
use crate::refusal::{Reason, ReasonCode};

/// Skipping more rows than this is reading the table a page at a time.
const MAX_OFFSET: u64 = 1_000_000;

impl Walk<'_> {
    /// Checks the clause of one query and gives it one spelling: `LIMIT n OFFSET m`.
    pub(super) fn limit_clause(&mut self, clause: &mut Option<LimitClause>, fetch: &mut Option<Fetch>) {
        let (limit, offset) = match clause.take() {
            None => (None, None),
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => {
                if !limit_by.is_empty() {
                    self.refuse_construct("LIMIT BY", Span::empty());
                }
                (limit, offset.map(|offset| offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let limit = match fetch.take() {
            None => limit,
            Some(Fetch {
                with_ties,
                percent,
                quantity,
            }) => {
                if with_ties || percent || limit.is_some() || self.dialect != Dialect::Postgres {
                    self.refuse_construct("FETCH", Span::empty());
                }
                Some(quantity.unwrap_or_else(|| number(1)))
            }
        };
        let limit_fits = limit.as_ref().is_none_or(|limit| whole_number(limit).is_some());
        let offset_fits = offset
            .as_ref()
            .is_none_or(|offset| whole_number(offset).is_some_and(|n| n <= MAX_OFFSET));
        if !limit_fits || !offset_fits {
            self.refuse(Reason::new(
                ReasonCode::LimitNotLiteral,
                format!("LIMIT and OFFSET must be written as whole numbers, OFFSET at most {MAX_OFFSET}"),
                "Write a number, for example LIMIT 100.",
            ));
            return;
        }
        let offset = offset.map(|value| Offset {
            value,
            rows: OffsetRows::None,
        });
        if limit.is_some() || offset.is_some() {
            *clause = Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by: Vec::new(),
            });
        }
    }

    /// Puts the policy's row limit on the statement and gives the limit that holds.
    ///
    /// Where the guard sets or lowers the limit, the text asks for one row more: the reader stops at the limit and, if
    /// that row came, says that more exist. A smaller limit of the analyst stays as it is.
    pub(crate) fn limit_rows(&mut self, query: &mut Query, most: u32) -> u32 {
        let probe = number(u64::from(most) + 1);
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset {
                limit: Some(limit), ..
            }) => match whole_number(limit) {
                Some(asked) if asked <= u64::from(most) => u32::try_from(asked).unwrap_or(most),
                asked => {
                    *limit = probe;
                    let asked = asked.unwrap_or_default();
                    self.change(
                        ChangeKind::LimitLowered,
                        format!("row limit lowered from {asked} to {most}"),
                    );
                    most
                }
            },
            Some(LimitClause::LimitOffset { limit, .. }) => {
                *limit = Some(probe);
                self.limit_added(most)
            }
            clause => {
                *clause = Some(LimitClause::LimitOffset {
                    limit: Some(probe),
                    offset: None,
                    limit_by: Vec::new(),
                });
                self.limit_added(most)
            }
        }
    }

    fn limit_added(&mut self, most: u32) -> u32 {
        self.change(ChangeKind::LimitAdded, format!("row limit added: {most}"));
        most
    }
}

pub(super) fn number(value: u64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}
