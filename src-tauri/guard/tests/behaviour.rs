//! What a checked query and a refusal say, one rule at a time.

use andon_domain::Class;
use andon_guard::{
    ChangeKind, CheckedQuery, Dialect, Limits, Param, Policy, Reason, ReasonCode, Refusal, ScoreKind, check,
    check_line, check_lines,
};
use serde_json::{Value, json};

const POLICY: &str = r#"{"tables":{
    "orders":{"columns":["id","status","plant",{"name":"amount","class":"class_iii"},{"name":"margin","class":"class_iv"}]},
    "items":{"columns":["id","order_id","plant","quantity"]},
    "plants":{"columns":["plant","city"]},
    "purchasing.po_line":{"columns":["po_line_id","vendor_id"]}}}"#;

fn policy() -> Policy {
    Policy::from_json(POLICY).expect("the policy of the tests is sound")
}

fn allowed(sql: &str) -> CheckedQuery {
    check(sql, Dialect::Sqlite, &policy()).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"))
}

fn refused(sql: &str) -> Refusal {
    match check(sql, Dialect::Sqlite, &policy()) {
        Ok(query) => panic!("must be refused: {sql}\nrendered: {}", query.sql()),
        Err(refusal) => refusal,
    }
}

fn only_reason(sql: &str) -> Reason {
    let mut refusal = refused(sql);
    assert_eq!(refusal.reasons.len(), 1, "one reason is enough: {refusal:?}");
    refusal.reasons.remove(0)
}

fn reads(query: &CheckedQuery) -> Vec<String> {
    query
        .reads()
        .iter()
        .map(|read| format!("{}({})", read.table, read.columns.join(",")))
        .collect()
}

fn changes(query: &CheckedQuery) -> Vec<ChangeKind> {
    query.changes().iter().map(|change| change.kind).collect()
}

#[test]
fn reads_name_every_column_of_every_clause() {
    let query = allowed(
        "SELECT o.id FROM orders o JOIN items i ON i.order_id = o.id \
         WHERE o.plant = 'P1' GROUP BY o.id HAVING sum(i.quantity) > 3 ORDER BY max(o.status)",
    );
    assert_eq!(
        reads(&query),
        ["orders(id,status,plant)", "items(order_id,quantity)"]
    );
}

#[test]
fn joined_columns_are_read_on_both_sides() {
    assert_eq!(
        reads(&allowed("SELECT city FROM orders JOIN plants USING (plant)")),
        ["orders(plant)", "plants(plant,city)"]
    );
    let natural = allowed("SELECT city FROM orders NATURAL JOIN plants");
    assert_eq!(reads(&natural), ["orders(plant)", "plants(plant,city)"]);
    assert!(
        !natural.sql().contains("NATURAL"),
        "hidden columns take part in NATURAL: {}",
        natural.sql()
    );
}

#[test]
fn using_over_several_tables_is_written_out() {
    let query = allowed("SELECT quantity FROM plants JOIN orders USING (plant) JOIN items USING (id)");
    assert!(
        query.sql().contains("JOIN items ON orders.id = items.id"),
        "{}",
        query.sql()
    );
    assert!(changes(&query).contains(&ChangeKind::JoinSpelledOut));
    let reason = only_reason(
        "SELECT city FROM orders o JOIN items i ON i.order_id = o.id JOIN plants p USING (plant)",
    );
    assert_eq!(
        reason.code,
        ReasonCode::ColumnAmbiguous,
        "two tables to the left have it"
    );
}

#[test]
fn the_class_is_the_highest_of_the_columns_read_in_any_clause() {
    assert_eq!(allowed("SELECT id FROM orders").class(), Class::Internal);
    assert_eq!(
        allowed("SELECT id FROM orders WHERE amount > 5").class(),
        Class::BusinessSensitive
    );
    assert_eq!(
        allowed("SELECT id FROM orders ORDER BY margin").class(),
        Class::HighlyRestricted
    );
    assert_eq!(
        allowed("SELECT count(*) FROM orders").class(),
        Class::Internal,
        "rows count as the least sensitive column"
    );
    assert_eq!(allowed("SELECT 1").class(), Class::Public);
}

#[test]
fn output_columns_carry_name_and_class() {
    let query = allowed(
        "SELECT o.id, sum(amount) AS total, count(*), 'x', d.m \
         FROM orders o, (SELECT max(margin) AS m FROM orders) AS d GROUP BY o.id",
    );
    let columns: Vec<(&str, Option<Class>)> = query
        .columns()
        .iter()
        .map(|c| (c.name.as_str(), c.class))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", Some(Class::Internal)),
            ("total", Some(Class::BusinessSensitive)),
            ("count(*)", None),
            ("'x'", None),
            ("m", Some(Class::HighlyRestricted)),
        ]
    );
}

