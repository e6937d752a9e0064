//! How risky a request is, and how long people have for it.
//!
//! Two rules so far: the money a purchase order commits, and how far a cycle target moves. The rule book of conditions is
//! a later step and takes this place.

use std::time::Duration;

use andon_domain::operations::{Description, Operation};
use andon_domain::{Amount, Money, Risk};
use serde_json::Value;

/// The risk policy of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskPolicy {
    /// Below this value a purchase order is MEDIUM.
    pub medium_below: Money,
    /// Above this value it is CRITICAL.
    pub critical_above: Money,
    /// A cycle target that moves by at most so many percent is LOW.
    pub cycle_target_band_percent: Amount,
    /// Whether LOW requests are approved by the policy itself.
    pub auto_approve_low: bool,
    /// How long people have to decide.
    pub decide_within: Duration,
    /// How long an approved request may wait to be sent, after its undo window.
    pub execute_within: Duration,
}

/// The risk of one request, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// How risky.
    pub risk: Risk,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
}

impl RiskPolicy {
    /// Names this policy in digests and signatures; changes whenever a limit changes.
    #[must_use]
    pub fn version(&self) -> String {
        format!(
            "value/2 medium<{} critical>{} cycle_band={}% auto_low={} decide={}s execute={}s",
            self.medium_below,
            self.critical_above,
            self.cycle_target_band_percent,
            self.auto_approve_low,
            self.decide_within.as_secs(),
            self.execute_within.as_secs()
        )
    }

    /// The undo window before an approved request of this risk is sent.
    #[must_use]
    pub const fn undo_window(risk: Risk) -> Duration {
        match risk {
            Risk::Low | Risk::Critical => Duration::ZERO,
            Risk::Medium => Duration::from_secs(5),
            Risk::High => Duration::from_secs(3),
        }
    }

    /// How many different people must approve; none when the policy itself approves LOW requests.
    #[must_use]
    pub const fn quorum(&self, risk: Risk) -> u32 {
        match risk {
            Risk::Low if self.auto_approve_low => 0,
            other => other.quorum(),
        }
    }

    /// Judges a request. A parameter that the description does not cover raises the risk by one level.
    #[must_use]
    pub fn assess(&self, operation: &Operation, description: &Description, uncovered: usize) -> Assessment {
        let mut assessment = self.assess_value(operation, description);
        if uncovered > 0 {
            assessment.risk = assessment.risk.raised();
            assessment.reasons.push(format!(
                "{uncovered} parameters cannot be put into words and are shown raw"
            ));
        }
        assessment
    }

    fn assess_value(&self, operation: &Operation, description: &Description) -> Assessment {
        let judged = |risk, reason: String| Assessment {
            risk,
            reasons: vec![reason],
        };
        if operation.name == "mes.set_cycle_target" {
            return self.assess_cycle_target(description);
        }
        if operation.name != "sap.create_purchase_order" {
            return judged(
                operation.risk,
                format!("every request of this kind is {}", operation.risk.as_str()),
            );
        }
        let Some(value) = &description.value else {
            return judged(Risk::Critical, "the value cannot be computed".to_owned());
        };
        // An unknown currency counts as above the limit: nothing here converts money.
        if value.currency != self.critical_above.currency || value.currency != self.medium_below.currency {
            return judged(
                Risk::Critical,
                format!(
                    "{} is in a currency without a limit; limits are in {}",
                    value.in_words(),
                    self.critical_above.currency
                ),
            );
        }
        if value.amount > self.critical_above.amount {
            judged(
                Risk::Critical,
                format!(
                    "{} is above the limit of {}",
                    value.in_words(),
                    self.critical_above.in_words()
                ),
            )
        } else if value.amount < self.medium_below.amount {
            judged(
                Risk::Medium,
                format!("{} is below {}", value.in_words(), self.medium_below.in_words()),
            )
        } else {
            let limit = self.critical_above.in_words();
            judged(
                Risk::High,
                format!("{} commits money, up to the limit of {limit}", value.in_words()),
            )
        }
    }

    /// A small step within the band is everyday work; a larger one changes what a shift is measured by.
    fn assess_cycle_target(&self, description: &Description) -> Assessment {
        let band = self.cycle_target_band_percent;
        let (risk, reason) = match description.change_percent {
            None => (Risk::High, "how far it moves cannot be computed".to_owned()),
            Some(percent) if percent <= band => (
                Risk::Low,
                format!("the cycle target moves by no more than {band} %"),
            ),
            Some(_) => (
                Risk::Medium,
                format!("the cycle target moves by more than {band} %"),
            ),
        };
        Assessment {
            risk,
            reasons: vec![reason],
        }
    }
}

/// How many single parameters the description does not name.
#[must_use]
pub fn uncovered(parameters: &Value, description: &Description) -> usize {
    leaves(parameters).saturating_sub(description.rows.len())
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
