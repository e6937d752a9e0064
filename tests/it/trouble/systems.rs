//! SAP and MES that refuse, are gone, or answer nonsense.

use std::time::Duration;

use serde_json::{Value, json};

use crate::console::ctl;
use crate::process::until;
use crate::world::World;

/// A system in the status line.
async fn system(world: &World, name: &str) -> Value {
    let status = world.call("status_get", json!({})).await;
    let systems = status["systems"].as_array().unwrap();
    systems
        .iter()
        .find(|system| system["system"] == name)
        .unwrap()
        .clone()
}

/// Waits until a system is in this state.
async fn becomes(world: &World, name: &str, state: &str) -> Value {
    until(
        &format!("{name} is {state}"),
        Duration::from_secs(45),
        async || {
            let system = system(world, name).await;
            (system["state"] == state).then_some(system)
        },
    )
    .await
}

fn read(name: &str) -> Value {
    json!({ "name": name, "parameters": {} })
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_the_words_say_what_to_do() {
    let world = World::with(|setup, plant| setup.plant(plant).set("SAP_PASSWORD", "not-the-password")).await;
    let sap = becomes(&world, "sap", "unauthorized").await;
    assert!(sap["hint"].as_str().unwrap().contains("password"), "{sap}");
    assert_eq!(
        world.plant.count("sap_401").await,
        1,
        "a user is locked after a few wrong logons"
    );
    // Health checks go on every five seconds, feeds and people want data: none of them tries again.
    for _ in 0..2 {
        let checked = system(&world, "sap").await["checked_at"].clone();
        let refused = world.refused("operation_run", read("sap.get_inventory")).await;
        assert_eq!((refused.code(), refused.status), ("system_unauthorized", 502));
        assert!(
            refused.words().contains("set the password or token again"),
            "{}",
            refused.words()
        );
        until("another health check", Duration::from_secs(15), async || {
            (system(&world, "sap").await["checked_at"] != checked).then_some(())
        })
        .await;
    }
    assert_eq!(world.plant.count("sap_401").await, 1);
    // The MES is not affected.
    assert!(
        !world.call("operation_run", read("mes.get_machine_status")).await["records"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_credential_is_set_on_the_keyring_and_can_be_replaced() {
    let mut password = String::new();
    let world = World::with(|setup, plant| {
        password = plant.text("sap", "password").to_owned();
        let mut setup = setup.plant(plant);
        setup.environment.remove("SAP_PASSWORD");
        setup
    })
    .await;
    let sap = becomes(&world, "sap", "not_configured").await;
    assert!(sap["hint"].is_string(), "{sap}");
    assert_eq!(
        world
            .refused("operation_run", read("sap.get_inventory"))
            .await
            .code(),
        "not_configured"
    );
    assert_eq!(
        world.plant.count("sap_requests").await,
        0,
        "nothing is sent without a password"
    );
    world
        .call(
            "credential_set",
            json!({ "system": "sap", "secret": "wrong-at-first" }),
        )
        .await;
    world.call("connection_test", json!({ "system": "sap" })).await;
    becomes(&world, "sap", "unauthorized").await;
    world
        .call("credential_set", json!({ "system": "sap", "secret": password }))
        .await;
    world.call("connection_test", json!({ "system": "sap" })).await;
    becomes(&world, "sap", "healthy").await;
    assert!(
        !world.call("operation_run", read("sap.get_inventory")).await["records"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // It is still there after a restart.
    let World {
        mut console, plant, ..
    } = world;
    assert!(
        console.process.terminate().await.success(),
        "asked to end, it ends well"
    );
    assert!(!console.setup.data().join("console.json").exists());
    let (code, _, err) = ctl(&console.setup, &["status"]).await;
    assert_eq!(code, 3, "none is running: {err}");
    console = console.setup.clone().start().await;
    assert!(
        !console.call("operation_run", read("sap.get_inventory")).await["records"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    drop(plant);
}

#[tokio::test]
async fn a_stopped_sap_is_said_and_everything_else_goes_on() {
    let world = World::open().await;
    becomes(&world, "sap", "healthy").await;
    world.call("operation_run", read("sap.get_inventory")).await;
    let asked = world.buyer().await.ask(100, "down");
    let card = world.arrived(100).await;
    world.plant.sap("down").await;
    let refused = world
        .refused("operation_run", read("sap.get_purchase_orders"))
        .await;
    assert_eq!(
        (refused.code(), refused.status),
        ("system_unavailable", 503),
        "{refused:?}"
    );
    assert!(
        !refused.words().contains("127.0.0.1"),
        "screens show no hosts: {}",
        refused.words()
    );
    let tested = world.call("connection_test", json!({ "system": "sap" })).await;
    assert!(tested["systems"].is_array());
    let sap = becomes(&world, "sap", "down").await;
    assert!(
        sap["hint"].as_str().unwrap().contains("tried again by itself"),
        "{sap}"
    );
    // What was read before is still served, and the mirror and the MES answer.
    assert_eq!(
        world.call("operation_run", read("sap.get_inventory")).await["from_cache"],
        true
    );
    assert_eq!(
        world
            .call(
                "query_run",
                json!({ "sql": "SELECT COUNT(*) AS n FROM machines" })
            )
            .await["verdict"],
        "allowed"
    );
    world.call("operation_run", read("mes.get_machine_status")).await;
    // An approval now is not sent, and says so; it is not "unknown", because no byte of it left.
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), answer.is_error),
        ("not_sent", true),
        "{answer:?}"
    );
    world.plant.sap("ok").await;
    becomes(&world, "sap", "healthy").await;
    assert_eq!(
        world.plant.count("purchase_order_posts").await,
        0,
        "and it is not sent later"
    );
}

#[tokio::test]
async fn a_stopped_mes_is_said_and_sap_goes_on() {
    let world = World::open().await;
    becomes(&world, "mes", "healthy").await;
    world.plant.mes("down").await;
    let refused = world
        .refused("operation_run", read("mes.get_downtime_events"))
        .await;
    assert_eq!(refused.code(), "system_unavailable", "{refused:?}");
    world.call("connection_test", json!({ "system": "mes" })).await;
    let mes = becomes(&world, "mes", "down").await;
    assert!(mes["hint"].is_string() && mes["message"].is_string(), "{mes}");
    world.call("operation_run", read("sap.get_purchase_orders")).await;
    let asked = world.buyer().await.ask(100, "without-mes");
    world.approve(&world.arrived(100).await).await;
    assert_eq!(asked.await.unwrap().status(), "executed");
    world.plant.mes("ok").await;
    becomes(&world, "mes", "healthy").await;
}

#[tokio::test]
async fn a_lost_answer_is_unknown_until_sap_is_asked_for_our_reference() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let asked = agent.ask(100, "lost");
    let card = world.arrived(100).await;
    let id = card["item"]["id"].as_str().unwrap();
    world.plant.sap("lost_answer").await;
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), answer.is_error),
        ("unknown", true),
        "{answer:?}"
    );
    assert_eq!(
        world.plant.count("purchase_order_posts").await,
        1,
        "it is not sent again"
    );
    let unknown = world.card(id).await;
    assert_eq!(
        (&unknown["item"]["state"], &unknown["can_settle"]),
        (&json!("unknown"), &json!(true))
    );
    assert_eq!(
        world.call("status_get", json!({})).await["waiting"],
        1,
        "a person has to look"
    );
    world.plant.sap("ok").await;
    let found = world.call("approval_reconcile", json!({ "id": id })).await;
    assert_eq!(found["item"]["state"], "succeeded", "{found}");
    let number = found["item"]["reference"].as_str().unwrap();
    assert!(!world.plant.order(number).await.is_null());
    assert_eq!(world.plant.by_reference().await.len(), 1);
    let told = agent.call("await_approval", json!({ "approval_id": id })).await;
    assert_eq!(
        (told.status(), &told.data["reference"]),
        ("executed", &json!(number))
    );
}

#[tokio::test]
async fn what_is_not_sap_is_not_taken_for_it() {
    let world = World::open().await;
    world.plant.sap("busy").await;
    let refused = world
        .refused("operation_run", read("sap.get_purchase_orders"))
        .await;
    assert_eq!(refused.code(), "system_unavailable", "{refused:?}");
    world.plant.sap("html_login").await;
    let refused = until("a logon page", Duration::from_secs(30), async || {
        let refused = world.refused("operation_run", read("sap.get_inventory")).await;
        (refused.code() != "system_unavailable").then_some(refused)
    })
    .await;
    assert_eq!(refused.code(), "system_unauthorized", "{refused:?}");
    assert!(!refused.words().contains('<'), "{}", refused.words());
    // The user could be locked: nothing more is sent until a person asks for it.
    world.plant.sap("ok").await;
    let still = world.refused("operation_run", read("sap.get_inventory")).await;
    assert_eq!(still.code(), "system_unauthorized", "{still:?}");
    world.call("connection_test", json!({ "system": "sap" })).await;
    world.call("operation_run", read("sap.get_inventory")).await;
}
