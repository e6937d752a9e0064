//! Commands to the MES over HTTP: done once, refused for a reason, remembered by their key.

use reqwest::Method;
use serde_json::{Value, json};

use crate::mes::Stream;
use crate::plant::Plant;

/// A command with everything it needs.
struct Send<'a> {
    path: String,
    key: Option<&'a str>,
    version: Option<String>,
    body: Value,
}

impl Send<'_> {
    async fn to(&self, plant: &Plant) -> reqwest::Result<(u16, Value, Option<String>)> {
        let mut request = plant.mes(Method::POST, &self.path).json(&self.body);
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(version) = &self.version {
            request = request.header("if-match", version);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let is_problem = kind == "application/problem+json";
        assert_eq!(is_problem, status != 200, "{status} as {kind}");
        let etag = answer
            .headers()
            .get("etag")
            .map(|tag| tag.to_str().unwrap().to_owned());
        Ok((status, answer.json().await?, etag))
    }
}

fn key(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn quoted(record: &Value) -> Option<String> {
    Some(format!("\"{}\"", record["version"]))
}

/// A command on an order or a machine as it was read.
fn command<'a>(path: String, key: &'a str, record: &Value) -> Send<'a> {
    Send {
        path,
        key: Some(key),
        version: quoted(record),
        body: json!({"reason": "Tool is worn"}),
    }
}

fn hold<'a>(order: &Value, key: &'a str) -> Send<'a> {
    let id = order["id"].as_str().unwrap();
    command(format!("/api/v1/production-orders/{id}/hold"), key, order)
}

fn release<'a>(order: &Value, key: &'a str) -> Send<'a> {
    let id = order["id"].as_str().unwrap();
    command(format!("/api/v1/production-orders/{id}/release"), key, order)
}

fn target<'a>(machine: &Value, key: &'a str, cycle_s: Value) -> Send<'a> {
    let id = machine["machine_id"].as_str().unwrap();
    let mut send = command(format!("/api/v1/machines/{id}/cycle-target"), key, machine);
    send.body["cycle_s"] = cycle_s;
    send
}

async fn order_of(plant: &Plant, machine: &str, status: &str) -> Value {
    let path = format!("/api/v1/production-orders?machine_id={machine}&status={status}");
    plant.mes_json(&path).await["items"][0].clone()
}

async fn machine(plant: &Plant, id: &str) -> Value {
    plant.mes_json(&format!("/api/v1/machines/{id}")).await
}

/// A machine that runs an order, brought to that by hand, so that nothing else is expected of it soon.
async fn runner(plant: &Plant) -> (Value, Value) {
    plant.control("/machines/PS-03/recover", Some(json!({}))).await;
    let machine = machine(plant, "PS-03").await;
    assert_eq!(machine["status"], json!("running"));
    let order = order_of(plant, "PS-03", "active").await;
    assert_eq!(machine["order_id"], order["id"]);
    (machine, order)
}

async fn count(plant: &Plant) -> Value {
    plant.control("/counts", None).await["mes_commands"].clone()
}

#[tokio::test]
async fn a_hold_stops_the_machine_and_a_release_lets_it_go_on() {
    let plant = Plant::start(&[]).await;
    let (_, order) = runner(&plant).await;
    let mut stream = Stream::open(&plant, "types=order&machine_id=PS-03", None).await;
    let (first, second) = (key(1), key(2));
    let (status, held, etag) = hold(&order, &first).to(&plant).await.unwrap();
    assert_eq!((status, &held["status"]), (200, &json!("paused")));
    let next = order["version"].as_i64().unwrap() + 1;
    assert_eq!(held["version"], json!(next));
    assert_eq!(etag, Some(format!("\"{next}\"")));
    let pushed = loop {
        let event = stream.next().await;
        if event.data["version"] == json!(next) {
            break event;
        }
    };
    assert_eq!(pushed.data["status"], json!("paused"));
    let stopped = machine(&plant, "PS-03").await;
    assert_eq!(
        (&stopped["status"], &stopped["order_id"]),
        (&json!("idle"), &order["id"])
    );
    assert_eq!(stopped["reason"]["text"], json!("Order on hold"));
    let told = plant.mes_json(&format!("/api/v1/commands/{first}")).await;
    assert_eq!(
        (&told["id"], &told["command"], &told["target"], &told["status"]),
        (&json!(first), &json!("hold"), &order["id"], &json!("done"))
    );
    assert_eq!(told["record"], held);
    assert!(told["at"].is_string());
    let (status, released, _) = release(&held, &second).to(&plant).await.unwrap();
    assert_eq!((status, &released["status"]), (200, &json!("released")));
    assert_eq!(released["version"], json!(next + 1));
    while stream.next().await.data["status"] != json!("active") {}
    assert_eq!(machine(&plant, "PS-03").await["status"], json!("running"));
    assert_eq!(count(&plant).await, json!(2));
}

