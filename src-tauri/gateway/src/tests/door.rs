//! The checks in front of the protocol, request by request, and the limits.

use super::*;

fn list() -> Raw {
    Raw::modern(1, "tools/list", json!({}))
}

/// Every row: what is sent, and the exact status.
fn table() -> Vec<(&'static str, Raw, u16)> {
    let (get, delete) = (
        list().line("GET /mcp HTTP/1.1"),
        list().line("DELETE /mcp HTTP/1.1"),
    );
    let host = |value: &str| list().set("Host", value);
    let content = |value: &str| list().set("Content-Type", value);
    let auth = |value: &str| list().set("Authorization", value);
    let origin = |value: &str| list().set("Origin", value);
    let line = |line: &str| list().line(line);
    let body = |body: &str| list().body(body.as_bytes());
    vec![
        // Hosts.
        ("the address", list(), 200),
        ("the name", host("localhost:PORT"), 200),
        ("the name in capitals", host("LocalHost:PORT"), 200),
        ("the v6 address", host("[::1]:PORT"), 200),
        ("no port", host("127.0.0.1"), 403),
        ("the name without port", host("localhost"), 403),
        ("another port", host("127.0.0.1:1"), 403),
        ("the port and more", host("127.0.0.1:PORT0"), 403),
        ("a port with a zero in front", host("127.0.0.1:0PORT"), 403),
        ("a port with a sign", host("127.0.0.1:+PORT"), 403),
        ("another loopback address", host("127.0.0.2:PORT"), 403),
        ("a short loopback address", host("127.1:PORT"), 403),
        ("a decimal address", host("2130706433:PORT"), 403),
        ("the unspecified address", host("0.0.0.0:PORT"), 403),
        ("a stranger", host("evil.example:PORT"), 403),
        (
            "a stranger that begins like us",
            host("localhost.evil.example:PORT"),
            403,
        ),
        ("a stranger that ends like us", host("evil-localhost:PORT"), 403),
        ("a name with a dot", host("localhost.:PORT"), 403),
        ("a user before the name", host("x@127.0.0.1:PORT"), 403),
        ("v6 without brackets", host("::1:PORT"), 403),
        ("v4 in v6", host("[::ffff:127.0.0.1]:PORT"), 403),
        ("an empty host", host(""), 403),
        ("no host", list().drop("Host"), 403),
        ("two hosts", list().add("Host", "localhost:PORT"), 403),
        (
            "our address and a strange host",
            line("POST http://127.0.0.1:PORT/mcp HTTP/1.1").set("Host", "evil.example:PORT"),
            403,
        ),
        (
            "a strange address and our host",
            line("POST http://evil.example:PORT/mcp HTTP/1.1"),
            403,
        ),
        (
            "the whole address",
            line("POST http://127.0.0.1:PORT/mcp HTTP/1.1"),
            200,
        ),
        // Origins.
        ("a stranger's page", origin("https://evil.example"), 403),
        ("a page of ours", origin("http://127.0.0.1:PORT"), 403),
        ("a page of this machine", origin("http://localhost:PORT"), 403),
        ("a page without origin", origin("null"), 403),
        ("an empty origin", origin(""), 403),
        (
            "two origins",
            origin("http://localhost:PORT").add("Origin", "null"),
            403,
        ),
        (
            "a page that asks first",
            line("OPTIONS /mcp HTTP/1.1").set("Origin", "https://evil.example"),
            403,
        ),
        (
            "a strange host and origin",
            host("evil.example").set("Origin", "null"),
            403,
        ),
        ("a page without token", origin("null").drop("Authorization"), 403),
        // Paths.
        ("the root", line("POST / HTTP/1.1"), 404),
        ("a slash more", line("POST /mcp/ HTTP/1.1"), 404),
        ("a path below", line("POST /mcp/x HTTP/1.1"), 404),
        ("capitals", line("POST /MCP HTTP/1.1"), 404),
        ("dots", line("POST /x/../mcp HTTP/1.1"), 404),
        ("percent", line("POST /%6dcp HTTP/1.1"), 404),
        ("health", line("GET /health HTTP/1.1"), 404),
        (
            "a well-known path",
            line("GET /.well-known/oauth-protected-resource HTTP/1.1"),
            404,
        ),
        ("two slashes", line("POST //mcp HTTP/1.1"), 404),
        // Methods.
        ("put", line("PUT /mcp HTTP/1.1"), 405),
        ("patch", line("PATCH /mcp HTTP/1.1"), 405),
        ("options", line("OPTIONS /mcp HTTP/1.1"), 405),
        ("head", line("HEAD /mcp HTTP/1.1"), 405),
        ("trace", line("TRACE /mcp HTTP/1.1"), 405),
        ("a word", line("FETCH /mcp HTTP/1.1"), 405),
        ("a lower-case method", line("post /mcp HTTP/1.1"), 405),
        ("a stream without session", get.clone(), 405),
        ("an end without session", delete.clone(), 405),
        ("a stream without token", get.clone().drop("Authorization"), 401),
        ("an end without token", delete.drop("Authorization"), 401),
        (
            "an older stream without session",
            get.set("MCP-Protocol-Version", "2025-11-25"),
            400,
        ),
        // Content types.
        (
            "json with a charset",
            content("application/json; charset=utf-8"),
            200,
        ),
        ("json in capitals", content("Application/JSON"), 200),
        ("no content type", list().drop("Content-Type"), 415),
        ("text", content("text/plain"), 415),
        ("a form", content("application/x-www-form-urlencoded"), 415),
        (
            "a file form",
            content("multipart/form-data; boundary=application/json"),
            415,
        ),
        ("nearly json", content("application/json-seq"), 415),
        ("json behind text", content("text/plain; application/json"), 415),
        (
            "two content types",
            content("application/json").add("Content-Type", "text/plain"),
            415,
        ),
        (
            "text without token",
            content("text/plain").drop("Authorization"),
            415,
        ),
        // Tokens.
        ("the other agent", auth("Bearer token-b"), 200),
        ("the scheme in lower case", auth("bearer token-a"), 200),
        ("no token", list().drop("Authorization"), 401),
        ("an empty header", auth(""), 401),
        ("an empty token", auth("Bearer "), 401),
        ("the scheme alone", auth("Bearer"), 401),
        ("the token alone", auth("token-a"), 401),
        ("another scheme", auth("Basic token-a"), 401),
        ("an unknown token", auth("Bearer token-x"), 401),
        ("a token and more", auth("Bearer token-a token-b"), 401),
        ("a token in capitals", auth("Bearer TOKEN-A"), 401),
        (
            "two headers",
            auth("Bearer token-a").add("Authorization", "Bearer token-a"),
            401,
        ),
        (
            "a token in the address",
            line("POST /mcp?token=token-a HTTP/1.1").drop("Authorization"),
            401,
        ),
        (
            "a token in the address, by its other name",
            line("POST /mcp?access_token=token-a HTTP/1.1").drop("Authorization"),
            401,
        ),
        (
            "a token in a cookie",
            list().drop("Authorization").add("Cookie", "token=token-a"),
            401,
        ),
        (
            "a very long token",
            auth(&format!("Bearer {}", "x".repeat(600))),
            401,
        ),
        ("a full disk", auth("Bearer token-broken"), 503),
        // Sessions and bodies.
        (
            "a made-up session",
            list().set("Mcp-Session-Id", "00000000-0000-4000-8000-000000000000"),
            404,
        ),
        (
            "two sessions",
            list().add("Mcp-Session-Id", "a").add("Mcp-Session-Id", "b"),
            400,
        ),
        ("no json", body("{"), 400),
        ("nothing", body(""), 400),
        ("a batch", body("[]"), 400),
        (
            "a key twice",
            body(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#),
            400,
        ),
        ("no accept", list().drop("Accept"), 406),
        (
            "headers that contradict the body",
            list().set("Mcp-Method", "tools/call"),
            400,
        ),
        (
            "an older client without session",
            Raw::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
            400,
        ),
    ]
}

#[tokio::test]
async fn each_request_gets_exactly_its_status() {
    let house = House::open(config()).await;
    let rows = table();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (name, request, expected) in rows {
        let reply = house.send(&request).await;
        if reply.status != expected {
            wrong.push(format!(
                "{name}: {} instead of {expected}: {}",
                reply.status, reply.body
            ));
        }
        assert!(
            reply.header("access-control-allow-origin").is_none(),
            "{name}: no page may read an answer"
        );
        match reply.status {
            401 => assert_eq!(reply.header("www-authenticate"), Some("bearer"), "{name}"),
            403 => assert!(reply.body.contains("hint"), "{name}: says what to do"),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    house.close().await;
}

#[tokio::test]
async fn a_large_body_is_refused_before_and_while_it_is_read() {
    let house = House::open(GatewayConfig {
        max_body_bytes: 4_096,
        ..config()
    })
    .await;
    let filler = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":"{}"}}"#,
        "x".repeat(4_096)
    );
    let announced = house.send(&list().body(filler.as_bytes())).await;
    assert_eq!(announced.status, 413, "by its announced length");
    let chunk = "x".repeat(1_000);
    let chunked = format!("3e8\r\n{chunk}\r\n").repeat(6) + "0\r\n\r\n";
    let unannounced = house
        .send(
            &list()
                .set("Transfer-Encoding", "chunked")
                .body(chunked.as_bytes()),
        )
        .await;
    assert_eq!(unannounced.status, 413, "by its bytes");
    let without_token = house
        .send(&list().drop("Authorization").body(filler.as_bytes()))
        .await;
    assert_eq!(without_token.status, 413, "size comes before the token");
    house.close().await;
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let house = House::open(config()).await;
    let reply = house.send(&list().add("X-Filler", &"x".repeat(20_000))).await;
    assert_eq!(reply.status, 431);
    house.close().await;
}

#[tokio::test]
async fn slow_heads_and_bodies_end() {
    let short = Duration::from_millis(150);
    let house = House::open(GatewayConfig {
        header_timeout: short,
        body_timeout: short,
        ..config()
    })
    .await;
    let mut head = TcpStream::connect(house.address).await.unwrap();
    head.write_all(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1")
        .await
        .unwrap();
    let reply = Reply::read(head).await;
    assert!(
        reply.status == 0 || reply.status == 408,
        "closed, not served: {reply:?}"
    );
    let mut body = TcpStream::connect(house.address).await.unwrap();
    let mut bytes = list().bytes(house.address.port(), true);
    bytes.truncate(bytes.len() - 5);
    body.write_all(&bytes).await.unwrap();
    assert_eq!(Reply::read(body).await.status, 408);
    house.close().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let house = House::open(GatewayConfig {
        max_connections: 2,
        ..config()
    })
    .await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream
            .write_all(&list().bytes(house.address.port(), false))
            .await
            .unwrap();
        let mut first = [0_u8; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        kept.push(stream);
    }
    let surplus = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(Reply::read(surplus).await.status, 503);
    drop(kept);
    // The places come free as soon as the gateway has seen the connections go.
    let again = async { while house.send(&list()).await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(5), again)
        .await
        .expect("there is room again");
    house.close().await;
}

#[tokio::test]
async fn a_session_belongs_to_the_token_that_opened_it() {
    let house = House::open(config()).await;
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = Raw::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}));
    let opened = house.send(&hello).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let session = opened.header("mcp-session-id").expect("a session").to_owned();
    assert_eq!(session.len(), 36, "random, 122 bits: {session}");
    let within = |message: Value| {
        Raw::post(&message)
            .set("Mcp-Session-Id", &session)
            .set("MCP-Protocol-Version", "2025-11-25")
    };
    let ready = within(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    assert_eq!(house.send(&ready).await.status, 202);
    let list = within(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    let listed = house.send(&list).await;
    assert!(
        listed.status == 200 && listed.body.contains("sap_create_purchase_order"),
        "{listed:?}"
    );
    for stranger in ["Bearer token-b", "Bearer token-a2"] {
        let request = list.clone().set("Authorization", stranger);
        assert_eq!(house.send(&request).await.status, 404, "{stranger}");
        let ending = request.line("DELETE /mcp HTTP/1.1").body(b"");
        assert_eq!(house.send(&ending).await.status, 404, "{stranger} ends it");
    }
    assert_eq!(house.send(&list).await.status, 200, "the owner goes on");
    let ending = list.clone().line("DELETE /mcp HTTP/1.1").body(b"");
    assert_eq!(house.send(&ending).await.status, 204, "the owner ends it");
    assert_eq!(house.send(&list).await.status, 404, "it is gone");
    house.close().await;
}

#[tokio::test]
async fn an_agent_keeps_only_its_newest_sessions() {
    let house = House::open(GatewayConfig {
        sessions_per_agent: 2,
        ..config()
    })
    .await;
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = Raw::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}));
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(
            house
                .send(&hello)
                .await
                .header("mcp-session-id")
                .expect("a session")
                .to_owned(),
        );
    }
    let ready = Raw::post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut alive = Vec::new();
    for session in &sessions {
        alive.push(
            house
                .send(&ready.clone().set("Mcp-Session-Id", session))
                .await
                .status,
        );
    }
    assert_eq!(alive, [404, 202, 202]);
    house.close().await;
}

