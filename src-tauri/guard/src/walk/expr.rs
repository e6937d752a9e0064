//! Expressions: every kind that is let through is named here, the rest is refused.
//!
//! Kinds that chain to the left (`a + b + c`, `x IS NULL IS NULL`) are walked in a loop, so that the depth of the walk
//! is the depth of the parentheses. The two long functions are the allow list itself and are meant to be read as one.

use sqlparser::ast::{BinaryOperator, CaseWhen, DataType, Expr, Spanned, TypedString, UnaryOperator, Value};

use super::{Place, Walk};
use crate::dialect::Dialect;
use crate::refusal::{Reason, ReasonCode};

impl Walk<'_> {
    pub(super) fn expr(&mut self, expr: &mut Expr) {
        let keeps = self
            .scopes
            .last()
            .is_some_and(|scope| !scope.keep.is_empty() && scope.keep.contains(expr));
        self.keeping += u32::from(keeps);
        self.spine(expr);
        self.keeping -= u32::from(keeps);
    }

    fn spine(&mut self, expr: &mut Expr) {
        let mut current = expr;
        loop {
            if !chains_left(current) {
                return self.leaf(current);
            }
            self.chain_dialect(current);
            current = match current {
                Expr::BinaryOp { left, op, right } => {
                    self.binary_operator(op);
                    self.expr(right);
                    left
                }
                Expr::Nested(inner)
                | Expr::IsNull(inner)
                | Expr::IsNotNull(inner)
                | Expr::IsTrue(inner)
                | Expr::IsNotTrue(inner)
                | Expr::IsFalse(inner)
                | Expr::IsNotFalse(inner)
                | Expr::IsUnknown(inner)
                | Expr::IsNotUnknown(inner) => inner,
                Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                    self.expr(right);
                    left
                }
                Expr::InList {
                    expr,
                    list,
                    negated: _,
                } => {
                    for entry in list {
                        self.expr(entry);
                    }
                    expr
                }
                Expr::InSubquery {
                    expr,
                    subquery,
                    negated: _,
                } => {
                    self.subquery(subquery, Place::Inner);
                    expr
                }
                Expr::Between {
                    expr,
                    negated: _,
                    low,
                    high,
                } => {
                    self.expr(low);
                    self.expr(high);
                    expr
                }
                Expr::Like {
                    negated: _,
                    any,
                    expr,
                    pattern,
                    escape_char,
                }
                | Expr::ILike {
                    negated: _,
                    any,
                    expr,
                    pattern,
                    escape_char,
                } => {
                    if *any {
                        self.refuse_construct("LIKE ANY", expr.span());
                    }
                    self.functions.insert("like".to_owned());
                    self.pattern(pattern, escape_char);
                    expr
                }
                Expr::SimilarTo {
                    negated: _,
                    expr,
                    pattern,
                    escape_char,
                } => {
                    self.pattern(pattern, escape_char);
                    expr
                }
                Expr::RLike {
                    negated: _,
                    expr,
                    pattern,
                    regexp: _,
                } => {
                    self.expr(pattern);
                    expr
                }
                Expr::Cast {
                    kind,
                    expr,
                    data_type,
                    format,
                } => {
                    self.cast(kind, data_type, format.is_some());
                    expr
                }
                Expr::AtTimeZone { timestamp, time_zone } => {
                    self.expr(time_zone);
                    timestamp
                }
                Expr::Collate { expr, collation } => {
                    let name = collation.to_string().to_ascii_lowercase();
                    if !matches!(name.as_str(), "nocase" | "binary" | "rtrim") {
                        self.refuse_construct(&format!("COLLATE {name}"), expr.span());
                    }
                    expr
                }
                other => {
                    let span = other.span();
                    return self.refuse_construct("this expression", span);
                }
            };
        }
    }

    /// Refuses the chained kinds that only some databases have.
    fn chain_dialect(&mut self, expr: &Expr) {
        let (has_it, what) = match expr {
            Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => (self.dialect != Dialect::Sqlite, "IS UNKNOWN"),
            Expr::ILike { .. } => (self.dialect == Dialect::Postgres, "ILIKE"),
            Expr::SimilarTo { .. } => (self.dialect == Dialect::Postgres, "SIMILAR TO"),
            Expr::RLike { .. } => (self.dialect == Dialect::MySql, "REGEXP or RLIKE"),
            Expr::AtTimeZone { .. } => (self.dialect == Dialect::Postgres, "AT TIME ZONE"),
            Expr::Collate { .. } => (self.dialect == Dialect::Sqlite, "COLLATE"),
            _ => (true, ""),
        };
        if !has_it {
            self.refuse_dialect(what, expr.span(), "Write the condition without it.");
        }
    }

    fn leaf(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Identifier(_) => self.bare_name(expr),
            Expr::CompoundIdentifier(_) => self.qualified_name(expr),
            Expr::Value(_) => self.literal(expr),
            Expr::UnaryOp { op, expr: inner } => self.unary(*op, inner),
            Expr::Function(function) => self.function(function),
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => {
                for part in operand.iter_mut().chain(else_result.iter_mut()) {
                    self.expr(part);
                }
                for CaseWhen { condition, result } in conditions {
                    self.expr(condition);
                    self.expr(result);
                }
            }
            Expr::Exists { subquery, negated: _ } => {
                self.subquery(subquery, Place::Exists);
            }
            Expr::Subquery(subquery) => {
                self.subquery(subquery, Place::Inner);
            }
            Expr::Tuple(parts) => {
                for part in parts {
                    self.expr(part);
                }
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            }
            | Expr::AllOp {
                left,
                compare_op,
                right,
            } => {
                self.binary_operator(compare_op);
                self.expr(left);
                self.any_list(right);
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::TypedString(TypedString {
                data_type,
                value,
                uses_odbc_syntax: false,
            }) => {
                let fits = matches!(
                    data_type,
                    DataType::Date | DataType::Time(..) | DataType::Timestamp(..)
                );
                self.typed_literal(fits, data_type, &value.value, value.span);
            }
            other => self.special_call(other),
        }
    }

    fn pattern(&mut self, pattern: &mut Expr, escape: &mut Option<Box<Expr>>) {
        self.expr(pattern);
        if let Some(escape) = escape {
            self.expr(escape);
        }
    }

    /// `= ANY (SELECT ...)` and `= ANY (ARRAY[...])`.
    fn any_list(&mut self, right: &mut Expr) {
        match right {
            Expr::Array(array) if self.dialect == Dialect::Postgres => {
                for entry in &mut array.elem {
                    self.expr(entry);
                }
            }
            Expr::Subquery(_) => self.expr(right),
            other => {
                let span = other.span();
                self.refuse_construct("ANY or ALL over this", span);
            }
        }
    }

    fn unary(&mut self, op: UnaryOperator, inner: &mut Box<Expr>) {
        if !matches!(
            op,
            UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not | UnaryOperator::BitwiseNot
        ) {
            self.refuse_construct(&format!("operator {op}"), inner.span());
        }
        self.expr(inner);
        if matches!(**inner, Expr::UnaryOp { .. }) {
            // Two signs in a row would be rendered as the start of a comment.
            let signed = std::mem::replace(&mut **inner, Expr::value(Value::Null));
            **inner = Expr::Nested(Box::new(signed));
        }
    }

    fn binary_operator(&mut self, op: &BinaryOperator) {
        use BinaryOperator as Op;
        let common = matches!(
            op,
            Op::Plus
                | Op::Minus
                | Op::Multiply
                | Op::Divide
                | Op::Modulo
                | Op::StringConcat
                | Op::Gt
                | Op::Lt
                | Op::GtEq
                | Op::LtEq
                | Op::Eq
                | Op::NotEq
                | Op::And
                | Op::Or
                | Op::BitwiseAnd
                | Op::BitwiseOr
        );
        let own = match self.dialect {
            Dialect::Sqlite => matches!(op, Op::Glob),
            Dialect::Postgres => matches!(
                op,
                Op::PGBitwiseShiftLeft
                    | Op::PGBitwiseShiftRight
                    | Op::PGRegexMatch
                    | Op::PGRegexIMatch
                    | Op::PGRegexNotMatch
                    | Op::PGRegexNotIMatch
                    | Op::PGExp
                    | Op::Overlaps
            ),
            Dialect::MySql => matches!(op, Op::MyIntegerDivide | Op::Xor | Op::Spaceship | Op::Regexp),
        };
        if matches!(op, Op::Glob) {
            self.functions.insert("glob".to_owned());
        }
        if !common && !own {
            let written: String = op.to_string().chars().take(40).collect();
            self.refuse(
                Reason::new(
                    ReasonCode::FunctionNotAllowed,
                    format!("this operator is not on the allow list: {written}"),
                    "Write the condition with another operator.",
                )
                .about(written),
            );
        }
    }
}

/// Whether an expression may be the end of a long chain of its own kind.
fn chains_left(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::BinaryOp { .. }
            | Expr::Nested(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. }
            | Expr::Cast { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Collate { .. }
    )
}