#[tokio::test]
async fn a_new_target_shows_on_machine_and_order() {
    let plant = Plant::start(&[]).await;
    let (seen, order) = runner(&plant).await;
    let first = key(1);
    let (status, changed, etag) = target(&seen, &first, json!(6.125)).to(&plant).await.unwrap();
    assert_eq!((status, &changed["cycle"]["planned_s"]), (200, &json!(6.125)));
    assert_eq!(changed["version"], json!(seen["version"].as_i64().unwrap() + 1));
    assert_eq!(etag, quoted(&changed));
    assert_eq!(machine(&plant, "PS-03").await["cycle"]["planned_s"], json!(6.125));
    let after = order_of(&plant, "PS-03", "active").await;
    assert_eq!(
        (&after["id"], &after["planned_cycle_s"]),
        (&order["id"], &json!(6.125))
    );
    let path = "/api/v1/machines/history?machine_id=PS-03";
    let segments = plant.mes_all(path).await;
    assert_eq!(segments.last().unwrap()["planned_cycle_s"], json!(6.125));
    let told = plant.mes_json(&format!("/api/v1/commands/{first}")).await;
    assert_eq!(
        (&told["command"], &told["target"]),
        (&json!("cycle-target"), &json!("PS-03"))
    );
    for (number, wrong) in [json!(0), json!(-1), json!(3600.5), json!("12.5"), Value::Null]
        .into_iter()
        .enumerate()
    {
        let other = key(10 + u32::try_from(number).unwrap());
        let (status, problem, _) = target(&changed, &other, wrong.clone()).to(&plant).await.unwrap();
        assert_eq!(status, 422, "{wrong}: {problem}");
    }
    assert_eq!(count(&plant).await, json!(1));
}

#[tokio::test]
async fn a_repeated_command_is_answered_and_not_done_twice() {
    let plant = Plant::start(&[]).await;
    let (_, order) = runner(&plant).await;
    let (first, second, third) = (key(1), key(2), key(3));
    let (_, held, etag) = hold(&order, &first).to(&plant).await.unwrap();
    release(&held, &second).to(&plant).await.unwrap();
    let again = hold(&order, &first).to(&plant).await.unwrap();
    assert_eq!(
        again,
        (200, held.clone(), etag),
        "the stored answer, although much has changed"
    );
    let now = plant
        .mes_json("/api/v1/production-orders?machine_id=PS-03&status=released,active")
        .await;
    assert_eq!(now["items"][0]["id"], order["id"], "it was not held again");
    let mut other = hold(&order, &first);
    other.body["reason"] = json!("Another reason");
    assert_eq!(other.to(&plant).await.unwrap().0, 409, "one key, two bodies");
    assert_eq!(
        release(&order, &first).to(&plant).await.unwrap().0,
        409,
        "one key, two paths"
    );
    // A refusal is remembered as well: what could be done now was refused then.
    let refused = hold(&order, &third).to(&plant).await.unwrap();
    assert_eq!(refused.0, 412);
    assert_eq!(hold(&order, &third).to(&plant).await.unwrap(), refused);
    let told = plant.mes_json(&format!("/api/v1/commands/{third}")).await;
    assert_eq!(
        (&told["status"], &told["record"]),
        (&json!("refused"), &Value::Null)
    );
    assert_eq!(told["problem"]["status"], json!(412));
    assert_eq!(count(&plant).await, json!(2));
}

