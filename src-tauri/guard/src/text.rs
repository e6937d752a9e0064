//! Before the parser: size, hidden characters, comments that run, token count, nesting, one statement.
//!
//! The parser can be driven into the ground by long flat chains and deep nesting, so these limits come first.

use sqlparser::ast::{Query, Statement};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use crate::dialect::Dialect;
use crate::policy::Limits;
use crate::refusal::{Reason, ReasonCode, Refusal};

/// Parentheses, CASE and other nesting deeper than this is refused before parsing.
const MAX_DEPTH: usize = 24;
/// The parser's own depth counter; it counts grammar levels, several to a parenthesis.
const PARSER_DEPTH: usize = 120;

/// Splits a text into tokens, after every check that needs no parser.
pub(crate) fn tokens(sql: &str, dialect: Dialect, limits: &Limits) -> Result<Vec<TokenWithSpan>, Refusal> {
    check_characters(sql, limits)?;
    let mut tokens = Vec::with_capacity(sql.len() / 3);
    Tokenizer::new(dialect.parser(), sql)
        .tokenize_with_location_into_buf(&mut tokens)
        .map_err(|error| Refusal::one(unreadable(&error.message, error.location)))?;
    // Comments and blanks carry nothing to the tree; what runs is rendered without them.
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    check_tokens(&tokens, limits)?;
    check_first_word(&tokens)?;
    if dialect == Dialect::Sqlite {
        drop_materialized(&mut tokens);
    }
    Ok(tokens)
}

/// Parses the tokens into the one query they hold, and gives the buffer of tokens back.
pub(crate) fn parse(
    sql: &str,
    tokens: Vec<TokenWithSpan>,
    dialect: Dialect,
) -> Result<(Box<Query>, Vec<TokenWithSpan>), Refusal> {
    let mut parser = Parser::new(dialect.parser())
        .with_recursion_limit(PARSER_DEPTH)
        .with_tokens_with_locations(tokens);
    let mut statements = parser
        .parse_statements()
        .map_err(|error| refuse_parse(&error, &advice(sql, dialect)))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Ok((query, parser.into_tokens())),
        (None, _) => Err(Refusal::one(no_statement())),
        (Some(_), true) => Err(Refusal::one(not_a_select("?"))),
        (Some(_), false) => Err(Refusal::one(several_statements())),
    }
}

fn check_characters(sql: &str, limits: &Limits) -> Result<(), Refusal> {
    if sql.len() > limits.bytes {
        return Err(Refusal::one(Reason::new(
            ReasonCode::TooLong,
            format!(
                "the text has {} bytes, more than the limit: {}",
                sql.len(),
                limits.bytes
            ),
            "Shorten the statement, for example by comparing with a range instead of a long list.",
        )));
    }
    let (mut line, mut column) = (1, 1);
    for character in sql.chars() {
        if is_hidden(character) {
            return Err(Refusal::one(
                Reason::new(
                    ReasonCode::HiddenCharacter,
                    format!(
                        "the text holds a hidden character: U+{:04X}",
                        u32::from(character)
                    ),
                    "Remove the character; it can make a text read differently from what runs.",
                )
                .at_location(Location { line, column }),
            ));
        }
        if character == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    if let Some(position) = sql.find("/*!").or_else(|| sql.find("/*M!")) {
        let before = &sql[..position];
        let line = before.matches('\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) as u64 + 1;
        return Err(Refusal::one(
            Reason::new(
                ReasonCode::ExecutableComment,
                "the text holds a comment that some databases run as code",
                "Remove the comment that begins with /*! or /*M!.",
            )
            .at_location(Location { line, column }),
        ));
    }
    Ok(())
}

/// Control characters but tab and line ends, text-direction marks, and characters without a width.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        | '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

fn check_tokens(tokens: &[TokenWithSpan], limits: &Limits) -> Result<(), Refusal> {
    let count = tokens.len();
    if count > limits.tokens {
        return Err(Refusal::one(Reason::new(
            ReasonCode::TooManyTokens,
            format!(
                "the text has {count} tokens, more than the limit: {}",
                limits.tokens
            ),
            "Shorten the statement, for example by comparing with a range instead of a long list.",
        )));
    }
    let (mut depth, mut ended) = (0_usize, false);
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            Token::Word(word) if is_word(word, "CASE") => depth += 1,
            Token::Word(word) if is_word(word, "END") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Refusal::one(too_deep().at(token.span)));
        }
        match &token.token {
            Token::SemiColon => ended = true,
            _ if ended => return Err(Refusal::one(several_statements().at(token.span))),
            _ => {}
        }
    }
    Ok(())
}

fn is_word(word: &Word, keyword: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword)
}

/// `AS [NOT] MATERIALIZED (` is advice to SQLite's planner and means nothing to the result; the parser does not know it
/// for SQLite, so it is taken out.
fn drop_materialized(tokens: &mut Vec<TokenWithSpan>) {
    let is = |token: &Token, keyword: &str| matches!(token, Token::Word(word) if is_word(word, keyword));
    if !tokens.iter().any(|token| is(&token.token, "MATERIALIZED")) {
        return;
    }
    let mut index = 2;
    while index + 1 < tokens.len() {
        let before =
            |steps: usize, keyword: &str| index >= steps && is(&tokens[index - steps].token, keyword);
        let advises = is(&tokens[index].token, "MATERIALIZED") && tokens[index + 1].token == Token::LParen;
        if advises && before(1, "AS") {
            tokens.remove(index);
        } else if advises && before(1, "NOT") && before(2, "AS") {
            tokens.drain(index - 1..=index);
        } else {
            index += 1;
        }
    }
}