#[test]
fn a_name_is_qualified_where_a_hidden_column_could_take_its_place() {
    // If `orders` has a hidden column `secret`, the database would prefer it to the outer one.
    let query = allowed("SELECT (SELECT secret FROM orders LIMIT 1) FROM (SELECT 1 AS secret) AS x");
    assert_eq!(
        query.sql(),
        "SELECT (SELECT x.secret FROM orders LIMIT 1) FROM (SELECT ? AS secret) AS x LIMIT 1001"
    );
    assert_eq!(reads(&query), ["orders()"]);
    let query = allowed("SELECT secret FROM orders, (SELECT 1 AS secret) AS x");
    assert!(query.sql().starts_with("SELECT x.secret FROM"), "{}", query.sql());
}

#[test]
fn an_alias_never_reaches_the_database_where_a_hidden_column_would_win() {
    let query = allowed("SELECT status AS secret FROM orders GROUP BY secret");
    assert!(query.sql().contains("GROUP BY 1"), "{}", query.sql());
    let query = allowed("SELECT status AS secret FROM orders WHERE secret = 'x' ORDER BY secret || 'y'");
    assert!(
        query.sql().contains("WHERE status = ? ORDER BY status || ?"),
        "{}",
        query.sql()
    );
    assert!(changes(&query).contains(&ChangeKind::AliasResolved));
    let query = allowed("SELECT status AS secret FROM orders ORDER BY secret");
    assert!(
        query.sql().contains("ORDER BY secret"),
        "a bare alias is looked up first by every database: {}",
        query.sql()
    );
}

#[test]
fn a_missing_limit_is_added_and_a_large_one_lowered_with_one_row_to_spare() {
    let query = allowed("SELECT id FROM orders");
    assert_eq!(
        (query.sql(), query.row_limit()),
        ("SELECT id FROM orders LIMIT 1001", 1000)
    );
    assert_eq!(changes(&query), [ChangeKind::LimitAdded]);
    let query = allowed("SELECT id FROM orders LIMIT 5000 OFFSET 7");
    assert_eq!(
        (query.sql(), query.row_limit()),
        ("SELECT id FROM orders LIMIT 1001 OFFSET 7", 1000)
    );
    assert_eq!(changes(&query), [ChangeKind::LimitLowered]);
    let query = allowed("SELECT id FROM orders LIMIT 1000");
    assert_eq!(
        (query.sql(), query.row_limit()),
        ("SELECT id FROM orders LIMIT 1000", 1000)
    );
    assert!(changes(&query).is_empty(), "nothing was changed");
    let query = allowed("SELECT id FROM orders LIMIT 0");
    assert_eq!(query.row_limit(), 0);
    let query = allowed("SELECT id FROM (SELECT id FROM orders LIMIT 9999)");
    assert_eq!(
        query.row_limit(),
        1000,
        "a limit inside does not stand for the whole: {}",
        query.sql()
    );
}

#[test]
fn literals_are_bound_in_the_order_of_the_text() {
    let query = allowed(
        "WITH a AS (SELECT id FROM orders WHERE status = 'one') \
         SELECT 'two', CASE WHEN id = 3 THEN 4.5 ELSE -5 END FROM a WHERE id IN (6, 7) OR TRUE OR id IS NULL \
         GROUP BY 1 HAVING count(*) > 8 ORDER BY 2, id || 'nine' LIMIT 10",
    );
    let text = |value: &str| Param::Text(value.to_owned());
    assert_eq!(
        query.params(),
        [
            text("one"),
            text("two"),
            Param::Integer(3),
            Param::Real(4.5),
            Param::Integer(5),
            Param::Integer(6),
            Param::Integer(7),
            Param::Bool(true),
            Param::Integer(8),
            text("nine"),
        ]
    );
    assert_eq!(query.sql().matches('?').count(), query.params().len());
    let json = serde_json::to_value(&query.params()[2..5]).unwrap();
    assert_eq!(json, json!([3, 4.5, 5]), "parameters are plain JSON values");
}

#[test]
fn an_alias_written_out_twice_binds_its_value_twice() {
    let query = allowed("SELECT id + 1 AS n FROM orders WHERE n > 2 OR n < 3");
    assert_eq!(
        query.sql(),
        "SELECT id + ? AS n FROM orders WHERE (id + ?) > ? OR (id + ?) < ? LIMIT 1001"
    );
    assert_eq!(query.params(), [1, 1, 2, 1, 3].map(Param::Integer));
}

