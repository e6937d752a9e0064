//! MES over "Plant REST v1": machine status, downtime, the event stream and health. Read only.
//!
//! Records are read tolerantly: an unknown word becomes `unknown` with the raw text kept, a missing or wrong field is named
//! in the record's `incomplete`, and only a record without its key is left out.

mod config;
mod events;
mod fields;
mod health;
mod lists;
mod operations;
mod records;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use andon_domain::ports::{
    Connector, Feed, FeedAsk, FeedRecords, FeedSource, Finding, Health, PlantEvents, PlantFeed,
    ReadOperation, Traffic,
};
use andon_domain::{Clock, PortError, PortErrorKind, System};
use async_trait::async_trait;

pub use config::MesConfig;
use config::StatusWords;

use crate::sap::refuse;
use crate::transport::{CredentialSource, Transport, TransportSettings};

/// A connection to one MES.
pub struct Mes {
    words: Arc<StatusWords>,
    transport: Transport,
    clock: Arc<dyn Clock>,
    /// Address and `ETag` of the last whole answer of the machines feed.
    machines_tag: Mutex<Option<(String, String)>>,
    /// Where the stream ended, to go on from there.
    last_event: Arc<Mutex<Option<String>>>,
    /// Zone of the site, as the last health check said.
    time_zone: Mutex<Option<String>>,
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
        let words = Arc::new(StatusWords::new(&config.status_words));
        let (machines_tag, last_event) = (Mutex::default(), Arc::default());
        Ok(Arc::new(Self {
            words,
            transport,
            clock,
            machines_tag,
            last_event,
            time_zone: Mutex::default(),
        }))
    }

    /// The token changed, or a person asks for another try after a refused logon.
    pub fn credentials_changed(&self) {
        self.transport.credentials_changed();
        self.forget_machines_tag();
    }

    /// `mes.get_machine_status`.
    #[must_use]
    pub fn machine_status_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(operations::MachineStatusRead(Arc::clone(self)))
    }

    /// `mes.get_downtime_events`.
    #[must_use]
    pub fn downtime_events_read(self: &Arc<Self>) -> Arc<dyn ReadOperation> {
        Arc::new(operations::DowntimeEventsRead(Arc::clone(self)))
    }

    /// The next machines feed is read in full, whatever the `ETag` says; for when the mirror lost its copy.
    pub fn forget_machines_tag(&self) {
        *self.machines_tag.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn failure(kind: PortErrorKind, message: &str) -> PortError {
        PortError::new(System::Mes, kind, message)
    }
}

#[async_trait]
impl FeedSource for Mes {
    fn feeds(&self) -> Vec<Feed> {
        vec![Feed::Machines, Feed::Downtime]
    }

    async fn fetch(&self, feed: Feed, ask: &FeedAsk) -> Result<FeedRecords, PortError> {
        match feed {
            Feed::Machines => Ok(FeedRecords::Machines(operations::machines_feed(self).await?)),
            Feed::Downtime => {
                let batch = operations::downtime_feed(self, ask.window_since).await?;
                Ok(FeedRecords::Downtime(batch))
            }
            _ => Err(Self::failure(PortErrorKind::NotFound, "does not offer this feed")),
        }
    }

    fn forget(&self) {
        self.forget_machines_tag();
    }
}

#[async_trait]
impl PlantFeed for Mes {
    async fn listen(&self) -> Result<PlantEvents, PortError> {
        events::listen(self).await
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
        Vec::new()
    }
}
