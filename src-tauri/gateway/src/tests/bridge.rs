//! The bridge over standard input and output, between pipes and a real gateway.

use andon_domain::Secret;
use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::*;
use crate::{GatewayError, stdio_bridge};

/// A client on the other end of the pipes.
struct Pipes {
    to_bridge: WriteHalf<DuplexStream>,
    from_bridge: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    running: JoinHandle<Result<(), GatewayError>>,
}

impl Pipes {
    fn open(url: &str, token: &str) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let ((stdin, stdout), (out, to_bridge)) = (tokio::io::split(theirs), tokio::io::split(ours));
        let (url, token) = (url.to_owned(), Secret::new(token.to_owned()));
        let running = tokio::spawn(async move { stdio_bridge(&url, &token, stdin, stdout).await });
        Self {
            to_bridge,
            from_bridge: BufReader::new(out).lines(),
            running,
        }
    }

    async fn write(&mut self, line: &str) {
        self.to_bridge
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the bridge reads");
    }

    async fn send(&mut self, message: Value) {
        self.write(&message.to_string()).await;
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(10), self.from_bridge.next_line()).await;
        let line = line
            .expect("a line in time")
            .expect("the bridge writes")
            .expect("the bridge is there");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "protocol and nothing else: {line}");
        message
    }

    async fn handshake(&mut self) -> Value {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        self.send(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}))
            .await;
        let hello = self.next().await;
        self.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        hello
    }

    /// Closes standard input and sees the bridge end in time.
    async fn close(mut self) -> Vec<String> {
        self.to_bridge.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(2), async {
            let ended = self.running.await.expect("no panic");
            while let Ok(Some(line)) = self.from_bridge.next_line().await {
                rest.push(line);
            }
            ended
        });
        ended
            .await
            .expect("the bridge ends within two seconds")
            .expect("and without an error");
        rest
    }
}

fn call(id: u32, tool: &str, arguments: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}});
    message["params"]["arguments"] = arguments;
    message
}

fn modern(mut message: Value) -> Value {
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    message
}

#[tokio::test]
async fn a_client_with_a_session_works_over_pipes() {
    let house = House::open(GatewayConfig {
        progress_every: Duration::from_millis(30),
        ..config()
    })
    .await;
    let mut pipes = Pipes::open(&house.url, "token-a");
    assert_eq!(pipes.handshake().await["result"]["serverInfo"]["name"], "andon");
    pipes
        .send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
        .await;
    assert_eq!(
        pipes.next().await["result"]["tools"].as_array().map(Vec::len),
        Some(5)
    );
    let mut write = call(2, "sap_create_purchase_order", json!({}));
    write["params"]["_meta"] = json!({"progressToken": "p"});
    pipes.send(write).await;
    let progress = pipes.next().await;
    assert_eq!(
        (&progress["method"], &progress["params"]["progressToken"]),
        (&json!("notifications/progress"), &json!("p"))
    );
    pipes.send(call(3, "sap_get_inventory", json!({}))).await;
    let beside = loop {
        let message = pipes.next().await;
        if message.get("id").is_some() {
            break message;
        }
    };
    assert_eq!(beside["id"], 3, "a held call does not stop the others");
    house.desk.decide("approval-1", "executed");
    let answer = loop {
        let message = pipes.next().await;
        if message.get("id").is_some() {
            break message;
        }
    };
    assert_eq!(
        (&answer["id"], &answer["result"]["structuredContent"]["status"]),
        (&json!(2), &json!("executed"))
    );
    assert_eq!(pipes.close().await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn a_client_without_session_works_and_cancels_by_leaving() {
    let house = House::open(config()).await;
    let mut pipes = Pipes::open(&house.url, "token-a");
    pipes
        .send(modern(
            json!({"jsonrpc": "2.0", "id": "d", "method": "server/discover"}),
        ))
        .await;
    let discovered = pipes.next().await;
    let versions = discovered["result"]["supportedVersions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(
        versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")),
        "{discovered}"
    );
    pipes
        .send(modern(call(1, "sap_create_purchase_order", json!({}))))
        .await;
    house.desk.until_waiting(1).await;
    pipes
        .send(modern(
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        ))
        .await;
    house.desk.until_waiting(0).await;
    pipes
        .send(modern(call(2, "sap_get_inventory", json!({"limit": 1}))))
        .await;
    assert_eq!(pipes.next().await["id"], 2);
    assert_eq!(pipes.close().await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn a_console_that_starts_anew_is_not_noticed() {
    let first = House::open(config()).await;
    let (address, desk) = (first.address, Arc::clone(&first.desk));
    let mut pipes = Pipes::open(&first.url, "token-a");
    pipes.handshake().await;
    pipes.send(call(1, "sap_get_inventory", json!({}))).await;
    assert_eq!(pipes.next().await["id"], 1);
    first.close().await;
    pipes.send(call(2, "sap_get_inventory", json!({}))).await;
    let fault = pipes.next().await;
    assert_eq!(fault["id"], 2);
    assert!(
        fault["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Is the console running?"),
        "{fault}"
    );
    let second = House::open_with(GatewayConfig::new(address), desk).await;
    for id in [3, 4] {
        pipes.send(call(id, "sap_get_inventory", json!({}))).await;
        let answer = pipes.next().await;
        assert!(
            answer["id"] == id && answer["result"]["isError"] == json!(false),
            "{answer}"
        );
    }
    assert_eq!(pipes.close().await, Vec::<String>::new());
    second.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_protocol() {
    let house = House::open(config()).await;
    let mut pipes = Pipes::open(&house.url, "token-x");
    pipes.write("this is not json").await;
    assert_eq!(pipes.next().await["error"]["code"], -32_700);
    pipes.write("").await;
    pipes
        .write(&format!("{{\"x\":\"{}\"}}", "x".repeat(300 * 1024)))
        .await;
    assert_eq!(pipes.next().await["error"]["message"], "the message is too large");
    pipes
        .send(json!({"jsonrpc": "2.0", "id": 5, "method": "ping"}))
        .await;
    let refused = pipes.next().await;
    assert_eq!(
        (&refused["id"], &refused["error"]["message"]),
        (&json!(5), &json!("the token is not valid"))
    );
    assert_eq!(pipes.close().await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn the_last_question_of_a_script_is_answered() {
    let house = House::open(config()).await;
    let mut pipes = Pipes::open(&house.url, "token-a");
    pipes
        .send(modern(call(1, "sap_get_inventory", json!({"limit": 1}))))
        .await;
    let rest = pipes.close().await;
    assert!(rest.len() == 1 && rest[0].contains("RM-0"), "{rest:?}");
    house.close().await;
}

#[tokio::test]
async fn a_held_call_does_not_keep_the_bridge() {
    let house = House::open(config()).await;
    let mut pipes = Pipes::open(&house.url, "token-a");
    pipes.handshake().await;
    pipes.send(call(1, "sap_create_purchase_order", json!({}))).await;
    house.desk.until_waiting(1).await;
    assert_eq!(pipes.close().await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn only_a_gateway_on_this_machine_gets_the_token() {
    let token = Secret::new("token-a".to_owned());
    for url in [
        "http://evil.example/mcp",
        "https://127.0.0.1:1/mcp",
        "127.0.0.1:1",
        "http://127.0.0.1:1/mcp?x=1",
        "",
    ] {
        let refused = stdio_bridge(url, &token, tokio::io::empty(), tokio::io::sink()).await;
        assert!(
            matches!(refused, Err(GatewayError::Address(_))),
            "{url}: {refused:?}"
        );
    }
}