#[tokio::test]
async fn calls_at_once_are_limited_for_each_agent() {
    let house = House::open(GatewayConfig {
        calls_at_once: 1,
        ..config()
    })
    .await;
    let write = Raw::call(1, "sap_create_purchase_order", json!({}));
    let port = house.address.port();
    let mut held = TcpStream::connect(house.address).await.unwrap();
    held.write_all(&write.bytes(port, true)).await.unwrap();
    house.desk.until_waiting(1).await;
    let read = Raw::call(2, "sap_get_inventory", json!({}));
    let refused = house.send(&read).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("1")),
        "{refused:?}"
    );
    assert_eq!(
        refused.json()["id"],
        2,
        "a client can tell which call was refused"
    );
    assert_eq!(house.send(&list()).await.status, 200, "what is no call goes on");
    let other = read.clone().set("Authorization", "Bearer token-b");
    assert_eq!(house.send(&other).await.status, 200, "another agent goes on");
    house.desk.decide("approval-1", "executed");
    let answer = Reply::read(held).await;
    assert!(
        answer.status == 200 && answer.body.contains("4500000301"),
        "{answer:?}"
    );
    let again = async { while house.send(&read).await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(5), again)
        .await
        .expect("the place is free again");
    house.close().await;
}

#[tokio::test]
async fn calls_in_a_minute_are_limited_for_each_agent() {
    let house = House::open(GatewayConfig {
        calls_per_minute: 3,
        ..config()
    })
    .await;
    let read = Raw::call(9, "sap_get_inventory", json!({}));
    for _ in 0..3 {
        assert_eq!(house.send(&read).await.status, 200);
    }
    let refused = house.send(&read).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    let wait: u64 = refused
        .header("retry-after")
        .expect("when to come back")
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait} s");
    let error = refused.json();
    assert!(
        error["id"] == 9
            && error["error"]["message"]
                .as_str()
                .unwrap()
                .contains("calls in a minute"),
        "{error}"
    );
    assert_eq!(house.send(&list()).await.status, 200, "what is no call goes on");
    let other = read.set("Authorization", "Bearer token-b");
    assert_eq!(house.send(&other).await.status, 200, "another agent goes on");
    house.close().await;
}

#[tokio::test]
async fn messages_of_any_kind_are_limited_too() {
    let house = House::open(GatewayConfig {
        messages_per_minute: 2,
        ..config()
    })
    .await;
    let statuses = [
        house.send(&list()).await.status,
        house.send(&list()).await.status,
        house.send(&list()).await.status,
    ];
    assert_eq!(statuses, [200, 200, 429]);
    house.close().await;
}

#[tokio::test]
async fn only_loopback_is_bound_and_a_taken_port_is_named() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.0.0.2:0"] {
        let refused = Gateway::bind(GatewayConfig::new(address.parse().unwrap()))
            .await
            .expect_err(address);
        assert!(refused.to_string().contains("loopback only"), "{refused}");
    }
    let first = Gateway::bind(config()).await.unwrap();
    let second = Gateway::bind(GatewayConfig::new(first.address()))
        .await
        .expect_err("the port is taken");
    let message = second.to_string();
    assert!(
        message.contains(&first.address().to_string()) && message.contains("--gateway-listen"),
        "{message}"
    );
    assert_eq!(first.url(), format!("http://{}/mcp", first.address()));
}
