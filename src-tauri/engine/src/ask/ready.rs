//! Questions that need no model: the SQL is written here, over the published tables of the mirror.

use andon_domain::{Caller, Permission};
use serde::Serialize;
use ts_rs::TS;

use super::policy_of;
use crate::access::permit;
use crate::error::EngineError;
use crate::world::Engine;

/// A question with its SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct ReadyQuestion {
    /// Key, also in the message catalogue.
    pub id: &'static str,
    /// The question in English.
    pub text: &'static str,
    /// The SQL, in SQLite's dialect.
    pub sql: &'static str,
}

/// The ready questions this caller may run: one that reads a column above the clearance is not offered.
///
/// # Errors
/// Not permitted.
pub fn ready_questions(engine: &Engine, caller: &Caller) -> Result<Vec<ReadyQuestion>, EngineError> {
    permit(caller, Permission::QueryRun)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let (policy, dialect) = (policy_of(tenant, caller), tenant.parts.source.dialect());
    let is_allowed = |question: &&ReadyQuestion| andon_guard::check(question.sql, dialect, &policy).is_ok();
    Ok(READY_QUESTIONS.iter().filter(is_allowed).copied().collect())
}

/// All ready questions.
pub const READY_QUESTIONS: [ReadyQuestion; 10] = [
    ReadyQuestion {
        id: "machines_down",
        text: "Which machines are down now, and since when?",
        sql: "SELECT line, machine_id, name, status_since, reason_text,
       ROUND((julianday('now') - julianday(status_since)) * 1440, 0) AS minutes
FROM machines
WHERE status = 'down'
ORDER BY status_since",
    },
    ReadyQuestion {
        id: "open_stops",
        text: "Which machines are down, and what does the open stop say?",
        sql: "SELECT m.line, m.machine_id, m.name, d.started_at, d.category, d.reason_text, d.comment
FROM machines AS m
LEFT JOIN downtime_events AS d ON d.machine_id = m.machine_id AND d.ended_at IS NULL
WHERE m.status = 'down'
ORDER BY d.started_at",
    },
    ReadyQuestion {
        id: "downtime_by_reason",
        text: "How many minutes were lost in the last 8 hours, by reason?",
        sql: "SELECT COALESCE(reason_text, 'No reason given') AS reason, COUNT(*) AS stops,
       ROUND(SUM((julianday(COALESCE(ended_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
         - julianday(MAX(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 hours')))) * 1440), 1) AS minutes
FROM downtime_events
WHERE ended_at IS NULL OR ended_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 hours')
GROUP BY COALESCE(reason_text, 'No reason given')
ORDER BY minutes DESC",
    },
    ReadyQuestion {
        id: "lines_by_lost_time",
        text: "Which lines lost the most machine time in the last 8 hours?",
        sql: "SELECT line, COUNT(*) AS stops,
       ROUND(SUM((julianday(COALESCE(ended_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))
         - julianday(MAX(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 hours')))) * 1440), 1) AS minutes
FROM downtime_events
WHERE category <> 'planned'
  AND (ended_at IS NULL OR ended_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 hours'))
GROUP BY line
ORDER BY minutes DESC",
    },
    ReadyQuestion {
        id: "stock_by_plant",
        text: "How much free stock of each material is in which plant?",
        sql: "SELECT material, plant, unit, SUM(quantity) AS quantity
FROM inventory
WHERE stock_type = 'unrestricted' AND special_stock IS NULL
GROUP BY material, plant, unit
ORDER BY material, plant",
    },
    ReadyQuestion {
        id: "blocked_stock",
        text: "Which materials have blocked stock or stock in quality inspection?",
        sql: "SELECT material, plant, storage_location, stock_type, quantity, unit
FROM inventory
WHERE stock_type IN ('blocked', 'quality_inspection') AND quantity <> 0
ORDER BY stock_type, material, plant",
    },
    ReadyQuestion {
        id: "on_order",
        text: "What is on order and not delivered yet, by material?",
        sql: "SELECT i.material, i.plant, i.unit, COUNT(*) AS items, SUM(i.quantity) AS quantity
FROM purchase_order_items AS i
JOIN purchase_orders AS o ON o.purchase_order = i.purchase_order
WHERE i.is_deleted = 0 AND COALESCE(i.is_completely_delivered, 0) = 0
  AND o.status IN ('active', 'in_release', 'released')
GROUP BY i.material, i.plant, i.unit
ORDER BY i.material, i.plant",
    },
    ReadyQuestion {
        id: "orders_by_status",
        text: "How many purchase orders are in which status?",
        sql: "SELECT status, COUNT(*) AS orders, MIN(order_date) AS oldest, MAX(order_date) AS newest
FROM purchase_orders
GROUP BY status
ORDER BY orders DESC",
    },
    ReadyQuestion {
        id: "open_value",
        text: "What is the value of open purchase orders by supplier and currency?",
        sql: "SELECT supplier, currency, COUNT(*) AS orders, ROUND(SUM(net_value), 2) AS open_value
FROM purchase_orders
WHERE status IN ('active', 'in_release', 'released')
GROUP BY supplier, currency
ORDER BY currency, open_value DESC",
    },
    ReadyQuestion {
        id: "biggest_orders",
        text: "Which are the biggest purchase orders of the last 30 days, by currency?",
        sql: "SELECT currency, net_value, purchase_order, supplier, order_date, status, item_count
FROM purchase_orders
WHERE order_date >= date('now', '-30 days')
ORDER BY currency, net_value DESC
LIMIT 50",
    },
];
