//! The tools as the protocol sees them: list, call, hold a call that waits for a person.
//!
//! A call that waits is only a waiter. When its client goes away the waiter is dropped and nothing else happens; what was
//! asked for is on disk and goes on without it.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use andon_api::agents::{Tool as AgentTool, WriteAnswer};
use andon_api::{ApiError, ErrorCode};
use andon_domain::{Secret, text};
use http::request::Parts;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion,
    ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answers;
use crate::config::GatewayConfig;
use crate::desk::Desk;

/// Revisions served. The oldest differs from the one after it in nothing we use and is what many agents still speak.
const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];
/// A call that took longer than this shows its token once more before it is answered, since it may have been revoked.
const CHECK_AGAIN_AFTER: Duration = Duration::from_millis(500);

const INSTRUCTIONS: &str = "Andon connects you to a plant's systems. Reading tools answer at once and say where the data is from and how \
old it is. Writing tools never act by themselves: a person decides each request. Say in rationale why you ask, and give an \
idempotency_key of your own. The call is held for up to 50 seconds; if nobody decided by then, the answer has the status pending and \
an approval_id: call await_approval with it, again and again, until the status is another one. Never repeat a request because it is \
pending. executed means done, exactly once. denied is a person's no: do not ask the same again. expired means nobody decided and \
nothing was done. unknown means it was sent but nobody knows whether it arrived: a person is checking, do not ask again. \
list_my_requests shows what you asked for, cancel_approval takes a request back.";

/// Who calls, as the door found out. Travels with the request.
#[derive(Clone)]
pub(crate) struct Visitor<A> {
    pub(crate) agent: A,
    pub(crate) token: Arc<Secret>,
}

/// The protocol's handler; one clone serves each session or request.
pub(crate) struct Tools<D> {
    desk: Arc<D>,
    hold: Duration,
    progress_every: Duration,
    max_answer_bytes: usize,
    closing: CancellationToken,
}

impl<D> Clone for Tools<D> {
    fn clone(&self) -> Self {
        Self {
            desk: Arc::clone(&self.desk),
            closing: self.closing.clone(),
            ..*self
        }
    }
}

impl<D: Desk> Tools<D> {
    pub(crate) fn new(desk: Arc<D>, config: &GatewayConfig, closing: CancellationToken) -> Self {
        let (hold, progress_every, max_answer_bytes) =
            (config.hold, config.progress_every, config.max_answer_bytes);
        Self {
            desk,
            hold,
            progress_every,
            max_answer_bytes,
            closing,
        }
    }

    async fn run(
        &self,
        visitor: &Visitor<D::Agent>,
        tool: &AgentTool,
        mut arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ApiError> {
        let agent = &visitor.agent;
        match (tool.operation, tool.name.as_str()) {
            (Some(operation), _) if tool.is_read_only => self
                .desk
                .read(agent, operation, arguments)
                .await
                .map(|read| answers::read(&read)),
            (Some(operation), _) => {
                // Taken in to the end even if the client leaves meanwhile.
                let (desk, agent) = (Arc::clone(&self.desk), agent.clone());
                let asked = tokio::spawn(async move { desk.request(&agent, operation, arguments).await });
                let Ok(asked) = asked.await else {
                    return Err(answers::interrupted());
                };
                let asked = asked?;
                if asked.is_final() {
                    return Ok(answers::write(&asked));
                }
                self.hold(visitor, &asked.approval_id, context)
                    .await
                    .map(|answer| answers::write(&answer))
            }
            (None, "list_my_requests") => self.desk.requests(agent).await.map(|all| answers::list(&all)),
            (None, name) => {
                let id = match arguments.remove("approval_id") {
                    Some(Value::String(id)) if arguments.is_empty() => id,
                    _ => return Err(answers::needs_approval_id()),
                };
                if name == "cancel_approval" {
                    let (desk, agent) = (Arc::clone(&self.desk), agent.clone());
                    let cancelled = tokio::spawn(async move { desk.cancel(&agent, &id).await });
                    let Ok(cancelled) = cancelled.await else {
                        return Err(answers::interrupted());
                    };
                    return cancelled.map(|answer| answers::cancelled(&answer));
                }
                self.hold(visitor, &id, context)
                    .await
                    .map(|answer| answers::write(&answer))
            }
        }
    }

    /// Waits for a decision as long as a call may be held, and tells a client that asked for it how long is left.
    async fn hold(
        &self,
        visitor: &Visitor<D::Agent>,
        id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<WriteAnswer, ApiError> {
        let started = Instant::now();
        let progress = context.meta.get_progress_token();
        let mut ticks = tokio::time::interval_at(started + self.progress_every, self.progress_every);
        let mut wait = pin!(self.desk.wait(&visitor.agent, id, self.hold));
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut wait => break answer?,
                () = self.closing.cancelled() => break self.desk.wait(&visitor.agent, id, Duration::ZERO).await?,
                _ = ticks.tick(), if progress.is_some() => {
                    let Some(token) = progress.clone() else { continue };
                    let message = self.time_left(visitor, id).await;
                    let note = ProgressNotificationParam::new(token, started.elapsed().as_secs_f64()).with_message(message);
                    if context.peer.notify_progress(note).await.is_err() {
                        tracing::debug!("a note of progress found no listener");
                    }
                }
            }
        };
        if started.elapsed() > CHECK_AGAIN_AFTER
            && let Err(error) = self.desk.sign_in(visitor.token.expose()).await
            && error.code == ErrorCode::NotSignedIn
        {
            return Err(error);
        }
        Ok(answer)
    }

