//! Write: an agent asks, a person sees a card, decides, and SAP has exactly one order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::console::{approval, order};
use crate::process::until;
use crate::world::World;

/// The one reference that SAP got, and how often.
async fn only_reference(world: &World) -> String {
    let references = world.plant.by_reference().await;
    assert_eq!(references.len(), 1, "{references:?}");
    assert_eq!(references[0].1, 1, "{references:?}");
    references[0].0.clone()
}

#[tokio::test]
async fn an_approved_request_is_one_order_in_sap_and_the_agent_has_its_number() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let asked = agent.ask(100, "one-order");
    let card = world.arrived(100).await;
    assert!(
        card["sentence"]
            .as_str()
            .unwrap()
            .contains("Orders 100 PC of HX-220 for plant 1010 from supplier 100482"),
        "{card}"
    );
    assert_eq!(card["value"], json!({ "amount": "4280.00", "currency": "EUR" }));
    assert_eq!(
        (&card["item"]["risk"], &card["item"]["state"]),
        (&json!("high"), &json!("pending"))
    );
    assert_eq!(card["item"]["requester"], "buyer");
    assert_eq!(card["rationale"], "Stock is below its reorder point.");
    assert!(!card["risk_reasons"].as_array().unwrap().is_empty());
    assert!(
        card["preconditions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["state"] == "passed"),
        "{card}"
    );
    let shown = card["parameters"].as_array().unwrap();
    let row = |field: &str| {
        shown
            .iter()
            .find(|row| row["field"] == field)
            .map(|row| row["after"].clone())
    };
    assert_eq!(row("supplier"), Some(json!("0000100482")), "{shown:?}");
    assert_eq!(row("items[0].quantity"), Some(json!("100")), "{shown:?}");
    // The stored bytes are the parameters alone: the agent's words are not in what is signed.
    let canonical: Value = serde_json::from_str(card["canonical"].as_str().unwrap()).unwrap();
    assert!(
        canonical.get("rationale").is_none() && canonical["items"][0]["material"] == "HX-220",
        "{canonical}"
    );

    let decided = world.approve(&card).await;
    assert_eq!(decided["item"]["state"], "approved");
    let answer = asked.await.unwrap();
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(
        (answer.status(), &answer.data["decision"]),
        ("executed", &json!("approved"))
    );
    assert_eq!(answer.data["decided_by"], json!(["erika"]));
    let number = answer.data["reference"].as_str().unwrap();
    assert!(number.len() == 10 && number.starts_with("45"), "{number}");

    let booked = world.plant.order(number).await;
    assert_eq!(
        booked["CorrespncExternalReference"],
        only_reference(&world).await.as_str()
    );
    assert_eq!(booked["Supplier"], "0000100482");
    let settled = world.card(card["item"]["id"].as_str().unwrap()).await;
    assert_eq!(
        (&settled["item"]["state"], &settled["item"]["reference"]),
        (&json!("succeeded"), &json!(number))
    );
    let steps: Vec<_> = settled["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["action"].clone())
        .collect();
    assert_eq!(
        steps,
        [
            "approval.requested",
            "approval.approved",
            "approval.claimed",
            "approval.dispatched",
            "approval.succeeded"
        ]
    );
}

#[tokio::test]
async fn a_medium_approval_can_be_undone_before_it_is_sent() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let asked = agent.ask(10, "undo");
    let card = world.arrived(10).await;
    assert_eq!(card["item"]["risk"], "medium");
    let id = card["item"]["id"].as_str().unwrap();
    let request = json!({ "id": id, "digest": card["item"]["digest"] });
    let decided = world.call("approval_approve", request.clone()).await;
    assert_eq!(
        (&decided["item"]["state"], &decided["can_undo"]),
        (&json!("approved"), &json!(true))
    );
    let undone = world.call("approval_undo", json!({ "id": id })).await;
    assert_eq!(
        (&undone["item"]["state"], &undone["item"]["votes"]),
        (&json!("pending"), &json!(0))
    );
    assert_eq!(undone["votes"][0]["is_void"], true);
    assert_eq!(world.plant.count("purchase_order_posts").await, 0);
    // What was undone can be decided again, and is then carried out once.
    world.call("approval_approve", request).await;
    assert_eq!(asked.await.unwrap().status(), "executed");
    only_reference(&world).await;
    let late = world.refused("approval_undo", json!({ "id": id })).await;
    assert_eq!(late.code(), "already_decided");
}

