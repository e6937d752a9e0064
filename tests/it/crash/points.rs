//! One test for each named point of the engine, in the order of a request's life.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use serde_json::json;

use super::{at_most_one_each, at_rest, chain_holds, is_booked, put_in_order, reconcile};
use crate::agent::Agent;
use crate::console::approval;
use crate::process::{root, until};
use crate::world::World;

const SIGABRT: i32 = 6;

/// What is known after the crash and the start.
struct After {
    /// State of the request, `None` when it was not on disk yet.
    state: Option<&'static str>,
    /// Orders in SAP at that moment.
    orders: u64,
}

const fn after(state: Option<&'static str>, orders: u64) -> After {
    After { state, orders }
}

/// Ends the console at the point while a request goes through it, starts it again, and brings the request to its end.
async fn crash_at(point: &str, expected: After) {
    let mut world = World::with(|setup, plant| setup.plant(plant).set("ANDON_CRASH_AT", point)).await;
    let World { console, plant, .. } = &mut world;
    let agent = console.buyer().await;
    let asked = {
        let (agent, wish) = (agent.clone(), Agent::wish(100, "crash"));
        tokio::spawn(async move { agent.reach("sap_create_purchase_order", wish).await })
    };
    // The person decides as soon as there is something to decide; the console may be gone at any moment.
    let mut decided = false;
    until("the crash", Duration::from_secs(30), async || {
        let waiting = console.reach("approval_list", &json!({})).await;
        let item = waiting
            .and_then(Result::ok)
            .and_then(|list| list["items"].as_array()?.first().cloned());
        if let Some(item) = item.filter(|item| item["state"] == "pending")
            && let Some(Ok(card)) = console.reach("approval_get", &json!({ "id": item["id"] })).await
        {
            decided |= matches!(
                console.reach("approval_approve", &approval(&card)).await,
                Some(Ok(_))
            );
        }
        (!console.process.is_running()).then_some(())
    })
    .await;
    let status = console.process.ended(Duration::from_secs(5)).await;
    assert_eq!(
        status.signal(),
        Some(SIGABRT),
        "{point}: {}",
        console.process.said()
    );
    let acknowledged = asked.await.unwrap();
    assert!(
        acknowledged.is_none(),
        "{point}: the agent had an answer: {acknowledged:?}"
    );
    chain_holds(console).await;

    let mut setup = console.setup.clone();
    setup.environment.remove("ANDON_CRASH_AT");
    *console = setup.start().await;
    put_in_order(console).await;
    console.enrolled().await;
    let all = console.all().await;
    assert!(all.len() <= 1, "{point}: {all:?}");
    let state = all
        .values()
        .next()
        .map(|item| item["state"].as_str().unwrap().to_owned());
    let is_as_expected = match expected.state {
        // From `approved` it is sent again by itself, once.
        Some("approved") => {
            ["approved", "claimed", "dispatched", "succeeded"].contains(&state.as_deref().unwrap_or(""))
        }
        other => state.as_deref() == other,
    };
    assert!(is_as_expected, "{point}: {state:?}");
    assert!(
        !decided || state.as_deref() != Some("pending"),
        "{point}: an acknowledged decision was lost"
    );
    if expected.state != Some("approved") {
        let orders: u64 = at_most_one_each(plant).await.values().sum();
        assert_eq!(orders, expected.orders, "{point}");
    }
    bring_to_its_end(point, console, plant, &console.known_agent(&agent.token)).await;
}

async fn bring_to_its_end(
    point: &str,
    console: &crate::console::Console,
    plant: &crate::plant::Plant,
    agent: &Agent,
) {
    // The agent comes back with its key: the same request, or, where nothing was on disk, a first one.
    let asked = agent.ask(100, "crash");
    let id = until("the request", Duration::from_secs(20), async || {
        console.all().await.into_keys().next()
    })
    .await;
    at_rest(console).await;
    let mut card = console.card(&id).await;
    if card["item"]["state"] == "pending" {
        console.approve(&card).await;
        card = console.settled(&id, &["succeeded", "failed", "unknown"]).await;
    }
    let orders: u64 = at_most_one_each(plant).await.values().sum();
    if card["item"]["state"] == "unknown" {
        assert_eq!(asked.await.unwrap().status(), "unknown", "{point}");
        card = reconcile(console, &id).await;
        let state = if orders == 1 { "succeeded" } else { "unknown" };
        assert_eq!(card["item"]["state"], state, "{point}: SAP has {orders}: {card}");
        if orders == 0 {
            let settle =
                json!({ "id": id, "happened": false, "reason": "SAP has no order with our reference" });
            card = console.call("approval_settle", settle).await;
            assert_eq!(card["item"]["state"], "failed");
        }
    } else {
        let answer = asked.await.unwrap();
        assert_eq!(
            (answer.status(), &answer.data["approval_id"]),
            ("executed", &json!(id)),
            "{point}: {card}"
        );
    }
    if card["item"]["state"] == "succeeded" {
        assert!(is_booked(plant, card["item"]["reference"].as_str().unwrap()).await);
    }
    // Asked once more, nothing more happens.
    let again = agent.ask(100, "crash").await.unwrap();
    assert_eq!(again.data["approval_id"], json!(id), "{point}");
    assert_eq!(
        at_most_one_each(plant).await.values().sum::<u64>(),
        orders,
        "{point}"
    );
    assert_eq!(console.all().await.len(), 1, "{point}: one key is one request");
}

macro_rules! points {
    ($( $name:ident: $point:literal => $state:expr, $orders:literal; )+) => {
        const POINTS: &[&str] = &[$($point),+];
        $(
            #[tokio::test]
            async fn $name() {
                crash_at($point, after($state, $orders)).await;
            }
        )+
    };
}

points! {
    crash_before_the_request_is_on_disk: "submit" => None, 0;
    crash_after_the_request_is_on_disk: "audit" => Some("pending"), 0;
    crash_after_screens_were_told: "notify" => Some("pending"), 0;
    crash_while_deciding: "decide" => Some("pending"), 0;
    crash_after_signing: "sign" => Some("pending"), 0;
    crash_after_the_claim: "claim" => Some("approved"), 0;
    crash_before_it_is_marked_as_dispatched: "dispatch-before" => Some("approved"), 0;
    crash_after_it_is_marked_as_dispatched: "dispatched" => Some("unknown"), 0;
    crash_after_sap_answered: "response-read" => Some("unknown"), 1;
    crash_after_the_result_is_on_disk: "result-commit" => Some("succeeded"), 1;
    crash_before_the_agent_is_answered: "waiter-reply" => Some("succeeded"), 1;
}

#[test]
fn every_crash_point_of_the_engine_has_its_test() {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("src-tauri/engine/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(path).unwrap();
                found.extend(
                    text.split("crash_point(\"")
                        .skip(1)
                        .map(|rest| rest.split('"').next().unwrap().to_owned()),
                );
            }
        }
    }
    assert_eq!(found, POINTS.iter().map(|point| (*point).to_owned()).collect());
}
