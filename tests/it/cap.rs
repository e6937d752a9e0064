//! SAP's own CAP as an OData V2 server with the services' real names, and the console on it: every read and the one write,
//! against a server that none of us wrote.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::console::{Console, Setup, approval};
use crate::process::{Process, root, until};

/// A console on the peer; both end with it.
struct OnCap {
    console: Console,
    peer: Value,
    _process: Process,
    _folder: TempDir,
}

async fn open() -> OnCap {
    let folder = tempfile::tempdir().unwrap();
    let at = root().join("tests/peers/cap");
    assert!(
        at.join("node_modules/@sap/cds").exists(),
        "SAP's CAP is not installed: run scripts/peers, as make test does"
    );
    let mut process = Process::start(Path::new("node"), &folder.path().join("cap.err"), |command| {
        command
            .args([
                "--require",
                "./quiet.js",
                "node_modules/@sap/cds/bin/serve.js",
                "all",
            ])
            .current_dir(&at)
            .env("PORT", "0");
    });
    let peer = process.first_line().await.unwrap();
    let text = |name: &str| peer[name].as_str().unwrap();
    let console = Setup::new(folder.path())
        .set("SAP_ODATA_ENDPOINT", text("endpoint"))
        .set("SAP_USERNAME", text("username"))
        .set("SAP_PASSWORD", text("password"))
        .set("SAP_CLIENT", "100")
        .start()
        .await;
    console.enrolled().await;
    OnCap {
        console,
        peer,
        _process: process,
        _folder: folder,
    }
}

/// All records of a read, page by page.
async fn read(console: &Console, name: &str, parameters: Value) -> Vec<Value> {
    let (mut records, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({"name": name, "parameters": parameters, "limit": 1000, "cursor": cursor});
        let answer = console.call("operation_run", asked).await;
        assert_eq!(answer["is_truncated"], false, "{answer}");
        records.extend(answer["records"].as_array().unwrap().iter().cloned());
        cursor = answer["next_cursor"].clone();
        if cursor.is_null() {
            return records;
        }
    }
}

#[tokio::test]
async fn every_order_of_a_foreign_server_is_read_once_and_filters_reach_it() {
    let on = open().await;
    let all = read(&on.console, "sap.get_purchase_orders", json!({})).await;
    let mut numbers: Vec<&str> = all
        .iter()
        .map(|order| order["purchase_order"].as_str().unwrap())
        .collect();
    numbers.dedup();
    assert_eq!(
        numbers.len() as u64,
        on.peer["orders"].as_u64().unwrap(),
        "each order once, to the end"
    );
    let first = all.last().expect("the lowest number comes last");
    assert_eq!(
        (
            &first["purchase_order"],
            &first["order_date"],
            &first["status"],
            &first["payment_terms"]
        ),
        (
            &json!("4500000001"),
            &json!("2026-01-06"),
            &json!("in_release"),
            &json!("0001")
        )
    );
    // 10.5 and 20.5 pieces at 101.25 for one; SAP rounds each item to cents, and so does the sum of them.
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        first["net_value"]
            .as_str()
            .unwrap()
            .trim_end_matches('0')
            .trim_end_matches('.'),
        "3138.76"
    );
    // Three of four items: the third costs nothing, the fourth is deleted; priced for 100.
    let of = |number: &str| {
        all.iter()
            .find(|order| order["purchase_order"] == number)
            .unwrap()
    };
    assert_eq!(of("4500000015")["items"][2]["is_free_of_charge"], true);
    assert_eq!(of("4500000053")["status"], "deleted");
    assert_eq!(of("4500000041")["status"], "incomplete");
    assert_eq!(of("4500000017")["currency"], "JPY");

    let by_supplier = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"supplier": "100003"}),
    )
    .await;
    assert_eq!(
        by_supplier.len(),
        100,
        "without its leading zeros, as people type it"
    );
    let by_status = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"status": "rejected"}),
    )
    .await;
    assert!(!by_status.is_empty() && by_status.iter().all(|order| order["status"] == "rejected"));
    let dates = json!({"ordered_from": "2026-02-01", "ordered_to": "2026-02-03"});
    let by_date = read(&on.console, "sap.get_purchase_orders", dates).await;
    assert_eq!(by_date.len(), 12, "three days, both ends included");
    let by_plant = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"plant": "1030", "material": "MAT-002"}),
    )
    .await;
    assert!(!by_plant.is_empty());
    assert!(
        by_plant
            .iter()
            .all(|order| order["items"][0]["material"] == "MAT-002")
    );
    let changed = json!({"changed_since": "2026-10-30T00:00:00Z"});
    let changed = read(&on.console, "sap.get_purchase_orders", changed).await;
    assert_eq!(changed.len(), 8, "the last two days of the made-up year");
    let none = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"supplier": "O'NEILL"}),
    )
    .await;
    assert_eq!(none, Vec::<Value>::new(), "a quote in a value is a value");
}

