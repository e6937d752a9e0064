//! Binds ports to their adapters: every entry of the operation table to its connector, every store to its file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use andon_api::Credentials;
use andon_connectors::mes::Mes;
use andon_connectors::model::ChatModel;
use andon_connectors::sap::Sap;
use andon_connectors::sql::SqliteSource;
use andon_connectors::transport::CredentialSource;
use andon_domain::ports::{Connector, FeedSource, KeyringState, Model, PlantFeed, SecretStore};
use andon_domain::{Clock, Ids, PortError, Secret, System, TenantId};
use andon_engine::{EngineParts, Systems, TenantParts};
use andon_guard::{ColumnPolicy, Limits, Policy, TablePolicy};
use andon_store::{MirrorSource, Store};
use anyhow::Context;
use async_trait::async_trait;

use crate::clock::{SystemClock, SystemIds};
use crate::config::{Config, EnvironmentSecrets};

/// The engine's parts and the connections, which must hear of new credentials.
pub(crate) struct Wired {
    pub(crate) parts: EngineParts,
    pub(crate) connections: Arc<Connections>,
}

/// The connections of tenant `default`.
pub(crate) struct Connections {
    sap: Option<Arc<Sap>>,
    mes: Option<Arc<Mes>>,
    model: Option<Arc<ChatModel>>,
}

impl Credentials for Connections {
    fn secret_name(&self, tenant: &TenantId, system: System) -> Option<String> {
        let is_there = match system {
            System::Sap => self.sap.is_some(),
            System::Mes => self.mes.is_some(),
            System::Model => self.model.is_some(),
            System::Sql | System::Storage | System::Keyring => false,
        };
        is_there.then(|| secret_name(tenant, system))
    }

    fn changed(&self, _tenant: &TenantId, system: System) {
        match system {
            System::Sap => self.sap.iter().for_each(|sap| sap.credentials_changed()),
            System::Mes => self.mes.iter().for_each(|mes| mes.credentials_changed()),
            System::Model => self.model.iter().for_each(|model| model.credentials_changed()),
            System::Sql | System::Storage | System::Keyring => {}
        }
    }
}

/// Name in the keyring of a connection's one secret.
pub(crate) fn secret_name(tenant: &TenantId, system: System) -> String {
    let system = match system {
        System::Sap => "sap/password",
        System::Mes => "mes/token",
        System::Model => "model/key",
        System::Sql | System::Storage | System::Keyring => "unused",
    };
    format!("{tenant}/{system}")
}

/// The keyring as one installation sees it. Two consoles of one user (a demo, a test, a real one) share the keyring and
/// must not overwrite each other's keys.
struct OwnKeyring {
    keyring: Arc<dyn SecretStore>,
    installation: String,
}

impl OwnKeyring {
    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.installation)
    }
}

#[async_trait]
impl SecretStore for OwnKeyring {
    async fn get(&self, name: &str) -> Result<Option<Secret>, PortError> {
        self.keyring.get(&self.name(name)).await
    }

    async fn set(&self, name: &str, secret: &Secret) -> Result<(), PortError> {
        self.keyring.set(&self.name(name), secret).await
    }

    async fn remove(&self, name: &str) -> Result<(), PortError> {
        self.keyring.remove(&self.name(name)).await
    }

    async fn state(&self) -> KeyringState {
        self.keyring.state().await
    }
}

/// The id of this installation, made with the data folder.
fn installation(data_dir: &Path, ids: &dyn Ids) -> anyhow::Result<String> {
    let path = data_dir.join("installation");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    if !known.trim().is_empty() {
        return Ok(known.trim().to_owned());
    }
    let id = ids.uuid().to_string();
    crate::start::write_private(&path, &id).context("the data folder cannot be written")?;
    Ok(id)
}

/// A connection's secret: from the environment when it stands there, else from the keyring.
struct SecretOf {
    store: Arc<dyn SecretStore>,
    name: String,
    from_environment: Option<Secret>,
}

#[async_trait]
impl CredentialSource for SecretOf {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        match &self.from_environment {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.store.get(&self.name).await,
        }
    }
}

