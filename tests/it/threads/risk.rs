//! Who may decide what: roles, reasons, two different people, nobody their own request.

use serde_json::{Value, json};

use crate::console::{approval, order};
use crate::world::World;

/// The approval of a card with other fields.
fn but(card: &Value, change: &Value) -> Value {
    let mut request = approval(card);
    request
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn high_needs_a_reason_and_an_operator_may_decide_it() {
    let world = World::demo().await;
    let asked = world.buyer().await.ask(100, "high");
    let card = world.arrived(100).await;
    assert_eq!(
        (&card["item"]["risk"], &card["item"]["quorum"]),
        (&json!("high"), &json!(1))
    );
    for reason in [json!(null), json!(""), json!("   ")] {
        let refused = world
            .refused("approval_approve", but(&card, &json!({ "reason": reason })))
            .await;
        assert_eq!(refused.code(), "reason_needed");
    }
    world.be("s.okafor").await;
    assert_eq!(
        world.refused("approval_approve", approval(&card)).await.code(),
        "not_permitted"
    );
    world.be("k.lindqvist").await;
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), &answer.data["decided_by"]),
        ("executed", &json!(["K. Lindqvist"]))
    );
}

#[tokio::test]
async fn critical_needs_two_different_admins_who_type_its_target() {
    let world = World::demo().await;
    let asked = world.buyer().await.ask(3_000, "critical");
    let card = world.arrived(3_000).await;
    assert_eq!(
        (&card["item"]["risk"], &card["item"]["quorum"]),
        (&json!("critical"), &json!(2))
    );
    assert_eq!(card["typed_target"], "100482");

    world.be("k.lindqvist").await;
    assert_eq!(
        world.refused("approval_approve", approval(&card)).await.code(),
        "not_permitted",
        "an operator"
    );
    world.be("erika").await;
    let short = world
        .refused("approval_approve", but(&card, &json!({ "reason": "too short" })))
        .await;
    assert_eq!(short.code(), "reason_needed");
    for target in [json!(null), json!("100483")] {
        let refused = world
            .refused("approval_approve", but(&card, &json!({ "typed_target": target })))
            .await;
        assert_eq!(refused.code(), "target_mismatch");
    }
    let voted = world.approve(&card).await;
    assert_eq!(
        (&voted["item"]["state"], &voted["item"]["votes"]),
        (&json!("pending"), &json!(1))
    );
    assert_eq!(
        world.refused("approval_approve", approval(&card)).await.code(),
        "same_person"
    );
    assert_eq!(
        world.plant.count("purchase_order_posts").await,
        0,
        "one admin alone sends nothing"
    );
    world.be("m.ito").await;
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.status(), &answer.data["decided_by"]),
        ("executed", &json!(["erika", "M. Ito"]))
    );
    assert_eq!(world.plant.by_reference().await.len(), 1);
}

#[tokio::test]
async fn nobody_decides_their_own_request() {
    let world = World::demo().await;
    world
        .call(
            "operation_run",
            json!({ "name": "sap.create_purchase_order", "parameters": order(100) }),
        )
        .await;
    let card = world.arrived(100).await;
    for verdict in ["approval_approve", "approval_deny"] {
        assert_eq!(
            world.refused(verdict, approval(&card)).await.code(),
            "own_request",
            "{verdict}"
        );
    }
    world.be("m.ito").await;
    let id = card["item"]["id"].as_str().unwrap();
    world.approve(&card).await;
    world.settled(id, &["succeeded"]).await;
    assert_eq!(world.plant.count("purchase_orders_created").await, 1);
}

#[tokio::test]
async fn a_viewer_sees_the_plant_and_decides_nothing() {
    let world = World::demo().await;
    world.buyer().await.ask_and_leave(100, "viewer").await;
    let card = world.arrived(100).await;
    world.be("s.okafor").await;
    assert!(!world.call("plant_board", json!({})).await["machines"].is_null());
    for (name, body) in [
        ("approval_approve", approval(&card)),
        ("approval_deny", approval(&card)),
        ("approval_extend", json!({ "id": card["item"]["id"] })),
        ("agent_add", json!({ "agent": "x", "scopes": ["sap.get_*"] })),
        (
            "operation_run",
            json!({ "name": "sap.create_purchase_order", "parameters": order(100) }),
        ),
        ("credential_set", json!({ "system": "sap", "secret": "x" })),
    ] {
        let refused = world.refused(name, body).await;
        assert_eq!(
            (refused.code(), refused.status),
            ("not_permitted", 403),
            "{name}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_request_can_be_given_more_time() {
    let world =
        World::with(|setup, plant| setup.plant(plant).set("APPROVAL_DEFAULT_TIMEOUT_SECONDS", "60")).await;
    world.buyer().await.ask_and_leave(100, "more-time").await;
    let card = world.arrived(100).await;
    let longer = world
        .call("approval_extend", json!({ "id": card["item"]["id"] }))
        .await;
    let end = |card: &Value| card["item"]["decide_by"].as_str().unwrap().to_owned();
    assert!(
        end(&longer) > end(&card),
        "{} is not after {}",
        end(&longer),
        end(&card)
    );
    assert_eq!(
        longer["item"]["digest"], card["item"]["digest"],
        "what is signed does not change"
    );
}