#[tokio::test]
async fn what_is_not_right_is_refused_with_its_own_status() {
    let plant = Plant::start(&[]).await;
    let (_, order) = runner(&plant).await;
    let good = key(1);
    let mut send = hold(&order, &good);
    send.key = None;
    assert_eq!(send.to(&plant).await.unwrap().0, 400, "no key");
    send.key = Some("not-a-uuid");
    assert_eq!(send.to(&plant).await.unwrap().0, 400, "not a key");
    send.key = Some(&good);
    send.version = None;
    assert_eq!(send.to(&plant).await.unwrap().0, 428, "no version");
    send.version = Some("7".to_owned());
    assert_eq!(send.to(&plant).await.unwrap().0, 400, "no quotes");
    send.version = quoted(&order);
    send.body = json!({"reason": " "});
    assert_eq!(send.to(&plant).await.unwrap().0, 400, "no reason");
    let unseen = plant.mes(Method::GET, &format!("/api/v1/commands/{good}"));
    assert_eq!(
        unseen.send().await.unwrap().status(),
        404,
        "nothing of that was a command"
    );
    let (status, problem, _) = release(&order, &key(2)).to(&plant).await.unwrap();
    assert_eq!(status, 409, "it is active");
    assert!(
        problem["detail"].as_str().unwrap().contains("active"),
        "{problem}"
    );
    let completed = order_of(&plant, "PS-03", "completed").await;
    assert_eq!(hold(&completed, &key(3)).to(&plant).await.unwrap().0, 409);
    let planned = order_of(&plant, "PS-03", "planned").await;
    assert_eq!(hold(&planned, &key(4)).to(&plant).await.unwrap().0, 409);
    assert_eq!(release(&planned, &key(5)).to(&plant).await.unwrap().0, 200);
    let mut nobody = hold(&order, "00000000-0000-4000-8000-000000000006");
    nobody.path = "/api/v1/production-orders/MO-1/hold".to_owned();
    assert_eq!(nobody.to(&plant).await.unwrap().0, 404);
    let path = format!("/api/v1/production-orders/{}/hold", order["id"].as_str().unwrap());
    let read = plant.mes(Method::GET, &path).send().await.unwrap();
    assert_eq!(
        (read.status().as_u16(), &read.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    let stranger = plant
        .http
        .post(format!("{}{path}", plant.text("mes", "endpoint")));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_lost_answer_leaves_a_command_that_can_be_looked_up() {
    let plant = Plant::start(&[]).await;
    let (_, order) = runner(&plant).await;
    let (first, second) = (key(1), key(2));
    plant
        .control("/faults", Some(json!({"mes": "busy_commands"})))
        .await;
    assert_eq!(hold(&order, &first).to(&plant).await.unwrap().0, 503);
    let unseen = plant.mes(Method::GET, &format!("/api/v1/commands/{first}"));
    assert_eq!(
        unseen.send().await.unwrap().status(),
        404,
        "it was never looked at"
    );
    assert_eq!(order_of(&plant, "PS-03", "active").await["id"], order["id"]);
    plant
        .control("/faults", Some(json!({"mes": "lost_command"})))
        .await;
    assert!(hold(&order, &second).to(&plant).await.is_err(), "the line is cut");
    let told = plant.mes_json(&format!("/api/v1/commands/{second}")).await;
    assert_eq!(
        (&told["status"], &told["record"]["status"]),
        (&json!("done"), &json!("paused"))
    );
    let again = hold(&order, &second).to(&plant).await.unwrap();
    assert_eq!(
        (again.0, &again.1),
        (200, &told["record"]),
        "only what is done now is cut"
    );
    assert_eq!(count(&plant).await, json!(1));
}

#[tokio::test]
async fn without_the_capability_there_are_no_commands() {
    let plant = Plant::start(&["--no-commands"]).await;
    let capabilities = plant.mes_json("/health").await["capabilities"].clone();
    assert!(
        !capabilities.as_array().unwrap().contains(&json!("commands")),
        "{capabilities}"
    );
    let (_, order) = runner(&plant).await;
    assert_eq!(hold(&order, &key(1)).to(&plant).await.unwrap().0, 404);

    let plant = Plant::start(&[]).await;
    let announced = async |plant: &Plant| {
        let health = plant.mes_json("/health").await;
        health["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("commands"))
    };
    assert!(announced(&plant).await);
    plant
        .control("/faults", Some(json!({"mes": "no_commands"})))
        .await;
    assert!(!announced(&plant).await);
    let (_, order) = runner(&plant).await;
    let first = key(1);
    assert_eq!(hold(&order, &first).to(&plant).await.unwrap().0, 404);
    let lookup = plant.mes(Method::GET, &format!("/api/v1/commands/{first}"));
    assert_eq!(lookup.send().await.unwrap().status(), 404);
    plant.control("/faults", Some(json!({"mes": "ok"}))).await;
    assert_eq!(hold(&order, &first).to(&plant).await.unwrap().0, 200);
}
