//! A SAP with fifty thousand orders: it starts, it pages to the end, and the same seed tells the same story.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::plant::{Plant, SERVICE, order};
use crate::sap_services::all;

#[tokio::test]
async fn fifty_thousand_orders_page_through_with_each_key_once() {
    let plant = Plant::start(&["--size", "50000", "--quiet-agent"]).await;
    assert_eq!(plant.ready["size"], json!(50_000));
    let path = format!("{SERVICE}/A_PurchaseOrder?$select=PurchaseOrder&$orderby=PurchaseOrder");
    let rows = all(&plant, &path).await;
    let numbers: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["PurchaseOrder"].as_str())
        .collect();
    assert_eq!((rows.len(), numbers.len()), (50_000, 50_000));
    assert_eq!(
        (numbers.first(), numbers.last()),
        (Some(&"4500000001"), Some(&"4500050000"))
    );
    let items = plant
        .sap_json(&format!(
            "{SERVICE}/A_PurchaseOrderItem?$top=1&$inlinecount=allpages"
        ))
        .await;
    let count: usize = items["d"]["__count"].as_str().unwrap().parse().unwrap();
    assert!(
        (300_000..350_000).contains(&count),
        "about 6.5 items each: {count}"
    );
    // A filter with an order of its own: its pages fit together too.
    let filter = "Supplier eq '0000101268'&$orderby=PurchaseOrderDate desc&$inlinecount=allpages";
    let path = format!("{SERVICE}/A_PurchaseOrder?$select=PurchaseOrder,PurchaseOrderDate&$filter={filter}");
    let first = plant.sap_json(&path).await;
    let rows = all(&plant, &path).await;
    assert_eq!(first["d"]["__count"], json!(rows.len().to_string()));
    let numbers: BTreeSet<String> = rows.iter().map(|row| row["PurchaseOrder"].to_string()).collect();
    assert_eq!(numbers.len(), rows.len(), "a row came twice");
    let created = plant.post_order(&order("LARGE0000001")).await.unwrap();
    let body: Value = created.json().await.unwrap();
    assert_eq!(body["d"]["PurchaseOrder"], json!("4500050001"));
}

#[tokio::test]
async fn the_same_seed_and_size_tell_the_same_story() {
    let start = ["--size", "40", "--seed", "7", "--quiet-agent"];
    let (one, two) = (Plant::start(&start).await, Plant::start(&start).await);
    for path in [
        format!("{SERVICE}/A_PurchaseOrder?$expand=to_PurchaseOrderItem/to_ScheduleLine"),
        "API_PRODUCT_SRV/A_ProductValuation".to_owned(),
        "API_JOURNALENTRYITEMBASIC_SRV/A_JournalEntryItemBasic?$top=300".to_owned(),
    ] {
        let mut stories = Vec::new();
        for plant in [&one, &two] {
            let text = serde_json::to_string(&all(plant, &path).await).unwrap();
            stories.push(text.replace(plant.text("sap", "endpoint"), ""));
        }
        assert!(stories[0] == stories[1], "two stories of {path}");
    }
}

#[tokio::test]
async fn a_state_file_belongs_to_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.jsonl");
    let state = state.to_str().unwrap();
    let plant = Plant::start(&["--size", "40", "--state", state]).await;
    let created = plant.post_order(&order("KEPT00000001")).await.unwrap();
    assert_eq!(created.status(), 201);
    plant.end().await;
    let again = Plant::start(&["--size", "40", "--state", state]).await;
    let kept = again
        .sap_json(&format!("{SERVICE}/A_PurchaseOrder('4500000041')"))
        .await;
    assert_eq!(kept["d"]["CorrespncExternalReference"], json!("KEPT00000001"));
    again.end().await;
    let other = std::process::Command::new(env!("CARGO_BIN_EXE_andon-demo-plant"))
        .args(["--size", "41", "--state", state])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!other.status.success(), "numbers would not fit together");
}
