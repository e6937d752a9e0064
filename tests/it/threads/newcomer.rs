//! What a newcomer sees: `serve --demo` with its own plant and its own agent, and nothing set up.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::console::{Setup, approval};
use crate::process::until;

#[tokio::test]
async fn the_demo_asks_within_five_seconds_stops_within_forty_and_ends_clean() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(folder.path());
    setup.arguments.push("--demo".to_owned());
    let mut console = setup.start().await;
    let ready = Instant::now();
    let first = until("the agent's first request", Duration::from_secs(8), async || {
        console.list("waiting").await.into_iter().next()
    })
    .await;
    // From the line that says where it is; the agent gets its token after that.
    assert!(ready.elapsed() < Duration::from_secs(5), "{:?}", ready.elapsed());
    assert_eq!(first["requester"], "procurement-agent");
    console.enrolled().await;
    let card = console.card(first["id"].as_str().unwrap()).await;
    assert!(
        card["rationale"].as_str().is_some_and(|words| !words.is_empty()),
        "{card}"
    );
    assert!(
        card["item"]["risk"] != "critical",
        "the first one can be decided alone: {card}"
    );
    console.call("approval_approve", approval(&card)).await;
    let done = console
        .settled(first["id"].as_str().unwrap(), &["succeeded"])
        .await;
    let number = done["item"]["reference"].clone();
    let read = json!({ "name": "sap.get_purchase_orders", "parameters": { "purchase_order": number } });
    let found = console.call("operation_run", read).await;
    assert_eq!(
        found["records"][0]["purchase_order"], number,
        "SAP has it: {found}"
    );

    until(
        "the first stop",
        Duration::from_secs(45).saturating_sub(ready.elapsed()),
        async || {
            let board: Value = console.call("plant_board", json!({})).await;
            board["abnormal"]
                .as_array()
                .unwrap()
                .iter()
                .any(|item| item["kind"] == "down")
                .then_some(())
        },
    )
    .await;
    assert!(ready.elapsed() < Duration::from_secs(40), "{:?}", ready.elapsed());
    let asked = until("a request to the MES", Duration::from_secs(60), async || {
        let all = console.all().await;
        all.into_values().find(|item| {
            item["operation"]
                .as_str()
                .is_some_and(|name| name.starts_with("mes."))
        })
    })
    .await;
    assert_eq!(
        (&asked["operation"], &asked["risk"]),
        (&json!("mes.set_cycle_target"), &json!("low")),
        "the agent's third request, within the band: {asked}"
    );
    let session = console.call("session_get", json!({})).await;
    assert_eq!(
        (&session["is_demo"], &session["environment"]),
        (&json!(true), &json!("demo")),
        "it says that it is simulated"
    );
    assert!(console.process.terminate().await.success());
}
