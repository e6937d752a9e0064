//! What the gateway needs from the house, as one trait, so that its own tests run without an engine behind it.
//!
//! The console is the only one in the program that implements it.

use std::sync::Arc;
use std::time::Duration;

use andon_api::agents::{AgentSession, Tool, WriteAnswer};
use andon_api::wire::ReadAnswer;
use andon_api::{ApiError, Console};
use andon_domain::Timestamp;
use serde_json::{Map, Value};

/// The house as an agent meets it. Every method is one of `andon_api::Console`'s.
pub(crate) trait Desk: Send + Sync + 'static {
    /// An agent that showed a valid token.
    type Agent: Clone + Send + Sync + 'static;

    fn sign_in(&self, token: &str) -> impl Future<Output = Result<Self::Agent, ApiError>> + Send;
    fn key(&self, agent: &Self::Agent) -> String;
    fn tools(&self, agent: &Self::Agent) -> Vec<Tool>;
    fn read(
        &self,
        agent: &Self::Agent,
        operation: &str,
        arguments: Map<String, Value>,
    ) -> impl Future<Output = Result<ReadAnswer, ApiError>> + Send;
    fn request(
        &self,
        agent: &Self::Agent,
        operation: &str,
        arguments: Map<String, Value>,
    ) -> impl Future<Output = Result<WriteAnswer, ApiError>> + Send;
    fn wait(
        &self,
        agent: &Self::Agent,
        id: &str,
        patience: Duration,
    ) -> impl Future<Output = Result<WriteAnswer, ApiError>> + Send;
    fn cancel(
        &self,
        agent: &Self::Agent,
        id: &str,
    ) -> impl Future<Output = Result<WriteAnswer, ApiError>> + Send;
    fn requests(
        &self,
        agent: &Self::Agent,
    ) -> impl Future<Output = Result<Vec<WriteAnswer>, ApiError>> + Send;
    fn now(&self) -> Timestamp;
}

impl Desk for Console {
    type Agent = Arc<AgentSession>;

    async fn sign_in(&self, token: &str) -> Result<Self::Agent, ApiError> {
        self.agent_sign_in(token).await.map(Arc::new)
    }

    fn key(&self, agent: &Self::Agent) -> String {
        agent.key()
    }

    fn tools(&self, agent: &Self::Agent) -> Vec<Tool> {
        self.agent_tools(agent)
    }

    async fn read(
        &self,
        agent: &Self::Agent,
        operation: &str,
        arguments: Map<String, Value>,
    ) -> Result<ReadAnswer, ApiError> {
        self.agent_read(agent, operation, arguments).await
    }

    async fn request(
        &self,
        agent: &Self::Agent,
        operation: &str,
        arguments: Map<String, Value>,
    ) -> Result<WriteAnswer, ApiError> {
        self.agent_request(agent, operation, arguments)
            .await
            .map(|(_, answer)| answer)
    }

    async fn wait(&self, agent: &Self::Agent, id: &str, patience: Duration) -> Result<WriteAnswer, ApiError> {
        self.agent_wait(agent, id, patience).await
    }

    async fn cancel(&self, agent: &Self::Agent, id: &str) -> Result<WriteAnswer, ApiError> {
        self.agent_cancel(agent, id).await
    }

    async fn requests(&self, agent: &Self::Agent) -> Result<Vec<WriteAnswer>, ApiError> {
        self.agent_requests(agent).await
    }

    fn now(&self) -> Timestamp {
        self.engine().clock().now()
    }
}
