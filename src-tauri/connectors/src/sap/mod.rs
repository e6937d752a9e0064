//! SAP over OData V2: purchase orders, stock, cost centres and materials, and the creation of purchase orders, with SAP's own
//! names and wire forms or those that a system has in their place.
//!
//! Not here: `$batch`, changes of existing documents.

mod amounts;
mod catalog;
mod chunks;
mod config;
mod cost_centers;
mod create;
mod doctor;
mod edm;
mod fault;
mod filter;
mod health;
mod languages;
mod materials;
mod metadata;
mod money;
mod names;
mod order_records;
mod orders;
mod reader;
mod rows;
mod services;
mod session;
mod stock;
mod valuation;
mod wire;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use andon_approvals::WriteOperation;
use andon_domain::ports::{
    Connector, Feed, FeedAsk, FeedRecords, FeedSource, Finding, Health, ReadOperation, Traffic,
};
use andon_domain::{CanonicalJson, Clock, PortError, PortErrorKind, System};
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

pub use config::SapConfig;
pub(crate) use config::refuse;
pub(crate) use health::{clock_is_off, health_of};
pub use names::{Names, Service, ServiceNames};

use crate::transport::{CredentialSource, Transport, TransportSettings};

/// A connection to one SAP system and client.
pub struct Sap {
    config: SapConfig,
    transport: Transport,
    clock: Arc<dyn Clock>,
    session: session::Sessions,
    narrowed: reader::Narrowed,
    services: services::Services,
}

impl Sap {
    /// Builds the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortErrorKind::NotConfigured`] with the first problem of [`SapConfig::check`].
    pub fn new(
        config: SapConfig,
        credentials: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PortError> {
        refuse(System::Sap, &config.check())?;
        let settings = TransportSettings {
            system: System::Sap,
            endpoint: config.base(),
            http: config.http,
            auth: config.auth.clone(),
            ca_file: config.ca_file.clone(),
            names: config.host_names.clone(),
            limits: config.limits.clone(),
        };
        let transport = Transport::new(settings, credentials, Arc::clone(&clock))?.with_logon(fault::logon);
        Ok(Arc::new(Self {
            config,
            transport,
            clock,
            session: session::Sessions::default(),
            narrowed: reader::Narrowed::default(),
            services: services::Services::default(),
        }))
    }

    /// The password or token changed, or a person asks for another try after a refused logon.
    pub fn credentials_changed(&self) {
        self.transport.credentials_changed();
    }

    /// What tells this SAP from any other: its address and client.
    #[must_use]
    pub fn source(&self) -> String {
        let root = self.transport.endpoint();
        let client = self.config.client.as_deref().unwrap_or("default");
        format!(
            "{}{} client {client}",
            root.origin().ascii_serialization(),
            root.path()
        )
    }

    /// `sap.get_purchase_orders`.
    #[must_use]
    pub fn purchase_orders_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(orders::PurchaseOrdersRead(Arc::clone(self)))
    }

    /// `sap.get_inventory`.
    #[must_use]
    pub fn inventory_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(stock::InventoryRead(Arc::clone(self)))
    }

    /// `sap.get_cost_centers`.
    #[must_use]
    pub fn cost_centers_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(cost_centers::CostCentersRead(Arc::clone(self)))
    }

    /// `sap.get_materials`.
    #[must_use]
    pub fn materials_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(materials::MaterialsRead(Arc::clone(self)))
    }

    /// `sap.create_purchase_order`.
    #[must_use]
    pub fn create_purchase_order(self: &Arc<Self>) -> Arc<dyn WriteOperation> {
        Arc::new(create::CreatePurchaseOrderWrite(Arc::clone(self)))
    }
}

impl Sap {
    /// When the time is over for a read that begins now and that somebody waits for.
    fn read_until(&self) -> Instant {
        Instant::now() + self.config.read_time
    }

    /// When the time is over for a feed that begins now.
    fn feed_until(&self) -> Instant {
        Instant::now() + self.config.feed_time
    }
}

/// A part of a read, ended when the time for the whole of it is over.
async fn in_time<T>(
    until: Instant,
    part: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    tokio::time::timeout_at(until, part).await.unwrap_or_else(|_| {
        let message = "did not give all rows in the time for one read; ask for less";
        Err(PortError::new(System::Sap, PortErrorKind::TimedOut, message))
    })
}

/// The feeds of the mirror and the service each is read from.
const FEEDS: [(Feed, Service); 4] = [
    (Feed::PurchaseOrders, Service::PurchaseOrders),
    (Feed::Stock, Service::Stock),
    (Feed::CostCenters, Service::CostCenters),
    (Feed::Materials, Service::Products),
];

#[async_trait]
impl FeedSource for Sap {
    fn feeds(&self) -> Vec<Feed> {
        FEEDS
            .into_iter()
            .filter(|(_, service)| !self.services.is_missing(*service))
            .map(|(feed, _)| feed)
            .collect()
    }

    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError> {
        match feed {
            Feed::PurchaseOrders => in_time(self.feed_until(), orders::feed(self, ask.changed_since))
                .await
                .map(FeedRecords::PurchaseOrders),
            Feed::Stock => stock::feed(self).await.map(FeedRecords::Stock),
            Feed::CostCenters => cost_centers::feed(self).await.map(FeedRecords::CostCenters),
            Feed::Materials => in_time(self.feed_until(), materials::feed(self))
                .await
                .map(FeedRecords::Materials),
            _ => Err(PortError::new(
                System::Sap,
                PortErrorKind::NotFound,
                "does not offer this feed",
            )),
        }
    }
}

#[async_trait]
impl Connector for Sap {
    async fn check(&self) -> Health {
        health::check(self).await
    }

    fn traffic(&self) -> Traffic {
        self.transport.traffic()
    }

    async fn examine(&self) -> Vec<Finding> {
        doctor::examine(self).await
    }
}

/// Reads the typed parameters of an operation. They were validated before; a failure here is a fault in our wiring.
pub(crate) fn typed<T: DeserializeOwned>(system: System, parameters: &CanonicalJson) -> Result<T, PortError> {
    parameters.read().map_err(|e| {
        let error = PortError::new(
            system,
            PortErrorKind::Invalid,
            "the parameters do not fit the operation",
        );
        PortError { attempts: 0, ..error }.detail(e.to_string())
    })
}

/// Records as JSON values, one after the other, so that no second copy of all of them is held.
pub(crate) fn values<T: Serialize>(system: System, records: Vec<T>) -> Result<Vec<Value>, PortError> {
    records
        .into_iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(|e| {
            PortError::new(system, PortErrorKind::Protocol, "the records cannot be written")
                .detail(e.to_string())
        })
}
