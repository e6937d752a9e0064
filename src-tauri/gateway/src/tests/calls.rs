//! Calls as a real client makes them, in both revisions.

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ErrorCode as McpCode,
    Implementation, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{ClientLifecycleMode, NotificationContext, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientServiceExt as _, RoleClient};

use super::*;

/// A client that notes the progress it is told.
#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for Listener {
    async fn on_progress(&self, note: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.heard.lock().unwrap().extend(note.message);
    }

    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("test", "1"))
    }
}

type Client = RunningService<RoleClient, Listener>;

fn lifecycles() -> [(&'static str, ClientLifecycleMode); 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [
        ("2025-11-25", ClientLifecycleMode::Initialize),
        ("2026-07-28", ClientLifecycleMode::Discover { preferred_versions }),
    ]
}

async fn connect(house: &House, token: &str, lifecycle: ClientLifecycleMode) -> (Client, Listener) {
    // Another test of this process may have been first.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let config = StreamableHttpClientTransportConfig::with_uri(house.url.as_str()).auth_header(token);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let listener = Listener::default();
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let connecting = Box::pin(listener.clone().serve_with_lifecycle(transport, lifecycle));
    (connecting.await.expect("a connection"), listener)
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> Result<CallToolResult, ServiceError> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    Box::pin(
        client
            .peer()
            .call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)),
    )
    .await
}

fn sentence(result: &CallToolResult) -> &str {
    result.content[0].as_text().map_or("", |text| text.text.as_str())
}

fn data(result: &CallToolResult) -> &Value {
    result.structured_content.as_ref().expect("structured content")
}

#[tokio::test]
async fn a_client_sees_its_tools_and_reads() {
    for (version, lifecycle) in lifecycles() {
        let house = House::open(config()).await;
        let (buyer, _) = connect(&house, "token-a", lifecycle.clone()).await;
        let info = buyer.peer().peer_info().expect("server info");
        assert_eq!(info.protocol_version.as_str(), version);
        assert!(
            info.instructions
                .as_deref()
                .is_some_and(|text| text.contains("await_approval")),
            "{info:?}"
        );
        assert!(
            info.capabilities.tools.is_some() && !info.capabilities.supports_tasks(),
            "tasks are not promised"
        );
        let tools = buyer.list_all_tools().await.unwrap();
        assert_eq!(tools.len(), 5, "{version}");
        for tool in &tools {
            let hints = tool.annotations.as_ref().expect("annotations");
            let reads = !["sap_create_purchase_order", "cancel_approval"].contains(&tool.name.as_ref());
            assert_eq!(hints.read_only_hint, Some(reads), "{}", tool.name);
        }
        let read = call(&buyer, "sap_get_inventory", json!({"limit": 3}))
            .await
            .unwrap();
        assert_eq!(
            sentence(&read),
            "3 records from SAP (class_ii, 3 s old, cached); there is more, call again with cursor set to next_cursor; left out \
             for lack of clearance: value_estimate"
        );
        let records = data(&read);
        assert_eq!(
            (records["class"].as_str(), records["from_cache"].as_bool()),
            (Some("class_ii"), Some(true))
        );
        let as_text: Value = serde_json::from_str(&read.content[1].as_text().unwrap().text).unwrap();
        assert_eq!(
            &as_text, records,
            "clients without structured content get the same"
        );
        let wrong = call(&buyer, "sap_get_inventory", json!({"limit": 0}))
            .await
            .unwrap();
        assert_eq!(
            sentence(&wrong),
            "limit: must be at least 1. Correct it. (reference req-1)"
        );
        assert_eq!(
            (wrong.is_error, data(&wrong)["code"].as_str()),
            (Some(true), Some("invalid_input"))
        );
        let (reader, _) = connect(&house, "token-b", lifecycle).await;
        assert_eq!(
            reader.list_all_tools().await.unwrap().len(),
            1,
            "a scope hides the rest"
        );
        match call(&reader, "sap_create_purchase_order", json!({})).await {
            Err(ServiceError::McpError(error)) => assert_eq!(error.code, McpCode::INVALID_PARAMS),
            other => panic!("a tool outside the scope does not exist: {other:?}"),
        }
        assert_eq!(house.desk.requests.load(Ordering::SeqCst), 0);
        house.close().await;
    }
}

#[tokio::test]
async fn a_write_is_held_until_somebody_decides() {
    for (version, lifecycle) in lifecycles() {
        let house = House::open(GatewayConfig {
            progress_every: Duration::from_millis(40),
            ..config()
        })
        .await;
        let (buyer, listener) = connect(&house, "token-a", lifecycle).await;
        let deciding = async {
            house.desk.until_waiting(1).await;
            let told = async {
                while listener.heard.lock().unwrap().len() < 2 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), told)
                .await
                .expect("notes of progress");
            house.desk.decide("approval-1", "executed");
        };
        let (answer, ()) = tokio::join!(
            call(&buyer, "sap_create_purchase_order", json!({"vendor": "17"})),
            deciding
        );
        let answer = answer.unwrap();
        assert_eq!(
            (answer.is_error, data(&answer)["reference"].as_str()),
            (Some(false), Some("4500000301")),
            "{version}"
        );
        assert_eq!(sentence(&answer), "executed (4500000301). This is executed.");
        assert_eq!(
            listener.heard.lock().unwrap()[0],
            "waiting for an operator, 3:12 left",
            "{version}"
        );
        house.close().await;
    }
}