    async fn time_left(&self, visitor: &Visitor<D::Agent>, id: &str) -> String {
        match self.desk.wait(&visitor.agent, id, Duration::ZERO).await {
            Ok(answer) => answers::waiting(&answer, self.desk.now()),
            Err(_) => "waiting for an operator".to_owned(),
        }
    }
}

impl<D: Desk> ServerHandler for Tools<D> {
    fn get_info(&self) -> ServerConfig {
        let identity = Implementation::new("andon", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(identity)
            .with_protocol_version(ProtocolVersion::V_2025_11_25)
            .with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let visitor = visitor::<D>(&context)?;
        let tools = self
            .desk
            .tools(&visitor.agent)
            .into_iter()
            .map(described)
            .collect();
        let mut list = ListToolsResult::with_all_items(tools);
        // What an agent may call is its own business and changes when an admin says so.
        list.cache_scope = Some(CacheScope::Private);
        list.ttl_ms = Some(0);
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let visitor = visitor::<D>(&context)?;
        let tool = self
            .desk
            .tools(&visitor.agent)
            .into_iter()
            .find(|tool| tool.name == request.name);
        let tool = tool.ok_or_else(|| {
            ErrorData::invalid_params(
                format!("unknown tool: {}", text::visible(&request.name, 100)),
                None,
            )
        })?;
        let arguments = request.arguments.unwrap_or_default();
        let result = tokio::select! {
            result = self.run(&visitor, &tool, arguments, &context) => result,
            () = context.ct.cancelled() => {
                return Err(ErrorData::internal_error("the client left the call; a request of its goes on", None));
            }
        };
        let result = result.unwrap_or_else(|error| answers::error(&error));
        Ok(answers::within(result, self.max_answer_bytes).into())
    }
}

/// Who calls. Missing only if a request came around the door, which nothing can.
fn visitor<D: Desk>(context: &RequestContext<RoleServer>) -> Result<Visitor<D::Agent>, ErrorData> {
    let parts = context.extensions.get::<Parts>();
    let visitor = parts.and_then(|parts| parts.extensions.get::<Visitor<D::Agent>>());
    visitor
        .cloned()
        .ok_or_else(|| ErrorData::internal_error("the call has no agent", None))
}

fn described(tool: AgentTool) -> Tool {
    let schema = match tool.input_schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    let annotations = ToolAnnotations::new()
        .read_only(tool.is_read_only)
        .destructive(!tool.is_read_only && tool.operation.is_some())
        .idempotent(tool.is_read_only)
        .open_world(tool.operation.is_some());
    Tool::new(tool.name, tool.description, Arc::new(schema)).with_annotations(annotations)
}
