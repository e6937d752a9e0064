//! A client that others wrote: PyPI's `mcp`, in both revisions over HTTP, and in front of `andonctl mcp`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::agent::Agent;
use crate::process::{built, command, root};
use crate::world::World;

/// The foreign client. It answers one line for each line it is told.
struct Peer {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The revision both sides agreed on.
    version: String,
}

impl Peer {
    async fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let python = root().join("target/pyenv/bin/python");
        assert!(
            python.exists(),
            "the peers' Python packages are missing: run scripts/bootstrap test"
        );
        let mut command = command(python);
        command
            .arg(root().join("tests/peers/mcp_client.py"))
            .args(arguments)
            .envs(environment.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self {
            _child: child,
            input,
            output,
            version: String::new(),
        };
        peer.version = peer.line().await["version"].as_str().unwrap().to_owned();
        peer
    }

    async fn over_http(world: &World, token: &str, mode: &str) -> Self {
        let environment = [
            ("ANDON_GATEWAY", world.gateway.as_str()),
            ("ANDON_AGENT_TOKEN", token),
            ("ANDON_MCP_MODE", mode),
        ];
        Self::start(&[], &environment).await
    }

    /// `andonctl mcp`, as an agent starts it that knows only programs.
    async fn over_stdio(world: &World, token: &str) -> Self {
        let (program, folder) = (built("andonctl"), world.setup.data());
        let arguments = [
            program.to_str().unwrap(),
            "mcp",
            "--data-dir",
            folder.to_str().unwrap(),
        ];
        Self::start(&arguments, &[("ANDON_AGENT_TOKEN", token)]).await
    }

    async fn line(&mut self) -> Value {
        let mut line = String::new();
        let read = tokio::time::timeout(Duration::from_secs(80), self.output.read_line(&mut line)).await;
        assert!(read.expect("an answer in time").unwrap() > 0, "the client ended");
        serde_json::from_str(&line).unwrap()
    }

