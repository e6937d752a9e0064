//! The agent against a small gateway of our own: it reads, asks, waits, and comes back after a break.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::plant::Plant;

/// A call that reached the gateway.
#[derive(Debug, Clone)]
struct Call {
    tool: String,
    arguments: Value,
}

/// A gateway that plays the documented part: pending first, decided when asked again.
#[derive(Clone)]
struct TestGateway {
    calls: mpsc::UnboundedSender<Call>,
    /// Approvals by idempotency key, shared across restarts as durable rows are.
    rows: Arc<Mutex<BTreeMap<String, String>>>,
    /// What `await_approval` says.
    decision: Value,
    tools: Vec<&'static str>,
}

const USUAL_TOOLS: [&str; 5] = [
    "sap_get_inventory",
    "mes_get_machine_status",
    "mes_get_downtime_events",
    "sap_create_purchase_order",
    "await_approval",
];
const FLOOR_TOOLS: [&str; 4] = [
    "mes_get_production_orders",
    "mes_hold_production_order",
    "mes_release_production_order",
    "mes_set_cycle_target",
];

impl ServerHandler for TestGateway {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = || Arc::new(json!({"type": "object"}).as_object().cloned().unwrap_or_default());
        Ok(ListToolsResult::with_all_items(
            self.tools
                .iter()
                .map(|name| Tool::new(*name, *name, schema()))
                .collect(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = json!(request.arguments);
        _ = self.calls.send(Call {
            tool: request.name.to_string(),
            arguments: arguments.clone(),
        });
        let answer = match request.name.as_ref() {
            "sap_get_inventory" => json!({"records": [
                {"material": "HX-220", "plant": arguments["plant"], "stock_type": "unrestricted", "quantity": "11"},
            ], "next_cursor": null}),
            "mes_get_production_orders" => json!({"rows": [
                {"id": "MO-100001", "status": "released", "version": 4, "priority": 8,
                    "equipment": {"work_unit": "PS-01"}, "product": {"name": "Cover 87"},
                    "quantity": {"planned": "500", "produced": "0", "scrap": "0"}},
            ]}),
            "mes_get_machine_status" => json!({"rows": [
                {"machine_id": "PS-01", "status": "running", "version": 17, "planned_cycle_s": "12.5", "last_cycle_s": "13.4"},
            ]}),
            "sap_create_purchase_order"
            | "mes_hold_production_order"
            | "mes_release_production_order"
            | "mes_set_cycle_target" => {
                let key = arguments["idempotency_key"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let mut rows = self.rows.lock().unwrap();
                let next = format!("approval-{}", rows.len() + 1);
                let id = rows.entry(key).or_insert(next).clone();
                json!({"status": "pending", "approval_id": id, "expires_at": "x", "retry_after_ms": 200})
            }
            "await_approval" => self.decision.clone(),
            _ => json!({"rows": []}),
        };
        Ok(CallToolResponse::Complete(CallToolResult::structured(answer)))
    }
}

struct Server {
    url: String,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn serve(gateway: TestGateway, listener: TcpListener) -> Server {
    let stop = CancellationToken::new();
    let config = StreamableHttpServerConfig::default().with_cancellation_token(stop.child_token());
    let service: StreamableHttpService<TestGateway, LocalSessionManager> =
        StreamableHttpService::new(move || Ok(gateway.clone()), Arc::default(), config);
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = axum::Router::new().nest_service("/mcp", service);
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        tokio::select! {
            served = async { axum::serve(listener, router).await } => served.unwrap(),
            () = stopped.cancelled() => {}
        }
    });
    Server { url, stop, task }
}

async fn next_call(calls: &mut mpsc::UnboundedReceiver<Call>, tool: &str) -> Call {
    let waiting = async {
        loop {
            let call = calls.recv().await.expect("the gateway lives");
            if call.tool == tool {
                return call;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap_or_else(|_| panic!("no call of {tool}"))
}

fn gateway(decision: Value) -> (TestGateway, mpsc::UnboundedReceiver<Call>) {
    let (calls, received) = mpsc::unbounded_channel();
    (
        TestGateway {
            calls,
            rows: Arc::default(),
            decision,
            tools: USUAL_TOOLS.to_vec(),
        },
        received,
    )
}

#[tokio::test]
async fn the_agent_reads_asks_and_follows_its_request() {
    let decision =
        json!({"decision": "approved", "outcome": {"state": "succeeded", "purchase_order": "4500000301"}});
    let (gateway, mut calls) = gateway(decision);
    let server = serve(gateway, TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
    let mut plant = Plant::start(&["--first-request-after-s", "0.5"]).await;
    plant
        .tell(&json!({"gateway_url": server.url, "token": "andon_test"}))
        .await;
    let told = Instant::now();
    next_call(&mut calls, "sap_get_inventory").await;
    let ask = next_call(&mut calls, "sap_create_purchase_order").await.arguments;
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "the first request is late: {:?}",
        told.elapsed()
    );
    assert_eq!(ask["items"][0]["material"], json!("HX-220"));
    assert_eq!(ask["supplier"], json!("0000100482"));
    assert_eq!(ask["on_behalf_of"], json!("Jana Moreno, Buyer"));
    assert!(ask["rationale"].as_str().unwrap().contains("11 PC"), "{ask}");
    assert!(ask["items"][0]["quantity"].is_string() && ask["items"][0]["net_price"].is_string());
    let awaited = next_call(&mut calls, "await_approval").await.arguments;
    assert_eq!(awaited, json!({"approval_id": "approval-1"}));
    let second = next_call(&mut calls, "sap_create_purchase_order").await.arguments;
    assert_ne!(
        second["items"][0]["plant"], ask["items"][0]["plant"],
        "what was ordered is covered"
    );
    assert_ne!(second["idempotency_key"], ask["idempotency_key"]);
}

#[tokio::test]
async fn the_agent_comes_back_to_its_request_after_a_break() {
    let pending = json!({"status": "pending", "approval_id": "approval-1", "retry_after_ms": 200});
    let (gateway, mut calls) = gateway(pending);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(gateway.clone(), listener).await;
    let mut plant = Plant::start(&["--first-request-after-s", "0"]).await;
    plant
        .tell(&json!({"gateway_url": server.url, "token": "andon_test"}))
        .await;
    next_call(&mut calls, "sap_create_purchase_order").await;
    next_call(&mut calls, "await_approval").await;
    server.stop.cancel();
    server.task.await.unwrap();
    while calls.try_recv().is_ok() {}
    let server = serve(gateway.clone(), TcpListener::bind(address).await.unwrap()).await;
    let awaited = next_call(&mut calls, "await_approval").await.arguments;
    assert_eq!(awaited["approval_id"], json!("approval-1"));
    let rows = gateway.rows.lock().unwrap().len();
    assert!(rows <= 2, "the break made no new requests: {rows}");
    server.stop.cancel();
}

#[tokio::test]
async fn a_quiet_agent_only_looks() {
    let (gateway, mut calls) = gateway(json!({}));
    let server = serve(gateway, TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
    let mut plant = Plant::start(&["--quiet-agent", "--first-request-after-s", "0"]).await;
    // Each access begins a new session with a look; a request would be due in every one of them.
    for round in 0..5 {
        let token = format!("andon_test_{round}");
        plant
            .tell(&json!({"gateway_url": server.url, "token": token}))
            .await;
        loop {
            let call = tokio::time::timeout(Duration::from_secs(30), calls.recv())
                .await
                .unwrap()
                .unwrap();
            assert_ne!(call.tool, "sap_create_purchase_order", "it asked for something");
            if call.tool == "mes_get_downtime_events" {
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_agent_asks_for_changes_on_the_floor_when_they_are_offered_and_never_first() {
    let decision = json!({"decision": "approved", "outcome": {"state": "succeeded"}});
    let (mut gateway, mut calls) = gateway(decision);
    gateway.tools.extend(FLOOR_TOOLS);
    let server = serve(gateway, TcpListener::bind("127.0.0.1:0").await.unwrap()).await;
    let mut plant = Plant::start(&["--first-request-after-s", "0"]).await;
    plant
        .tell(&json!({"gateway_url": server.url, "token": "andon_test"}))
        .await;
    let is_write = |tool: &str| {
        tool == "sap_create_purchase_order" || (FLOOR_TOOLS.contains(&tool) && !tool.starts_with("mes_get"))
    };
    let mut asked: Vec<Call> = Vec::new();
    let mut has_read_orders = false;
    let waiting = async {
        while asked.iter().all(|call| call.tool == "sap_create_purchase_order") {
            let call = calls.recv().await.expect("the gateway lives");
            has_read_orders |= call.tool == "mes_get_production_orders";
            if is_write(&call.tool) {
                asked.push(call);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .expect("a change on the floor within a minute");
    assert_eq!(asked[0].tool, "sap_create_purchase_order", "the first request");
    assert!(has_read_orders, "it looks before it asks");
    let ask = asked.last().unwrap();
    assert_eq!(ask.tool, "mes_set_cycle_target", "the harmless one comes first");
    let arguments = &ask.arguments;
    assert_eq!(
        (
            &arguments["machine_id"],
            &arguments["version"],
            &arguments["current_cycle_s"]
        ),
        (&json!("PS-01"), &json!(17), &json!("12.5"))
    );
    let wanted: f64 = arguments["cycle_s"].as_str().unwrap().parse().unwrap();
    assert!(wanted > 12.5 && wanted <= 13.125, "{wanted}");
    assert!(
        arguments["rationale"].as_str().unwrap().contains("13.4 s last"),
        "{arguments}"
    );
    assert!(arguments["reason"].is_string() && arguments["idempotency_key"].is_string());
}
