//! What a request is about, and the request itself.

use std::fmt;

use serde_json::Value;

/// What a request is about; two requests about one subject are never open at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Material {
        material: &'static str,
        plant: &'static str,
    },
    Order(String),
    Machine(String),
}

/// A request that a person may have to decide on.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The idempotency key.
    pub(crate) key: String,
    pub(crate) tool: &'static str,
    pub(crate) subject: Subject,
    pub(crate) arguments: Value,
    pub(crate) approval_id: Option<String>,
}

impl Ask {
    /// A request with a key of its own, on behalf of somebody.
    pub(crate) fn new(
        tool: &'static str,
        subject: Subject,
        mut arguments: Value,
        on_behalf_of: &str,
    ) -> Self {
        let key = format!("demo-{}", uuid::Uuid::new_v4().simple());
        arguments["on_behalf_of"] = Value::from(on_behalf_of);
        arguments["idempotency_key"] = Value::from(key.as_str());
        Self {
            key,
            tool,
            subject,
            arguments,
            approval_id: None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Material { material, plant } => write!(f, "{material} in {plant}"),
            Self::Order(id) | Self::Machine(id) => f.write_str(id),
        }
    }
}
