//! The pieces of a filter: words, signs, and literals with their types.

use rust_decimal::Decimal;

use super::FilterError;
use crate::sap::edm::{Edm, milliseconds};

/// A piece of the text and where it starts.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) position: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Open,
    Close,
    Comma,
    Word(String),
    Literal(Edm),
}

/// Cuts a filter into words, literals and signs.
pub(super) fn tokenize(text: &str) -> Result<Vec<Token>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        let invalid = FilterError::InvalidToken { position: start + 1 };
        let kind = match c {
            ' ' | '\t' => {
                at += 1;
                continue;
            }
            '(' | ')' | ',' => {
                at += 1;
                match c {
                    '(' => Kind::Open,
                    ')' => Kind::Close,
                    _ => Kind::Comma,
                }
            }
            '\'' => {
                let (value, next) = quoted(&chars, at).ok_or(invalid)?;
                at = next;
                Kind::Literal(Edm::text(value))
            }
            c if c.is_ascii_digit() || c == '-' => {
                at += 1;
                while chars
                    .get(at)
                    .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '.')
                {
                    at += 1;
                }
                Kind::Literal(number(&chars[start..at]).ok_or(invalid)?)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                while chars
                    .get(at)
                    .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/'))
                {
                    at += 1;
                }
                let word: String = chars[start..at].iter().collect();
                if chars.get(at) == Some(&'\'') {
                    let (value, next) = quoted(&chars, at).ok_or(invalid.clone())?;
                    at = next;
                    Kind::Literal(typed(&word, &value).ok_or(invalid)?)
                } else {
                    match word.as_str() {
                        "true" => Kind::Literal(Edm::Boolean(true)),
                        "false" => Kind::Literal(Edm::Boolean(false)),
                        "null" => Kind::Literal(Edm::Null),
                        _ => Kind::Word(word),
                    }
                }
            }
            _ => return Err(invalid),
        };
        tokens.push(Token {
            position: start + 1,
            kind,
        });
    }
    Ok(tokens)
}

/// A quoted value from `at` (a quote) with doubled quotes undone, and the place after it.
fn quoted(chars: &[char], at: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut at = at + 1;
    loop {
        match chars.get(at)? {
            '\'' if chars.get(at + 1) == Some(&'\'') => {
                value.push('\'');
                at += 2;
            }
            '\'' => return Some((value, at + 1)),
            c => {
                value.push(*c);
                at += 1;
            }
        }
    }
}

fn number(chars: &[char]) -> Option<Edm> {
    let text: String = chars.iter().collect();
    let digits = text.trim_end_matches(['M', 'm', 'L', 'l', 'd', 'D', 'f', 'F']);
    if text.len() - digits.len() > 1 {
        return None;
    }
    Decimal::from_str_exact(digits).ok().map(Edm::Decimal)
}

/// A literal with a prefix such as `datetime'2026-01-01T00:00:00'`.
pub(super) fn typed(prefix: &str, value: &str) -> Option<Edm> {
    match prefix {
        "datetime" => {
            let ms = milliseconds(value.parse().ok()?)?;
            (!value.ends_with('Z')).then_some(Edm::DateTime(ms))
        }
        "datetimeoffset" => {
            let instant: jiff::Timestamp = value.parse().ok()?;
            Some(Edm::DateTimeOffset(instant.as_millisecond()))
        }
        "time" => value.starts_with("PT").then(|| Edm::Time(value.to_owned())),
        "guid" => uuid::Uuid::parse_str(value)
            .ok()
            .map(|guid| Edm::text(guid.to_string())),
        _ => None,
    }
}
