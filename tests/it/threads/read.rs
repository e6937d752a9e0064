//! Read: permit, validation, the tenant's cache, SAP and MES, classification.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn every_read_brings_records_with_source_class_and_age() {
    let world = World::open().await;
    for (name, source, field) in [
        ("sap.get_inventory", "sap", "material"),
        ("sap.get_purchase_orders", "sap", "purchase_order"),
        ("mes.get_machine_status", "mes", "machine_id"),
        ("mes.get_downtime_events", "mes", "machine_id"),
    ] {
        let answer = world
            .call(
                "operation_run",
                json!({ "name": name, "parameters": {}, "limit": 5 }),
            )
            .await;
        assert_eq!(
            (&answer["kind"], &answer["source"]),
            (&json!("read"), &json!(source)),
            "{name}: {answer}"
        );
        let records = answer["records"].as_array().unwrap();
        assert!(!records.is_empty() && records.len() <= 5, "{name}: {answer}");
        assert!(
            records.iter().all(|record| record[field].is_string()),
            "{name}: {field} in {records:?}"
        );
        assert!(
            answer["class"].as_str().unwrap().starts_with("class_"),
            "{name}: {answer}"
        );
        assert_eq!(answer["is_stale"], false, "{name}");
    }
}

#[tokio::test]
async fn a_second_read_comes_from_the_cache_and_sap_is_not_asked_again() {
    let world = World::open().await;
    let read = async || {
        let parameters = json!({ "material": "HX-220", "plant": "1010" });
        world
            .call(
                "operation_run",
                json!({ "name": "sap.get_inventory", "parameters": parameters }),
            )
            .await
    };
    let first = read().await;
    assert_eq!(first["from_cache"], false);
    let before = world.plant.count("sap_requests").await;
    for _ in 0..40 {
        let again = read().await;
        assert_eq!(again["from_cache"], true);
        assert_eq!(again["records"], first["records"]);
    }
    // The mirror's own polls go on meanwhile; forty reads that reached SAP would show.
    let asked = world.plant.count("sap_requests").await - before;
    assert!(asked < 20, "SAP was asked {asked} times");
    let cache = world.call("status_get", json!({})).await["cache"].clone();
    assert!(cache["hits"].as_u64().unwrap() >= 40, "{cache}");

    let (code, out, err) = world
        .ctl(&[
            "op",
            "run",
            "sap.get_inventory",
            "--params",
            r#"{"material":"HX-220","plant":"1010"}"#,
            "--json",
        ])
        .await;
    assert_eq!(code, 0, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&told["from_cache"], &told["records"]),
        (&json!(true), &first["records"])
    );
}

#[tokio::test]
async fn an_order_makes_the_next_read_fresh() {
    let world = World::open().await;
    let read = async || {
        let parameters = json!({ "material": "HX-220" });
        world
            .call(
                "operation_run",
                json!({ "name": "sap.get_purchase_orders", "parameters": parameters }),
            )
            .await
    };
    read().await;
    assert_eq!(read().await["from_cache"], true);
    let agent = world.buyer().await;
    let asked = agent.ask(101, "fresh");
    world.approve(&world.arrived(101).await).await;
    let number = asked.await.unwrap().data["reference"].clone();
    let fresh = read().await;
    assert_eq!(fresh["from_cache"], false, "a write invalidates what it touches");
    let orders = fresh["records"].as_array().unwrap();
    assert!(
        orders.iter().any(|order| order["purchase_order"] == number),
        "{number} in {orders:?}"
    );
}

#[tokio::test]
async fn what_is_not_valid_or_not_permitted_reaches_no_system() {
    let world = World::open().await;
    let agent = world.agent("stock-only", &["sap.get_inventory"]).await;
    let before = world.plant.count("sap_requests").await;
    let wrong = json!({ "name": "sap.get_inventory", "parameters": { "plant": "TOOLONG" } });
    let refused = world.refused("operation_run", wrong).await;
    assert_eq!((refused.code(), refused.status), ("invalid_input", 400));
    assert_eq!(refused.body["parameters"][0]["field"], "plant");
    let unknown = json!({ "name": "sap.get_inventory", "parameters": { "colour": "red" } });
    assert_eq!(
        world.refused("operation_run", unknown).await.code(),
        "invalid_input"
    );
    // A tool outside the token's scope does not exist for the agent.
    let (_, message) = agent
        .post(
            "tools/call",
            json!({"name": "sap_get_purchase_orders", "arguments": {}}),
            &[],
        )
        .await
        .unwrap();
    assert!(
        message["error"]["message"]
            .as_str()
            .unwrap()
            .contains("unknown tool"),
        "{message}"
    );
    let read = agent
        .call("sap_get_inventory", json!({ "material": "HX-220" }))
        .await;
    assert!(
        !read.is_error && !read.data["records"].as_array().unwrap().is_empty(),
        "{read:?}"
    );
    assert!(world.plant.count("sap_requests").await < before + 20);
}
