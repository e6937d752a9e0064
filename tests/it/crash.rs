//! Crashes between request and answer. The plant lives apart and counts; the console is ended at every named point and at
//! random, and started again on its folder. Nothing acknowledged is lost, and SAP has at most one order for each request.

mod points;
mod random;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::console::Console;
use crate::plant::Plant;
use crate::process::until;

/// What nobody can say becomes visible within this time after a start.
const VISIBLE_WITHIN: Duration = Duration::from_secs(5);

/// SAP's own count for every request, by the reference we send: none has more than one order.
async fn at_most_one_each(plant: &Plant) -> BTreeMap<String, u64> {
    let references = plant.by_reference().await;
    for (reference, count) in &references {
        assert!(
            *count <= 1,
            "SAP has {count} orders for {reference}: {references:?}"
        );
    }
    references.into_iter().collect()
}

/// Whether SAP has the order that this number names, and it is one that we made.
async fn is_booked(plant: &Plant, number: &str) -> bool {
    plant.order(number).await["CorrespncExternalReference"]
        .as_str()
        .is_some_and(|reference| reference.starts_with("AN"))
}

/// After a start: nothing is in between, and what nobody can say is on the screen in time.
async fn put_in_order(console: &Console) {
    let list = console.list("waiting").await;
    assert!(
        console.started.elapsed() < VISIBLE_WITHIN,
        "visible after {:?}",
        console.started.elapsed()
    );
    for item in &list {
        // `recover` ran before the doors opened; a request may be on its way again, but only from `approved`.
        let state = item["state"].as_str().unwrap();
        assert!(
            ["pending", "approved", "claimed", "dispatched", "unknown"].contains(&state),
            "{item}"
        );
    }
}

/// Looks in SAP for an unknown outcome. Gives the card.
async fn reconcile(console: &Console, id: &str) -> Value {
    console.call("approval_reconcile", json!({ "id": id })).await
}

/// Waits until nothing is under way.
async fn at_rest(console: &Console) {
    until("nothing is under way", Duration::from_secs(40), async || {
        let list = console.list("waiting").await;
        list.iter()
            .all(|item| item["state"] == "pending" || item["state"] == "unknown")
            .then_some(())
    })
    .await;
}

/// The chain of the log, checked in the file of a console that was just ended.
async fn chain_holds(console: &Console) {
    let (code, out, err) = console.ctl(&["audit", "verify"]).await;
    assert_eq!(code, 0, "{out}{err}");
}