#[tokio::test]
async fn a_denial_reaches_the_agent_with_its_reason() {
    let world = World::open().await;
    let asked = world.buyer().await.ask(100, "denied");
    let card = world.arrived(100).await;
    let preset = card["deny_presets"][0].clone();
    let deny = json!({
        "id": card["item"]["id"], "digest": card["item"]["digest"], "preset": preset, "reason": "use the frame contract",
    });
    assert_eq!(
        world.call("approval_deny", deny.clone()).await["item"]["state"],
        "denied"
    );
    let answer = asked.await.unwrap();
    assert!(answer.is_error);
    assert_eq!(
        (answer.status(), &answer.data["decision"]),
        ("denied", &json!("denied"))
    );
    let reason = answer.data["reason"].as_str().unwrap();
    assert!(
        reason.contains("use the frame contract") && reason.contains(preset.as_str().unwrap()),
        "{reason}"
    );
    assert_eq!(
        world.refused("approval_deny", deny).await.code(),
        "already_decided"
    );
    assert_eq!(world.plant.count("purchase_order_posts").await, 0);
}

#[tokio::test]
async fn an_expired_request_is_not_a_denial_and_nothing_is_sent() {
    let world =
        World::with(|setup, plant| setup.plant(plant).set("APPROVAL_DEFAULT_TIMEOUT_SECONDS", "10")).await;
    let asked = world.buyer().await.ask(100, "late");
    let card = world.arrived(100).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), &answer.data["decision"]),
        ("expired", &Value::Null)
    );
    let waited = answer.data["waited_ms"].as_u64().unwrap();
    assert!(
        (10_000..=12_000).contains(&waited),
        "expired within 2 s of its time: {waited} ms"
    );
    let id = &card["item"]["id"];
    assert!(
        world
            .list("expired")
            .await
            .iter()
            .any(|item| &item["id"] == id && item["state"] == "expired")
    );
    assert!(world.list("decided").await.iter().all(|item| &item["id"] != id));
    assert_eq!(
        world.refused("approval_approve", approval(&card)).await.code(),
        "already_decided"
    );
    assert_eq!(world.plant.count("purchase_order_posts").await, 0);
}

#[tokio::test]
async fn a_decision_names_what_was_on_the_screen() {
    let world = World::open().await;
    let agent = world.buyer().await;
    agent.ask_and_leave(100, "shown").await;
    agent.ask_and_leave(120, "other").await;
    let (card, other) = (world.arrived(100).await, world.arrived(120).await);
    let mut crossed = approval(&card);
    crossed["digest"] = other["item"]["digest"].clone();
    assert_eq!(
        world.refused("approval_approve", crossed.clone()).await.code(),
        "digest_changed"
    );
    crossed["digest"] = json!("00");
    let refused = world.refused("approval_approve", crossed).await;
    assert!(
        ["digest_changed", "invalid_input"].contains(&refused.code()),
        "{refused:?}"
    );
    assert_eq!(
        world.card(card["item"]["id"].as_str().unwrap()).await["item"]["state"],
        "pending"
    );
}

#[tokio::test]
async fn the_eleventh_waiting_request_of_an_agent_is_refused() {
    let world = World::open().await;
    let agent = world.buyer().await;
    for i in 0..10 {
        // Each client leaves while it waits; what it asked for stays.
        agent.ask_and_leave(100 + i, &format!("many-{i}")).await;
        world.arrived(100 + i).await;
    }
    let refused = agent
        .call("sap_create_purchase_order", Agent::wish(200, "many-10"))
        .await;
    assert_eq!((refused.is_error, refused.code()), (true, "too_many_pending"));
    assert_eq!(world.list("waiting").await.len(), 10);
    let mine = agent.call("list_my_requests", json!({})).await;
    let first = mine.data["requests"][0]["approval_id"].clone();
    let cancelled = agent
        .call("cancel_approval", json!({ "approval_id": first }))
        .await;
    assert_eq!((cancelled.is_error, cancelled.status()), (false, "cancelled"));
    agent.ask_and_leave(200, "many-10").await;
    world.arrived(200).await;
}

#[tokio::test]
async fn asking_again_under_the_same_key_is_the_same_request() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let (one, two) = (agent.ask(100, "same"), agent.ask(100, "same"));
    let card = world.arrived(100).await;
    assert_eq!(world.list("waiting").await.len(), 1);
    let reworded = {
        let mut wish = Agent::wish(100, "same");
        wish["rationale"] = json!("The same, said in other words.");
        let agent = agent.clone();
        tokio::spawn(async move { agent.call("sap_create_purchase_order", wish).await })
    };
    let other = agent
        .call("sap_create_purchase_order", Agent::wish(101, "same"))
        .await;
    assert_eq!((other.is_error, other.code()), (true, "key_reused"));
    world.approve(&card).await;
    let (one, two, reworded) = (one.await.unwrap(), two.await.unwrap(), reworded.await.unwrap());
    for answer in [&one, &two, &reworded] {
        assert_eq!(
            (answer.status(), &answer.data["reference"]),
            ("executed", &one.data["reference"]),
            "{answer:?}"
        );
    }
    let later = agent
        .call("sap_create_purchase_order", Agent::wish(100, "same"))
        .await;
    assert_eq!(
        (later.status(), &later.data["reference"]),
        ("executed", &one.data["reference"])
    );
    only_reference(&world).await;
}

