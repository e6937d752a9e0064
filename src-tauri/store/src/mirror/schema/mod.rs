//! The tables of the plant mirror: the one description that the file, the published page, the guard's policy and the
//! model's prompt are made from. Private bookkeeping is in `file`, not here.

mod erp;
mod plant;

use std::fmt::Write as _;

use andon_domain::Class;

/// A table analysts may query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorTable {
    /// Name in SQL.
    pub name: &'static str,
    /// What a row is, for people and models.
    pub description: &'static str,
    /// Columns in their order.
    pub columns: &'static [MirrorColumn],
    /// Indexed column lists, as SQL.
    pub(crate) indexes: &'static [&'static str],
}

/// A column of such a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorColumn {
    /// Name in SQL.
    pub name: &'static str,
    /// `TEXT`, `REAL` or `INTEGER`.
    pub sql_type: &'static str,
    /// What it holds, for people and models.
    pub description: &'static str,
    /// How sensitive it is.
    pub class: Class,
}

/// The tables of every mirror.
#[must_use]
pub fn mirror_schema() -> &'static [MirrorTable] {
    &TABLES
}

const TEXT: &str = "TEXT";
const REAL: &str = "REAL";
const INTEGER: &str = "INTEGER";

const fn plant(name: &'static str, sql_type: &'static str, description: &'static str) -> MirrorColumn {
    MirrorColumn {
        name,
        sql_type,
        description,
        class: Class::Internal,
    }
}

const fn business(name: &'static str, sql_type: &'static str, description: &'static str) -> MirrorColumn {
    MirrorColumn {
        name,
        sql_type,
        description,
        class: Class::BusinessSensitive,
    }
}

const SOURCE_TIME: MirrorColumn = plant(
    "source_time",
    TEXT,
    "When the source says the row is from, UTC; NULL when it does not say",
);
const SYNCED_AT: MirrorColumn = plant(
    "synced_at",
    TEXT,
    "When the console last heard this row from the source, UTC",
);

const TABLES: [MirrorTable; 16] = [
    erp::PURCHASE_ORDERS,
    erp::PURCHASE_ORDER_ITEMS,
    erp::INVENTORY,
    erp::COST_CENTERS,
    erp::MATERIALS,
    erp::MATERIAL_PLANTS,
    erp::MATERIAL_VALUATIONS,
    plant::MACHINES,
    plant::MACHINE_STATES,
    plant::DOWNTIME_EVENTS,
    plant::PRODUCTION_ORDERS,
    plant::QUALITY_REPORTS,
    plant::QUALITY_CHARACTERISTICS,
    plant::QUALITY_DEFECTS,
    plant::SHIFTS,
    plant::SHIFT_BREAKS,
];

/// The statements that make the tables of an empty mirror.
pub(crate) fn ddl() -> String {
    let mut sql = String::new();
    for table in mirror_schema() {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("  {} {}", c.name, c.sql_type))
            .collect();
        let _ = write!(
            sql,
            "CREATE TABLE {} (\n{}\n) STRICT;\n",
            table.name,
            columns.join(",\n")
        );
        for (number, index) in table.indexes.iter().enumerate() {
            let (unique, columns) = index
                .strip_prefix("UNIQUE ")
                .map_or(("", *index), |rest| ("UNIQUE ", rest));
            let _ = writeln!(
                sql,
                "CREATE {unique}INDEX {0}_{number} ON {0} {columns};",
                table.name
            );
        }
    }
    sql
}

/// The statement that adds a row with these columns as named parameters. A source that names a key twice in one record
/// gets its later row.
pub(crate) fn insert_sql(table: &str) -> String {
    let names: Vec<&str> = mirror_schema()
        .iter()
        .filter(|t| t.name == table)
        .flat_map(|t| t.columns.iter().map(|c| c.name))
        .collect();
    format!(
        "INSERT OR REPLACE INTO {table} ({}) VALUES (:{})",
        names.join(", "),
        names.join(", :")
    )
}

/// The published page about the mirror, `docs/guide/mirror.md`.
#[must_use]
pub fn mirror_guide() -> String {
    let mut page = String::from(
        "# The plant mirror\n\n\
         The console keeps a copy of what SAP and the MES tell in one SQLite file for each tenant, \
         `tenants/<tenant>/mirror.sqlite`. Questions and SQL run against this copy and never against the systems. \
         It can be deleted while the console is stopped: it is filled again from the sources, with the events of the last 8 \
         days. This page is made from the table description in the code; a test fails when the two differ. Tables whose name \
         begins with `andon_` are the console's own bookkeeping and cannot be queried.\n\n\
         - Times are ISO 8601 text in UTC with milliseconds, for example `2026-06-22T14:04:36.000Z`. They sort as text.\n\
         - Amounts and quantities are REAL for analysis; the exact text stands beside them in a column that ends in \
         `_text`.\n\
         - Quantities have a unit column and values a currency column. Add up only within one unit or currency.\n\
         - `source_time` and `synced_at` are on every row.\n\
         - Unknown is NULL, never zero.\n\
         - States of machines, stops, inspections, shifts and ended production orders are kept for 400 days.\n\
         - A state or stop of which the source told no end, and tells nothing any more, ends where it was last heard of and \
         is marked as incomplete.\n\
         - Class II is internal, class III business sensitive: who is cleared for II does not see III.\n",
    );
    for table in mirror_schema() {
        let _ = write!(page, "\n## {}\n\n{}.\n\n", table.name, table.description);
        page.push_str("| Column | Type | Class | Meaning |\n|---|---|---|---|\n");
        for column in table.columns {
            let class = match column.class {
                Class::Public => "I",
                Class::Internal => "II",
                Class::BusinessSensitive => "III",
                Class::HighlyRestricted => "IV",
            };
            let _ = writeln!(
                page,
                "| `{}` | {} | {class} | {} |",
                column.name, column.sql_type, column.description
            );
        }
    }
    let _ = write!(page, "\n## DDL\n\n```sql\n{}```\n", ddl());
    page
}