/// Puts the parts together. Nothing is sent yet.
pub(crate) fn build(config: &Config, store: &Arc<Store>, data_dir: &Path) -> anyhow::Result<Wired> {
    let tenant = TenantId::default_tenant();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let installation = installation(data_dir, &*ids)?;
    let secrets: Arc<dyn SecretStore> = Arc::new(OwnKeyring {
        keyring: andon_store::keyring(),
        installation,
    });
    let connections = Arc::new(connect(config, &tenant, &secrets, &clock)?);
    let mirror = store
        .mirror_of(&tenant, &sources(&connections))
        .context("the mirror cannot be opened")?;
    let parts = TenantParts {
        id: tenant.clone(),
        name: config.tenant_name.clone(),
        environment: config.environment.clone(),
        time_zone: None,
        systems: bind(&connections),
        source: Arc::new(SqliteSource::open(mirror.path())),
        mirror,
        query_policy: query_policy()?,
        risk_policy: config.risk_policy.clone(),
        audit: store.audit(&tenant),
        cache_limits: config.cache_limits,
        cache_ttl_s: config.cache_ttl_s,
        minor_stop_below: config.minor_stop_below,
        feed_intervals: config.feed_intervals.clone(),
    };
    let parts = EngineParts {
        clock,
        ids,
        journal: store.journal(),
        agents: store.agents(),
        settings: store.settings(),
        history: store.history(),
        secrets,
        tenants: vec![parts],
        crash_at: config.crash_at.clone(),
    };
    Ok(Wired { parts, connections })
}

/// Builds the connections and drops them again: what stands in the way, such as an unreadable CA file, is an error. Nothing
/// is sent.
pub(crate) fn try_connections(config: &Config) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    connect(
        config,
        &TenantId::default_tenant(),
        &andon_store::keyring(),
        &clock,
    )
    .map(drop)
}

