//! `andonctl`, as a person at a terminal and a script use it: data on standard output, errors on standard error.

use std::time::Duration;

use serde_json::{Value, json};

use crate::console::Console;
use crate::process::until;
use crate::world::World;

/// Runs it; it must do what was asked.
async fn done(console: &Console, arguments: &[&str]) -> String {
    let (code, out, err) = console.ctl(arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {out}{err}");
    out
}

/// Runs it for JSON.
async fn data(console: &Console, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(console, arguments).await).unwrap()
}

#[tokio::test]
async fn a_request_is_approved_from_a_terminal() {
    let world = World::open().await;
    let asked = world.buyer().await.ask(100, "terminal");
    let id = world.arrived(100).await["item"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(done(&world, &["approval", "list"]).await.contains(&id));
    let shown = done(&world, &["approval", "show", &id]).await;
    assert!(shown.contains("Orders 100 PC of HX-220"), "{shown}");
    let card = data(&world, &["approval", "show", &id, "--json"]).await;
    let digest = card["item"]["digest"].as_str().unwrap();
    let (code, out, err) = world
        .ctl(&[
            "approval",
            "approve",
            &id,
            "--digest",
            "0000000000",
            "--reason",
            "x",
        ])
        .await;
    assert_eq!((code, out.as_str()), (1, ""), "another digest is refused: {err}");
    let (code, _, err) = world.ctl(&["approval", "approve", &id, "--digest", digest]).await;
    assert_eq!(code, 1, "HIGH needs a reason: {err}");
    assert!(err.contains("reason"), "{err}");
    done(
        &world,
        &[
            "approval",
            "approve",
            &id,
            "--digest",
            digest,
            "--reason",
            "stock is low",
        ],
    )
    .await;
    assert_eq!(asked.await.unwrap().status(), "executed");
    assert_eq!(world.plant.count("purchase_orders_created").await, 1);
}

#[tokio::test]
async fn agents_operations_status_and_the_log_are_at_hand() {
    let world = World::open().await;
    let added = data(
        &world,
        &["agent", "add", "reader", "--scope", "mes.get_*", "--json"],
    )
    .await;
    let agent = world.known_agent(added["token"].as_str().unwrap());
    assert!(!agent.call("mes_get_machine_status", json!({})).await.is_error);
    assert!(done(&world, &["agent", "list"]).await.contains("reader"));
    for operation in [
        "sap.get_inventory",
        "sap.create_purchase_order",
        "mes.get_downtime_events",
    ] {
        assert!(done(&world, &["op", "list"]).await.contains(operation));
    }
    let log = done(&world, &["audit", "tail"]).await;
    assert!(log.contains("agent.") && log.contains("person:erika"), "{log}");
    assert!(done(&world, &["status"]).await.to_lowercase().contains("mes: "));
    assert!(done(&world, &["open"]).await.starts_with("http://127.0.0.1:"));
    let denied = world.buyer().await.ask(100, "deny");
    let id = world.arrived(100).await["item"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    done(&world, &["approval", "deny", &id, "--reason", "not this month"]).await;
    assert_eq!(denied.await.unwrap().status(), "denied");
    let (code, out, err) = world.ctl(&["op", "run", "sap.nonsense"]).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert_eq!(world.ctl(&["no-such-command"]).await.0, 2);
}

#[tokio::test]
async fn connections_are_looked_at_and_feeds_managed_from_a_terminal() {
    let world = World::open().await;
    let feed = async |name: &str| {
        let list = data(&world, &["connections", "--json"]).await;
        let connections = list["connections"].as_array().unwrap().clone();
        let mut feeds = connections
            .iter()
            .flat_map(|one| one["feeds"].as_array().unwrap());
        feeds.find(|feed| feed["feed"] == name).unwrap().clone()
    };
    assert!(done(&world, &["connections"]).await.contains("purchase_orders"));
    done(&world, &["feed", "pause", "stock"]).await;
    assert_eq!(feed("stock").await["state"], "paused");
    let (code, _, err) = world.ctl(&["feed", "sync", "stock"]).await;
    assert_eq!(code, 1, "a paused feed is not fetched: {err}");
    done(&world, &["feed", "resume", "stock"]).await;
    done(&world, &["feed", "sync", "stock"]).await;
    assert_eq!(feed("stock").await["is_paused"], false);
    let said = done(&world, &["mirror", "rebuild", "--feed", "machines"]).await;
    assert!(said.contains("machines"), "{said}");
    until("the machines are back", Duration::from_secs(30), async || {
        (feed("machines").await["records"].as_u64() > Some(0)).then_some(())
    })
    .await;
    let log = done(&world, &["audit", "tail"]).await;
    for action in ["feed.paused", "feed.resumed", "feed.sync_asked", "mirror.rebuilt"] {
        assert!(log.contains(action), "{action}: {log}");
    }
    let (_, out, err) = world.ctl(&["doctor"]).await;
    assert!(
        out.contains("SAP ") && out.contains("MES "),
        "the findings of each system, service by service: {out}{err}"
    );
}

#[tokio::test]
async fn a_sign_in_link_works_once_and_becomes_a_cookie() {
    let world = World::open().await;
    let link = done(&world, &["open"]).await;
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let first = browser.get(link.trim()).send().await.unwrap();
    if first.status() == 404 {
        // Without a built UI there is no page to sign in to.
        return;
    }
    let cookie = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(
        browser.get(link.trim()).send().await.unwrap().status(),
        401,
        "once"
    );
    let cookie = cookie.split(';').next().unwrap();
    let call = |with_header: bool| {
        let request = browser
            .post(format!("{}/api/session_get", world.url))
            .header("cookie", cookie)
            .json(&json!({}));
        if with_header {
            request.header("x-andon", "1")
        } else {
            request
        }
    };
    assert_eq!(call(true).send().await.unwrap().status(), 200);
    assert_eq!(
        call(false).send().await.unwrap().status(),
        400,
        "a form of another page cannot set the header"
    );
}
