//! The tables of the plant mirror: the one description that the file, the published page, the guard's policy and the
//! model's prompt are made from. Private bookkeeping is in `file`, not here.

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

const TABLES: [MirrorTable; 5] = [
    MirrorTable {
        name: "purchase_orders",
        description: "Purchase orders from SAP, one row for each order",
        columns: &[
            plant("purchase_order", TEXT, "Document number with leading zeros; key"),
            plant("company_code", TEXT, "Company code"),
            plant("order_type", TEXT, "Document type, for example NB"),
            business("supplier", TEXT, "Supplier number"),
            plant("purchasing_organization", TEXT, "Purchasing organisation"),
            plant("purchasing_group", TEXT, "Purchasing group"),
            plant(
                "currency",
                TEXT,
                "Document currency; never add values of different currencies",
            ),
            plant("order_date", TEXT, "Date of the order, YYYY-MM-DD"),
            plant("last_changed_at", TEXT, "When SAP last changed the order, UTC"),
            plant(
                "status",
                TEXT,
                "deleted, blocked, incomplete, rejected, in_release, released, active or unknown",
            ),
            plant("status_raw", TEXT, "Status code as SAP sent it"),
            plant("external_reference", TEXT, "Reference the order was made under"),
            plant("created_by", TEXT, "SAP user who made the order"),
            business(
                "net_value",
                REAL,
                "Sum of the item values in currency; NULL when an item's value is unknown",
            ),
            business("net_value_text", TEXT, "net_value exactly, as text"),
            plant("item_count", INTEGER, "Number of items, deleted ones included"),
            SOURCE_TIME,
            SYNCED_AT,
        ],
        indexes: &["UNIQUE (purchase_order)", "(order_date)", "(supplier)"],
    },
    MirrorTable {
        name: "purchase_order_items",
        description: "Items of purchase orders from SAP; join on purchase_order",
        columns: &[
            plant(
                "purchase_order",
                TEXT,
                "Document number of the order; key with item",
            ),
            plant("item", TEXT, "Item number, for example 00010"),
            plant("text", TEXT, "Short text"),
            plant("material", TEXT, "Material number"),
            plant("plant", TEXT, "Plant"),
            plant("storage_location", TEXT, "Storage location"),
            plant("quantity", REAL, "Ordered quantity in unit"),
            plant("quantity_text", TEXT, "quantity exactly, as text"),
            plant(
                "unit",
                TEXT,
                "Order unit; never add quantities of different units",
            ),
            business("net_price", REAL, "Net price for price_unit units, in currency"),
            business("net_price_text", TEXT, "net_price exactly, as text"),
            business("price_unit", REAL, "Number of units the price is for"),
            business(
                "net_value",
                REAL,
                "quantity times net_price divided by price_unit, in currency",
            ),
            business("net_value_text", TEXT, "net_value exactly, as text"),
            plant("currency", TEXT, "Currency of the order"),
            plant(
                "is_deleted",
                INTEGER,
                "1 when the item is deleted and does not count, else 0",
            ),
            plant(
                "is_completely_delivered",
                INTEGER,
                "1 when everything ordered has arrived, 0 when not, NULL unknown",
            ),
            SOURCE_TIME,
            SYNCED_AT,
        ],
        indexes: &["UNIQUE (purchase_order, item)", "(material)"],
    },
    MirrorTable {
        name: "inventory",
        description: "Stock from SAP, one row for each material, plant, storage location, stock type and special stock",
        columns: &[
            plant("material", TEXT, "Material number"),
            plant("plant", TEXT, "Plant"),
            plant(
                "storage_location",
                TEXT,
                "Storage location; NULL for stock without one",
            ),
            plant(
                "stock_type",
                TEXT,
                "unrestricted, quality_inspection, blocked or other",
            ),
            plant("stock_type_raw", TEXT, "Stock type code as SAP sent it"),
            plant(
                "special_stock",
                TEXT,
                "Special stock indicator; NULL for own stock, never add the two",
            ),
            plant("quantity", REAL, "Quantity in unit; may be negative"),
            plant("quantity_text", TEXT, "quantity exactly, as text"),
            plant("unit", TEXT, "Base unit; never add quantities of different units"),
            plant(
                "buckets",
                INTEGER,
                "How many batches or partners were added into the row",
            ),
            SOURCE_TIME,
            SYNCED_AT,
        ],
        indexes: &["(material, plant)"],
    },
    MirrorTable {
        name: "machines",
        description: "Machines of the plant with their state now, from the MES",
        columns: &[
            plant("machine_id", TEXT, "Key"),
            plant("name", TEXT, "Name for people"),
            plant("enterprise", TEXT, "Enterprise"),
            plant("site", TEXT, "Site"),
            plant("area", TEXT, "Area"),
            plant("line", TEXT, "Line (work center)"),
            plant("work_unit", TEXT, "Work unit"),
            plant(
                "status",
                TEXT,
                "running, idle, setup, down, maintenance, offline or unknown",
            ),
            plant("status_raw", TEXT, "State as the MES sent it, when it differs"),
            plant(
                "status_since",
                TEXT,
                "Since when the machine is in this state, UTC",
            ),
            plant(
                "mode",
                TEXT,
                "production, setup, maintenance, manual, none or unknown",
            ),
            plant(
                "planned_busy",
                INTEGER,
                "1 when it should be producing now, 0 when not, NULL unknown",
            ),
            plant("reason_code", TEXT, "Code of the reason of the state"),
            plant("reason_text", TEXT, "Text of the reason"),
            plant("reason_group", TEXT, "Group of the reason"),
            plant("order_id", TEXT, "Production order on the machine"),
            plant("product_id", TEXT, "Product on the machine"),
            plant("produced_pcs", REAL, "Pieces produced since counting began"),
            plant("good_pcs", REAL, "Good pieces since counting began"),
            plant("scrap_pcs", REAL, "Scrap since counting began"),
            plant("rework_pcs", REAL, "Rework since counting began"),
            plant("count_unit", TEXT, "Unit of the counts, C62 is a piece"),
            plant("counting_since", TEXT, "When counting began, UTC"),
            plant("planned_cycle_s", REAL, "Planned seconds for each piece"),
            plant("last_cycle_s", REAL, "Last measured seconds for each piece"),
            plant("alarm_count", INTEGER, "Number of raised alarms"),
            plant(
                "top_alarm_priority",
                INTEGER,
                "Most urgent priority among the alarms, 1 to 4; NULL without one",
            ),
            plant(
                "is_incomplete",
                INTEGER,
                "1 when the MES left out or garbled something mandatory, else 0",
            ),
            plant("version", INTEGER, "Version of the record at the MES"),
            SOURCE_TIME,
            SYNCED_AT,
        ],
        indexes: &["UNIQUE (machine_id)", "(line)"],
    },
    MirrorTable {
        name: "downtime_events",
        description: "Stops of machines from the MES; an open stop has no ended_at",
        columns: &[
            plant("id", TEXT, "Key"),
            plant("machine_id", TEXT, "Machine; join on machines.machine_id"),
            plant("site", TEXT, "Site"),
            plant("area", TEXT, "Area"),
            plant("line", TEXT, "Line (work center)"),
            plant("order_id", TEXT, "Production order on the machine"),
            plant(
                "category",
                TEXT,
                "unplanned, planned, setup, minor_stop, waiting or unknown",
            ),
            plant(
                "is_failure",
                INTEGER,
                "1 when it counts as a failure for MTTR and MTBF, 0 when not, NULL unknown",
            ),
            plant(
                "reason_code",
                TEXT,
                "Code of the reason; NULL when none was given",
            ),
            plant("reason_text", TEXT, "Text of the reason"),
            plant("reason_group", TEXT, "Group of the reason"),
            plant("started_at", TEXT, "When the stop began, UTC"),
            plant(
                "ended_at",
                TEXT,
                "When the stop ended, UTC; NULL while it is open",
            ),
            plant(
                "duration_s",
                REAL,
                "Seconds from started_at to ended_at; NULL while it is open",
            ),
            plant("comment", TEXT, "Comment of the plant"),
            plant(
                "is_incomplete",
                INTEGER,
                "1 when the MES left out or garbled something mandatory, else 0",
            ),
            plant("version", INTEGER, "Version of the record at the MES"),
            SOURCE_TIME,
            SYNCED_AT,
        ],
        indexes: &[
            "UNIQUE (id)",
            "(machine_id, started_at)",
            "(ended_at)",
            "(started_at)",
        ],
    },
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
         It can be deleted while the console is stopped: it is filled again from the sources. This page is made from the \
         table description in the code; a test fails when the two differ.\n\n\
         - Times are ISO 8601 text in UTC with milliseconds, for example `2026-06-22T14:04:36.000Z`. They sort as text.\n\
         - Amounts and quantities are REAL for analysis; the exact text stands beside them in a column that ends in \
         `_text`.\n\
         - Quantities have a unit column and values a currency column. Add up only within one unit or currency.\n\
         - `source_time` and `synced_at` are on every row.\n\
         - Unknown is NULL, never zero.\n\
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
