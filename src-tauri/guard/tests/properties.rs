//! Whatever comes in: no panic, and what passes reads only what the policy allows and reads back as itself.

use andon_guard::{CheckedQuery, Dialect, Policy, check, check_line};
use proptest::prelude::*;

const POLICY: &str = r#"{"tables":{
    "t":{"columns":["a","b",{"name":"c","class":"class_iii"}]},
    "u":{"columns":["a","d"]},
    "s.v":{"columns":["a","b"]}},"limits":{"score":40}}"#;

/// 800 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let standard = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        standard.cases
    } else {
        800
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..standard
    }
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        Just(Dialect::Sqlite),
        Just(Dialect::Postgres),
        Just(Dialect::MySql)
    ]
}

fn assert_sound(query: &CheckedQuery, policy: &Policy) {
    for read in query.reads() {
        let table = policy
            .tables()
            .find(|table| table.name == read.table)
            .expect("a table of the policy");
        for column in &read.columns {
            assert!(
                table.columns.iter().any(|known| known.name == *column),
                "{column} is outside the policy"
            );
        }
    }
    assert!(
        !query.sql().contains("--") && !query.sql().contains("/*"),
        "no comment may appear: {}",
        query.sql()
    );
    assert!(
        !query.sql().contains("secret."),
        "a name that nobody resolved: {}",
        query.sql()
    );
    if query.dialect() != Dialect::Postgres {
        assert_eq!(
            query.sql().matches('?').count(),
            query.params().len(),
            "{}",
            query.sql()
        );
    }
    let parser: &dyn sqlparser::dialect::Dialect = match query.dialect() {
        Dialect::Sqlite => &sqlparser::dialect::SQLiteDialect {},
        Dialect::Postgres => &sqlparser::dialect::PostgreSqlDialect {},
        Dialect::MySql => &sqlparser::dialect::MySqlDialect {},
    };
    let statements =
        sqlparser::parser::Parser::parse_sql(parser, query.sql()).expect("what runs can be read");
    assert_eq!(statements.len(), 1, "one statement: {}", query.sql());
    assert_eq!(statements[0].to_string(), query.sql(), "rendering is stable");
}

/// Words that queries are made of, hidden names among them.
fn token() -> impl Strategy<Value = String> {
    let words = [
        "SELECT",
        "SELECT",
        "FROM",
        "FROM",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "JOIN",
        "LEFT JOIN",
        "NATURAL JOIN",
        "USING",
        "ON",
        "AS",
        "WITH",
        "UNION",
        "ALL",
        "EXCEPT",
        "(",
        ")",
        "(",
        ")",
        ",",
        ".",
        "*",
        "=",
        "<",
        "||",
        "+",
        "-",
        "AND",
        "OR",
        "NOT",
        "IN",
        "EXISTS",
        "BETWEEN",
        "LIKE",
        "IS NULL",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "CAST",
        "OVER",
        "PARTITION BY",
        "FILTER",
        "DISTINCT",
        "VALUES",
        "count",
        "max",
        "lower",
        "load_extension",
        "t",
        "u",
        "s.v",
        "a",
        "b",
        "c",
        "d",
        "secret",
        "employees",
        "x",
        "y",
        "t.a",
        "u.a",
        "x.a",
        "x.secret",
        "1",
        "2.5",
        "'text'",
        "\"a\"",
        "`b`",
        "[c]",
        "NULL",
        "TRUE",
        ";",
        "?",
        "$1",
        "FOR UPDATE",
        "INTO",
        "DELETE",
        "LATERAL",
        "INTERVAL",
        "--",
        "/*",
        "*/",
        "::int",
        "RECURSIVE",
        "rowid",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

/// An expression over the names in reach and some that are not.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a", "b", "c", "d", "x.a", "y.a", "t.b", "u.d", "x.secret", "secret", "n", "1", "-2", "3.5", "'v'",
        "NULL", "rowid",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "=", "<", "AND", "OR", "||"]),
                inner.clone()
            )
                .prop_map(|(l, op, r)| format!("{l} {op} {r}")),
            inner.clone().prop_map(|e| format!("({e})")),
            inner.clone().prop_map(|e| format!("- {e}")),
            inner.clone().prop_map(|e| format!("NOT {e}")),
            inner.clone().prop_map(|e| format!("{e} IS NULL")),
            inner.clone().prop_map(|e| format!("coalesce({e}, 0)")),
            inner
                .clone()
                .prop_map(|e| format!("max({e}) OVER (ORDER BY {e})")),
            inner.clone().prop_map(|e| format!("(SELECT {e} FROM u)")),
            inner
                .clone()
                .prop_map(|e| format!("EXISTS (SELECT * FROM u AS y WHERE {e})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("{l} IN ({r}, 1)")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("CASE WHEN {l} THEN {r} ELSE 2 END")),
            (inner.clone(), inner).prop_map(|(l, r)| format!("{l} BETWEEN 1 AND {r}")),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let from = prop::sample::select(vec![
        "t",
        "t AS x",
        "t x, u y",
        "t JOIN u USING (a)",
        "t NATURAL JOIN u",
        "t x LEFT JOIN u y ON x.a = y.a",
        "(SELECT a, b FROM t) AS x",
        "(SELECT a AS secret FROM t) AS x",
        "t, (SELECT 1 AS secret) AS x",
        "s.v",
        "cte x",
        "employees",
        "t JOIN u y USING (secret)",
    ]);
    let star = prop_oneof![
        Just("*".to_owned()),
        Just("x.*".to_owned()),
        expression(),
        expression()
    ];
    (
        star,
        expression(),
        from,
        expression(),
        prop::option::of(expression()),
        prop::option::of(expression()),
    )
        .prop_map(|(first, second, from, filter, group, order)| {
            let group = group.map_or(String::new(), |e| format!(" GROUP BY n, {e}"));
            let order = order.map_or(String::new(), |e| format!(" ORDER BY n, {e} DESC"));
            format!(
                "WITH cte AS (SELECT a, b AS secret FROM t) SELECT {first}, {second} AS n FROM {from} \
                 WHERE {filter}{group}{order}"
            )
        })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_gets_a_verdict(text in any::<String>(), dialect in dialect()) {
        let policy = Policy::from_json(POLICY).unwrap();
        if let Ok(query) = check(&text, dialect, &policy) {
            assert_sound(&query, &policy);
        }
        let line = check_line(&text, dialect, &policy);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "an answer is always JSON");
    }

    #[test]
    fn any_soup_of_tokens_gets_a_verdict(tokens in prop::collection::vec(token(), 1..40), dialect in dialect()) {
        let policy = Policy::from_json(POLICY).unwrap();
        let text = format!("SELECT {}", tokens.join(" "));
        if let Ok(query) = check(&text, dialect, &policy) {
            assert_sound(&query, &policy);
        }
    }

    #[test]
    fn what_passes_reads_only_what_is_allowed(sql in query(), dialect in dialect()) {
        let policy = Policy::from_json(POLICY).unwrap();
        if let Ok(query) = check(&sql, dialect, &policy) {
            assert_sound(&query, &policy);
            prop_assert!(!query.sql().contains("employees"), "a table outside the policy: {}", query.sql());
            prop_assert!(!query.sql().contains("rowid"), "a row id: {}", query.sql());
        }
    }

    #[test]
    fn a_policy_text_never_panics(text in any::<String>()) {
        let _ = Policy::from_json(&text);
    }
}