/// Only a query can pass, so nothing else reaches the parser: it knows hundreds of statements, some of them recursive.
fn check_first_word(tokens: &[TokenWithSpan]) -> Result<(), Refusal> {
    let Some(first) = tokens.iter().find(|token| token.token != Token::SemiColon) else {
        return Err(Refusal::one(no_statement()));
    };
    match &first.token {
        Token::LParen => Ok(()),
        Token::Word(word) if is_word(word, "SELECT") || is_word(word, "WITH") || is_word(word, "VALUES") => {
            Ok(())
        }
        other => {
            let word: String = other.to_string().chars().take(40).collect();
            Err(Refusal::one(not_a_select(&word.to_uppercase()).at(first.span)))
        }
    }
}

/// What a text that the parser does not read was probably meant to be.
enum Advice {
    None,
    Hint(&'static str),
    Into,
    Lock,
}

/// Looks for honest forms that the parser is known not to read, and for writes it does not know either.
fn advice(sql: &str, dialect: Dialect) -> Advice {
    let tokens = Tokenizer::new(dialect.parser(), sql)
        .tokenize()
        .unwrap_or_default();
    let mut previous: [Option<&Token>; 2] = [None, None];
    for token in tokens
        .iter()
        .filter(|token| !matches!(token, Token::Whitespace(_)))
    {
        let was = |place: usize, keyword: &str| matches!(previous[place], Some(Token::Word(word)) if is_word(word, keyword));
        let word = if let Token::Word(word) = token {
            Some(word)
        } else {
            None
        };
        if was(1, "INTO") && word.is_some_and(|word| is_word(word, "OUTFILE") || is_word(word, "DUMPFILE")) {
            return Advice::Into;
        }
        if was(0, "LOCK") && was(1, "IN") {
            return Advice::Lock;
        }
        let value = matches!(token, Token::SingleQuotedString(_) | Token::Number(..));
        if dialect == Dialect::Sqlite && value && (was(1, "IS") || (was(0, "IS") && was(1, "NOT"))) {
            return Advice::Hint(
                "Write = or <> (or IS DISTINCT FROM, where NULL matters) instead of IS with a value.",
            );
        }
        if was(1, "IN") && word.is_some() {
            return Advice::Hint("Write IN (SELECT column FROM table) instead of IN with a table name.");
        }
        previous = [previous[1], Some(token)];
    }
    Advice::None
}

fn refuse_parse(error: &ParserError, advice: &Advice) -> Refusal {
    let (ParserError::TokenizerError(message) | ParserError::ParserError(message)) = error else {
        return Refusal::one(too_deep());
    };
    let (message, location) = split_location(message);
    let reason = match advice {
        Advice::None => unreadable(message, location),
        Advice::Hint(hint) => Reason {
            hint: (*hint).to_owned(),
            ..unreadable(message, location)
        },
        Advice::Into => select_into().at_location(location),
        Advice::Lock => locking_read().at_location(location),
    };
    Refusal::one(reason)
}

pub(crate) fn select_into() -> Reason {
    Reason::new(
        ReasonCode::SelectInto,
        "a query may not write into a table, file or variable: INTO",
        "Leave INTO out.",
    )
}

pub(crate) fn locking_read() -> Reason {
    Reason::new(
        ReasonCode::LockingRead,
        "a query may not lock rows: FOR UPDATE or FOR SHARE",
        "Leave the locking clause out.",
    )
}

/// The parser writes " at Line: 1, Column: 8" behind its message.
fn split_location(message: &str) -> (&str, Location) {
    let place = message.rsplit_once(" at Line: ").and_then(|(text, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((
            text,
            Location {
                line: line.parse().ok()?,
                column: column.parse().ok()?,
            },
        ))
    });
    place.unwrap_or((message, Location { line: 0, column: 0 }))
}

fn unreadable(message: &str, location: Location) -> Reason {
    let message: String = message.chars().take(200).collect();
    Reason::new(
        ReasonCode::ParseError,
        format!("the text is not sql that can be read: {message}"),
        "Check the statement near the place named.",
    )
    .at_location(location)
}

fn too_deep() -> Reason {
    Reason::new(
        ReasonCode::TooDeep,
        format!("the text is nested deeper than the limit: {MAX_DEPTH}"),
        "Use fewer nested parentheses.",
    )
}

fn several_statements() -> Reason {
    Reason::new(
        ReasonCode::MultipleStatements,
        "the text holds more than one statement",
        "Send one SELECT statement at a time.",
    )
}

fn no_statement() -> Reason {
    Reason::new(
        ReasonCode::EmptyStatement,
        "there is no statement",
        "Write one SELECT statement.",
    )
}

fn not_a_select(word: &str) -> Reason {
    const WRITES: &[&str] = &[
        "ALTER", "ANALYZE", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DETACH", "DO", "DROP", "EXEC",
        "EXECUTE", "GRANT", "INSERT", "LOAD", "LOCK", "MERGE", "OPTIMIZE", "RENAME", "REINDEX", "REPLACE",
        "REVOKE", "TRUNCATE", "UPDATE", "VACUUM",
    ];
    let code = if WRITES.contains(&word) {
        ReasonCode::WriteStatement
    } else {
        ReasonCode::NotASelect
    };
    Reason::new(
        code,
        format!("only SELECT is allowed, not: {word}"),
        "Write one SELECT statement.",
    )
    .about(word)
}
