//! Finds the statement in what a model answered: a JSON object, a fenced block, or a SELECT in the middle of prose.

use serde_json::Value;

/// A statement, with how the model read the question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) sql: String,
    pub(super) assumptions: Option<String>,
}

/// Longest answer looked at; the rest is talk.
const LONGEST: usize = 64 * 1024;

/// The statement in an answer, if there is one.
pub(super) fn statement(answer: &str) -> Option<Found> {
    let mut end = answer.len().min(LONGEST);
    while !answer.is_char_boundary(end) {
        end -= 1;
    }
    let answer = without_thoughts(&answer[..end]);
    if let Some(object) = objects(answer).find(|object| object.get("sql").is_some()) {
        // A null says that there is no answer; a SELECT in the talk around it is not meant.
        let sql = object.get("sql").and_then(Value::as_str)?;
        let assumptions = object
            .get("assumptions")
            .and_then(Value::as_str)
            .map(str::to_owned);
        return clean(sql).map(|sql| Found { sql, assumptions });
    }
    let sql = blocks(answer).find_map(in_prose).or_else(|| in_prose(answer))?;
    Some(Found {
        sql,
        assumptions: None,
    })
}

/// Some models think aloud first.
fn without_thoughts(answer: &str) -> &str {
    answer.rsplit_once("</think>").map_or(answer, |(_, rest)| rest)
}

/// JSON objects in a text, wherever they begin.
fn objects(text: &str) -> impl Iterator<Item = Value> + '_ {
    text.match_indices('{').take(50).filter_map(|(at, _)| {
        serde_json::Deserializer::from_str(&text[at..])
            .into_iter::<Value>()
            .next()?
            .ok()
            .filter(Value::is_object)
    })
}

/// Contents of fenced blocks.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").skip(1).step_by(2)
}

/// The first SELECT or WITH that begins a line or a sentence, up to its semicolon or a blank line.
fn in_prose(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let begins = |word: &'static str| {
        lower.match_indices(word).map(|(at, _)| at).filter(|at| {
            let before = lower[..*at]
                .trim_end_matches([' ', '\t', '`'])
                .chars()
                .next_back();
            let after = lower[at + word.len()..].chars().next();
            before.is_none_or(|c| matches!(c, '\n' | '\r' | ':' | '.'))
                && after.is_none_or(char::is_whitespace)
        })
    };
    let at = begins("select")
        .chain(begins("with").filter(|at| lower[*at..].contains("select")))
        .min()?;
    let rest = &text[at..];
    let end = [
        rest.find(';'),
        rest.find("\n\n"),
        rest.find("\r\n\r\n"),
        rest.find("```"),
    ]
    .into_iter()
    .flatten()
    .min();
    clean(&rest[..end.unwrap_or(rest.len())])
}

fn clean(sql: &str) -> Option<String> {
    let fenced = sql
        .trim()
        .strip_prefix("```")
        .and_then(|inner| inner.split("```").next());
    let sql = fenced.map_or(sql, |inner| inner.strip_prefix("sql").unwrap_or(inner));
    let sql = sql.trim().trim_end_matches(['`', ';']).trim();
    (!sql.is_empty()).then(|| sql.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sql(answer: &str) -> Option<String> {
        statement(answer).map(|found| found.sql)
    }

    #[test]
    fn a_statement_is_found_in_all_the_ways_models_answer() {
        for answer in [
            r#"{"sql":"SELECT id FROM t","assumptions":"all"}"#,
            "Sure! Here you go:\n```json\n{\"sql\": \"SELECT id FROM t;\", \"assumptions\": null}\n```\nHope it helps.",
            "```sql\nSELECT id FROM t;\n```",
            "```\nSELECT id FROM t\n```",
            "The query is:\nSELECT id FROM t;\nThis selects all ids.",
            "Use this: SELECT id FROM t\n\nIt works with every version.",
            "<think>SELECT wrong FROM x</think>{\"sql\":\"SELECT id FROM t\"}",
            "{\"sql\":\"```sql\\nSELECT id FROM t\\n```\"}",
        ] {
            assert_eq!(sql(answer).as_deref(), Some("SELECT id FROM t"), "{answer}");
        }
        assert_eq!(
            sql("WITH a AS (SELECT 1) SELECT * FROM a").as_deref(),
            Some("WITH a AS (SELECT 1) SELECT * FROM a")
        );
    }

    #[test]
    fn an_answer_without_a_statement_is_none() {
        for answer in [
            "",
            "I cannot select that.",
            r#"{"sql":null,"assumptions":"no such table"}"#,
            r#"{"sql":""}"#,
            "{broken",
            "```\nnothing\n```",
        ] {
            assert_eq!(sql(answer), None, "{answer}");
        }
    }

    #[test]
    fn several_statements_are_left_for_the_guard_to_refuse() {
        let answer = r#"{"sql":"SELECT 1; DROP TABLE t"}"#;
        assert_eq!(sql(answer).as_deref(), Some("SELECT 1; DROP TABLE t"));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in ".{0,200}", piece in "(```|\\{\"sql\":|select |with |;|\n\n|</think>|é){0,8}") {
            let _ = statement(&format!("{piece}{answer}{piece}"));
        }
    }
}
