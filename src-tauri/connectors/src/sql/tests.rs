//! Both walls: what the guard lets through runs, what it refuses never gets here, and a connection on its own denies
//! what was not checked.

use std::time::Duration;

use andon_domain::PortErrorKind;
use andon_guard::{Cell, CheckedQuery, Dialect, Policy, QuerySource, RunLimits, check};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteSource;
use super::wall::{self, Allowed};

const POLICY: &str = r#"{"tables":{
    "orders":{"columns":["id","status","amount"],"description":"orders"},
    "machines":{"columns":["machine_id","line","status"],"description":"machines"}}}"#;

/// The columns `cost` and `plant_id` and the table `employees` are hidden.
fn plant() -> (TempDir, SqliteSource) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL;
             CREATE TABLE orders(id INTEGER PRIMARY KEY, status TEXT, amount REAL, cost REAL);
             CREATE TABLE machines(machine_id TEXT PRIMARY KEY, line TEXT, status TEXT, plant_id TEXT);
             CREATE TABLE employees(name TEXT, plant_id TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
             INSERT INTO orders SELECT i, CASE i % 2 WHEN 0 THEN 'open' ELSE 'done' END, i * 1.5, 18450.5 FROM n;
             INSERT INTO machines VALUES ('M-1', 'L1', 'down', 'P1'), ('M-2', 'L1', 'running', 'P1');
             INSERT INTO employees VALUES ('Ada', 'P1');",
        )
        .unwrap();
    let source = SqliteSource::open(path);
    (folder, source)
}

fn checked(sql: &str) -> CheckedQuery {
    check(sql, Dialect::Sqlite, &Policy::from_json(POLICY).unwrap())
        .unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"))
}

#[tokio::test]
async fn honest_queries_pass_both_walls() {
    let (_folder, source) = plant();
    for (sql, rows) in [
        (
            "SELECT id, amount FROM orders WHERE status = 'open' AND id < 11",
            5,
        ),
        ("SELECT count(*) FROM orders", 1),
        ("SELECT * FROM machines", 2),
        (
            "SELECT status, count(*) AS n, sum(amount) FROM orders GROUP BY status ORDER BY n",
            2,
        ),
        ("WITH c AS (SELECT id FROM orders) SELECT count(*) FROM c", 1),
        ("SELECT count(*) FROM (SELECT id FROM orders) AS s", 1),
        (
            "SELECT o.id FROM orders o JOIN machines m ON o.status <> m.status WHERE o.id = 1",
            2,
        ),
        (
            "SELECT a.machine_id FROM machines a JOIN machines b USING (line) WHERE b.machine_id LIKE 'M-_'",
            4,
        ),
        (
            "SELECT status FROM orders WHERE id = 1 UNION SELECT status FROM machines",
            3,
        ),
        (
            "SELECT id, row_number() OVER (ORDER BY amount) FROM orders WHERE id IN (SELECT id FROM orders WHERE id < 4)",
            3,
        ),
        (
            "SELECT coalesce(nullif(status, 'open'), upper(status)), date('2026-01-01'), current_date FROM orders WHERE id = 2",
            1,
        ),
    ] {
        let set = source
            .run(&checked(sql), &RunLimits::default())
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e} {}", e.detail));
        assert_eq!(set.rows.len(), rows, "{sql}");
        assert!(!set.truncated, "{sql}");
    }
}

#[tokio::test]
async fn values_come_back_typed_and_bound() {
    let (_folder, source) = plant();
    let set = source
        .run(
            &checked("SELECT id, amount, status, NULL FROM orders WHERE status = 'it''s' OR id = 2"),
            &RunLimits::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        set.rows,
        [vec![
            Cell::Integer(2),
            Cell::Real(3.0),
            Cell::Text("open".to_owned()),
            Cell::Null
        ]]
    );
    assert_eq!(set.columns[0].declared_type.as_deref(), Some("INTEGER"));
    assert_eq!(set.columns[0].name, "id");
}

