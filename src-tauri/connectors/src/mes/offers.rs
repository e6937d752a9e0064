//! What this MES offers: the `capabilities` of its `/health`, learnt at the first need and again at each health check. A
//! missing optional part is no error.

use std::sync::PoisonError;

use andon_domain::ports::Feed;
use andon_domain::{PortError, PortErrorKind};

use super::{Mes, health};

/// A part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Machines,
    Downtime,
    Orders,
    Quality,
    History,
    Calendar,
    Events,
    Commands,
}

/// Parts that every MES serves by the contract.
const MANDATORY: [Part; 4] = [Part::Machines, Part::Orders, Part::Downtime, Part::Quality];

impl Part {
    /// Its path under `api/v1/`, which is also its name among the capabilities.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Machines => "machines/status",
            Self::Downtime => "downtime-events",
            Self::Orders => "production-orders",
            Self::Quality => "quality-reports",
            Self::History => "machines/history",
            Self::Calendar => "calendar",
            Self::Events => "events",
            Self::Commands => "commands",
        }
    }

    /// Its name for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Machines => "machine status",
            Self::Downtime => "downtime events",
            Self::Orders => "production orders",
            Self::Quality => "quality reports",
            Self::History => "machine history",
            Self::Calendar => "a shift calendar",
            Self::Events => "an event stream",
            Self::Commands => "commands",
        }
    }

    /// Whether a MES may lack it.
    pub(super) const fn is_optional(self) -> bool {
        matches!(
            self,
            Self::History | Self::Calendar | Self::Events | Self::Commands
        )
    }

    /// The part behind a feed of the mirror.
    pub(super) const fn of(feed: Feed) -> Option<Self> {
        match feed {
            Feed::Machines => Some(Self::Machines),
            Feed::Downtime => Some(Self::Downtime),
            Feed::ProductionOrders => Some(Self::Orders),
            Feed::Quality => Some(Self::Quality),
            Feed::MachineHistory => Some(Self::History),
            Feed::Calendar => Some(Self::Calendar),
            Feed::PurchaseOrders | Feed::Stock | Feed::CostCenters | Feed::Materials => None,
        }
    }
}

/// What the MES announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers(Vec<String>);

impl Offers {
    /// From the words of `/health`, with or without `/api/v1/` before them.
    pub(super) fn new<'a>(capabilities: impl IntoIterator<Item = &'a str>) -> Self {
        let plain = |word: &str| {
            let word = word.trim().trim_matches('/').to_ascii_lowercase();
            word.strip_prefix("api/v1/").unwrap_or(&word).to_owned()
        };
        Self(capabilities.into_iter().map(plain).collect())
    }

    fn names(&self, part: Part) -> bool {
        self.0.iter().any(|word| word == part.path())
    }

    /// Whether the part is there. A MES that names none of what every MES serves has not left it out, it was only brief.
    pub(super) fn has(&self, part: Part) -> bool {
        let is_brief = !MANDATORY.iter().any(|part| self.names(*part));
        self.names(part) || (!part.is_optional() && is_brief)
    }
}

impl Mes {
    /// What is known of the offers.
    pub(super) fn offers(&self) -> Option<Offers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note_offers(&self, offers: Offers) {
        *self.offers.lock().unwrap_or_else(PoisonError::into_inner) = Some(offers);
    }

    /// Fails where the MES does not offer the part. Asks what it offers where that is not known and matters.
    pub(super) async fn need(&self, part: Part) -> Result<(), PortError> {
        let known = match self.offers() {
            None if part.is_optional() => Some(self.learn().await?),
            known => known,
        };
        if known.is_none_or(|offers| offers.has(part)) {
            return Ok(());
        }
        let message = format!("this MES does not offer {}", part.name());
        Err(PortError {
            attempts: 0,
            ..Self::failure(PortErrorKind::NotFound, &message)
        })
    }

    /// Asks `/health` what is offered, once for all who want to know at the same time.
    pub(super) async fn learn(&self) -> Result<Offers, PortError> {
        let _turn = self.learning.lock().await;
        if let Some(known) = self.offers() {
            return Ok(known);
        }
        health::look(self).await?;
        self.offers().ok_or_else(|| {
            Self::failure(
                PortErrorKind::Unavailable,
                "is down and does not say what it offers",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_understood_however_they_are_written() {
        let offers = Offers::new([
            "/api/v1/machines/history",
            "Calendar/",
            "api/v1/production-orders",
        ]);
        for (part, is_there) in [
            (Part::History, true),
            (Part::Calendar, true),
            (Part::Events, false),
            (Part::Orders, true),
            (Part::Quality, false),
        ] {
            assert_eq!(offers.has(part), is_there, "{part:?}");
        }
        let brief = Offers::new(["events"]);
        assert!(
            brief.has(Part::Quality) && brief.has(Part::Events) && !brief.has(Part::Commands),
            "what every MES serves need not be named"
        );
    }
}
