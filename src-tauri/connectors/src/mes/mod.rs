//! MES over "Plant REST v1": all its lists, the event stream, health, and commands where the MES announces them.
//!
//! Records are read tolerantly: an unknown word becomes `unknown` with the raw text kept, a missing or wrong field is named
//! in the record's `incomplete`, and only a record without its key is left out.

mod clock;
mod commands;
mod config;
mod events;
mod examine;
mod feeds;
mod fields;
mod health;
mod lists;
mod offers;
mod reads;
mod records;
mod sse;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_approvals::WriteOperation;
use andon_domain::ports::{
    Connector, Feed, FeedAsk, FeedRecords, FeedSource, Finding, Health, PlantEvents, PlantFeed,
    ReadOperation, Traffic,
};
use andon_domain::{Clock, PortError, PortErrorKind, System};
use async_trait::async_trait;

use commands::OrderStep;
pub use config::MesConfig;
use offers::{Offers, Part};
use words::StatusWords;

use crate::sap::refuse;
use crate::transport::{AuthKind, CredentialSource, Transport, TransportSettings};

/// A connection to one MES.
pub struct Mes {
    words: Arc<StatusWords>,
    transport: Transport,
    clock: Arc<dyn Clock>,
    /// User of the connection, for the fingerprint of where commands go.
    user: String,
    /// What the MES announced, once it did.
    offers: Mutex<Option<Offers>>,
    /// Held by the one who asks what is offered.
    learning: tokio::sync::Mutex<()>,
    /// Address and `ETag` of the last whole answer of each list of a feed.
    tags: Mutex<HashMap<&'static str, (String, String)>>,
    stream: Arc<StreamMemory>,
    skew: clock::Skew,
    /// Zone of the site, as the last health check said.
    time_zone: Mutex<Option<String>>,
}

/// What is remembered of the event stream from one connection to the next.
#[derive(Debug, Default)]
struct StreamMemory {
    /// Where the stream ended, to go on from there.
    last_event: Mutex<Option<String>>,
    /// What the MES asked to wait before a new connection, in milliseconds; zero where it did not.
    retry_ms: AtomicU64,
    /// Events that could not be read.
    unreadable: AtomicU64,
}

impl StreamMemory {
    fn last_event(&self) -> Option<String> {
        self.last_event
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep_event(&self, id: Option<String>) {
        *self.last_event.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

impl Mes {
    /// Builds the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortErrorKind::NotConfigured`] with the first problem of [`MesConfig::check`].
    pub fn new(
        config: MesConfig,
        credentials: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PortError> {
        refuse(System::Mes, &config.check())?;
        let user = match &config.auth {
            AuthKind::Basic { username } => username.clone(),
            AuthKind::OAuth2 { client_id, .. } => client_id.clone(),
            AuthKind::None | AuthKind::Bearer | AuthKind::BearerIfSet => String::new(),
        };
        let settings = TransportSettings {
            system: System::Mes,
            endpoint: config.base(),
            http: config.http,
            auth: config.auth,
            ca_file: config.ca_file,
            names: config.names,
            limits: config.limits,
        };
        let transport = Transport::new(settings, credentials, Arc::clone(&clock))?;
        let words = StatusWords::new(&config.machine_status, &config.order_status);
        Ok(Arc::new(Self {
            words: Arc::new(words),
            transport,
            clock,
            user,
            offers: Mutex::default(),
            learning: tokio::sync::Mutex::default(),
            tags: Mutex::default(),
            stream: Arc::default(),
            skew: clock::Skew::default(),
            time_zone: Mutex::default(),
        }))
    }

    /// The token changed, or a person asks for another try after a refused logon.
    pub fn credentials_changed(&self) {
        self.transport.credentials_changed();
        self.forget_tags();
    }

    /// What tells this MES from any other: its address.
    #[must_use]
    pub fn source(&self) -> String {
        let root = self.transport.endpoint();
        format!("{}{}", root.origin().ascii_serialization(), root.path())
    }

    /// `mes.get_machine_status`.
    #[must_use]
    pub fn machine_status_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::MachineStatusRead(Arc::clone(self)))
    }

    /// `mes.get_production_orders`.
    #[must_use]
    pub fn production_orders_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::ProductionOrdersRead(Arc::clone(self)))
    }

    /// `mes.get_downtime_events`.
    #[must_use]
    pub fn downtime_events_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::DowntimeEventsRead(Arc::clone(self)))
    }

    /// `mes.get_quality_reports`.
    #[must_use]
    pub fn quality_reports_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::QualityReportsRead(Arc::clone(self)))
    }

    /// `mes.get_machine_history`.
    #[must_use]
    pub fn machine_history_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::MachineHistoryRead(Arc::clone(self)))
    }

    /// `mes.get_shift_calendar`.
    #[must_use]
    pub fn shift_calendar_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(reads::ShiftCalendarRead(Arc::clone(self)))
    }

    /// `mes.hold_production_order`.
    #[must_use]
    pub fn hold_production_order(self: &Arc<Self>) -> Arc<dyn WriteOperation> {
        Arc::new(commands::OrderCommand {
            mes: Arc::clone(self),
            step: OrderStep::Hold,
        })
    }

    /// `mes.release_production_order`.
    #[must_use]
    pub fn release_production_order(self: &Arc<Self>) -> Arc<dyn WriteOperation> {
        Arc::new(commands::OrderCommand {
            mes: Arc::clone(self),
            step: OrderStep::Release,
        })
    }

    /// `mes.set_cycle_target`.
    #[must_use]
    pub fn set_cycle_target(self: &Arc<Self>) -> Arc<dyn WriteOperation> {
        Arc::new(commands::CycleCommand(Arc::clone(self)))
    }

    fn forget_tags(&self) {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn forget_tag(&self, list: &str) {
        self.tags
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(list);
    }

    fn failure(kind: PortErrorKind, message: &str) -> PortError {
        PortError::new(System::Mes, kind, message)
    }
}

#[async_trait]
impl FeedSource for Mes {
    /// Until the MES has said what it offers, what every MES serves.
    fn feeds(&self) -> Vec<Feed> {
        let offers = self.offers();
        let is_there = |part: Part| match &offers {
            Some(offers) => offers.has(part),
            None => !part.is_optional(),
        };
        Feed::ALL
            .into_iter()
            .filter(|feed| Part::of(*feed).is_some_and(is_there))
            .collect()
    }

    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError> {
        let records = feeds::fetch(self, feed, ask).await?;
        // The first contact; a MES that does not say what it offers now is asked again with the next answer.
        if self.offers().is_none() {
            let _ = self.learn().await;
        }
        Ok(records)
    }

    fn clock_skew_ms(&self) -> Option<i64> {
        self.skew.ahead_ms()
    }

    fn forget(&self) {
        self.forget_tags();
    }
}

#[async_trait]
impl PlantFeed for Mes {
    async fn listen(&self) -> Result<PlantEvents, PortError> {
        events::listen(self).await
    }

    fn reconnect_after(&self) -> Option<Duration> {
        events::retry_after(&self.stream)
    }

    fn time_zone(&self) -> Option<String> {
        self.time_zone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Connector for Mes {
    async fn check(&self) -> Health {
        health::check(self).await
    }

    fn traffic(&self) -> Traffic {
        self.transport.traffic()
    }

    async fn examine(&self) -> Vec<Finding> {
        examine::examine(self).await
    }
}
