//! A read that the cache answers, through the whole dispatch: permit, validation, cache, page, the fields that the caller is
//! cleared for, and the audit event in the real store's queue; beside a lookup in a `HashMap` and a clone of the same records.
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

mod measure;

use std::collections::HashMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use andon_approvals::RiskPolicy;
use andon_connectors::sql::SqliteSource;
use andon_domain::ports::{AuditFilter, AuditLog, Fetched, ReadOperation};
use andon_domain::{
    Amount, Caller, CanonicalJson, Class, Ids, Money, PortError, Principal, Role, TenantId, UserId, Via,
};
use andon_engine::cache::CacheLimits;
use andon_engine::dispatch::{Page, read};
use andon_engine::{Engine, EngineParts, Systems, TenantParts};
use andon_guard::Policy;
use andon_store::Store;
use async_trait::async_trait;
use measure::{Pair, Report, WallClock, micros};
use serde_json::{Value, json};
use uuid::Uuid;

const OPERATION: &str = "sap.get_purchase_orders";
/// Of the median. Only printed: a time belongs to the machine.
const TARGET: &str = "target 60 µs, printed only";
const TURNS: usize = 5_000;
/// Reads before the audit queue is let run empty; far below what it holds.
const BREATH: usize = 500;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = Report::new("cached read: permit → validate → cache → page → clearance → audit");
    let cleared = operator(Class::BusinessSensitive);
    let uncleared = operator(Class::Internal);
    for (records, caller, who) in [
        (1, &cleared, "sees all"),
        (24, &cleared, "sees all"),
        (24, &uncleared, "no prices"),
        (100, &cleared, "sees all"),
        (100, &uncleared, "no prices"),
    ] {
        let pair = runtime.block_on(measure(records, caller));
        let duration = |micros: f64| Duration::from_secs_f64(micros / 1e6);
        let about = format!("{records:>3} orders, {who}");
        report.line(
            &format!("{about}: whole dispatch, median"),
            format_args!("{}  ({TARGET})", micros(duration(pair.ours))),
        );
        report.line(
            &format!("{about}: lookup and clone, median"),
            micros(duration(pair.baseline)),
        );
        report.line(&format!("{about}: ratio"), format_args!("{:.1}", pair.ratio));
    }
    report.end()
}

async fn measure(records: usize, caller: &Caller) -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let tenant = TenantId::default_tenant();
    let engine = engine(&store, records);
    let audit = store.audit(&tenant);
    let page = Page::default();
    let plain = HashMap::from([((OPERATION, [7_u8; 32]), orders(records))]);
    // The first read fills the cache.
    let first = read(&engine, caller, OPERATION, &json!({}), &page).await.unwrap();
    assert_eq!((first.records.len(), first.about.from_cache), (records, false));
    // Prices are business sensitive.
    let sees_prices = caller.clearance >= Class::BusinessSensitive;
    assert_eq!(first.about.hidden.is_empty(), sees_prices);
    assert_eq!(
        first.records[0]["items"][0].get("net_price").is_some(),
        sees_prices
    );
    let (mut turns, mut written) = (Vec::with_capacity(TURNS), 1);
    for turn in 0..TURNS {
        let started = Instant::now();
        let result = read(&engine, caller, OPERATION, black_box(&json!({})), &page)
            .await
            .unwrap();
        let ours = started.elapsed();
        assert!(result.about.from_cache);
        drop(black_box(result));
        let started = Instant::now();
        let found = plain.get(black_box(&(OPERATION, [7_u8; 32]))).cloned();
        let baseline = started.elapsed();
        drop(black_box(found));
        turns.push((ours.as_secs_f64() * 1e6, baseline.as_secs_f64() * 1e6));
        written += 1;
        if turn % BREATH == BREATH - 1 {
            until_written(&*audit, written).await;
        }
    }
    Pair::of(&turns)
}

/// Waits until so many events of reads are on disk.
async fn until_written(audit: &dyn AuditLog, count: i64) {
    let newest = AuditFilter {
        limit: 1,
        ..AuditFilter::default()
    };
    loop {
        let entries = audit.tail(&newest).await.unwrap();
        if entries.last().is_some_and(|entry| entry.sequence >= count) {
            return;
        }
    }
}

fn engine(store: &Arc<Store>, records: usize) -> Arc<Engine> {
    let tenant = TenantId::default_tenant();
    let mirror = store.mirror(&tenant).unwrap();
    let mut systems = Systems::default();
    systems.reads.insert(OPERATION, Arc::new(Orders(records)));
    let euro = |amount: i64| Money {
        amount: Amount::from(amount),
        currency: "EUR".to_owned(),
    };
    let parts = TenantParts {
        id: tenant.clone(),
        name: "Bench".to_owned(),
        environment: "test".to_owned(),
        time_zone: None,
        systems,
        source: Arc::new(SqliteSource::open(mirror.path())),
        mirror,
        query_policy: Policy::from_json(r#"{"tables":{"machines":{"columns":["machine_id"]}}}"#).unwrap(),
        risk_policy: RiskPolicy {
            cycle_target_band_percent: andon_domain::Amount::from(5),
            medium_below: euro(500),
            critical_above: euro(50_000),
            auto_approve_low: false,
            decide_within: Duration::from_secs(300),
            execute_within: Duration::from_secs(300),
        },
        audit: store.audit(&tenant),
        cache_limits: CacheLimits::default(),
        cache_ttl_s: 300,
        feed_intervals: andon_engine::watch::FeedIntervals::default(),
        minor_stop_below: Duration::from_secs(120),
    };
    Engine::new(EngineParts {
        clock: Arc::new(WallClock),
        ids: Arc::new(RandomIds),
        journal: store.journal(),
        agents: store.agents(),
        settings: store.settings(),
        history: store.history(),
        secrets: andon_store::keyring(),
        tenants: vec![parts],
        crash_at: None,
    })
}

/// Answers at once with so many orders.
struct Orders(usize);

#[async_trait]
impl ReadOperation for Orders {
    async fn read(&self, _parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        Ok(Fetched {
            records: orders(self.0),
            total: None,
            is_truncated: false,
            warnings: Vec::new(),
            observed_at: None,
        })
    }
}

fn orders(count: usize) -> Vec<Value> {
    let item = |number: usize| {
        json!({"item": format!("{:05}", number * 10), "material": "HX-220", "plant": "1010", "quantity": "10.000",
            "unit": "PC", "net_price": "12.34", "price_unit": "1", "net_value": "123.40", "is_deleted": false})
    };
    let order = |number: usize| {
        json!({"purchase_order": format!("45{number:08}"), "company_code": "1000", "supplier": "0000100482",
            "currency": "EUR", "order_date": "2026-11-20", "status": "released", "net_value": "370.20",
            "items": [item(1), item(2), item(3)]})
    };
    (0..count).map(order).collect()
}

fn operator(clearance: Class) -> Caller {
    Caller {
        tenant: TenantId::default_tenant(),
        principal: Principal::Person(UserId::from("ada")),
        display_name: "Ada".to_owned(),
        role: Role::Operator,
        clearance,
        via: Via::Headless,
        scopes: Vec::new(),
    }
}

struct RandomIds;

impl Ids for RandomIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(16) {
            chunk.copy_from_slice(&Uuid::new_v4().as_bytes()[..chunk.len()]);
        }
    }
}
