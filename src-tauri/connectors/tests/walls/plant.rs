//! Three files for one policy: one with hidden columns and tables among the allowed ones, one in which they do not exist,
//! and one of the same shape in which they go by names that nobody can guess and hold other values.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::grammar::Visible;

/// Rows of each table; three tables joined stay below the row limit.
const ROWS: usize = 9;

/// Hidden columns by table, each a visible column elsewhere or a thing worth hiding, and after which column they stand.
const HIDDEN_COLUMNS: [(&str, usize, &str); 18] = [
    ("purchase_orders", 0, "cost"),
    ("purchase_orders", 2, "material"),
    ("purchase_orders", 4, "plant_id"),
    ("purchase_orders", 8, "margin"),
    ("purchase_order_items", 1, "plant"),
    ("purchase_order_items", 3, "vendor_id"),
    ("purchase_order_items", 7, "state"),
    ("purchase_order_items", 7, "cost"),
    ("inventory", 0, "machine_id"),
    ("inventory", 2, "margin"),
    ("inventory", 5, "line"),
    ("machines", 1, "reason"),
    ("machines", 3, "material"),
    ("machines", 6, "plant_id"),
    ("downtime_events", 0, "line"),
    ("downtime_events", 2, "state"),
    ("downtime_events", 4, "cost"),
    ("downtime_events", 6, "note"),
];

/// Hidden tables; two of them have names that aliases and CTEs like to take.
const HIDDEN_TABLES: [(&str, &[&str]); 4] = [
    ("employees", &["name", "machine_id", "plant", "salary", "cost"]),
    ("vendors", &["vendor_id", "cost", "line"]),
    ("recent", &["line", "cost", "material"]),
    ("x", &["state", "machine_id"]),
];

/// A value that no visible cell has.
pub(crate) const SECRET: &str = "SECRET";

/// Which of the three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Hidden things are there.
    Full,
    /// They do not exist.
    Narrow,
    /// They are there under other names with other values.
    Renamed,
}

/// Makes a file of a kind.
pub(crate) fn make(folder: &Path, kind: Kind, visible: &Visible) -> PathBuf {
    let path = folder.join(format!("{kind:?}.sqlite"));
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode=WAL; BEGIN")
        .unwrap();
    for (table, columns) in visible {
        let mut all: Vec<Column> = Vec::new();
        let hidden = |place: usize| {
            HIDDEN_COLUMNS
                .iter()
                .filter(move |(of, at, _)| of == table && *at == place)
        };
        for (place, column) in columns.iter().map(Some).chain([None]).enumerate() {
            for (_, _, name) in hidden(place) {
                match kind {
                    Kind::Full => all.push(Column::new(name, true)),
                    Kind::Narrow => {}
                    Kind::Renamed => all.push(Column {
                        name: format!("zz{}", all.len()),
                        ..Column::new(name, true)
                    }),
                }
            }
            all.extend(column.map(|column| Column::new(column, false)));
        }
        fill(&connection, table, &all, kind);
        connection
            .execute_batch(&format!("CREATE INDEX {table}_key ON {table} ({})", columns[0]))
            .unwrap();
    }
    if kind == Kind::Full {
        for (table, columns) in HIDDEN_TABLES {
            let all: Vec<Column> = columns.iter().map(|column| Column::new(column, true)).collect();
            fill(&connection, table, &all, kind);
        }
    }
    connection
        .execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    path
}

struct Column {
    name: String,
    /// Its type stays when it is renamed: the planner reckons with the width of a row.
    sql_type: &'static str,
    is_hidden: bool,
}

impl Column {
    fn new(name: &str, is_hidden: bool) -> Self {
        Self {
            name: name.to_owned(),
            sql_type: sql_type(name),
            is_hidden,
        }
    }
}

fn fill(connection: &Connection, table: &str, columns: &[Column], kind: Kind) {
    let declared: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.sql_type))
        .collect();
    connection
        .execute_batch(&format!("CREATE TABLE {table} ({})", declared.join(", ")))
        .unwrap();
    for row in 0..ROWS {
        let values: Vec<String> = columns
            .iter()
            .map(|Column { name, is_hidden, .. }| match (is_hidden, kind) {
                (true, Kind::Renamed) => "'other'".to_owned(),
                (true, _) if row % 3 == 0 => format!("'{SECRET}'"),
                (true, _) => value(name, row * 5 + 2),
                (false, _) => value(name, row + table.len()),
            })
            .collect();
        connection
            .execute_batch(&format!("INSERT INTO {table} VALUES ({})", values.join(", ")))
            .unwrap();
    }
}

fn sql_type(column: &str) -> &'static str {
    if is_number(column) { "REAL" } else { "TEXT" }
}

fn is_number(column: &str) -> bool {
    [
        "net_amount",
        "net_price",
        "quantity",
        "oee",
        "duration_s",
        "cost",
        "salary",
        "margin",
    ]
    .contains(&column)
}

/// Few different values, so that joins on them find something, also on columns that must not be compared.
fn value(column: &str, n: usize) -> String {
    if n % 7 == 6 {
        return "NULL".to_owned();
    }
    if is_number(column) {
        return format!("{}.5", (n * 7) % 5);
    }
    let words: &[&str] = match column {
        "line" => &["L1", "L2"],
        "state" | "status" | "reason" => &["down", "open", "jam"],
        "plant" | "plant_id" => &["1010", "1020"],
        name if name.ends_with("_id") || name == "name" => &["M-1", "M-2", "M-3", "M-4"],
        "created_on" | "since" | "started_at" | "ended_at" | "delivery_date" => {
            &["2026-01-01", "2026-05-17", "2026-11-22"]
        }
        _ => &["10", "20", "HX-220"],
    };
    format!("'{}'", words[n % words.len()])
}

/// Schema and data of a file as one text, and its bytes.
pub(crate) fn fingerprint(path: &Path) -> (String, Vec<u8>) {
    let connection = Connection::open(path).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut texts = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..width)
                .map(|i| format!("{:?}", row.get_ref(i).unwrap()))
                .collect();
            texts.push(cells.join("|"));
        }
        texts
    };
    let mut all = texts("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY name");
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for table in tables {
        all.extend(texts(&format!("SELECT rowid, * FROM {table}")));
    }
    (all.join("\n"), std::fs::read(path).unwrap())
}
