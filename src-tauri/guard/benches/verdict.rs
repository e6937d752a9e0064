//! Time of a verdict beside the time of parsing the same text, for six typical statements. Prints both; ends with an
//! error if a verdict takes more than three times as long as parsing alone. The two take turns, so that a busy machine
//! slows both.
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::expect_used, reason = "a bench may stop")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use andon_guard::{Dialect, Policy, check};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

const POLICY: &str = r#"{"tables":{
  "purchase_orders":{"columns":["po_number","vendor_id","vendor_name","plant","created_on","status","net_amount"]},
  "purchase_order_items":{"columns":["po_number","item","material","quantity","net_price","delivery_date"]},
  "inventory":{"columns":["material","plant","storage_location","quantity"]},
  "machines":{"columns":["machine_id","line","name","state","since","oee"]},
  "downtime_events":{"columns":["event_id","machine_id","started_at","ended_at","reason","duration_s"]}}}"#;

/// A verdict parses twice (what came in, and what will run, to see that it is the checked tree) and walks the tree between.
const TARGET: f64 = 3.0;

const STATEMENTS: &[(&str, &str)] = &[
    (
        "simple",
        "SELECT po_number, vendor_name, status FROM purchase_orders WHERE status = 'open' AND net_amount > 1000 ORDER BY created_on DESC LIMIT 50",
    ),
    (
        "join2_aggregate",
        "SELECT po.vendor_name, i.material, count(*) AS lines, sum(i.quantity * i.net_price) AS value FROM purchase_orders po JOIN purchase_order_items i ON i.po_number = po.po_number JOIN inventory s ON s.material = i.material AND s.plant = po.plant WHERE po.created_on >= '2026-01-01' AND po.status IN ('open', 'late') GROUP BY po.vendor_name, i.material ORDER BY value DESC LIMIT 20",
    ),
    (
        "cte_window",
        "WITH stops AS (SELECT machine_id, sum(duration_s) AS lost, count(*) AS stops FROM downtime_events WHERE started_at >= date('now', '-7 days') GROUP BY machine_id) SELECT m.name, s.lost, s.stops, rank() OVER (PARTITION BY m.line ORDER BY s.lost DESC) AS place FROM stops s JOIN machines m ON m.machine_id = s.machine_id ORDER BY m.line, place",
    ),
    (
        "subquery3",
        "SELECT name, line FROM machines WHERE machine_id IN (SELECT machine_id FROM downtime_events WHERE duration_s > (SELECT avg(duration_s) FROM downtime_events)) AND oee < 0.8",
    ),
    (
        "union",
        "SELECT machine_id, started_at AS at FROM downtime_events WHERE reason = 'jam' UNION ALL SELECT machine_id, since AS at FROM machines WHERE state = 'DOWN' ORDER BY at",
    ),
    (
        "stacked_attack",
        "SELECT po_number FROM purchase_orders WHERE status = 'open'; DROP TABLE purchase_orders",
    ),
];

/// Turns, and calls in each: long enough for the clock, short enough that both sides of a turn meet the same machine.
const TURNS: usize = 301;
const CALLS: u32 = 10;

/// Time of one call.
fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        work();
    }
    start.elapsed().as_secs_f64() / f64::from(CALLS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> ExitCode {
    let policy = Policy::from_json(POLICY).expect("the policy of the bench is sound");
    let mut is_slow = false;
    println!("guard: verdict beside bare parsing of the same text, medians");
    for (name, sql) in STATEMENTS {
        let turns: Vec<(f64, f64)> = (0..TURNS)
            .map(|_| {
                let parse = time(|| {
                    let parsed = Parser::parse_sql(&SQLiteDialect {}, black_box(sql));
                    black_box(&parsed);
                });
                let verdict = time(|| {
                    let verdict = check(black_box(sql), Dialect::Sqlite, &policy);
                    black_box(&verdict);
                });
                (parse, verdict)
            })
            .collect();
        let of = |value: fn(&(f64, f64)) -> f64| median(turns.iter().map(value).collect());
        let (parse, verdict, ratio) = (of(|turn| turn.0), of(|turn| turn.1), of(|turn| turn.1 / turn.0));
        let holds = ratio <= TARGET;
        is_slow |= !holds;
        println!(
            "  {name:16} parse {:>6.1} µs  verdict {:>6.1} µs  ratio {ratio:.2}  (target ≤ {TARGET})  {}",
            parse * 1e6,
            verdict * 1e6,
            if holds { "ok" } else { "FAILED" }
        );
    }
    if is_slow {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
