//! The audit log: everything is in it, and it can be checked without the console.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::console::approval;
use crate::process::until;
use crate::world::World;

/// Entries of the log whose action begins so.
async fn tail(world: &World, action: &str) -> Vec<Value> {
    let tail = world
        .call("audit_tail", json!({ "action": action, "limit": 500 }))
        .await;
    tail["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn writes_decisions_and_refusals_are_in_the_log_and_the_chain_holds() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let asked = agent.ask(100, "logged");
    let card = world.arrived(100).await;
    let id = card["item"]["id"].as_str().unwrap();
    world.approve(&card).await;
    asked.await.unwrap();
    let mut nothing = Agent::wish(0, "nothing");
    nothing["items"][0]["quantity"] = json!("0");
    agent.call("sap_create_purchase_order", nothing).await;
    agent.ask_and_leave(120, "denied").await;
    let denied = world.arrived(120).await;
    world.call("approval_deny", approval(&denied)).await;
    world
        .call("query_run", json!({ "sql": "DELETE FROM machines" }))
        .await;
    world
        .call(
            "operation_run",
            json!({ "name": "sap.get_inventory", "parameters": {} }),
        )
        .await;

    let of_request: Vec<_> = tail(&world, "approval.")
        .await
        .into_iter()
        .filter(|entry| entry["event"]["subject"] == id)
        .collect();
    let said: Vec<_> = of_request
        .iter()
        .map(|entry| (entry["event"]["action"].clone(), entry["event"]["actor"].clone()))
        .collect();
    let expected = [
        ("approval.requested", "agent:buyer"),
        ("approval.approved", "person:erika"),
        ("approval.claimed", "system"),
        ("approval.dispatched", "system"),
        ("approval.succeeded", "system"),
    ];
    assert_eq!(
        said,
        expected.map(|(action, actor)| (json!(action), json!(actor)))
    );
    assert_eq!(of_request[1]["event"]["detail"]["digest"], card["item"]["digest"]);
    assert!(
        tail(&world, "approval.denied")
            .await
            .iter()
            .any(|entry| entry["event"]["subject"] == denied["item"]["id"])
    );
    let refusals = tail(&world, "operation.write_refused").await;
    assert!(
        refusals
            .iter()
            .any(|entry| entry["event"]["outcome"] == "refused" && entry["event"]["actor"] == "agent:buyer")
    );
    assert!(
        !tail(&world, "agent.").await.is_empty(),
        "who gave the agent its token is written down"
    );
    // Reads and queries come in groups within a second.
    for action in ["query.", "operation.read"] {
        until(action, std::time::Duration::from_secs(5), async || {
            (!tail(&world, action).await.is_empty()).then_some(())
        })
        .await;
    }
    assert_eq!(world.call("audit_verify", json!({})).await["is_intact"], true);

    let World { console, plant, .. } = world;
    let mut console = console;
    let setup = console.setup.clone();
    console.process.kill().await;
    let (code, out, err) = crate::console::ctl(&setup, &["audit", "verify"]).await;
    assert_eq!(code, 0, "{out}{err}");
    let verdict: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(verdict["is_intact"], true, "{verdict}");
    drop(plant);
}

#[tokio::test]
async fn the_log_numbers_its_entries_without_a_gap() {
    let world = World::open().await;
    world.buyer().await;
    let entries = tail(&world, "").await;
    let numbers: Vec<i64> = entries
        .iter()
        .map(|entry| entry["sequence"].as_i64().unwrap())
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
}
