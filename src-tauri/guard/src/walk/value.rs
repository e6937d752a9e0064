//! Values: literals become parameters; intervals and typed literals stay in the text, with nothing in them that any
//! dialect could read as more than a value; casts go to plain types only.

use sqlparser::ast::{CastKind, DataType, Expr, Interval, Spanned, Value};
use sqlparser::tokenizer::Span;

use super::Walk;
use crate::dialect::Dialect;
use crate::literal::{self, Literal, is_safe_text};
use crate::nearest::nearest;
use crate::refusal::{Reason, ReasonCode};

impl Walk<'_> {
    pub(super) fn literal(&mut self, expr: &mut Expr) {
        let Expr::Value(value) = expr else { return };
        let span = value.span;
        match literal::classify(&value.value, self.dialect) {
            Literal::Stay => {}
            Literal::Bind(param) => {
                let is_plain = match &value.value {
                    Value::Number(..) | Value::Boolean(_) => true,
                    Value::SingleQuotedString(text) => is_safe_text(text),
                    _ => false,
                };
                if self.keeping > 0 && is_plain {
                    return;
                }
                self.params.push(param);
                let number = self.params.len();
                *expr = literal::placeholder(self.dialect, number, &self.params[number - 1]);
            }
            Literal::Placeholder => self.refuse(
                Reason::new(
                    ReasonCode::ParameterNotAllowed,
                    format!("the text has a parameter without a value: {}", value.value),
                    "Write the value itself; the guard passes it as a parameter.",
                )
                .at(span),
            ),
            Literal::Refuse => {
                let shown: String = value.value.to_string().chars().take(40).collect();
                self.refuse(
                    Reason::new(
                        ReasonCode::LiteralNotAllowed,
                        format!("this kind of value is not allowed: {shown}"),
                        "Write a number or a text in single quotes.",
                    )
                    .about(shown)
                    .at(span),
                );
            }
        }
    }

    pub(super) fn interval(&mut self, interval: &mut Interval) {
        let Interval {
            value,
            leading_field,
            leading_precision: _,
            last_field,
            fractional_seconds_precision: _,
        } = interval;
        if self.dialect == Dialect::Sqlite {
            self.refuse_dialect(
                "INTERVAL",
                value.span(),
                "Use a modifier: date(column, '-7 days').",
            );
            return;
        }
        let fields = leading_field.iter().chain(last_field.iter());
        for field in fields {
            self.date_field(field, value.span());
        }
        let is_plain = match &mut **value {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => is_safe_text(text),
                Value::Number(..) => true,
                _ => false,
            },
            // MySQL takes an expression here; PostgreSQL does not.
            _ if self.dialect == Dialect::MySql => {
                return self.expr(value);
            }
            _ => false,
        };
        if !is_plain {
            self.refuse_construct("INTERVAL with this value", value.span());
        }
    }

    pub(super) fn typed_literal(&mut self, fits: bool, data_type: &DataType, value: &Value, span: Span) {
        if self.dialect == Dialect::Sqlite {
            self.refuse_dialect("DATE '...'", span, "Write the text alone: '2026-01-31'.");
            return;
        }
        let is_plain = matches!(value, Value::SingleQuotedString(text) if is_safe_text(text));
        if !fits || !is_plain {
            self.refuse_construct(&format!("a value of type {data_type}"), span);
        }
    }

    pub(super) fn cast(&mut self, kind: &CastKind, data_type: &DataType, has_format: bool) {
        let written = match kind {
            CastKind::Cast => true,
            CastKind::DoubleColon => self.dialect == Dialect::Postgres,
            CastKind::TryCast | CastKind::SafeCast => false,
        };
        if !written || has_format {
            self.refuse_construct("this kind of cast", Span::empty());
        }
        if !is_scalar(data_type) {
            let name = data_type.to_string();
            let near = nearest(&name, ["integer", "real", "numeric", "text", "date", "timestamp"]);
            self.refuse(
                Reason::new(
                    ReasonCode::FunctionNotAllowed,
                    format!("a cast to this type is not allowed: {name}"),
                    "Cast to a number, a text, a date or a time.",
                )
                .about(name)
                .nearest(near),
            );
        }
    }
}

/// Types that hold one plain value. Types that name things in the catalog (`regclass`) are not among them.
fn is_scalar(data_type: &DataType) -> bool {
    use DataType as T;
    matches!(
        data_type,
        T::Text
            | T::Char(_)
            | T::Character(_)
            | T::Varchar(_)
            | T::CharacterVarying(_)
            | T::CharVarying(_)
            | T::Int(_)
            | T::Integer(_)
            | T::Int4(_)
            | T::Int8(_)
            | T::BigInt(_)
            | T::SmallInt(_)
            | T::Signed
            | T::SignedInteger
            | T::Unsigned
            | T::UnsignedInteger
            | T::Numeric(_)
            | T::Decimal(_)
            | T::Dec(_)
            | T::Real
            | T::Float(_)
            | T::Float4
            | T::Float8
            | T::Double(_)
            | T::DoublePrecision
            | T::Boolean
            | T::Bool
            | T::Date
            | T::Datetime(_)
            | T::Time(..)
            | T::Timestamp(..)
            | T::Interval { .. }
    )
}