#[tokio::test]
async fn a_pending_write_is_a_success_and_can_be_awaited() {
    let house = House::open(GatewayConfig {
        hold: Duration::from_millis(50),
        ..config()
    })
    .await;
    for (number, (version, lifecycle)) in lifecycles().into_iter().enumerate() {
        let (buyer, _) = connect(&house, "token-a", lifecycle).await;
        let asked = json!({"vendor": "17", "idempotency_key": version});
        let answer = call(&buyer, "sap_create_purchase_order", asked.clone())
            .await
            .unwrap();
        assert_eq!(
            (answer.is_error, data(&answer)["status"].as_str()),
            (Some(false), Some("pending")),
            "{version}"
        );
        assert!(
            data(&answer)["retry_after_ms"].is_u64() && data(&answer)["expires_at"].is_string(),
            "{answer:?}"
        );
        let id = data(&answer)["approval_id"].as_str().unwrap().to_owned();
        let still = call(&buyer, "await_approval", json!({"approval_id": id}))
            .await
            .unwrap();
        assert_eq!(
            (still.is_error, data(&still)["status"].as_str()),
            (Some(false), Some("pending"))
        );
        house.desk.decide(&id, "denied");
        for (tool, arguments) in [
            ("await_approval", json!({"approval_id": id})),
            ("sap_create_purchase_order", asked),
        ] {
            let denied = call(&buyer, tool, arguments).await.unwrap();
            assert_eq!(
                (denied.is_error, data(&denied)["reason"].as_str()),
                (Some(true), Some("exceeds budget")),
                "{tool}"
            );
        }
        assert_eq!(
            house.desk.requests.load(Ordering::SeqCst),
            number + 1,
            "one request, however often it is asked"
        );
        let list = call(&buyer, "list_my_requests", json!({})).await.unwrap();
        assert_eq!(
            (sentence(&list), data(&list)["requests"].as_array().map(Vec::len)),
            ("2 requests, of which 1 pending", Some(2))
        );
        let cancelled = call(&buyer, "cancel_approval", json!({"approval_id": "approval-7"}))
            .await
            .unwrap();
        assert_eq!(
            (cancelled.is_error, data(&cancelled)["status"].as_str()),
            (Some(false), Some("cancelled"))
        );
        for wrong in [
            json!({}),
            json!({"approval_id": 7}),
            json!({"approval_id": "approval-1", "more": true}),
        ] {
            let refused = call(&buyer, "await_approval", wrong).await.unwrap();
            assert_eq!(
                (refused.is_error, data(&refused)["code"].as_str()),
                (Some(true), Some("invalid_input"))
            );
        }
        let missing = call(&buyer, "await_approval", json!({"approval_id": "else"}))
            .await
            .unwrap();
        assert_eq!(
            (missing.is_error, data(&missing)["code"].as_str()),
            (Some(true), Some("not_found"))
        );
    }
    house.close().await;
}

#[tokio::test]
async fn a_client_that_leaves_drops_only_its_waiter() {
    let house = House::open(config()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let write = Raw::call(1, "sap_create_purchase_order", json!({"idempotency_key": "k"}));
    stream
        .write_all(&write.bytes(house.address.port(), false))
        .await
        .unwrap();
    house.desk.until_waiting(1).await;
    drop(stream);
    house.desk.until_waiting(0).await;
    house.desk.decide("approval-1", "executed");
    let back = house.send(&write).await;
    assert!(
        back.body.contains("4500000301"),
        "the agent comes back and gets the outcome: {back:?}"
    );
    assert_eq!(house.desk.requests.load(Ordering::SeqCst), 1);
    house.close().await;
}

#[tokio::test]
async fn a_token_revoked_while_a_call_is_held_gets_nothing() {
    let house = House::open(GatewayConfig {
        hold: Duration::from_millis(700),
        ..config()
    })
    .await;
    let write = Raw::call(1, "sap_create_purchase_order", json!({}));
    let held = house.send(&write);
    let revoking = async {
        house.desk.until_waiting(1).await;
        house.desk.is_revoked.store(true, Ordering::SeqCst);
    };
    let (answer, ()) = tokio::join!(held, revoking);
    let result = &answer.json()["result"];
    assert_eq!(
        (&result["isError"], &result["structuredContent"]["code"]),
        (&json!(true), &json!("not_signed_in"))
    );
    assert_eq!(
        house.send(&Raw::modern(2, "tools/list", json!({}))).await.status,
        401
    );
    house.close().await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_asks_for_less() {
    let house = House::open(GatewayConfig {
        max_answer_bytes: 8_192,
        ..config()
    })
    .await;
    let small = house
        .send(&Raw::call(1, "sap_get_inventory", json!({"limit": 10})))
        .await;
    assert_eq!(small.json()["result"]["isError"], json!(false));
    let large = house
        .send(&Raw::call(1, "sap_get_inventory", json!({"limit": 1_000})))
        .await;
    let result = &large.json()["result"];
    assert!(
        large.body.len() < 2_048 && result["isError"] == json!(true),
        "{large:?}"
    );
    assert!(
        result["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("smaller limit"),
        "{result}"
    );
    house.close().await;
}

#[tokio::test]
async fn the_end_of_the_gateway_answers_held_calls_with_where_they_stand() {
    let house = House::open(config()).await;
    let mut held = Vec::new();
    for (version, lifecycle) in lifecycles() {
        let (client, _) = connect(&house, "token-a", lifecycle).await;
        held.push(tokio::spawn(async move {
            let arguments = json!({"idempotency_key": version});
            call(&client, "sap_create_purchase_order", arguments).await
        }));
    }
    house.desk.until_waiting(2).await;
    house.close().await;
    for call in held {
        let answer = call.await.unwrap().expect("an answer, not a broken connection");
        assert_eq!(
            (answer.is_error, data(&answer)["status"].as_str()),
            (Some(false), Some("pending"))
        );
    }
}