#[test]
fn postgres_parameters_are_numbered_and_numbers_keep_their_type() {
    let policy = policy();
    let query = check(
        "SELECT id FROM orders WHERE amount > 1.5 AND status = 'x' LIMIT 3",
        Dialect::Postgres,
        &policy,
    )
    .unwrap();
    assert_eq!(
        query.sql(),
        "SELECT id FROM orders WHERE amount > CAST($2 AS NUMERIC) AND status = $1 LIMIT 3"
    );
    assert_eq!(
        query.params(),
        [Param::Text("x".into()), Param::Real(1.5)],
        "$n counts, not the place in the text"
    );
}

#[test]
fn the_score_is_explained_by_its_parts() {
    let query = allowed(
        "WITH a AS (SELECT id FROM orders WHERE status = 'x' GROUP BY id) \
         SELECT count(*) FILTER (WHERE a.id > 1) FROM a, items",
    );
    let score = query.score();
    let parts: Vec<(ScoreKind, u32, u32)> = score.parts.iter().map(|p| (p.kind, p.count, p.points)).collect();
    assert_eq!(
        parts,
        [
            (ScoreKind::Join, 1, 2),
            (ScoreKind::Where, 2, 2),
            (ScoreKind::Subquery, 1, 3),
            (ScoreKind::GroupBy, 1, 1)
        ]
    );
    assert_eq!((score.total, score.limit), (8, 10));
    assert_eq!(
        allowed("SELECT id FROM orders UNION SELECT id FROM items")
            .score()
            .total,
        0,
        "branches cost nothing"
    );
}

#[test]
fn a_refusal_above_the_score_shows_the_score() {
    let refusal = refused("SELECT (SELECT 1), (SELECT 2), (SELECT 3), (SELECT 4)");
    assert_eq!(refusal.reasons[0].code, ReasonCode::ScoreTooHigh);
    assert_eq!(refusal.score.unwrap().total, 12);
}

#[test]
fn a_refusal_holds_every_reason_with_place_object_and_nearest_name() {
    let refusal = refused(
        "SELECT statsu, load_extension('x')\n  FROM orders, employees\n  WHERE salary > 5 LIMIT 1 + 1",
    );
    let codes: Vec<ReasonCode> = refusal.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(
        codes,
        [
            ReasonCode::TableNotAllowed,
            ReasonCode::FunctionNotAllowed,
            ReasonCode::LimitNotLiteral
        ],
        "columns say nothing while a table is missing"
    );
    assert_eq!(
        (refusal.reasons[0].line, refusal.reasons[0].column),
        (Some(2), Some(16))
    );
    let reason = only_reason("SELECT statsu FROM orders");
    assert_eq!(reason.code.as_str(), "column_not_allowed");
    assert_eq!(
        (reason.rule, reason.object.as_deref(), reason.nearest.as_deref()),
        ("sql-05", Some("statsu"), Some("status"))
    );
    assert!(reason.hint.starts_with("Did you mean status?"), "{}", reason.hint);
    assert_eq!(
        only_reason("SELECT id FROM order").nearest.as_deref(),
        Some("orders")
    );
}

#[test]
fn hidden_and_made_up_names_are_refused_in_the_same_words() {
    let one = only_reason("SELECT secret FROM orders");
    let two = only_reason("SELECT no_such FROM orders");
    assert_eq!(
        one.message.replace("secret", "…"),
        two.message.replace("no_such", "…")
    );
}

#[test]
fn a_clearance_leaves_columns_out_of_the_star_and_says_so() {
    let policy = policy().cleared_to(Class::BusinessSensitive);
    let query = check("SELECT * FROM orders", Dialect::Sqlite, &policy).unwrap();
    assert_eq!(
        query.sql(),
        "SELECT id, status, plant, amount FROM orders LIMIT 1001"
    );
    let left_out = query
        .changes()
        .iter()
        .find(|change| change.kind == ChangeKind::ColumnLeftOut)
        .unwrap();
    assert_eq!(left_out.rule, "dlp-14");
    assert!(
        left_out.message.contains("orders.margin is class_iv"),
        "{}",
        left_out.message
    );
    let refusal = check("SELECT id FROM orders WHERE margin > 5", Dialect::Sqlite, &policy).unwrap_err();
    assert_eq!(refusal.reasons[0].code, ReasonCode::ColumnAboveClearance);
    assert_eq!(refusal.reasons[0].rule, "dlp-14");
    assert_eq!(refusal.reasons[0].object.as_deref(), Some("orders.margin"));
    let nobody = policy.cleared_to(Class::Public);
    let refusal = check("SELECT id FROM orders", Dialect::Sqlite, &nobody).unwrap_err();
    assert_eq!(
        refusal.reasons[0].code,
        ReasonCode::TableNotAllowed,
        "a table without a readable column does not exist"
    );
}

