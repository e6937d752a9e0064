//! Write to the MES: an agent asks for a change on the shop floor, a person or the band decides, and the MES has made it once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::console::approval;
use crate::process::until;
use crate::world::World;

const HOLD: &str = "mes_hold_production_order";
const RELEASE: &str = "mes_release_production_order";
const SET_CYCLE: &str = "mes_set_cycle_target";

/// An agent that reads the floor and may ask for every change of it.
async fn planner(world: &World) -> Agent {
    let scopes = [
        "mes.get_*",
        "mes.hold_production_order",
        "mes.release_production_order",
        "mes.set_cycle_target",
    ];
    world.agent("planner", &scopes).await
}

/// Records as the agent reads them.
async fn records(agent: &Agent, tool: &str, filter: Value) -> Vec<Value> {
    let answer = agent.call(tool, filter).await;
    assert!(!answer.is_error, "{tool}: {answer:?}");
    answer.data["records"].as_array().unwrap().clone()
}

/// A production order that is released and not begun, so that nothing changes it but a command.
async fn released_order(agent: &Agent) -> (String, i64) {
    let orders = records(
        agent,
        "mes_get_production_orders",
        json!({ "status": "released" }),
    )
    .await;
    let order = orders.first().expect("the demo has released orders");
    (
        order["id"].as_str().unwrap().to_owned(),
        order["version"].as_i64().unwrap(),
    )
}

async fn order(agent: &Agent, id: &str) -> Value {
    let found = records(agent, "mes_get_production_orders", json!({ "order_id": id })).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn change(order: &str, version: i64) -> Value {
    json!({
        "order_id": order, "version": version, "reason": "Material is late",
        "rationale": "The coil for this order arrives tomorrow.",
    })
}

/// Asks, and goes on while the request waits.
fn ask(agent: &Agent, tool: &'static str, arguments: Value) -> tokio::task::JoinHandle<crate::agent::Answer> {
    let agent = agent.clone();
    tokio::spawn(async move { agent.call(tool, arguments).await })
}

/// The card of the only request that waits.
async fn waiting(world: &World) -> Value {
    let id = until("a request waits", Duration::from_secs(20), async || {
        let items = world.list("waiting").await;
        items.first().map(|item| item["id"].as_str().unwrap().to_owned())
    })
    .await;
    world.card(&id).await
}

#[tokio::test]
async fn an_order_is_held_and_released_once_each_after_a_person_approved_it() {
    let world = World::open().await;
    let agent = planner(&world).await;
    let (id, version) = released_order(&agent).await;

    let asked = ask(&agent, HOLD, change(&id, version));
    let card = waiting(&world).await;
    assert_eq!(card["item"]["risk"], "medium");
    assert!(card["sentence"].as_str().unwrap().contains(&id), "{card}");
    assert_eq!(
        world.plant.count("mes_commands").await,
        0,
        "nothing before a person"
    );
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.status(), "executed", "{answer:?}");
    assert_eq!(answer.data["decided_by"], json!(["erika"]));
    let held = order(&agent, &id).await;
    assert_eq!(held["status"], "paused", "read anew, not from the cache: {held}");
    assert_eq!(world.plant.count("mes_commands").await, 1);

    let asked = ask(&agent, RELEASE, change(&id, held["version"].as_i64().unwrap()));
    world.approve(&waiting(&world).await).await;
    assert_eq!(asked.await.unwrap().status(), "executed");
    assert_eq!(order(&agent, &id).await["status"], "released");
    assert_eq!(world.plant.count("mes_commands").await, 2);
}