#[tokio::test]
async fn stock_materials_and_cost_centres_of_a_foreign_server_are_read_with_their_amounts() {
    let on = open().await;
    let stock = read(&on.console, "sap.get_inventory", json!({"material": "MAT-004"})).await;
    let row = |kind: &str, special: Value| {
        stock
            .iter()
            .find(|row| row["stock_type"] == kind && row["special_stock"] == special)
            .unwrap_or_else(|| panic!("{kind} {special}: {stock:?}"))
    };
    let own = row("unrestricted", Value::Null);
    assert_eq!(
        (&own["quantity"], &own["buckets"]),
        (&json!("100"), &json!(2)),
        "a negative batch counts"
    );
    assert_eq!(own["value_basis"], "standard_price");
    assert_eq!(
        own["value_estimate"],
        json!({"amount": "250.00", "currency": "EUR"}),
        "100 pieces at 250 for 100"
    );
    assert_eq!(row("quality_inspection", Value::Null)["quantity"], "7");
    let consignment = row("unrestricted", json!("K"));
    assert_eq!(
        (&consignment["quantity"], &consignment["value_estimate"]),
        (&json!("500"), &Value::Null)
    );
    let mine = read(
        &on.console,
        "sap.get_inventory",
        json!({"plant": "1010", "special_stock": "own"}),
    )
    .await;
    assert!(
        !mine.is_empty()
            && mine
                .iter()
                .all(|row| row["special_stock"].is_null() && row["plant"] == "1010")
    );

    let materials = read(&on.console, "sap.get_materials", json!({"material_type": "ROH"})).await;
    assert_eq!(materials.len(), 15);
    let seventh = materials.iter().find(|row| row["material"] == "MAT-007").unwrap();
    assert_eq!(
        (&seventh["description"], &seventh["description_language"]),
        (&json!("Teil 7"), &json!("DE")),
        "no English text: any text is better than none, and its language is said"
    );
    let found = read(
        &on.console,
        "sap.get_materials",
        json!({"description": "Part 12"}),
    )
    .await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["valuations"][0]["price"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap(),
        250.0
    );
    assert_eq!(found[0]["plants"][0]["plant"], "1010");

    let asked = json!({"controlling_area": "A000", "valid_on": "2026-06-01", "fiscal_year": "2026"});
    let centers = read(&on.console, "sap.get_cost_centers", asked).await;
    assert_eq!(centers.len(), 6, "one slice of each");
    let center = |number: &str| centers.iter().find(|row| row["cost_center"] == number).unwrap();
    let amount = |row: &Value, name: &str| row[name].as_str().map(|text| text.parse::<f64>().unwrap());
    let second = center("0000004002");
    assert_eq!(
        (&second["valid_from"], &second["valid_to"]),
        (&json!("2025-01-01"), &json!("9999-12-31"))
    );
    assert_eq!(
        (&second["name"], &second["responsible"]),
        (&json!("Line 2"), &json!("Person 2"))
    );
    assert_eq!(amount(second, "budget"), Some(12_001.2));
    assert_eq!(amount(second, "actual"), Some(870.005));
    assert_eq!(second["amounts_currency"], "EUR");
    assert_eq!(
        amount(center("0000004005"), "budget"),
        None,
        "no plan is not a plan of zero"
    );
    assert_eq!(center("0000004006")["is_blocked"], true);
}

#[tokio::test]
async fn an_approved_order_is_made_once_on_a_foreign_server() {
    let on = open().await;
    let agent = on.console.buyer().await;
    let wanted = json!({
        "company_code": "1000", "purchasing_organization": "1000", "purchasing_group": "001",
        "supplier": "0000100003", "currency": "EUR",
        "items": [{
            "material": "MAT-003", "plant": "1010", "quantity": "12.5", "unit": "PC", "net_price": "101.25",
            "delivery_date": "2099-01-31",
        }],
    });
    let asking = tokio::spawn(async move { agent.call("sap_create_purchase_order", wanted).await });
    let id = until("the request waits", Duration::from_secs(20), async || {
        on.console
            .list("waiting")
            .await
            .first()
            .map(|item| item["id"].clone())
    })
    .await;
    let card = on.console.card(id.as_str().unwrap()).await;
    on.console.call("approval_approve", approval(&card)).await;
    let done = on
        .console
        .settled(id.as_str().unwrap(), &["succeeded", "failed", "unknown"])
        .await;
    assert_eq!(done["item"]["state"], "succeeded", "{done}");
    let answer = asking.await.unwrap();
    assert!(!answer.is_error, "{:?}", answer.data);
    let number = format!("{}", 4_500_000_001 + on.peer["orders"].as_u64().unwrap());
    let made = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"purchase_order": number}),
    )
    .await;
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(
        made[0]["items"][0]["quantity"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap(),
        12.5
    );
    let reference = made[0]["external_reference"].as_str().unwrap();
    assert_eq!(reference.len(), 12);
    let same = read(
        &on.console,
        "sap.get_purchase_orders",
        json!({"external_reference": reference}),
    )
    .await;
    assert_eq!(same.len(), 1, "once");
}
