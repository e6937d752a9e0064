//! Watch: what happens on the floor is on the board within seconds, and what is old never counts as now.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::until;
use crate::world::World;

async fn board(world: &World) -> Value {
    world.call("plant_board", json!({})).await
}

/// Waits until the board is live and complete.
async fn live(world: &World) -> Value {
    until(
        "a live board with 24 machines",
        Duration::from_secs(30),
        async || {
            let board = board(world).await;
            (board["feed"]["state"] == "live" && board["machines"].as_array().unwrap().len() == 24)
                .then_some(board)
        },
    )
    .await
}

fn machine<'b>(board: &'b Value, id: &str) -> &'b Value {
    board["machines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tile| tile["machine"]["machine_id"] == id)
        .unwrap()
}

fn running(board: &Value) -> String {
    let tiles = board["machines"].as_array().unwrap();
    let tile = tiles
        .iter()
        .find(|tile| tile["machine"]["status"] == "running")
        .expect("a machine runs");
    tile["machine"]["machine_id"].as_str().unwrap().to_owned()
}

fn count(board: &Value, state: &Value) -> u64 {
    let counts = board["counts"].as_array().unwrap();
    counts
        .iter()
        .find(|count| &count["state"] == state)
        .map_or(0, |count| count["count"].as_u64().unwrap())
}

