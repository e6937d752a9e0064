//! Literals: which kinds are passed on, as which parameter, and which may stay in the text.

use sqlparser::ast::{CastKind, DataType, ExactNumberInfo, Expr, Value};

use crate::checked::Param;
use crate::dialect::Dialect;

/// What becomes of a literal.
#[derive(Debug, PartialEq)]
pub(crate) enum Literal {
    /// It is bound.
    Bind(Param),
    /// It stays: NULL carries nothing, and a number too exact for a parameter is safe to write again.
    Stay,
    /// It is a placeholder of the text that came in.
    Placeholder,
    /// It is of a kind the guard does not pass on.
    Refuse,
}

pub(crate) fn classify(value: &Value, dialect: Dialect) -> Literal {
    match value {
        Value::Number(digits, false) => number(digits, dialect),
        Value::SingleQuotedString(text) => Literal::Bind(Param::Text(text.clone())),
        Value::DollarQuotedString(text) if dialect == Dialect::Postgres => {
            Literal::Bind(Param::Text(text.value.clone()))
        }
        Value::EscapedStringLiteral(text) if dialect == Dialect::Postgres => {
            Literal::Bind(Param::Text(text.clone()))
        }
        Value::DoubleQuotedString(text) if dialect == Dialect::MySql => {
            Literal::Bind(Param::Text(text.clone()))
        }
        Value::Boolean(value) => Literal::Bind(Param::Bool(*value)),
        Value::Null => Literal::Stay,
        Value::Placeholder(_) => Literal::Placeholder,
        _ => Literal::Refuse,
    }
}

fn number(digits: &str, dialect: Dialect) -> Literal {
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    if !plain.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c)) {
        return Literal::Refuse;
    }
    if let Ok(whole) = plain.parse::<i64>() {
        return Literal::Bind(Param::Integer(whole));
    }
    match plain.parse::<f64>() {
        // A decimal of PostgreSQL and MySQL is exact; one that a double cannot carry stays as it is.
        Ok(real) if real.is_finite() => {
            let digits = plain.chars().filter(char::is_ascii_digit).count();
            if digits > 15 && dialect != Dialect::Sqlite {
                Literal::Stay
            } else {
                Literal::Bind(Param::Real(real))
            }
        }
        _ => Literal::Refuse,
    }
}

/// The whole number a literal stands for, if it is one.
pub(crate) fn whole_number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a text can stay between single quotes without any dialect's escaping coming into play.
pub(crate) fn is_safe_text(text: &str) -> bool {
    text.len() <= 64
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || " -+:.,/%_".contains(c))
        && !text.contains("--")
}

/// The expression that stands for a bound parameter. PostgreSQL gives numbers the type that the literal would have had;
/// without it a parameter takes the type of its neighbour, and `quantity > 1.5` would round.
pub(crate) fn placeholder(dialect: Dialect, number: usize, param: &Param) -> Expr {
    let mark = if dialect == Dialect::Postgres { '$' } else { '?' };
    let bare = Expr::value(Value::Placeholder(format!("{mark}{number}")));
    if dialect != Dialect::Postgres {
        return bare;
    }
    let data_type = match param {
        Param::Integer(whole) if i32::try_from(*whole).is_ok() => DataType::Integer(None),
        Param::Integer(_) => DataType::BigInt(None),
        Param::Real(_) => DataType::Numeric(ExactNumberInfo::None),
        Param::Bool(_) => DataType::Boolean,
        Param::Text(_) | Param::Null => return bare,
    };
    cast(bare, data_type)
}

pub(crate) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        format: None,
    }
}
