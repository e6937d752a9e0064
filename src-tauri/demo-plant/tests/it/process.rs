//! The program itself: its output, its end, its memory.

use std::time::Duration;

use serde_json::json;

use crate::plant::{Plant, order};

#[tokio::test]
async fn standard_output_carries_one_line() {
    let mut plant = Plant::start(&["--seed", "7"]).await;
    assert_eq!(plant.ready["seed"], json!(7));
    plant.tell(&json!("not what was expected")).await;
    plant.post_order(&order("REF000000001")).await.unwrap();
    plant.mes_json("/api/v1/machines/status").await;
    assert_eq!(plant.end().await, "");
}

#[tokio::test]
async fn credentials_are_new_each_time_and_data_is_not() {
    let (a, b) = (Plant::start(&[]).await, Plant::start(&[]).await);
    assert_ne!(a.text("sap", "password"), b.text("sap", "password"));
    assert_ne!(a.text("mes", "token"), b.text("mes", "token"));
    let path = "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod?$select=Material,MatlWrhsStkQtyInMatlBaseUnit";
    let quantities = async |plant: &Plant| -> Vec<serde_json::Value> {
        let body = plant.sap_json(path).await;
        let rows = body["d"]["results"].as_array().unwrap();
        rows.iter()
            .map(|row| row["MatlWrhsStkQtyInMatlBaseUnit"].clone())
            .collect()
    };
    assert_eq!(quantities(&a).await, quantities(&b).await);
}

#[tokio::test]
async fn it_ends_with_its_parent_only_when_told_to() {
    let mut plant = Plant::start(&["--exit-with-parent"]).await;
    drop(plant.stdin.take());
    let status = tokio::time::timeout(Duration::from_secs(10), plant.child.wait()).await;
    assert!(status.expect("it ends").unwrap().success());

    let mut plant = Plant::start(&[]).await;
    drop(plant.stdin.take());
    plant.sap_json("API_MATERIAL_STOCK_SRV/").await;
    assert!(plant.child.try_wait().unwrap().is_none(), "it goes on");
    let id = plant.child.id().unwrap().to_string();
    std::process::Command::new("sh")
        .args(["-c", &format!("kill -TERM {id}")])
        .status()
        .unwrap();
    let status = tokio::time::timeout(Duration::from_secs(10), plant.child.wait()).await;
    assert!(
        status.expect("it ends").unwrap().success(),
        "a request to end is no failure"
    );
}

#[tokio::test]
async fn orders_survive_a_restart_with_a_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plant.jsonl");
    let file = file.to_str().unwrap();
    let plant = Plant::start(&["--state", file]).await;
    plant.post_order(&order("KEEP00000001")).await.unwrap();
    plant.end().await;
    let plant = Plant::start(&["--state", file]).await;
    assert_eq!(
        plant.control("/counts", None).await["by_reference"]["KEEP00000001"],
        json!(1)
    );
    let kept = plant.control("/orders/4500000301", None).await;
    assert_eq!(kept["CorrespncExternalReference"], json!("KEEP00000001"));
}