    async fn tell(&mut self, wish: &Value) {
        self.input
            .write_all(format!("{wish}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn ask(&mut self, wish: &Value) -> Value {
        self.tell(wish).await;
        self.line().await
    }
}

/// List, read, approved write: what every agent does first.
async fn list_read_write(world: &World, peer: &mut Peer, pieces: u32) {
    let tools = peer.ask(&json!({ "list": true })).await["tools"].clone();
    for (name, is_read_only) in [
        ("sap_get_inventory", true),
        ("mes_get_machine_status", true),
        ("sap_create_purchase_order", false),
        ("await_approval", true),
    ] {
        assert_eq!(tools[name], json!(is_read_only), "{name} in {tools}");
    }
    let read = peer
        .ask(&json!({ "tool": "sap_get_inventory", "arguments": { "material": "HX-220" } }))
        .await;
    assert_eq!(read["is_error"], false, "{read}");
    assert!(!read["data"]["records"].as_array().unwrap().is_empty(), "{read}");
    assert_eq!(
        (&read["data"]["source"], read["text"].is_string()),
        (&json!("sap"), true)
    );

    let wish = json!({ "tool": "sap_create_purchase_order", "arguments": Agent::wish(pieces, "peer") });
    peer.tell(&wish).await;
    world.approve(&world.arrived(pieces).await).await;
    let written = peer.line().await;
    assert_eq!(
        (&written["is_error"], &written["data"]["status"]),
        (&json!(false), &json!("executed")),
        "{written}"
    );
    let number = written["data"]["reference"].as_str().unwrap();
    assert!(
        written["text"].as_str().unwrap().contains(number),
        "a client that shows only text sees the number: {written}"
    );
    assert!(!world.plant.order(number).await.is_null());
    assert_eq!(world.plant.by_reference().await.len(), 1);
    // The same call once more is the same order.
    let again = peer.ask(&wish).await;
    assert_eq!(again["data"]["reference"], json!(number));
    assert_eq!(world.plant.count("purchase_order_posts").await, 1);
}

#[tokio::test]
async fn the_foreign_client_reads_and_writes_in_the_newest_revision() {
    let world = World::open().await;
    let token = world.buyer().await.token;
    let mut peer = Peer::over_http(&world, &token, "auto").await;
    assert_eq!(peer.version, "2026-07-28");
    list_read_write(&world, &mut peer, 100).await;
}

#[tokio::test]
async fn the_foreign_client_reads_and_writes_in_the_revision_with_sessions() {
    let world = World::open().await;
    let token = world.buyer().await.token;
    let mut peer = Peer::over_http(&world, &token, "legacy").await;
    assert_eq!(peer.version, "2025-11-25");
    list_read_write(&world, &mut peer, 100).await;
}

#[tokio::test]
async fn the_foreign_client_reads_and_writes_over_standard_input() {
    let world = World::open().await;
    let token = world.buyer().await.token;
    let mut peer = Peer::over_stdio(&world, &token).await;
    list_read_write(&world, &mut peer, 100).await;
}

#[tokio::test]
async fn a_call_that_nobody_decides_comes_back_as_pending_and_is_awaited() {
    let world = World::open().await;
    let token = world.buyer().await.token;
    let mut peer = Peer::over_http(&world, &token, "auto").await;
    let began = Instant::now();
    let wish = json!({ "tool": "sap_create_purchase_order", "arguments": Agent::wish(100, "slow-person") });
    let pending = peer.ask(&wish).await;
    let held = began.elapsed();
    assert!(
        (Duration::from_secs(45)..Duration::from_secs(58)).contains(&held),
        "held for {held:?}"
    );
    assert_eq!(
        (&pending["is_error"], &pending["data"]["status"]),
        (&json!(false), &json!("pending")),
        "{pending}"
    );
    assert!(
        pending["data"]["expires_at"].is_string() && pending["data"]["retry_after_ms"].is_number(),
        "{pending}"
    );
    peer.tell(
        &json!({ "tool": "await_approval", "arguments": { "approval_id": pending["data"]["approval_id"] } }),
    )
    .await;
    world.approve(&world.arrived(100).await).await;
    let settled = peer.line().await;
    assert_eq!(settled["data"]["status"], "executed", "{settled}");
    assert_eq!(world.plant.by_reference().await.len(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_refused_within_a_second() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let call = async || {
        let read = json!({ "name": "sap_get_inventory", "arguments": {} });
        agent.post("tools/call", read, &[]).await.unwrap().0
    };
    assert_eq!(call().await, 200);
    let (code, _, err) = world.ctl(&["agent", "revoke", "buyer"]).await;
    assert_eq!(code, 0, "{err}");
    let revoked = Instant::now();
    assert_eq!(call().await, 401);
    assert!(revoked.elapsed() < Duration::from_secs(1));
    let stranger = world.known_agent("andon_not-a-token");
    assert_eq!(stranger.post("tools/list", json!({}), &[]).await.unwrap().0, 401);
}

#[tokio::test]
async fn pages_of_a_browser_and_other_names_get_nothing() {
    let world = World::open().await;
    let agent = world.buyer().await;
    for (header, value, status) in [
        ("origin", "http://127.0.0.1:4517", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("host", "evil.example", 403),
    ] {
        let (got, message) = agent
            .post("tools/list", json!({}), &[(header, value)])
            .await
            .unwrap();
        assert_eq!(got, status, "{header}: {value}: {message}");
    }
    // The host's own door: a cookie that scripts cannot read, and no page of another origin.
    let api = format!("{}/api/session_get", world.url);
    let from_page = world
        .http
        .post(&api)
        .bearer_auth(&world.control_token)
        .header("origin", "https://evil.example");
    assert_eq!(from_page.json(&json!({})).send().await.unwrap().status(), 403);
    assert_eq!(
        world
            .http
            .post(&api)
            .json(&json!({}))
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    let agents_token = world.http.post(&api).bearer_auth(&agent.token).json(&json!({}));
    assert_eq!(
        agents_token.send().await.unwrap().status(),
        401,
        "an agent's token is no person's"
    );
}