#[tokio::test]
async fn rows_and_bytes_are_limited_and_said_to_be_cut() {
    let (_folder, source) = plant();
    let query = checked("SELECT id, status FROM orders ORDER BY id");
    let set = source
        .run(
            &query,
            &RunLimits {
                max_rows: 10,
                ..RunLimits::default()
            },
        )
        .await
        .unwrap();
    assert_eq!((set.rows.len(), set.truncated), (10, true));
    let set = source
        .run(
            &query,
            &RunLimits {
                max_bytes: 100,
                ..RunLimits::default()
            },
        )
        .await
        .unwrap();
    assert!(set.truncated && set.rows.len() < 10, "{}", set.rows.len());
    let all = source
        .run(
            &query,
            &RunLimits {
                max_rows: 500,
                ..RunLimits::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (all.rows.len(), all.truncated),
        (500, false),
        "exactly the limit is not cut"
    );
}

const HEAVY: &str =
    "SELECT count(*) FROM orders a, orders b, orders c WHERE a.amount + b.amount + c.amount < 0";

#[tokio::test]
async fn long_queries_end_at_their_deadline_or_when_cancelled() {
    let (_folder, source) = plant();
    let query = checked(HEAVY);
    let limits = RunLimits {
        timeout: Duration::from_millis(50),
        ..RunLimits::default()
    };
    assert_eq!(
        source.run(&query, &limits).await.unwrap_err().kind,
        PortErrorKind::TimedOut
    );
    let limits = RunLimits::default();
    limits.cancel.cancel();
    assert_eq!(
        source.run(&query, &limits).await.unwrap_err().kind,
        PortErrorKind::Cancelled
    );
    // Somebody who stops waiting frees the turn: five abandoned runs do not block the sixth.
    for _ in 0..5 {
        let limits = RunLimits {
            timeout: Duration::from_secs(60),
            ..RunLimits::default()
        };
        let abandoned = tokio::time::timeout(Duration::from_millis(20), source.run(&query, &limits)).await;
        assert!(abandoned.is_err());
    }
    let set = source
        .run(&checked("SELECT count(*) FROM machines"), &RunLimits::default())
        .await
        .unwrap();
    assert_eq!(set.rows, [[Cell::Integer(2)]]);
}

#[tokio::test]
async fn a_missing_file_is_unavailable_and_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.sqlite");
    let error = SqliteSource::open(&path)
        .run(&checked("SELECT count(*) FROM orders"), &RunLimits::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(!path.exists());
}

#[test]
fn the_first_wall_refuses_hidden_columns_also_where_the_second_cannot_see_them() {
    let policy = Policy::from_json(POLICY).unwrap();
    for sql in [
        "SELECT cost FROM orders",
        "SELECT id FROM orders WHERE cost > 1",
        "SELECT id FROM orders ORDER BY cost",
        "SELECT orders.id FROM orders NATURAL JOIN (SELECT 18450.5 AS cost) x",
        "SELECT orders.id FROM orders JOIN (SELECT 18450.5 AS cost) x USING (cost)",
        "SELECT machine_id FROM machines NATURAL JOIN employees",
        "SELECT machine_id FROM machines JOIN employees USING (plant_id)",
        "SELECT name FROM employees",
        "SELECT name FROM sqlite_schema",
        "SELECT * FROM pragma_table_list",
        "SELECT \"cost\" FROM orders",
        "ATTACH 'x' AS y",
        "DELETE FROM orders",
        "SELECT load_extension('x')",
    ] {
        match check(sql, Dialect::Sqlite, &policy) {
            Err(_) => {}
            // Natural joins may be spelled out over visible columns only; then the hidden one is not compared.
            Ok(query) => {
                let text = query.sql().to_lowercase();
                assert!(
                    !text.contains("cost =") && !text.contains("natural") && !text.contains("employees"),
                    "{sql} became {text}"
                );
            }
        }
    }
}

fn denied(sql: &str) -> bool {
    let (folder, _) = plant();
    let connection = Connection::open(folder.path().join("mirror.sqlite")).unwrap();
    let allowed = Allowed::new(
        &[
            ("orders", &["id", "status", "amount"]),
            ("machines", &["machine_id", "line", "status"]),
        ],
        &["count", "like"],
    );
    let denied = wall::raise(&connection, allowed).unwrap();
    let prepared = connection.prepare(sql).map(|statement| statement.readonly());
    assert_eq!(prepared.is_err(), denied.what().is_some(), "{sql}: {prepared:?}");
    // The authorizer does not see VACUUM; it is stopped because it is not read-only.
    !matches!(prepared, Ok(true))
}

#[test]
fn the_second_wall_denies_what_was_not_checked() {
    for sql in [
        "SELECT cost FROM orders",
        "SELECT id FROM orders WHERE cost > 1",
        "SELECT id FROM orders ORDER BY cost",
        "SELECT count(*) FROM orders GROUP BY cost",
        "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM machines WHERE plant_id = o.status)",
        "SELECT machine_id FROM machines JOIN employees ON machines.line = employees.name",
        "SELECT name FROM employees",
        "SELECT count(*) FROM employees",
        "SELECT 1 WHERE 'Ada' IN employees",
        "SELECT name FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT * FROM pragma_table_list",
        "SELECT count(*) FROM pragma_table_list",
        "SELECT count(*) FROM json_each('[1]')",
        "SELECT upper(status) FROM orders",
        "SELECT randomblob(1000000000)",
        "INSERT INTO orders(id) VALUES (1)",
        "UPDATE orders SET status = 'x'",
        "DELETE FROM orders",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t(x)",
        "DROP TABLE orders",
        "PRAGMA query_only = 0",
        "ATTACH ':memory:' AS y",
        "BEGIN",
        "SAVEPOINT s",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ] {
        assert!(denied(sql), "{sql}");
    }
    for sql in [
        "SELECT id, status FROM orders WHERE status LIKE 'o%'",
        "SELECT count(*) FROM orders",
        "WITH c AS (SELECT id FROM orders) SELECT count(*) FROM c",
        "SELECT rowid FROM orders",
    ] {
        assert!(!denied(sql), "{sql}");
    }
}

#[tokio::test]
async fn a_query_for_another_database_is_refused() {
    let (_folder, source) = plant();
    let query = check(
        "SELECT id FROM orders",
        Dialect::Postgres,
        &Policy::from_json(POLICY).unwrap(),
    )
    .unwrap();
    assert_eq!(
        source.run(&query, &RunLimits::default()).await.unwrap_err().kind,
        PortErrorKind::Invalid
    );
}
