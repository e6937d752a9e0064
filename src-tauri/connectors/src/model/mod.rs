//! A language model behind any OpenAI-compatible server, asked for one SQL statement at a time.
//!
//! Nothing the model answers is trusted: what is found here is a text that the guard then judges.

mod extract;
mod prompt;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use andon_domain::ports::{Model, ModelReply, ModelRequest};
use andon_domain::text::visible;
use andon_domain::{Clock, PortError, PortErrorKind, System};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sap::refuse;
use crate::transport::{
    Answer, AuthKind, Call, ConfigProblem, CredentialSource, HttpRule, Limits, Names, Transport,
    TransportSettings, check_endpoint,
};

/// Settings of a model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// Base address, for example `http://127.0.0.1:11434/v1`.
    pub endpoint: Url,
    /// Name of the model on that server.
    pub model: String,
    /// Whether plain HTTP may leave this machine.
    pub http: HttpRule,
    /// Certificates to trust besides the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Limits of the transport. The answer comes in one piece, so silence is allowed for the whole time.
    pub limits: Limits,
}

impl ModelConfig {
    /// Settings with the documented defaults.
    #[must_use]
    pub fn new(endpoint: Url, model: impl Into<String>) -> Self {
        let limits = Limits {
            body: 1024 * 1024,
            ..Limits::default()
        };
        let limits = Limits {
            idle: limits.total,
            ..limits
        };
        Self {
            endpoint,
            model: model.into(),
            http: HttpRule::default(),
            ca_file: None,
            limits,
        }
    }

    /// Everything that is wrong with the settings; empty when they can be used.
    #[must_use]
    pub fn check(&self) -> Vec<ConfigProblem> {
        let mut problems: Vec<_> = check_endpoint("endpoint", &self.endpoint, self.http)
            .into_iter()
            .collect();
        if self.model.trim().is_empty() {
            problems.push(ConfigProblem {
                field: "model".to_owned(),
                value: self.model.clone(),
                problem: "is empty".to_owned(),
                remedy: "Give the model's name as its server lists it.".to_owned(),
            });
        }
        problems
    }
}

/// A model behind the chat completions interface.
pub struct ChatModel {
    config: ModelConfig,
    transport: Transport,
}

impl ChatModel {
    /// Builds the connection; nothing is sent yet. The key is optional: servers on this machine need none.
    ///
    /// # Errors
    /// [`PortErrorKind::NotConfigured`] with the first problem of [`ModelConfig::check`].
    pub fn new(
        config: ModelConfig,
        credentials: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PortError> {
        refuse(System::Model, &config.check())?;
        let mut endpoint = config.endpoint.clone();
        endpoint.set_path(&format!("{}/", endpoint.path().trim_end_matches('/')));
        let settings = TransportSettings {
            system: System::Model,
            endpoint,
            http: config.http,
            auth: AuthKind::BearerIfSet,
            ca_file: config.ca_file.clone(),
            names: Names::default(),
            limits: config.limits.clone(),
        };
        let transport = Transport::new(settings, credentials, clock)?;
        Ok(Arc::new(Self { config, transport }))
    }

    /// The key changed, or a person asks for another try after it was refused.
    pub fn credentials_changed(&self) {
        self.transport.credentials_changed();
    }
}

#[async_trait]
impl Model for ChatModel {
    async fn write_sql(&self, request: &ModelRequest) -> Result<ModelReply, PortError> {
        let mut address = self.transport.endpoint().clone();
        address.set_path(&format!("{}chat/completions", address.path()));
        let body = json!({
            "model": self.config.model,
            "temperature": 0,
            "stream": false,
            "messages": prompt::messages(request),
        });
        let mut call = Call::new(address)
            .header("accept", "application/json")
            .header("content-type", "application/json");
        call.body = Some(Bytes::from(body.to_string()));
        let answer = self
            .transport
            .post(&call)
            .await
            .map_err(|failure| failure.error)?;
        if answer.status != 200 {
            return Err(refused(&answer));
        }
        let completion: Completion = serde_json::from_slice(&answer.body).map_err(|e| {
            answer
                .failure(
                    System::Model,
                    PortErrorKind::Protocol,
                    "answered something unreadable",
                )
                .detail(e.to_string())
        })?;
        let tokens = completion.usage.and_then(|usage| usage.total_tokens);
        let said = completion
            .choices
            .into_iter()
            .next()
            .map(|choice| text_of(&choice.message.content))
            .unwrap_or_default();
        match extract::statement(&said) {
            Some(found) => Ok(ModelReply {
                sql: found.sql,
                assumptions: found.assumptions,
                tokens,
            }),
            None => {
                let message = "answered without a statement; ask in other words";
                Err(answer
                    .failure(System::Model, PortErrorKind::Rejected, message)
                    .detail(visible(&said, 1_000)))
            }
        }
    }

    fn name(&self) -> String {
        self.config.model.clone()
    }
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Value,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    total_tokens: Option<u64>,
}

/// Content is a text, or a list of parts with texts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}

fn refused(answer: &Answer) -> PortError {
    let (kind, message) = match answer.status {
        403 => (PortErrorKind::Forbidden, "does not permit this to the connection"),
        404 => (
            PortErrorKind::NotFound,
            "is not known to its server, or the address is wrong",
        ),
        429 => (
            PortErrorKind::Unavailable,
            "asks for fewer requests, or the quota is used up",
        ),
        300..=399 => (
            PortErrorKind::Protocol,
            "sends us to another address, which is never followed",
        ),
        400..=499 => (PortErrorKind::Rejected, "did not accept the request"),
        503 => (PortErrorKind::Unavailable, "is overloaded or being maintained"),
        _ => (PortErrorKind::Unavailable, "has trouble of its own"),
    };
    let body = visible(&String::from_utf8_lossy(&answer.body), 1_000);
    answer
        .failure(System::Model, kind, message)
        .detail(format!("status {}: {body}", answer.status))
}
