//! Joins. NATURAL and USING are checked like any other comparison: a database would compare hidden columns there without
//! another word, and SQLite's authorizer would not see it.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Spanned,
};
use sqlparser::tokenizer::Span;

use super::Walk;
use super::names::qualified;
use crate::checked::ChangeKind;
use crate::dialect::Dialect;
use crate::refusal::{Reason, ReasonCode};
use crate::scope::{Lookup, Merged, Scope, Source};

/// Which side of a join keeps all its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinKind {
    /// Inner, left and cross joins: a merged column has the left value.
    Left,
    Right,
    Full,
}

impl Walk<'_> {
    pub(super) fn join_kind<'o>(
        &mut self,
        operator: &'o mut JoinOperator,
    ) -> Option<(JoinKind, &'o mut JoinConstraint)> {
        use JoinOperator as Op;
        Some(match operator {
            Op::Join(c) | Op::Inner(c) | Op::Left(c) | Op::LeftOuter(c) | Op::CrossJoin(c) => {
                (JoinKind::Left, c)
            }
            Op::Right(c) | Op::RightOuter(c) => (JoinKind::Right, c),
            Op::FullOuter(c) => {
                if self.dialect == Dialect::MySql {
                    self.refuse_dialect(
                        "FULL JOIN",
                        Span::empty(),
                        "Use a LEFT JOIN and a RIGHT JOIN with UNION.",
                    );
                }
                (JoinKind::Full, c)
            }
            _ => {
                self.refuse_construct("this kind of join", Span::empty());
                return None;
            }
        })
    }

    pub(super) fn constraint(
        &mut self,
        constraint: &mut JoinConstraint,
        kind: JoinKind,
        scope: &mut Scope,
        left: Range<usize>,
        floor: usize,
    ) {
        match constraint {
            JoinConstraint::None => {}
            JoinConstraint::On(expr) => {
                let before = std::mem::replace(&mut scope.visible_from, floor);
                self.scopes.push(std::mem::take(scope));
                self.expr(expr);
                *scope = self.scopes.pop().unwrap_or_default();
                scope.visible_from = before;
            }
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for name in names.iter() {
                    match name.0.as_slice() {
                        [ObjectNamePart::Identifier(ident)] => columns.push(ident.clone()),
                        _ => self.refuse_construct("a qualified name in USING", name.span()),
                    }
                }
                for column in &mut columns {
                    self.check_name(column);
                }
                self.unite(constraint, &columns, kind, scope, &left, false);
            }
            JoinConstraint::Natural => {
                if let Some(columns) = self.common_columns(scope, &left) {
                    self.unite(constraint, &columns, kind, scope, &left, true);
                }
            }
        }
    }

    /// The columns that NATURAL compares, as far as they are allowed: hidden ones do not take part.
    fn common_columns(&mut self, scope: &Scope, left: &Range<usize>) -> Option<Vec<Ident>> {
        let relations = &scope.relations;
        if relations[left.start..]
            .iter()
            .any(|relation| matches!(relation.source, Source::Refused))
        {
            return None;
        }
        let mut columns: Vec<Ident> = Vec::new();
        for right in &relations[left.end..] {
            for name in right.column_names(self.policy) {
                let ident = self.dialect.ident(name);
                let key = self.dialect.key(&ident);
                let on_left = relations[left.clone()]
                    .iter()
                    .any(|relation| relation.find(self.policy, self.dialect, &key) != Lookup::Missing);
                if on_left && !columns.iter().any(|known| self.dialect.key(known) == key) {
                    columns.push(ident);
                }
            }
        }
        if columns.is_empty() {
            self.refuse(Reason::new(
                ReasonCode::ColumnNotAllowed,
                "NATURAL JOIN finds no allowed column that both sides have",
                "Say what is compared: JOIN ... ON ....",
            ));
            return None;
        }
        Some(columns)
    }

    /// Joins on columns of the same name. Between two plain relations USING stays; in longer trees, where the database
    /// would search all tables to the left for the name, the comparison is written out.
    fn unite(
        &mut self,
        constraint: &mut JoinConstraint,
        columns: &[Ident],
        kind: JoinKind,
        scope: &mut Scope,
        left: &Range<usize>,
        natural: bool,
    ) {
        let right = left.end..scope.relations.len();
        let simple = left.len() == 1 && right.len() == 1;
        if kind == JoinKind::Full && !simple {
            self.refuse_construct(
                "FULL JOIN with USING or NATURAL on more than two tables",
                Span::empty(),
            );
            return;
        }
        if kind == JoinKind::Full && self.dialect == Dialect::Sqlite {
            // SQLite makes the merged column of the two sides with a function call, which its authorizer reports.
            self.functions.insert("coalesce".to_owned());
        }
        let mut condition: Option<Expr> = None;
        for column in columns {
            let key = self.dialect.key(column);
            let one = self.side(scope, left, &key, column);
            let two = self.side(scope, &right, &key, column);
            let (Some(one), Some(two)) = (one, two) else {
                continue;
            };
            let equal = Expr::BinaryOp {
                left: Box::new(qualified(scope, one, column)),
                op: BinaryOperator::Eq,
                right: Box::new(qualified(scope, two, column)),
            };
            condition = Some(match condition {
                None => equal,
                Some(before) => Expr::BinaryOp {
                    left: Box::new(before),
                    op: BinaryOperator::And,
                    right: Box::new(equal),
                },
            });
            let canonical = match kind {
                JoinKind::Left => Some(one),
                JoinKind::Right => Some(two),
                JoinKind::Full => None,
            };
            let old = scope
                .merged
                .iter()
                .position(|merged| merged.key == key && merged.sides.contains(&one));
            let mut sides = old.map_or_else(|| vec![one], |old| scope.merged.remove(old).sides);
            sides.push(two);
            scope.merged.push(Merged {
                key,
                ident: column.clone(),
                sides,
                canonical,
            });
        }
        if simple && natural {
            let names = columns
                .iter()
                .map(|column| ObjectName::from(vec![column.clone()]))
                .collect();
            *constraint = JoinConstraint::Using(names);
        } else if let (false, Some(condition)) = (simple, condition) {
            *constraint = JoinConstraint::On(condition);
        }
        if natural || !simple {
            let names = columns
                .iter()
                .map(|column| column.value.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let word = if natural { "NATURAL" } else { "USING" };
            self.change(
                ChangeKind::JoinSpelledOut,
                format!("{word} written out, compared columns: {names}"),
            );
        }
    }

    /// The one relation on a side of a join that has the column; its reading is recorded.
    fn side(&mut self, scope: &Scope, range: &Range<usize>, key: &str, column: &Ident) -> Option<usize> {
        let merged = scope
            .merged
            .iter()
            .find(|merged| merged.key == key && merged.sides.iter().all(|s| range.contains(s)));
        let mut hits = Vec::new();
        for index in range.clone() {
            if merged.is_some_and(|merged| merged.sides.contains(&index)) {
                continue;
            }
            match scope.relations[index].find(self.policy, self.dialect, key) {
                Lookup::Missing => {}
                Lookup::Refused => return None,
                Lookup::Found(_) => hits.push(index),
                Lookup::Twice => hits.extend([index, index]),
            }
        }
        if let Some(merged) = merged {
            match merged.canonical {
                Some(side) => hits.push(side),
                None => {
                    self.refuse_construct("USING on a column of a FULL JOIN", column.span);
                    return None;
                }
            }
        }
        match hits.as_slice() {
            [index] => {
                if let Lookup::Found(found) = scope.relations[*index].find(self.policy, self.dialect, key) {
                    self.touch(&scope.relations[*index].source, found);
                }
                Some(*index)
            }
            [] => {
                self.refuse_unknown_column(column, &scope.relations[range.clone()]);
                None
            }
            _ => {
                self.refuse_ambiguous(column);
                None
            }
        }
    }
}
