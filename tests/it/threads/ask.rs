//! Ask: SQL passes the guard or is refused with reasons; what passes runs on the mirror.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::until;
use crate::world::World;

const TABLES: [&str; 5] = [
    "purchase_orders",
    "purchase_order_items",
    "inventory",
    "machines",
    "downtime_events",
];

async fn run(world: &World, sql: &str) -> Value {
    world.call("query_run", json!({ "sql": sql })).await
}

/// Waits until the mirror has rows of every table.
async fn filled(world: &World) {
    for table in TABLES {
        until(&format!("rows of {table}"), Duration::from_secs(30), async || {
            let answer = run(world, &format!("SELECT COUNT(*) AS n FROM {table}")).await;
            answer["rows"][0][0].as_u64().filter(|count| *count > 0)
        })
        .await;
    }
}

#[tokio::test]
async fn every_ready_question_runs() {
    let world = World::open().await;
    filled(&world).await;
    let desk = world.call("query_desk", json!({})).await;
    let tables: Vec<_> = desk["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["name"].clone())
        .collect();
    assert!(
        TABLES.iter().all(|table| tables.contains(&json!(table))),
        "{tables:?}"
    );
    let ready = desk["ready"].as_array().unwrap();
    assert!(ready.len() >= 8, "{ready:?}");
    let mut empty = Vec::new();
    for question in ready {
        let answer = run(&world, question["sql"].as_str().unwrap()).await;
        assert_eq!(answer["verdict"], "allowed", "{question}: {answer}");
        assert!(
            !answer["columns"].as_array().unwrap().is_empty(),
            "{question}: {answer}"
        );
        assert!(
            answer["class"].is_string() && answer["score"]["total"].is_number(),
            "{question}: {answer}"
        );
        if answer["row_count"] == 0 {
            empty.push(question["id"].clone());
        }
    }
    // What is down now may be nothing; most questions have an answer in any plant.
    assert!(empty.len() <= 4, "no rows for {empty:?}");
}

#[tokio::test]
async fn erp_and_plant_are_joined_in_one_question() {
    let world = World::open().await;
    filled(&world).await;
    let answer = run(
        &world,
        "SELECT o.supplier, COUNT(*) AS items, (SELECT COUNT(*) FROM machines) AS machines \
         FROM purchase_orders AS o JOIN purchase_order_items AS i ON i.purchase_order = o.purchase_order \
         WHERE o.currency = 'EUR' GROUP BY o.supplier ORDER BY items DESC LIMIT 3",
    )
    .await;
    assert_eq!(answer["verdict"], "allowed", "{answer}");
    assert_eq!(
        (answer["row_count"].as_u64(), &answer["rows"][0][2]),
        (Some(3), &json!(24)),
        "{answer}"
    );
    assert!(
        answer["params"].as_array().unwrap().contains(&json!("EUR")),
        "literals are bound: {answer}"
    );
    let export = world.call("query_export", json!({ "id": answer["id"] })).await;
    let csv = export["text"].as_str().unwrap();
    assert!(
        csv.lines().next().unwrap().contains("supplier") && csv.lines().count() == 4,
        "{csv}"
    );
    let rows = world
        .call(
            "query_rows",
            json!({ "id": answer["id"], "offset": 1, "limit": 2 }),
        )
        .await;
    assert_eq!(rows["rows"], json!([answer["rows"][1], answer["rows"][2]]));
    let (code, out, err) = world
        .ctl(&["query", "SELECT COUNT(*) AS n FROM machines", "--json"])
        .await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap()["rows"],
        json!([[24]])
    );
}

#[tokio::test]
async fn what_is_not_one_plain_select_is_refused_with_reasons() {
    let world = World::open().await;
    for sql in [
        "DELETE FROM machines",
        "SELECT 1; SELECT 2",
        "SELECT name FROM sqlite_master",
        "SELECT secret FROM machines",
        "WITH x AS (DELETE FROM machines RETURNING *) SELECT * FROM x",
        "SELECT load_extension('x')",
        "ATTACH DATABASE '/etc/passwd' AS x",
        "SELECT * FROM machines WHERE machine_id = 'a' /*! OR 1=1 */",
        "SELEC 1",
    ] {
        let answer = run(&world, sql).await;
        assert_eq!(answer["verdict"], "refused", "{sql}: {answer}");
        assert!(
            answer["rows"].as_array().unwrap().is_empty() && answer["sql_run"].is_null(),
            "{sql}: {answer}"
        );
        for reason in answer["reasons"].as_array().unwrap() {
            assert!(
                ["code", "message", "hint"]
                    .iter()
                    .all(|part| !reason[*part].as_str().unwrap().is_empty()),
                "{sql}: {reason}"
            );
        }
        assert!(
            !answer["reasons"].as_array().unwrap().is_empty(),
            "{sql}: {answer}"
        );
    }
    let misspelt = run(&world, "SELECT machin_id FROM machines").await;
    assert_eq!(misspelt["reasons"][0]["nearest"], "machine_id", "{misspelt}");
    let (code, _, _) = world.ctl(&["query", "DELETE FROM machines"]).await;
    assert_eq!(code, 1);
}

#[tokio::test]
async fn without_a_model_a_question_says_so() {
    let world = World::open().await;
    let refused = world
        .refused("query_ask", json!({ "question": "Which machines are down?" }))
        .await;
    assert_eq!(refused.code(), "not_configured");
    assert!(
        refused.words().to_lowercase().contains("model"),
        "{}",
        refused.words()
    );
}

#[tokio::test]
async fn the_mirror_refuses_writes_even_from_a_good_select() {
    let world = World::open().await;
    filled(&world).await;
    let folder = world.setup.data().join("tenants/default");
    let before = std::fs::metadata(folder.join("mirror.sqlite"))
        .unwrap()
        .permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&before) & 0o077,
        0,
        "nobody else reads the mirror"
    );
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    let answer = world
        .reach("query_run", &json!({ "sql": endless }))
        .await
        .unwrap();
    let words = format!("{answer:?}");
    let is_stopped = match &answer {
        Ok(answer) => answer["verdict"] == "refused",
        Err(refusal) => refusal.code() == "timed_out",
    };
    assert!(is_stopped, "{words}");
}
