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

/// Reads a text into the one query it holds.
pub(crate) fn read(sql: &str, dialect: Dialect, limits: &Limits) -> Result<Box<Query>, Refusal> {
    check_characters(sql, limits)?;
    let mut tokens = Tokenizer::new(dialect.parser(), sql)
        .tokenize_with_location()
        .map_err(|error| Refusal::one(unreadable(&error.message, error.location)))?;
    check_tokens(&tokens, limits)?;
    if dialect == Dialect::Sqlite {
        drop_materialized(&mut tokens);
    }
    let hint = parse_hint(&tokens, dialect);
    let first_word = first_word(&tokens);
    let mut parser =
        Parser::new(dialect.parser()).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
    let mut statements = parser.parse_statements().map_err(|error| refuse_parse(&error, hint, first_word.as_deref()))?;
    let Some(statement) = statements.pop() else {
        return Err(Refusal::one(Reason::new(
            ReasonCode::EmptyStatement,
            "there is no statement",
            "Write one SELECT statement.",
        )));
    };
    if !statements.is_empty() {
        return Err(Refusal::one(several_statements()));
    }
    match statement {
        Statement::Query(query) => Ok(query),
        _ => Err(Refusal::one(not_a_select(first_word.as_deref()))),
    }
}

fn check_characters(sql: &str, limits: &Limits) -> Result<(), Refusal> {
    if sql.len() > limits.bytes {
        return Err(Refusal::one(Reason::new(
            ReasonCode::TooLong,
            format!("the text has {} bytes, more than the limit: {}", sql.len(), limits.bytes),
            "Shorten the statement, for example by comparing with a range instead of a long list.",
        )));
    }
    let (mut line, mut column) = (1, 1);
    for character in sql.chars() {
        if is_hidden(character) {
            return Err(Refusal::one(
                Reason::new(
                    ReasonCode::HiddenCharacter,
                    format!("the text holds a hidden character: U+{:04X}", u32::from(character)),
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
    let count = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF)).count();
    if count > limits.tokens {
        return Err(Refusal::one(Reason::new(
            ReasonCode::TooManyTokens,
            format!("the text has {count} tokens, more than the limit: {}", limits.tokens),
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
            Token::Whitespace(_) | Token::EOF => {}
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
    let words: Vec<usize> = (0..tokens.len()).filter(|i| !matches!(tokens[*i].token, Token::Whitespace(_))).collect();
    let is = |position: Option<&usize>, keyword: &str| {
        position.is_some_and(|i| matches!(&tokens[*i].token, Token::Word(word) if is_word(word, keyword)))
    };
    let mut gone = Vec::new();
    for (position, index) in words.iter().enumerate() {
        let back = |steps: usize| position.checked_sub(steps).and_then(|p| words.get(p));
        let opens = words.get(position + 1).is_some_and(|i| tokens[*i].token == Token::LParen);
        if !is(Some(index), "MATERIALIZED") || !opens {
            continue;
        }
        if is(back(1), "AS") {
            gone.push(*index);
        } else if is(back(1), "NOT") && is(back(2), "AS") {
            gone.extend([words[position - 1], *index]);
        }
    }
    for index in gone.into_iter().rev() {
        tokens.remove(index);
    }
}

fn first_word(tokens: &[TokenWithSpan]) -> Option<String> {
    tokens.iter().find_map(|token| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    })
}

/// Advice for honest forms that the parser is known not to read.
fn parse_hint(tokens: &[TokenWithSpan], dialect: Dialect) -> Option<&'static str> {
    let mut previous: [Option<&Token>; 2] = [None, None];
    for token in tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_))) {
        let after = |keyword: &str| matches!(previous[1], Some(Token::Word(word)) if is_word(word, keyword));
        let value = matches!(token, Token::SingleQuotedString(_) | Token::Number(..));
        if dialect == Dialect::Sqlite && value && (after("IS") || after("NOT")) {
            return Some("Write = or <> (or IS DISTINCT FROM, where NULL matters) instead of IS with a value.");
        }
        if after("IN") && matches!(token, Token::Word(_)) {
            return Some("Write IN (SELECT column FROM table) instead of IN with a table name.");
        }
        previous = [previous[1], Some(token)];
    }
    None
}

fn refuse_parse(error: &ParserError, hint: Option<&'static str>, first_word: Option<&str>) -> Refusal {
    let (ParserError::TokenizerError(message) | ParserError::ParserError(message)) = error else {
        return Refusal::one(too_deep());
    };
    if first_word.is_some_and(|word| !matches!(word, "SELECT" | "WITH" | "VALUES" | "TABLE")) {
        return Refusal::one(not_a_select(first_word));
    }
    let (message, location) = split_location(message);
    let mut reason = unreadable(message, location);
    if let Some(hint) = hint {
        reason.hint = hint.to_owned();
    }
    Refusal::one(reason)
}

/// The parser writes " at Line: 1, Column: 8" behind its message.
fn split_location(message: &str) -> (&str, Location) {
    let place = message.rsplit_once(" at Line: ").and_then(|(text, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((text, Location { line: line.parse().ok()?, column: column.parse().ok()? }))
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

fn not_a_select(first_word: Option<&str>) -> Reason {
    const WRITES: &[&str] = &[
        "ALTER", "ANALYZE", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DETACH", "DO", "DROP", "EXEC", "EXECUTE",
        "GRANT", "INSERT", "LOAD", "LOCK", "MERGE", "OPTIMIZE", "RENAME", "REINDEX", "REPLACE", "REVOKE", "TRUNCATE",
        "UPDATE", "VACUUM",
    ];
    let word = first_word.unwrap_or("?");
    let code = if WRITES.contains(&word) { ReasonCode::WriteStatement } else { ReasonCode::NotASelect };
    Reason::new(code, format!("only SELECT is allowed, not: {word}"), "Write one SELECT statement.").about(word)
}
