//! What is known of the services: their descriptions, kept for a while, and which of them are not there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_domain::{PortError, PortErrorKind, System};
use tokio::time::Instant;

use super::Sap;
use super::fault::{self, code};
use super::metadata::Description;
use super::names::Service;
use crate::transport::{Answer, Call};

/// A description is read again after so long: services change with releases, not with hours.
const KEPT: Duration = Duration::from_secs(3_600);

/// Descriptions and absences of one connection.
#[derive(Default)]
pub(super) struct Services {
    described: Mutex<HashMap<Service, (Instant, Arc<Description>)>>,
    missing: Mutex<BTreeSet<Service>>,
}

impl Services {
    /// Whether SAP said that the service is not there.
    pub(super) fn is_missing(&self, service: Service) -> bool {
        self.missing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&service)
    }

    /// The services that SAP said are not there.
    pub(super) fn missing(&self) -> Vec<Service> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().copied().collect()
    }

    /// Learns from what became of a call to the service.
    pub(super) fn note<T>(&self, service: Service, result: &Result<T, PortError>) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => {
                missing.remove(&service);
            }
            Err(error) if is_not_there(error) => {
                missing.insert(service);
            }
            Err(_) => {}
        }
    }

    fn kept(&self, service: Service) -> Option<Arc<Description>> {
        let described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, description) = described.get(&service)?;
        (read.elapsed() < KEPT).then(|| Arc::clone(description))
    }

    fn keep(&self, service: Service, description: &Arc<Description>) {
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        described.insert(service, (Instant::now(), Arc::clone(description)));
    }
}

/// Whether the failure says that the service does not exist or is switched off.
pub(super) fn is_not_there(error: &PortError) -> bool {
    matches!(error.code, Some(code::NOT_ACTIVE | code::NOTHING_THERE))
}

impl Sap {
    /// What the service says of itself, read now or lately.
    pub(super) async fn description(&self, service: Service) -> Result<Arc<Description>, PortError> {
        if let Some(kept) = self.services.kept(service) {
            return Ok(kept);
        }
        let call = Call::new(self.address(service, "$metadata", &[]));
        self.describe(service, call)
            .await
            .map(|(description, _)| description)
    }

    /// What the service says of itself, read now by this call, with the answer it stood in.
    pub(super) async fn describe(
        &self,
        service: Service,
        call: Call,
    ) -> Result<(Arc<Description>, Answer), PortError> {
        let call = call
            .header("accept", "application/xml")
            .header("accept-language", &self.config.language);
        let result = self.answer(call).await.and_then(|answer| {
            let description = Description::read(fault::without_bom(&answer.body)).map_err(|unreadable| {
                let message = format!(
                    "describes the service {} in a way that cannot be read",
                    self.config.names.path(service)
                );
                answer
                    .failure(System::Sap, PortErrorKind::Protocol, message)
                    .code(code::NOT_ODATA)
                    .detail(unreadable.to_string())
            })?;
            Ok((Arc::new(description), answer))
        });
        self.services.note(service, &result);
        if let Ok((description, _)) = &result {
            self.services.keep(service, description);
        }
        result
    }
}