#[test]
fn a_table_with_a_schema_is_named_with_it() {
    let query = allowed("SELECT l.vendor_id, l.po_line_id FROM purchasing.po_line l");
    assert_eq!(reads(&query), ["purchasing.po_line(po_line_id,vendor_id)"]);
    allowed("SELECT purchasing.po_line.vendor_id, po_line.po_line_id FROM purchasing.po_line");
    let reason = only_reason("SELECT vendor_id FROM po_line");
    assert_eq!(reason.nearest.as_deref(), Some("purchasing.po_line"));
    for sql in [
        "SELECT vendor_id FROM \"purchasing.po_line\"",
        "SELECT vendor_id FROM other.po_line",
        "SELECT vendor_id FROM purchasing.po_line.x",
        "SELECT id FROM purchasing.orders",
    ] {
        assert_eq!(refused(sql).reasons[0].code, ReasonCode::TableNotAllowed, "{sql}");
    }
}

#[test]
fn two_signs_do_not_become_a_comment() {
    let query = allowed("SELECT id FROM orders WHERE amount = - -1 AND status = 'x'");
    assert!(!query.sql().contains("--"), "{}", query.sql());
    assert!(query.sql().contains("status = ?"), "{}", query.sql());
}

#[test]
fn functions_are_listed_for_the_second_wall() {
    let query = allowed(
        "SELECT upper(status), count(*) FROM orders WHERE status LIKE 'a%' AND status GLOB 'b*' GROUP BY 1",
    );
    assert_eq!(query.functions(), ["count", "glob", "like", "upper"]);
}

#[test]
fn the_policys_own_limits_hold() {
    let limits = Limits {
        rows: 10,
        score: 2,
        bytes: 60,
        tokens: 11,
    };
    let policy = policy().with_limits(limits).unwrap();
    assert_eq!(
        check("SELECT id FROM orders", Dialect::Sqlite, &policy)
            .unwrap()
            .sql(),
        "SELECT id FROM orders LIMIT 11"
    );
    for (sql, code) in [
        (
            "SELECT id FROM orders WHERE id = 1 AND status = 'x'",
            ReasonCode::TooManyTokens,
        ),
        (
            "SELECT id FROM orders WHERE status = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            ReasonCode::TooLong,
        ),
        ("SELECT (SELECT 1) FROM orders", ReasonCode::ScoreTooHigh),
    ] {
        assert_eq!(
            check(sql, Dialect::Sqlite, &policy).unwrap_err().reasons[0].code,
            code,
            "{sql}"
        );
    }
}

#[test]
fn lines_in_and_lines_out() {
    let policy = policy();
    let input = "{\"id\":7,\"sql\":\"SELECT id FROM orders WHERE status = 'x'\",\"why\":\"ignored\"}\n\n\
                 {\"id\":\"a\",\"sql\":\"SELECT secret FROM orders\"}\nnot json\n{\"id\":9}\n[1]\n";
    let lines: Vec<Value> = check_lines(input, Dialect::Sqlite, &policy)
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect();
    assert_eq!(
        lines[0],
        json!({"id":7,"verdict":"allowed","score":1,"sql":"SELECT id FROM orders WHERE status = ? LIMIT 1001",
            "params":["x"],"reasons":[]})
    );
    assert_eq!(
        (&lines[1]["verdict"], &lines[1]["id"]),
        (&json!("refused"), &json!("a"))
    );
    assert_eq!(lines[1]["reasons"][0]["code"], "column_not_allowed");
    assert!(lines[1]["reasons"][0]["message"].is_string() && lines[1]["reasons"][0]["hint"].is_string());
    let bad: Vec<(&Value, &Value)> = lines[2..]
        .iter()
        .map(|l| (&l["id"], &l["reasons"][0]["code"]))
        .collect();
    let code = json!("bad_input");
    assert_eq!(
        bad,
        [(&Value::Null, &code), (&json!(9), &code), (&Value::Null, &code)]
    );
    assert!(
        !check_line("{}", Dialect::Sqlite, &policy).contains('\n'),
        "one line in, one line out"
    );
}
