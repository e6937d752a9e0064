//! Data classes: how sensitive a value is, and who is cleared to see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::caller::Role;

/// The data class of a value, a column or a whole result. Ordered: a higher class is more sensitive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema, Default,
)]
pub enum Class {
    /// Class I, public.
    #[serde(rename = "class_i")]
    Public,
    /// Class II, internal.
    #[serde(rename = "class_ii")]
    #[default]
    Internal,
    /// Class III, business sensitive.
    #[serde(rename = "class_iii")]
    BusinessSensitive,
    /// Class IV, highly restricted.
    #[serde(rename = "class_iv")]
    HighlyRestricted,
}

impl Class {
    /// The highest class a role sees when nothing else is configured.
    #[must_use]
    pub const fn default_clearance(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Internal,
            Role::Operator => Self::BusinessSensitive,
            Role::Admin => Self::HighlyRestricted,
        }
    }

    /// The wire word, `class_i` to `class_iv`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "class_i",
            Self::Internal => "class_ii",
            Self::BusinessSensitive => "class_iii",
            Self::HighlyRestricted => "class_iv",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ordered_by_sensitivity_and_written_as_numerals() {
        assert!(Class::Public < Class::Internal && Class::BusinessSensitive < Class::HighlyRestricted);
        for class in [
            Class::Public,
            Class::Internal,
            Class::BusinessSensitive,
            Class::HighlyRestricted,
        ] {
            let wire = serde_json::to_string(&class).unwrap();
            assert_eq!(
                wire,
                format!("\"{}\"", class.as_str()),
                "serde and as_str must agree"
            );
        }
    }
}
