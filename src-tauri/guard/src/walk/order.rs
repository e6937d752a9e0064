//! ORDER BY, and the ordinals and aliases that GROUP BY shares with it.

use sqlparser::ast::{Expr, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, OrderBySort, Spanned};
use sqlparser::tokenizer::Span;

use super::limit::number;
use super::{Output, Walk};
use crate::checked::ChangeKind;
use crate::literal::whole_number;
use crate::nearest::nearest;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::BareHit;

impl Walk<'_> {
    /// ORDER BY of a SELECT: an ordinal, an output alias, or an expression over the FROM clause.
    pub(super) fn order_by(&mut self, order_by: &mut OrderBy, outputs: &[Output]) {
        for order in self.order_expressions(order_by) {
            self.order_options(order);
            let expr = &mut order.expr;
            if self.ordinal(expr, outputs.len()) || self.order_alias(expr, outputs) {
                continue;
            }
            self.clause(expr, true);
        }
    }

    /// ORDER BY of a set operation: only ordinals and names of output columns, which are written as ordinals.
    pub(super) fn order_by_outputs(&mut self, order_by: &mut OrderBy, outputs: &[Output]) {
        for order in self.order_expressions(order_by) {
            self.order_options(order);
            if self.ordinal(&mut order.expr, outputs.len()) {
                continue;
            }
            let position = match &order.expr {
                Expr::Identifier(ident) => {
                    let key = self.dialect.key(ident);
                    outputs
                        .iter()
                        .position(|output| output.name.as_ref().is_some_and(|n| self.dialect.key(n) == key))
                }
                _ => None,
            };
            match position {
                Some(position) => order.expr = number(position as u64 + 1),
                None => self.refuse_output_name(&order.expr, outputs),
            }
        }
    }

    /// ORDER BY inside a function or a window: plain expressions.
    pub(super) fn order_plain(&mut self, orders: &mut [OrderByExpr]) {
        for order in orders {
            self.order_options(order);
            self.expr(&mut order.expr);
        }
    }

    fn order_expressions<'o>(&mut self, order_by: &'o mut OrderBy) -> &'o mut [OrderByExpr] {
        let OrderBy { kind, interpolate } = order_by;
        if interpolate.is_some() {
            self.refuse_construct("INTERPOLATE", Span::empty());
        }
        match kind {
            OrderByKind::Expressions(exprs) => exprs,
            OrderByKind::All(_) => {
                self.refuse_construct("ORDER BY ALL", Span::empty());
                &mut []
            }
        }
    }

    fn order_options(&mut self, order: &OrderByExpr) {
        let OrderByExpr {
            expr,
            options,
            with_fill,
        } = order;
        let OrderByOptions { sort, nulls_first: _ } = options;
        let plain = matches!(sort, None | Some(OrderBySort::Asc | OrderBySort::Desc));
        if !plain || with_fill.is_some() {
            self.refuse_construct("a modifier in ORDER BY", expr.span());
        }
    }

    /// Whether the expression is an ordinal. It stays as it is: bound, it would be a constant.
    pub(super) fn ordinal(&mut self, expr: &mut Expr, outputs: usize) -> bool {
        let mut inner = &*expr;
        while let Expr::Nested(nested) = inner {
            inner = nested;
        }
        if let Expr::Collate { expr: inner, .. } = inner
            && whole_number(inner).is_some()
        {
            self.refuse_construct("a number with COLLATE", expr.span());
            return true;
        }
        let Some(position) = whole_number(inner) else {
            return false;
        };
        if position == 0 || position > outputs as u64 {
            self.refuse(
                Reason::new(
                    ReasonCode::OrdinalOutOfRange,
                    format!("there is no output column with this number: {position}"),
                    format!("Use a number from 1 to {outputs}, or a name."),
                )
                .at(expr.span()),
            );
        }
        *expr = number(position);
        true
    }

    /// A bare name in ORDER BY that is an output alias: every database looks there first, so it stays.
    fn order_alias(&mut self, expr: &mut Expr, outputs: &[Output]) -> bool {
        let Expr::Identifier(ident) = expr else {
            return false;
        };
        let key = self.dialect.key(ident);
        let Some(scope) = self.scopes.last() else {
            return false;
        };
        match scope.aliases.iter().filter(|alias| alias.key == key).count() {
            0 => self.ambiguous_output(expr, &key, outputs),
            1 => {
                let mut name = ident.clone();
                self.check_name(&mut name);
                *expr = Expr::Identifier(name);
                true
            }
            _ => {
                let ident = ident.clone();
                self.refuse_ambiguous(&ident);
                true
            }
        }
    }

    /// A name that several tables have, but only one output column: that column is meant.
    fn ambiguous_output(&mut self, expr: &mut Expr, key: &str, outputs: &[Output]) -> bool {
        let Some(scope) = self.scopes.last() else {
            return false;
        };
        if scope.find_bare(self.policy, self.dialect, key) != BareHit::Ambiguous {
            return false;
        }
        let mut hits = (0..outputs.len()).filter(|index| {
            outputs[*index]
                .name
                .as_ref()
                .is_some_and(|name| self.dialect.key(name) == key)
        });
        let (Some(position), None) = (hits.next(), hits.next()) else {
            return false;
        };
        *expr = number(position as u64 + 1);
        true
    }

    /// A bare name in GROUP BY that is no column but an output alias becomes that column's number. Left as a name, a
    /// hidden column of the same name would be grouped by instead.
    pub(super) fn group_alias(&mut self, expr: &mut Expr, outputs: &[Output]) -> bool {
        let Expr::Identifier(ident) = expr else {
            return false;
        };
        let key = self.dialect.key(ident);
        let Some(scope) = self.scopes.last() else {
            return false;
        };
        let hit = scope.find_bare(self.policy, self.dialect, &key);
        if hit == BareHit::Ambiguous {
            return self.ambiguous_output(expr, &key, outputs);
        }
        if hit != BareHit::Missing {
            return false;
        }
        let mut positions = scope
            .aliases
            .iter()
            .filter(|alias| alias.key == key)
            .map(|alias| alias.position);
        let (Some(position), None) = (positions.next(), positions.next()) else {
            return false;
        };
        self.change(
            ChangeKind::AliasResolved,
            format!("alias in GROUP BY written as its number: {}", ident.value),
        );
        *expr = number(position as u64 + 1);
        true
    }

    fn refuse_output_name(&mut self, expr: &Expr, outputs: &[Output]) {
        let written: String = expr.to_string().chars().take(60).collect();
        let names: Vec<&str> = outputs
            .iter()
            .filter_map(|o| o.name.as_ref().map(|n| n.value.as_str()))
            .collect();
        let near = nearest(&written, names.iter().copied());
        self.refuse(
            Reason::new(
                ReasonCode::ColumnNotAllowed,
                format!("ORDER BY of a set operation can only name its output columns: {written}"),
                format!("Use a number or one of: {}.", names.join(", ")),
            )
            .about(written)
            .nearest(near)
            .at(expr.span()),
        );
    }
}
