//! Writes the checked tree as text again, and proves that the text is that tree.

use std::fmt::Write;

use sqlparser::ast::{Query, Statement};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::checked::Param;
use crate::dialect::Dialect;

/// The text to run and its parameters, in the order the database counts them. None if the text would not read back as
/// the tree that was checked.
pub(crate) fn render(
    query: &Query,
    params: &[Param],
    dialect: Dialect,
    mut buffer: Vec<TokenWithSpan>,
) -> Option<(String, Vec<Param>)> {
    let mut text = String::with_capacity(1024);
    write!(text, "{query}").ok()?;
    buffer.clear();
    Tokenizer::new(dialect.parser(), &text)
        .tokenize_with_location_into_buf(&mut buffer)
        .ok()?;
    // The parser would step over blanks one by one, each time it looks ahead.
    buffer.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut parser = Parser::new(dialect.parser())
        .with_recursion_limit(400)
        .with_tokens_with_locations(buffer);
    let again = parser.parse_statements().ok()?;
    let [Statement::Query(again)] = again.as_slice() else {
        return None;
    };
    if **again != *query {
        return None;
    }
    match dialect {
        Dialect::Postgres => Some((text, params.to_vec())),
        Dialect::Sqlite | Dialect::MySql => in_text_order(&text, params),
    }
}

/// The walk numbers parameters as it meets them, the text may name them in another order (or twice). Here `?7` becomes
/// `?`, and the values follow the text. No name and no literal that stays can hold a question mark.
fn in_text_order(text: &str, params: &[Param]) -> Option<(String, Vec<Param>)> {
    let mut pieces = text.split('?');
    let mut sql = String::with_capacity(text.len());
    let mut ordered = Vec::with_capacity(params.len());
    sql.push_str(pieces.next()?);
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = piece[..digits].parse().ok()?;
        ordered.push(params.get(number.checked_sub(1)?)?.clone());
        sql.push('?');
        sql.push_str(&piece[digits..]);
    }
    Some((sql, ordered))
}