fn connect(
    config: &Config,
    tenant: &TenantId,
    secrets: &Arc<dyn SecretStore>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Connections> {
    let EnvironmentSecrets { sap, mes, model } = config.secrets.clone();
    let source = |system, from_environment| -> Arc<dyn CredentialSource> {
        Arc::new(SecretOf {
            store: Arc::clone(secrets),
            name: secret_name(tenant, system),
            from_environment,
        })
    };
    let sap = config
        .sap
        .clone()
        .map(|settings| Sap::new(settings, source(System::Sap, sap), Arc::clone(clock)));
    let mes = config
        .mes
        .clone()
        .map(|settings| Mes::new(settings, source(System::Mes, mes), Arc::clone(clock)));
    let model = config
        .model
        .clone()
        .map(|settings| ChatModel::new(settings, source(System::Model, model), Arc::clone(clock)));
    Ok(Connections {
        sap: sap.transpose()?,
        mes: mes.transpose()?,
        model: model.transpose()?,
    })
}

/// The systems that the mirror is a copy of.
fn sources(connections: &Connections) -> Vec<MirrorSource> {
    let sap = connections.sap.iter().map(|sap| (System::Sap, sap.source()));
    let mes = connections.mes.iter().map(|mes| (System::Mes, mes.source()));
    let source = |(system, fingerprint)| MirrorSource { system, fingerprint };
    sap.chain(mes).map(source).collect()
}

/// Every entry of the operation table and the function behind it.
fn bind(connections: &Connections) -> Systems {
    let mut systems = Systems {
        reads: HashMap::new(),
        writes: HashMap::new(),
        connectors: BTreeMap::new(),
        ..Systems::default()
    };
    if let Some(sap) = &connections.sap {
        systems
            .reads
            .insert("sap.get_purchase_orders", sap.purchase_orders_read());
        systems.reads.insert("sap.get_inventory", sap.inventory_read());
        systems
            .reads
            .insert("sap.get_cost_centers", sap.cost_centers_read());
        systems.reads.insert("sap.get_materials", sap.materials_read());
        systems
            .writes
            .insert("sap.create_purchase_order", sap.create_purchase_order());
        systems
            .connectors
            .insert(System::Sap, Arc::clone(sap) as Arc<dyn Connector>);
        systems.erp = Some(Arc::clone(sap) as Arc<dyn FeedSource>);
    }
    if let Some(mes) = &connections.mes {
        systems.reads.extend([
            ("mes.get_machine_status", mes.machine_status_read()),
            ("mes.get_production_orders", mes.production_orders_read()),
            ("mes.get_downtime_events", mes.downtime_events_read()),
            ("mes.get_quality_reports", mes.quality_reports_read()),
            ("mes.get_machine_history", mes.machine_history_read()),
            ("mes.get_shift_calendar", mes.shift_calendar_read()),
        ]);
        systems.writes.extend([
            ("mes.hold_production_order", mes.hold_production_order()),
            ("mes.release_production_order", mes.release_production_order()),
            ("mes.set_cycle_target", mes.set_cycle_target()),
        ]);
        systems
            .connectors
            .insert(System::Mes, Arc::clone(mes) as Arc<dyn Connector>);
        systems.plant = Some(Arc::clone(mes) as Arc<dyn PlantFeed>);
    }
    systems.model = connections.model.clone().map(|model| model as Arc<dyn Model>);
    systems
}

/// What analysts may query: the published tables of the mirror and nothing else in the file.
pub(crate) fn query_policy() -> anyhow::Result<Policy> {
    let tables = andon_store::mirror_schema().iter().map(|table| TablePolicy {
        name: table.name.to_owned(),
        description: Some(table.description.to_owned()),
        columns: table
            .columns
            .iter()
            .map(|column| ColumnPolicy {
                name: column.name.to_owned(),
                description: Some(column.description.to_owned()),
                class: column.class,
            })
            .collect(),
    });
    Policy::new(tables.collect(), Limits::default()).context("the mirror's tables make no query policy")
}

#[cfg(test)]
mod tests {
    use super::*;
    use andon_domain::operations::{Effect, table};

    fn connected(mes: &str, client: Option<&str>) -> Connections {
        let environment = |name: &str| match name {
            "SAP_ODATA_ENDPOINT" => Some("http://127.0.0.1:1/sap/opu/odata/sap".to_owned()),
            "SAP_USERNAME" => Some("TECH".to_owned()),
            "MES_REST_ENDPOINT" => Some(mes.to_owned()),
            _ => None,
        };
        let mut config = crate::config::load(None, &environment).unwrap();
        if let Some(sap) = &mut config.sap {
            sap.client = client.map(str::to_owned);
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        connect(
            &config,
            &TenantId::default_tenant(),
            &andon_store::keyring(),
            &clock,
        )
        .unwrap()
    }

    #[test]
    fn the_mirror_is_of_an_address_and_a_client() {
        let source = |mes: &str, client| {
            let [sap, mes] = <[_; 2]>::try_from(sources(&connected(mes, client))).unwrap();
            (sap.fingerprint, mes.fingerprint)
        };
        let usual = source("http://127.0.0.1:2", None);
        assert_eq!(usual, source("http://127.0.0.1:2/", None));
        assert_ne!(
            usual.1,
            source("http://127.0.0.1:3", None).1,
            "the demo has another port each time"
        );
        assert_ne!(usual.1, source("http://127.0.0.1:2/test", None).1);
        assert_ne!(usual.0, source("http://127.0.0.1:2", Some("100")).0);
    }

    #[test]
    fn every_operation_of_the_table_is_bound() {
        let systems = bind(&connected("http://127.0.0.1:2", None));
        for operation in table() {
            let is_bound = match operation.effect {
                Effect::Read => systems.reads.contains_key(operation.name),
                Effect::Write => systems.writes.contains_key(operation.name),
            };
            assert!(
                is_bound,
                "{} is in the table and bound to nothing",
                operation.name
            );
        }
        assert_eq!(
            systems.reads.len() + systems.writes.len(),
            table().len(),
            "something is bound that is not in the table"
        );
    }

    #[test]
    fn the_mirror_makes_a_query_policy() {
        let policy = query_policy().unwrap();
        assert!(policy.tables().any(|table| table.name == "downtime_events"));
    }
}
