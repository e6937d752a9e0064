//! The two SQL walls against each other. Whatever the guard lets through must pass SQLite's authorizer too, read nothing
//! but what the policy shows, mean the same on a file in which hidden columns and tables do not exist, and change nothing.
//!
//! The last point matters most: SQLite's authorizer does not see columns that NATURAL and USING compare, a different
//! result does. 2,000 generated statements; 20,000 with `ANDON_SOAK`. `ANDON_SEED` repeats a run.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]
#![allow(clippy::print_stderr, reason = "the seed must be seen")]

mod grammar;
mod plant;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use andon_connectors::sql::SqliteSource;
use andon_domain::{PortError, PortErrorKind};
use andon_guard::{Cell, CheckedQuery, Dialect, Policy, QuerySource, RunLimits, check};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use serde_json::Value;
use tempfile::TempDir;

use crate::grammar::Grammar;
use crate::plant::{Kind, SECRET, fingerprint, make};

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The guard says no, for this reason first.
    Refused(&'static str),
    Ran,
    /// The rows depend on the order in which the planner reads, which hidden columns may change; not on their names or values.
    OrderMatters,
    /// Ended at its deadline in one of the files; too many rows were asked for to compare.
    TooSlow,
    /// A WITH query has the name of a hidden table; SQLite reports both alike, so the wall stays shut and says why.
    NameTaken,
    /// SQLite would not run it, with or without hidden columns; the first of its words.
    Failed(String),
}

struct Walls {
    _folder: TempDir,
    policy: Policy,
    visible: Vec<(String, Vec<String>)>,
    full: PathBuf,
    sources: [SqliteSource; 3],
    tracer: Tracer,
    runtime: tokio::runtime::Runtime,
}

/// What SQLite says that a statement reads, on a connection that allows everything.
struct Tracer {
    connection: Connection,
    actions: Arc<Mutex<Vec<Action>>>,
}

enum Action {
    Read { table: String, column: String },
    Other(String),
}

impl Tracer {
    fn new(connection: Connection) -> Self {
        let actions = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&actions);
        connection
            .authorizer(Some(move |context: AuthContext<'_>| {
                match context.action {
                    AuthAction::Select | AuthAction::Function { .. } => {}
                    AuthAction::Read {
                        table_name,
                        column_name,
                    } => log.lock().unwrap().push(Action::Read {
                        table: table_name.to_lowercase(),
                        column: column_name.to_lowercase(),
                    }),
                    other => log.lock().unwrap().push(Action::Other(format!("{other:?}"))),
                }
                Authorization::Allow
            }))
            .unwrap();
        Self { connection, actions }
    }

    /// The actions of one statement, whether it could be prepared or not.
    fn actions(&self, sql: &str) -> Vec<Action> {
        self.actions.lock().unwrap().clear();
        let _ = self.connection.prepare(sql);
        std::mem::take(&mut *self.actions.lock().unwrap())
    }
}

fn fixture(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/sql");
    std::fs::read_to_string(root.join(path)).unwrap()
}