#[tokio::test]
async fn a_target_within_the_band_is_set_by_the_policy_and_beyond_it_by_a_person() {
    let world = World::open().await;
    let agent = planner(&world).await;
    let machines = records(&agent, "mes_get_machine_status", json!({})).await;
    let machine = machines
        .iter()
        .find(|machine| machine["planned_cycle_s"].is_string())
        .expect("a machine with a planned cycle");
    let id = machine["machine_id"].as_str().unwrap().to_owned();
    let now: f64 = machine["planned_cycle_s"].as_str().unwrap().parse().unwrap();
    // What is measured meanwhile changes the record: it is read again before each request.
    let wish = async |factor: f64| {
        let machine = &records(&agent, "mes_get_machine_status", json!({ "machine_id": id })).await[0];
        json!({
            "machine_id": id, "version": machine["version"], "current_cycle_s": machine["planned_cycle_s"],
            "cycle_s": format!("{:.2}", now * factor), "reason": "As measured",
            "rationale": "The last hour was slower than planned.",
        })
    };
    let answer = agent.call(SET_CYCLE, wish(1.03).await).await;
    assert_eq!(answer.status(), "executed", "{answer:?}");
    let low = world.all().await.into_values().next().unwrap();
    assert_eq!(
        (&low["risk"], &low["operation"]),
        (&json!("low"), &json!("mes.set_cycle_target"))
    );
    assert_eq!(world.plant.count("mes_commands").await, 1);

    let asked = ask(&agent, SET_CYCLE, wish(1.2).await);
    let card = waiting(&world).await;
    assert_eq!(card["item"]["risk"], "medium", "{card}");
    assert_eq!(world.plant.count("mes_commands").await, 1);
    world.call("approval_deny", approval(&card)).await;
    assert_eq!(asked.await.unwrap().status(), "denied");
    assert_eq!(world.plant.count("mes_commands").await, 1);
}

#[tokio::test]
async fn an_order_that_changed_meanwhile_is_left_alone() {
    let world = World::open().await;
    let agent = planner(&world).await;
    let (id, version) = released_order(&agent).await;
    let refused = agent.call(HOLD, change(&id, version - 1)).await;
    assert_eq!(
        (refused.is_error, refused.code()),
        (true, "precondition_failed"),
        "{refused:?}"
    );
    assert!(world.list("waiting").await.is_empty(), "nobody is woken for it");
    // Two requests of the same version: the second one approved finds another order than was seen.
    let first = ask(&agent, HOLD, change(&id, version));
    let card = waiting(&world).await;
    let mut again = change(&id, version);
    again["reason"] = json!("Tool is worn");
    let second = ask(&agent, HOLD, again);
    let other = until("both wait", Duration::from_secs(20), async || {
        let items = world.list("waiting").await;
        items
            .into_iter()
            .find(|item| item["id"] != card["item"]["id"])
            .map(|item| item["id"].as_str().unwrap().to_owned())
    })
    .await;
    world.approve(&card).await;
    assert_eq!(first.await.unwrap().status(), "executed");
    let other = world.card(&other).await;
    world.call("approval_approve", approval(&other)).await;
    let answer = second.await.unwrap();
    assert!(answer.is_error && answer.status() != "executed", "{answer:?}");
    assert_eq!(world.plant.count("mes_commands").await, 1);
}

#[tokio::test]
async fn a_lost_answer_is_found_again_by_its_key_and_never_sent_twice() {
    let world = World::open().await;
    let agent = planner(&world).await;
    let (id, version) = released_order(&agent).await;
    let asked = ask(&agent, HOLD, change(&id, version));
    let card = waiting(&world).await;
    world.plant.mes("lost_command").await;
    world.approve(&card).await;
    let answer = asked.await.unwrap();
    assert_eq!(answer.status(), "unknown", "{answer:?}");
    assert_eq!(world.plant.count("mes_commands").await, 1);
    world.plant.mes("ok").await;
    let request = json!({ "id": card["item"]["id"] });
    let settled = world.call("approval_reconcile", request).await;
    assert_eq!(settled["item"]["state"], "succeeded", "{settled}");
    assert_eq!(world.plant.count("mes_commands").await, 1);
}

#[tokio::test]
async fn a_mes_without_commands_is_read_only() {
    let world = World::open().await;
    let agent = planner(&world).await;
    let (id, version) = released_order(&agent).await;
    world.plant.mes("no_commands").await;
    // What a MES offers is learnt with each look at its health.
    world.call("connection_test", json!({ "system": "mes" })).await;
    let refused = agent.call(HOLD, change(&id, version)).await;
    assert_eq!(
        (refused.is_error, refused.code()),
        (true, "precondition_failed"),
        "{refused:?}"
    );
    assert!(world.list("waiting").await.is_empty());
    assert_eq!(world.plant.count("mes_commands").await, 0);
}
