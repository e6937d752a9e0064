//! Records as rows of the public tables. A column without a value here is an error of SQLite at the first insert.

mod erp;
mod plant;

pub(crate) use erp::{add_cost_center, add_material, add_purchase_order, add_stock};
pub(crate) use plant::{add_downtime, add_machine, add_production_order, add_report, add_segment, add_shift};

use andon_domain::records::{MachineMode, Reason};
use andon_domain::{Amount, Timestamp};
use rusqlite::{ToSql, Transaction};
use rust_decimal::prelude::ToPrimitive;

use super::schema::insert_sql;

type Values<'a> = Vec<(&'a str, Box<dyn ToSql + 'a>)>;

fn add(tx: &Transaction<'_>, table: &str, values: &Values<'_>) -> rusqlite::Result<()> {
    let bound: Vec<(&str, &dyn ToSql)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    tx.prepare_cached(&insert_sql(table))?.execute(bound.as_slice())?;
    Ok(())
}

fn reason(reason: Option<&Reason>) -> (Option<&str>, Option<&str>, Option<&str>) {
    reason.map_or((None, None, None), |r| {
        (r.code.as_deref(), r.text.as_deref(), r.group.as_deref())
    })
}

const fn mode(mode: MachineMode) -> &'static str {
    match mode {
        MachineMode::Production => "production",
        MachineMode::Setup => "setup",
        MachineMode::Maintenance => "maintenance",
        MachineMode::Manual => "manual",
        MachineMode::None => "none",
        MachineMode::Unknown => "unknown",
    }
}

fn time(at: Option<Timestamp>) -> Box<dyn ToSql> {
    Box::new(at.map(|at| at.to_string()))
}

fn real(amount: Option<Amount>) -> Box<dyn ToSql> {
    Box::new(amount.and_then(|amount| amount.value().to_f64()))
}

fn exact(amount: Option<Amount>) -> Box<dyn ToSql> {
    Box::new(amount.map(|amount| amount.to_string()))
}