impl Walls {
    /// The policy of the corpora; `score` lifts its limit on complexity.
    fn new(score: Option<u32>) -> Self {
        let mut policy: Value = serde_json::from_str(&fixture("policy.json")).unwrap();
        if let Some(score) = score {
            policy["limits"]["score"] = score.into();
        }
        let policy = Policy::from_json(&policy.to_string()).unwrap();
        let columns = |table: &andon_guard::TablePolicy| {
            table.columns.iter().map(|column| column.name.clone()).collect()
        };
        let visible: Vec<(String, Vec<String>)> = policy
            .tables()
            .map(|table| (table.name.clone(), columns(table)))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let paths = [Kind::Full, Kind::Narrow, Kind::Renamed].map(|kind| make(folder.path(), kind, &visible));
        Self {
            policy,
            full: paths[0].clone(),
            tracer: Tracer::new(Connection::open(&paths[0]).unwrap()),
            sources: paths.map(SqliteSource::open),
            visible,
            _folder: folder,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn run(&self, kind: Kind, query: &CheckedQuery) -> Result<Vec<String>, PortError> {
        let set = self
            .runtime
            .block_on(self.sources[kind as usize].run(query, &RunLimits::default()))?;
        let mut rows: Vec<String> = set.rows.iter().map(|row| format!("{row:?}")).collect();
        if set
            .rows
            .iter()
            .flatten()
            .any(|cell| matches!(cell, Cell::Text(text) if text.contains(SECRET)))
        {
            rows.push(format!("{SECRET} came out"));
        }
        rows.sort_unstable();
        Ok(rows)
    }

    /// Everything that must hold for one statement; an error says what does not.
    fn judge(&self, sql: &str) -> Result<Fate, String> {
        let query = match check(sql, Dialect::Sqlite, &self.policy) {
            Ok(query) => query,
            Err(refusal) => return Ok(Fate::Refused(refusal.reasons[0].code.as_str())),
        };
        let wrong = |what: String| {
            Err(format!(
                "{what}\n  came in: {sql}\n  runs:    {}\n  params:  {:?}",
                query.sql(),
                query.params()
            ))
        };
        if let Err(what) = self.judge_trace(&query) {
            return wrong(what);
        }
        let full = self.run(Kind::Full, &query);
        let narrow = self.run(Kind::Narrow, &query);
        match (full, narrow) {
            (Ok(rows), _) if rows.iter().any(|row| row.contains(SECRET)) => {
                wrong("a hidden value came out".to_owned())
            }
            (Ok(full), Ok(narrow)) if full == narrow => Ok(Fate::Ran),
            (Ok(full), Ok(narrow)) => {
                let renamed = self.run(Kind::Renamed, &query).map_err(|error| error.detail)?;
                if renamed == full {
                    return Ok(Fate::OrderMatters);
                }
                let gone: Vec<_> = narrow.iter().filter(|row| !full.contains(row)).take(3).collect();
                let new: Vec<_> = full.iter().filter(|row| !narrow.contains(row)).take(3).collect();
                wrong(format!(
                    "hidden columns change the result: {} rows and not {}; gone {gone:?}, new {new:?}",
                    full.len(),
                    narrow.len()
                ))
            }
            (Err(error), _) if error.message.starts_with("cannot tell a WITH query") => Ok(Fate::NameTaken),
            (Err(error), _) if error.detail.contains("walls disagree") => wrong(error.detail),
            (Err(error), _) | (_, Err(error)) if error.kind == PortErrorKind::TimedOut => Ok(Fate::TooSlow),
            (Err(full), Err(narrow))
                if full.detail == narrow.detail && full.kind == PortErrorKind::Rejected =>
            {
                let words: Vec<&str> = full
                    .detail
                    .split([':', '"', '('])
                    .next()
                    .unwrap_or_default()
                    .split(' ')
                    .take(5)
                    .collect();
                Ok(Fate::Failed(words.join(" ")))
            }
            (full, narrow) => wrong(format!("only one file runs it: {full:?} and {narrow:?}")),
        }
    }

    /// The tables and columns that SQLite names are the guard's, or rows of a CTE.
    fn judge_trace(&self, query: &CheckedQuery) -> Result<(), String> {
        for action in self.tracer.actions(query.sql()) {
            let (table, column) = match action {
                Action::Read { table, column } => (table, column),
                Action::Other(action) => return Err(format!("does more than read: {action}")),
            };
            let known = query
                .reads()
                .iter()
                .find(|read| read.table.to_lowercase() == table);
            let is_allowed = match known {
                Some(read) => {
                    column.is_empty() || read.columns.iter().any(|name| name.to_lowercase() == column)
                }
                // SQLite names a CTE, whose rows are counted, like a table.
                None => column.is_empty() && query.ctes().contains(&table),
            };
            if !is_allowed {
                return Err(format!("reads outside the policy: {table}.{column}"));
            }
        }
        Ok(())
    }
}

fn lines(path: &str) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    fixture(path)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (text(&line, "id"), text(&line, "sql")))
        .collect()
}

/// Results of these differ from one run to the next.
fn is_fleeting(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    ["random", "now", "current_"]
        .iter()
        .any(|word| sql.contains(word))
}

