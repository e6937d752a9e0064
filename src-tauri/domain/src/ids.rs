//! Identifiers as types, so that one kind of id never stands where another is meant.
//!
//! Time-ordered ids are made through [`Ids`]; they reveal their creation time and are never used as a secret.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is already known to be such an id.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_id!(
    /// A tenant: one customer, plant or legal entity whose data never mixes with another's.
    TenantId
);
text_id!(
    /// A person who signs in to the console.
    UserId
);
text_id!(
    /// An agent that holds a gateway token.
    AgentId
);
text_id!(
    /// The name of an operation in the table, for example `sap.create_purchase_order`.
    OperationName
);

impl TenantId {
    /// The tenant that the environment names configure.
    #[must_use]
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }

    /// Whether the text can name a tenant and its folder: 1 to 64 of `a-z 0-9 _ -`, starting with a letter or digit.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !text.starts_with(['-', '_'])
    }
}

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an existing UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// Reads the text form; `None` when it is no UUID.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// An approval request; also the task id an agent waits on and the idempotency key sent upstream.
    ApprovalId
);
uuid_id!(
    /// One request through the console; the reference a person quotes and the log is searched by.
    RequestId
);

/// Source of identifiers and of unguessable bytes. Passed in, so that tests can make both repeatable.
pub trait Ids: Send + Sync {
    /// A new time-ordered UUID (version 7).
    fn uuid(&self) -> Uuid;

    /// Fills the buffer with bytes from a cryptographic source.
    fn random(&self, buffer: &mut [u8]);

    /// A new approval id.
    fn approval(&self) -> ApprovalId {
        ApprovalId::from_uuid(self.uuid())
    }

    /// A new request id.
    fn request(&self) -> RequestId {
        RequestId::from_uuid(self.uuid())
    }
}
