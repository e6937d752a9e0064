//! How dangerous a write is. Everything else about its approval follows from this.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Risk of an operation with its parameters, lowest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Decided by the policy where the setting allows it, and logged.
    Low,
    /// One operator.
    Medium,
    /// One operator with a reason, in a confirm dialog.
    High,
    /// Two different admins with a reason of 20 characters, who type the target.
    Critical,
}

impl Risk {
    /// The lower-case word used on the wire and in the digest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// One level higher; CRITICAL stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    /// How many different people must approve; LOW is decided by the policy.
    #[must_use]
    pub const fn quorum(self) -> u32 {
        match self {
            Self::Low | Self::Medium | Self::High => 1,
            Self::Critical => 2,
        }
    }
}