#[test]
fn the_corpora_pass_both_walls_or_none() {
    let walls = Walls::new(None);
    let before = fingerprint(&walls.full);
    let mut wrong = Vec::new();
    for (id, sql) in lines("allowed/sqlite.jsonl")
        .into_iter()
        .chain(lines("refused/sqlite.jsonl"))
    {
        match walls.judge(&sql) {
            Ok(Fate::Refused(_)) if id.starts_with("sqlite-allowed") => {
                wrong.push(format!("{id} is refused"));
            }
            Ok(Fate::Failed(why)) => wrong.push(format!("{id} passes the guard and fails: {why}\n  {sql}")),
            Err(what) if !is_fleeting(&sql) => wrong.push(format!("{id} {what}")),
            Ok(_) | Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(before == fingerprint(&walls.full), "the file was changed");
}

#[test]
fn generated_statements_mean_the_same_where_hidden_things_do_not_exist() {
    let is_soak = std::env::var_os("ANDON_SOAK").is_some();
    let count: u64 = if is_soak { 20_000 } else { 2_000 };
    let given = std::env::var("ANDON_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(|| if is_soak { fastrand::u64(..) } else { 22_400 });
    eprintln!("ANDON_SEED={seed}");
    let walls = Walls::new(Some(40));
    let before = fingerprint(&walls.full);
    let (mut fates, mut wrong) = (BTreeMap::<Fate, u64>::new(), Vec::new());
    for number in 0..count {
        let sql = Grammar::new(seed.wrapping_add(number), &walls.visible).statement();
        match walls.judge(&sql) {
            Ok(fate) => {
                if matches!(fate, Fate::Failed(_)) && !fates.contains_key(&fate) {
                    eprintln!("{fate:?}: {sql}");
                }
                *fates.entry(fate).or_default() += 1;
            }
            Err(what) => wrong.push(what),
        }
    }
    eprintln!("{fates:?}");
    assert!(
        wrong.is_empty(),
        "ANDON_SEED={seed}, {} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(before == fingerprint(&walls.full), "the file was changed");
    let of = |fate: &Fate| fates.get(fate).copied().unwrap_or_default();
    assert!(
        of(&Fate::Ran) > count / 4,
        "most statements must get through, or this shows nothing: {fates:?}"
    );
    assert!(of(&Fate::OrderMatters) < count / 50, "{fates:?}");
    assert!(of(&Fate::TooSlow) < count / 200, "{fates:?}");
    let failed: u64 = fates
        .iter()
        .filter(|(fate, _)| matches!(fate, Fate::Failed(_)))
        .map(|(_, n)| n)
        .sum();
    assert!(failed < count / 50, "what the guard allows should run: {fates:?}");
}

#[test]
fn without_the_guard_a_natural_join_tells_of_hidden_columns_and_the_authorizer_does_not_see_it() {
    let walls = Walls::new(None);
    let sql = "SELECT m.name FROM machines AS m NATURAL JOIN downtime_events AS d";
    let count = |source: &str| {
        let path = walls.full.with_file_name(format!("{source}.sqlite"));
        let connection = Connection::open(path).unwrap();
        let rows: Vec<Option<String>> = connection
            .prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        rows.len()
    };
    assert_ne!(
        count("Full"),
        count("Narrow"),
        "the hidden columns `line`, `state` and `reason` were compared"
    );
    let hidden = |action: &Action| matches!(action, Action::Read { column, .. } if column == "line" || column == "state");
    assert!(
        !walls.tracer.actions(sql).iter().any(hidden),
        "SQLite's authorizer has learned to see it"
    );
    let seen = walls.tracer.actions("SELECT cost FROM downtime_events");
    assert!(
        seen.iter()
            .any(|action| matches!(action, Action::Read { column, .. } if column == "cost")),
        "the trace works"
    );
}

#[test]
fn a_with_query_that_takes_the_name_of_a_hidden_table_is_told_so_and_is_no_alarm() {
    let walls = Walls::new(None);
    let sql = "WITH employees AS (SELECT line, count(*) AS n FROM machines GROUP BY line) SELECT m.name FROM machines AS m, employees";
    assert_eq!(walls.judge(sql), Ok(Fate::NameTaken));
    let sql = "WITH people AS (SELECT line, count(*) AS n FROM machines GROUP BY line) SELECT m.name FROM machines AS m, people";
    assert_eq!(walls.judge(sql), Ok(Fate::Ran));
}
