use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use andon_domain::ports::{Connector, FindingState, Health, HealthState, PortErrorKind, TroubleSample};
use andon_domain::{Role, TenantId, Timestamp};
use serde_json::json;

use super::*;
use crate::dispatch::{self, Page};
use crate::status::check_all;
use crate::testing::{ScriptedFeeds, ScriptedRead, World, person, world};
use crate::watch::FeedViewState;
use crate::world::Systems;

/// A connection that slows down by a millisecond with every check.
#[derive(Default)]
struct Slowing(AtomicU32);

#[async_trait::async_trait]
impl Connector for Slowing {
    async fn check(&self) -> Health {
        Health {
            state: HealthState::Healthy,
            message: "works".to_owned(),
            hint: None,
            latency_ms: Some(u64::from(self.0.fetch_add(1, Ordering::SeqCst))),
            clock_skew_ms: Some(-2_000),
        }
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            calls: 7,
            retries: 2,
            troubles: vec![TroubleSample {
                at: Timestamp::from_millis(1),
                kind: PortErrorKind::TimedOut,
                message: "took too long".to_owned(),
                attempts: 3,
            }],
            ..Traffic::default()
        }
    }

    async fn examine(&self) -> Vec<Finding> {
        vec![Finding {
            subject: "purchase orders".to_owned(),
            state: FindingState::Failed,
            message: "the service is not active".to_owned(),
            remedy: Some("Activate it.".to_owned()),
        }]
    }
}

fn connected() -> (World, Arc<ScriptedRead>) {
    let read = Arc::new(ScriptedRead::with(3));
    let feeds = Arc::new(ScriptedFeeds::default());
    let mut systems = Systems {
        plant: Some(feeds.clone()),
        ..Systems::default()
    };
    systems.reads.insert("sap.get_inventory", read.clone());
    systems.reads.insert("mes.get_machine_status", read.clone());
    systems
        .connectors
        .insert(System::Mes, Arc::new(Slowing::default()));
    (world(systems), read)
}

fn of(connections: &Connections, system: System) -> &Connection {
    let found = connections
        .connections
        .iter()
        .find(|connection| connection.status.system == system);
    found.expect("every system is listed")
}

#[tokio::test]
async fn everybody_sees_how_connections_are_and_only_who_manages_them_what_failed() {
    let (world, _) = connected();
    check_all(&world.engine, &TenantId::default_tenant())
        .await
        .unwrap();
    let seen = list(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    let mes = of(&seen, System::Mes);
    assert!(mes.is_configured && !seen.may_manage);
    assert_eq!(mes.status.health.clock_skew_ms, Some(-2_000));
    assert_eq!(
        mes.status.last_contact, mes.status.checked_at,
        "a check is a contact too"
    );
    let traffic = mes.traffic.as_ref().unwrap();
    assert_eq!(
        (traffic.calls, traffic.retries, traffic.troubles.len()),
        (7, 2, 0)
    );
    let states: Vec<_> = mes
        .feeds
        .iter()
        .map(|(feed, records)| (feed.feed, feed.state, *records))
        .collect();
    assert_eq!(states[0], (Feed::Machines, FeedViewState::Polling, Some(0)));
    assert_eq!(states[2].1, FeedViewState::NotOffered);
    let sap = of(&seen, System::Sap);
    assert!(!sap.is_configured && sap.traffic.is_none() && sap.checks.is_empty());
    assert_eq!(sap.status.health.state, HealthState::NotConfigured);
    assert!(
        sap.feeds
            .iter()
            .all(|(feed, _)| feed.state == FeedViewState::NotConfigured)
    );
    let available: Vec<_> = sap
        .operations
        .iter()
        .filter(|used| used.is_available)
        .map(|used| used.operation.name)
        .collect();
    assert_eq!(available, ["sap.get_inventory"]);
    let managed = list(&world.engine, &person("ada", Role::Admin)).await.unwrap();
    assert!(managed.may_manage);
    assert_eq!(
        of(&managed, System::Mes).traffic.as_ref().unwrap().troubles.len(),
        1
    );
}

#[tokio::test]
async fn the_newest_120_checks_are_kept_with_their_latency() {
    let (world, _) = connected();
    for _ in 0..125 {
        check_all(&world.engine, &TenantId::default_tenant())
            .await
            .unwrap();
        world.clock.forward(Duration::from_secs(30));
    }
    let seen = list(&world.engine, &person("vic", Role::Viewer)).await.unwrap();
    let checks = &of(&seen, System::Mes).checks;
    let latencies: Vec<_> = checks.iter().filter_map(|check| check.latency_ms).collect();
    assert_eq!(latencies, (5..125).collect::<Vec<u64>>());
    assert!(checks.windows(2).all(|pair| pair[0].at < pair[1].at));
}

#[tokio::test]
async fn the_cache_is_counted_by_operation_and_cleared_by_system() {
    let (world, read) = connected();
    let admin = person("ada", Role::Admin);
    let run = async |name: &str| {
        dispatch::read(&world.engine, &admin, name, &json!({}), &Page::default())
            .await
            .unwrap()
    };
    for name in [
        "sap.get_inventory",
        "sap.get_inventory",
        "sap.get_inventory",
        "mes.get_machine_status",
    ] {
        run(name).await;
    }
    let counted = list(&world.engine, &admin).await.unwrap();
    let sap = of(&counted, System::Sap);
    let stock = sap
        .operations
        .iter()
        .find(|used| used.operation.name == "sap.get_inventory")
        .unwrap();
    let expected = CacheStats {
        hits: 2,
        misses: 1,
        evicted: 0,
        entries: 1,
        bytes: stock.cache.bytes,
    };
    assert!(stock.cache.bytes > 0);
    assert_eq!((stock.cache, sap.cache), (expected, expected));
    assert_eq!(
        (counted.cache.hits, counted.cache.misses, counted.cache.entries),
        (2, 2, 2)
    );
    assert_eq!(counted.cache_of_all, counted.cache, "there is one tenant");
    assert!(
        clear_cache(&world.engine, &person("otto", Role::Operator), System::Sap)
            .await
            .is_err()
    );
    clear_cache(&world.engine, &admin, System::Sap).await.unwrap();
    assert_eq!(world.audit.last().action, "cache.cleared");
    assert!(!run("sap.get_inventory").await.about.from_cache);
    assert!(
        run("mes.get_machine_status").await.about.from_cache,
        "the other system's answers stay"
    );
    assert_eq!(read.calls(), 3);
}

#[tokio::test]
async fn examining_a_connection_is_for_who_manages_it_and_is_written_down() {
    let (world, _) = connected();
    assert!(matches!(
        examine(&world.engine, &person("otto", Role::Operator), System::Mes).await,
        Err(EngineError::NotPermitted { .. })
    ));
    let admin = person("ada", Role::Admin);
    let findings = examine(&world.engine, &admin, System::Mes).await.unwrap();
    assert_eq!(findings[0].state, FindingState::Failed);
    assert_eq!(world.audit.last().action, "connection.examined");
    assert!(matches!(
        examine(&world.engine, &admin, System::Sap).await,
        Err(EngineError::NotConfigured(_))
    ));
}