#[tokio::test]
async fn nobody_is_woken_for_what_cannot_be() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let mut past = Agent::wish(100, "past");
    past["items"][0]["delivery_date"] = json!("2020-01-01");
    let refused = agent.call("sap_create_purchase_order", past).await;
    assert_eq!(
        (refused.is_error, refused.code()),
        (true, "precondition_failed"),
        "{refused:?}"
    );
    let mut nothing = Agent::wish(100, "nothing");
    nothing["items"][0]["quantity"] = json!("0");
    let refused = agent.call("sap_create_purchase_order", nothing).await;
    assert_eq!(
        (refused.is_error, refused.code()),
        (true, "invalid_input"),
        "{refused:?}"
    );
    assert_eq!(refused.data["parameters"][0]["field"], "items[0].quantity");
    assert!(world.list("waiting").await.is_empty());
}

#[tokio::test]
async fn what_sap_refuses_is_told_in_its_own_words() {
    let world = World::open().await;
    let mut wish = Agent::wish(100, "refused");
    wish["purchasing_group"] = json!("999");
    let agent = world.buyer().await;
    let asked = tokio::spawn(async move { agent.call("sap_create_purchase_order", wish).await });
    world.approve(&world.arrived(100).await).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), answer.is_error),
        ("refused_by_system", true),
        "{answer:?}"
    );
    assert!(!answer.data["outcome"].as_str().unwrap().is_empty());
    assert_eq!(world.plant.count("purchase_orders_created").await, 0);
}

#[tokio::test]
async fn a_client_that_leaves_decides_nothing_and_may_come_back() {
    let world = World::open().await;
    let agent = world.buyer().await;
    agent.ask_and_leave(100, "left").await;
    let card = world.arrived(100).await;
    world.approve(&card).await;
    let id = card["item"]["id"].clone();
    let answer = agent.call("await_approval", json!({ "approval_id": id })).await;
    assert_eq!(answer.status(), "executed");
    only_reference(&world).await;
    // Another agent knows nothing of it.
    let stranger = world.agent("stranger", &["sap.create_purchase_order"]).await;
    let refused = stranger
        .call("await_approval", json!({ "approval_id": id }))
        .await;
    assert_eq!((refused.is_error, refused.code()), (true, "not_found"));
}

#[tokio::test]
async fn a_decision_is_not_sent_before_its_undo_window_ends() {
    let world = World::open().await;
    let agent = world.buyer().await;
    agent.ask_and_leave(10, "window").await;
    let card = world.arrived(10).await;
    let decided = world.approve(&card).await;
    let (World { console, plant, .. }, id) = (&world, card["item"]["id"].as_str().unwrap());
    assert_eq!(decided["item"]["state"], "approved");
    assert!(console.card(id).await["can_undo"].as_bool().unwrap());
    assert_eq!(plant.count("purchase_order_posts").await, 0);
    let settled = console.settled(id, &["succeeded"]).await;
    assert_eq!(plant.count("purchase_order_posts").await, 1);
    let dispatched = settled["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["action"] == "approval.dispatched")
        .cloned();
    let (sent, until_then) = (
        dispatched.unwrap()["at"].clone(),
        decided["item"]["undo_until"].clone(),
    );
    assert!(
        sent.as_str() >= until_then.as_str(),
        "sent at {sent}, could be undone until {until_then}"
    );
}

#[tokio::test]
async fn a_persons_own_request_waits_for_another_person() {
    let world = World::open().await;
    let asked = world
        .call(
            "operation_run",
            json!({ "name": "sap.create_purchase_order", "parameters": order(100) }),
        )
        .await;
    assert_eq!(asked["kind"], "requested", "{asked}");
    let card = world.arrived(100).await;
    assert_eq!(
        (&card["hindrance"], &card["item"]["can_approve"]),
        (&json!("own"), &json!(false))
    );
    assert_eq!(
        world.refused("approval_approve", approval(&card)).await.code(),
        "own_request"
    );
    until("it still waits", Duration::from_secs(1), async || {
        (world.list("waiting").await.len() == 1).then_some(())
    })
    .await;
}