#[tokio::test]
async fn a_stop_is_on_the_board_and_in_the_mirror_within_seconds() {
    let world = World::open().await;
    let before = live(&world).await;
    assert_eq!(before["lines"].as_array().unwrap().len(), 4);
    let id = running(&before);
    let stopped = Instant::now();
    world.plant.stop(&id, "E312").await;
    let down = until("the stop on the board", Duration::from_secs(10), async || {
        let board = board(&world).await;
        (machine(&board, &id)["machine"]["status"] == "down").then_some(board)
    })
    .await;
    assert!(
        stopped.elapsed() < Duration::from_secs(5),
        "live means seconds, not the next poll: {:?}",
        stopped.elapsed()
    );
    let strip = down["abnormal"].as_array().unwrap();
    assert!(
        strip
            .iter()
            .any(|item| item["machine_id"] == id.as_str() && item["kind"] == "down"),
        "{strip:?}"
    );
    until(
        "the stop as a row for analysts",
        Duration::from_secs(10),
        async || {
            let sql = format!(
                "SELECT COUNT(*) AS n FROM downtime_events WHERE machine_id = '{id}' AND ended_at IS NULL"
            );
            let answer = world.call("query_run", json!({ "sql": sql })).await;
            (answer["rows"][0][0] == 1).then_some(())
        },
    )
    .await;
    world.plant.recover(&id).await;
    until("the machine runs again", Duration::from_secs(10), async || {
        (machine(&board(&world).await, &id)["machine"]["status"] != "down").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_change_is_told_to_screens_without_asking() {
    let world = World::open().await;
    let id = running(&live(&world).await);
    let mut events = world
        .http
        .get(format!("{}/api/events", world.url))
        .bearer_auth(&world.control_token)
        .send()
        .await
        .unwrap();
    world.plant.stop(&id, "E312").await;
    world.buyer().await.ask_and_leave(100, "told").await;
    let mut heard = String::new();
    let listening = async {
        while !(heard.contains("plant_changed") && heard.contains("approval_arrived")) {
            let chunk = events.chunk().await.unwrap().expect("the stream goes on");
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), listening).await;
    assert!(ended.is_ok(), "{heard}");
}

/// Waits until every machine is marked as old: each was measured at a time of its own.
async fn all_stale(world: &World, limit: Duration) -> Value {
    until("every machine is stale", limit, async || {
        let board = board(world).await;
        let tiles = board["machines"].as_array().unwrap();
        (!tiles.is_empty() && tiles.iter().all(|tile| tile["is_stale"] == true)).then_some(board)
    })
    .await
}

#[tokio::test]
async fn a_dead_mes_is_said_and_its_last_word_grows_old() {
    let world = World::open().await;
    let before = live(&world).await;
    assert!(count(&before, &json!("running")) > 0);
    world.plant.mes("down").await;
    until(
        "the feed says that the MES does not answer",
        Duration::from_secs(20),
        async || {
            let feed = board(&world).await["feed"].clone();
            (feed["state"] != "live" && feed["message"].is_string()).then_some(())
        },
    )
    .await;
    let old = all_stale(&world, Duration::from_secs(60)).await;
    assert_eq!(count(&old, &json!("running")), 0, "what is old is not running");
    assert_eq!(
        old["machines"].as_array().unwrap().len(),
        24,
        "what was known stays, marked as old"
    );
    assert!(
        ["stale", "offline"].contains(&old["feed"]["state"].as_str().unwrap()),
        "{}",
        old["feed"]
    );
    world.plant.mes("ok").await;
    live(&world).await;
}

#[tokio::test]
async fn a_mes_that_repeats_old_values_is_not_taken_for_live() {
    let world = World::open().await;
    live(&world).await;
    world.plant.mes("stale").await;
    // Three intervals: while the stream is open, polls come once a minute.
    let old = all_stale(&world, Duration::from_secs(240)).await;
    assert_eq!(count(&old, &json!("running")), 0, "what is old is not running");
    assert_ne!(old["feed"]["state"], "live", "answers alone do not make it live");
    let figures = world.call("plant_window", json!({ "range": "last_8h" })).await;
    let notes = figures["basis"]["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| note["kind"] == "source_stale"),
        "{notes:?}"
    );
    world.plant.mes("ok").await;
    live(&world).await;
}

/// The sum of a number over the items of a list.
fn sum(list: &Value, number: impl Fn(&Value) -> f64) -> f64 {
    list.as_array().unwrap().iter().map(number).sum()
}

#[tokio::test]
async fn the_figures_of_a_shift_come_from_the_mes_and_close() {
    let world = World::open().await;
    live(&world).await;
    let shift = until(
        "a shift before this one with its history",
        Duration::from_secs(60),
        async || {
            let answer = world
                .call("plant_window", json!({ "range": "previous_shift" }))
                .await;
            let is_known = answer["total"]["oee"].is_number() && answer["window"]["label"].is_string();
            is_known.then_some(answer)
        },
    )
    .await;
    let total = &shift["total"];
    assert_eq!(total["machines"], 24);
    assert_eq!(shift["window"]["is_finished"], true);
    assert_eq!(shift["window"]["is_calendar_assumed"], false);
    let number = |of: &Value, name: &str| of[name].as_f64().unwrap();
    let busy = number(total, "planned_busy_s");
    for name in [
        "planned_operation_s",
        "planned_busy_s",
        "production_s",
        "downtime_s",
    ] {
        let lines = sum(&shift["lines"], |line| number(&line["figures"], name));
        assert!((lines - number(total, name)).abs() < 0.01, "{name}");
    }
    let steps = &shift["waterfall"];
    let lost = sum(steps, |step| {
        if step["is_total"] == true {
            0.0
        } else {
            number(step, "seconds")
        }
    });
    let good = steps.as_array().unwrap().last().unwrap();
    assert_eq!(good["kind"], "good");
    assert!((lost + number(good, "seconds") - busy).abs() < 0.01, "{steps}");
    let bars = sum(&shift["pareto"]["by_seconds"], |bar| number(bar, "seconds"));
    assert!((bars - number(total, "downtime_s")).abs() < 0.01);
    let product = number(total, "availability") * number(total, "effectiveness") * number(total, "quality");
    assert!((product - number(total, "oee")).abs() < 1e-6);

    let id = running(&board(&world).await);
    let shown = world
        .call("plant_machine", json!({ "machine_id": id, "range": "last_8h" }))
        .await;
    let timeline = shown["timeline"].as_array().unwrap();
    assert_eq!(timeline[0]["start"], shown["window"]["since"]);
    assert!(
        timeline.windows(2).all(|pair| pair[0]["end"] == pair[1]["start"]),
        "no gap and no overlap: {timeline:?}"
    );
    assert!(
        timeline.iter().filter(|piece| piece["state"].is_string()).count() > 1,
        "the past is drawn from the history: {timeline:?}"
    );
    // Each feed is read at a time of its own.
    until("orders are listed", Duration::from_secs(60), async || {
        let answer = world.call("plant_orders", json!({})).await;
        (!answer["orders"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
    until(
        "a first-pass yield is known",
        Duration::from_secs(90),
        async || {
            let answer = world.call("plant_quality", json!({ "range": "last_24h" })).await;
            answer["total"]["first_pass_yield"].is_number().then_some(())
        },
    )
    .await;
}
