//! The MCP side of the agent: connect over streamable HTTP, list tools, call them.

use std::time::Duration;

use rmcp::ClientServiceExt as _;
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;

use super::reply::{self, Reply};

/// Longer than a gateway holds a call for a person.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The gateway did not answer as one; the reason is for the log.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) String);

/// A session with the gateway.
pub(crate) struct Gateway {
    service: RunningService<RoleClient, ClientConfig>,
    tools: Vec<String>,
}

impl Gateway {
    pub(crate) async fn connect(url: &str, token: &str) -> Result<Self, Lost> {
        // No proxy and no redirects: the gateway is on this machine or nowhere.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| Lost(error.to_string()))?;
        let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(token);
        let transport = StreamableHttpClientTransport::with_client(client, config);
        let identity = Implementation::new("demo-procurement-agent", env!("CARGO_PKG_VERSION"));
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let starting = ClientConfig::new(ClientCapabilities::default(), identity)
            .serve_with_lifecycle(transport, lifecycle);
        let service = tokio::time::timeout(CONNECT_TIMEOUT, Box::pin(starting))
            .await
            .map_err(|_| Lost("no answer to the first message".to_owned()))?
            .map_err(|error| Lost(error.to_string()))?;
        let tools = tokio::time::timeout(CONNECT_TIMEOUT, service.list_all_tools())
            .await
            .map_err(|_| Lost("no answer to the list of tools".to_owned()))?
            .map_err(|error| Lost(error.to_string()))?;
        Ok(Self {
            service,
            tools: tools.into_iter().map(|tool| tool.name.into_owned()).collect(),
        })
    }

    pub(crate) fn tools(&self) -> &[String] {
        &self.tools
    }

    /// Calls a reading tool; `None` when this agent may not, or the tool is not there.
    pub(crate) async fn read(&self, tool: &'static str, arguments: Value) -> Result<Option<Value>, Lost> {
        if !self.tools.iter().any(|known| known == tool) {
            return Ok(None);
        }
        match self.raw_call(tool, arguments).await? {
            Answer::Told {
                value,
                is_error: false,
            } => Ok(Some(value)),
            Answer::Told {
                value,
                is_error: true,
            } => {
                tracing::warn!(tool, answer = %shortened(&value.to_string()), "a reading was refused");
                Ok(None)
            }
            Answer::Refused { reason, .. } => {
                tracing::warn!(tool, reason, "a reading was refused");
                Ok(None)
            }
        }
    }

    /// Calls a tool that a person may have to decide on.
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> Result<Reply, Lost> {
        Ok(match self.raw_call(tool, arguments).await? {
            Answer::Told { value, is_error } => reply::read(&value, is_error),
            Answer::Refused {
                retry_after: Some(retry_after),
                ..
            } => Reply::SlowDown { retry_after },
            Answer::Refused {
                reason,
                retry_after: None,
            } => Reply::Refused { reason },
        })
    }

    async fn raw_call(&self, tool: &'static str, arguments: Value) -> Result<Answer, Lost> {
        let mut params = CallToolRequestParams::new(tool);
        if let Value::Object(arguments) = arguments {
            params = params.with_arguments(arguments);
        }
        let result = tokio::time::timeout(CALL_TIMEOUT, Box::pin(self.service.peer().call_tool(params)))
            .await
            .map_err(|_| Lost(format!("no answer from {tool}")))?;
        match result {
            Ok(result) => {
                let is_error = result.is_error == Some(true);
                let text = result.content.iter().find_map(|block| block.as_text());
                let value = match (&result.structured_content, text) {
                    (Some(value), _) => value.clone(),
                    (None, Some(text)) => {
                        serde_json::from_str(&text.text).unwrap_or_else(|_| Value::String(text.text.clone()))
                    }
                    (None, None) => Value::Null,
                };
                Ok(Answer::Told { value, is_error })
            }
            Err(ServiceError::McpError(error)) => {
                let data = error
                    .data
                    .as_ref()
                    .filter(|data| data.get("retry_after_ms").is_some());
                let retry_after = data.map(reply::wait);
                Ok(Answer::Refused {
                    reason: error.message.into_owned(),
                    retry_after,
                })
            }
            Err(error) => Err(Lost(error.to_string())),
        }
    }
}

/// What came back from a call.
enum Answer {
    Told {
        value: Value,
        is_error: bool,
    },
    /// The protocol's own error; with a time, the same call is welcome later.
    Refused {
        reason: String,
        retry_after: Option<Duration>,
    },
}

/// Answers can be long; a log line should not be.
fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
