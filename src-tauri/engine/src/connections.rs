//! The connected systems as an administrator looks at them: health with its history, traffic, feeds, operations and cache.
//!
//! Everybody signed in sees how systems are; what failed in detail and every action is for who manages connections.

use std::collections::BTreeMap;

use andon_domain::audit::AuditEvent;
use andon_domain::operations::Operation;
use andon_domain::ports::{CacheStats, Feed, Finding, Traffic};
use andon_domain::{Caller, Permission, System, operations};

use crate::access::permit;
use crate::audit;
use crate::cache::add;
use crate::dispatch::not_configured;
use crate::error::EngineError;
use crate::status::{HealthSample, SystemStatus, overview};
use crate::watch::{FeedView, feeds_view};
use crate::world::{Engine, Tenant};

/// Every connection of a tenant.
#[derive(Clone)]
pub struct Connections {
    /// The connections, configured or not.
    pub connections: Vec<Connection>,
    /// Counts of the tenant's cache.
    pub cache: CacheStats,
    /// Counts of the caches of all tenants together.
    pub cache_of_all: CacheStats,
    /// Whether the caller may manage them.
    pub may_manage: bool,
}

/// One connected system.
#[derive(Clone)]
pub struct Connection {
    /// How it is.
    pub status: SystemStatus,
    /// Whether it is configured.
    pub is_configured: bool,
    /// The newest checks, oldest first.
    pub checks: Vec<HealthSample>,
    /// What was exchanged; absent when it is not configured. Without troubles for who may not manage connections.
    pub traffic: Option<Traffic>,
    /// Its feeds with the number of records in the mirror; absent when the mirror cannot be read.
    pub feeds: Vec<(FeedView, Option<u64>)>,
    /// Its operations.
    pub operations: Vec<OperationUse>,
    /// Counts of the tenant's cache for its operations.
    pub cache: CacheStats,
}

/// One operation of a system.
#[derive(Clone, Copy)]
pub struct OperationUse {
    /// Its entry in the table.
    pub operation: &'static Operation,
    /// Whether it can be called.
    pub is_available: bool,
    /// Counts of the tenant's cache for it.
    pub cache: CacheStats,
}

/// Every connection as it is known now; asks no system.
///
/// # Errors
/// Not permitted.
pub async fn list(engine: &Engine, caller: &Caller) -> Result<Connections, EngineError> {
    let overview = overview(engine, caller)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let may_manage = permit(caller, Permission::ConnectorManage).is_ok();
    let feeds = feeds_view(engine, caller)?;
    let records = match tenant.parts.mirror.counts().await {
        Ok(records) => Some(records),
        Err(error) => {
            tracing::warn!(tenant = %tenant.parts.id, detail = %error.detail, "records in the mirror: {error}");
            None
        }
    };
    let cache = tenant.cache.stats_by_operation();
    let connection = |status: SystemStatus| {
        let system = status.system;
        let operations = operations_of(tenant, system, &cache);
        let feeds = feeds.iter().filter(|feed| feed.system == system);
        Connection {
            is_configured: tenant.parts.systems.connectors.contains_key(&system),
            checks: tenant.health.checks(system),
            traffic: traffic(tenant, system, may_manage),
            feeds: feeds
                .map(|view| (view.clone(), count(records.as_ref(), view.feed)))
                .collect(),
            cache: operations
                .iter()
                .map(|used| used.cache)
                .fold(CacheStats::default(), add),
            operations,
            status,
        }
    };
    Ok(Connections {
        connections: overview.systems.into_iter().map(connection).collect(),
        cache: overview.cache,
        cache_of_all: engine
            .tenants()
            .map(|tenant| tenant.cache.stats())
            .fold(CacheStats::default(), add),
        may_manage,
    })
}

fn traffic(tenant: &Tenant, system: System, may_manage: bool) -> Option<Traffic> {
    let mut traffic = tenant.parts.systems.connectors.get(&system)?.traffic();
    if !may_manage {
        traffic.troubles.clear();
    }
    Some(traffic)
}

/// A feed without records is not in the counts.
fn count(records: Option<&BTreeMap<Feed, u64>>, feed: Feed) -> Option<u64> {
    records.map(|records| records.get(&feed).copied().unwrap_or(0))
}

fn operations_of(
    tenant: &Tenant,
    system: System,
    cache: &BTreeMap<&'static str, CacheStats>,
) -> Vec<OperationUse> {
    let systems = &tenant.parts.systems;
    let of_system = operations::table()
        .iter()
        .filter(|operation| operation.system == system);
    of_system
        .map(|operation| OperationUse {
            operation,
            is_available: systems.reads.contains_key(operation.name)
                || systems.writes.contains_key(operation.name),
            cache: cache.get(operation.name).copied().unwrap_or_default(),
        })
        .collect()
}

/// Looks at every service of a system that is needed, and says what is there, what is missing and what to do.
///
/// # Errors
/// Not permitted or not configured, or the audit log failed.
pub async fn examine(engine: &Engine, caller: &Caller, system: System) -> Result<Vec<Finding>, EngineError> {
    permit(caller, Permission::ConnectorManage)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let connector = tenant
        .parts
        .systems
        .connectors
        .get(&system)
        .ok_or_else(|| not_configured(system))?;
    let event = AuditEvent::new(
        caller,
        engine.clock.now(),
        "connection.examined",
        system.as_str().to_owned(),
    );
    audit::note(engine, tenant, event).await?;
    Ok(connector.examine().await)
}

/// Forgets every cached answer of a system.
///
/// # Errors
/// Not permitted, or the audit log failed.
pub async fn clear_cache(engine: &Engine, caller: &Caller, system: System) -> Result<(), EngineError> {
    permit(caller, Permission::ConnectorManage)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let event = AuditEvent::new(
        caller,
        engine.clock.now(),
        "cache.cleared",
        system.as_str().to_owned(),
    );
    audit::note(engine, tenant, event).await?;
    let of_system = operations::table()
        .iter()
        .filter(|operation| operation.system == system);
    let names: Vec<&'static str> = of_system.map(|operation| operation.name).collect();
    tenant.cache.invalidate(&names);
    Ok(())
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
