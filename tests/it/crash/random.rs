//! Kills at random moments between request and answer: 40 in `make test`, 200 with `ANDON_SOAK=1`. The seed is printed;
//! `ANDON_SEED` repeats a run's choices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{at_most_one_each, at_rest, chain_holds, is_booked, put_in_order, reconcile};
use crate::agent::Agent;
use crate::console::{Console, approval};
use crate::plant::Plant;
use crate::world::World;

const LANES: u64 = 4;

/// Small random numbers from a seed, the same on every machine.
struct Dice(u64);

impl Dice {
    /// Below `most`.
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most
    }
}

fn seed() -> u64 {
    let given = std::env::var("ANDON_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        u64::try_from(now.as_millis()).unwrap()
    })
}

/// What was acknowledged to somebody before the kill.
#[derive(Default)]
struct Acknowledged {
    /// Requests that a screen showed.
    shown: Vec<String>,
    /// Requests whose last needed approval was acknowledged.
    approved: Vec<String>,
}

/// Asks for one order that one person approves after three seconds of undo, and one that needs two and goes at once.
fn ask(console: &Console, token: &str, pieces: u32) {
    for pieces in [pieces, 3_000 + pieces] {
        let (agent, wish) = (
            console.known_agent(token),
            Agent::wish(pieces, &format!("kill-{pieces}")),
        );
        tokio::spawn(async move { agent.reach("sap_create_purchase_order", wish).await });
    }
}

/// Both admins, as fast as they can, until the console is gone.
async fn decide(console: &Console, acknowledged: &Mutex<Acknowledged>) -> Option<()> {
    loop {
        let list = console.reach("approval_list", &json!({})).await?.ok()?;
        for item in list["items"].as_array()? {
            let id = item["id"].as_str()?.to_owned();
            if !acknowledged.lock().await.shown.contains(&id) {
                acknowledged.lock().await.shown.push(id.clone());
            }
            if item["state"] != "pending" {
                continue;
            }
            let card = console.reach("approval_get", &json!({ "id": id })).await?.ok()?;
            let user = if card["item"]["votes"] == 0 {
                "erika"
            } else {
                "m.ito"
            };
            console
                .reach("session_switch", &json!({ "user": user }))
                .await?
                .ok()?;
            if let Ok(decided) = console.reach("approval_approve", &approval(&card)).await?
                && decided["item"]["votes"] == decided["item"]["quorum"]
            {
                acknowledged.lock().await.approved.push(id);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// When to kill: anywhere in the request's life, or close after the second admin, when SAP is being called.
async fn moment(dice: &mut Dice, plant: &Plant, acknowledged: &Mutex<Acknowledged>) -> String {
    match dice.below(4) {
        0 => {
            let wait = dice.below(4_500);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            format!("{wait} ms after the request")
        }
        choice => {
            let began = tokio::time::Instant::now();
            while acknowledged.lock().await.approved.is_empty() && began.elapsed() < Duration::from_secs(15) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let (slow, most) = if choice == 3 { ("slow", 6_000) } else { ("ok", 400) };
            plant.sap(slow).await;
            let wait = dice.below(most);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            format!("{wait} ms after the last approval, SAP {slow}")
        }
    }
}

async fn kills(lane: u64) {
    let kills = if std::env::var_os("ANDON_SOAK").is_some() {
        200
    } else {
        40
    } / LANES;
    let seed = seed();
    say(&format!("ANDON_SEED={seed} lane {lane}"));
    let mut dice = Dice(seed.wrapping_add(lane.wrapping_mul(1_000_003)));
    let mut world = World::demo().await;
    let World { console, plant, .. } = &mut world;
    let token = console.buyer().await.token;
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for kill in 0..kills {
        let pieces = 100 + u32::try_from(kill).unwrap();
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        ask(console, &token, pieces);
        let when = tokio::select! {
            when = moment(&mut dice, plant, &acknowledged) => when,
            ended = decide(console, &acknowledged) => panic!("the console ended by itself: {ended:?} {}", console.process.said()),
        };
        console.process.kill().await;
        plant.sap("ok").await;
        let what = format!("seed {seed} lane {lane} kill {kill}, {when}");
        chain_holds(console).await;
        *console = console.setup.clone().start().await;
        put_in_order(console).await;
        for item in console.all().await.values().filter(|item| is_of(item, pieces)) {
            *found
                .entry(item["state"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        console.enrolled().await;
        check(&what, console, &*acknowledged.lock().await).await;
        finish(&what, console, plant, &token, pieces).await;
    }
    agree(console, plant).await;
    say(&format!(
        "{kills} kills; requests stood after the next start: {found:?}"
    ));
}

/// Whether a request is one of the two of this kill.
fn is_of(item: &Value, pieces: u32) -> bool {
    [pieces, 3_000 + pieces]
        .iter()
        .any(|pieces| item["title"] == format!("Order {pieces} PC of HX-220").as_str())
}

#[expect(clippy::print_stdout, reason = "the test runner keeps it with the result")]
fn say(text: &str) {
    println!("{text}");
}

/// Nothing that somebody was told is gone.
async fn check(what: &str, console: &Console, acknowledged: &Acknowledged) {
    let all = console.all().await;
    for id in &acknowledged.shown {
        assert!(all.contains_key(id), "{what}: {id} was shown and is gone");
    }
    for id in &acknowledged.approved {
        let state = all[id]["state"].as_str().unwrap();
        assert!(
            ["approved", "claimed", "dispatched", "succeeded", "unknown"].contains(&state),
            "{what}: the approval of {id} was acknowledged, and it is {state}"
        );
    }
}

/// Brings both requests to their end and compares with SAP's books.
async fn finish(what: &str, console: &Console, plant: &Plant, token: &str, pieces: u32) {
    ask(console, token, pieces);
    console.arrived_or_done(pieces).await;
    console.arrived_or_done(3_000 + pieces).await;
    for _ in 0..2 {
        at_rest(console).await;
        let rest = Mutex::new(Acknowledged::default());
        let all_decided = async {
            while console
                .list("waiting")
                .await
                .iter()
                .any(|item| item["state"] == "pending")
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = all_decided => {}
            ended = decide(console, &rest) => panic!("{what}: a decision was refused: {ended:?}"),
        }
    }
    at_rest(console).await;
    let unknown: Vec<Value> = console.list("waiting").await;
    for item in &unknown {
        assert_eq!(item["state"], "unknown", "{what}: {item}");
        let before: u64 = at_most_one_each(plant).await.values().sum();
        let card = reconcile(console, item["id"].as_str().unwrap()).await;
        if card["item"]["state"] == "unknown" {
            let settle = json!({ "id": item["id"], "happened": false, "reason": "SAP has no order with our reference" });
            console.call("approval_settle", settle).await;
        } else {
            assert_eq!(card["item"]["state"], "succeeded", "{what}: {card}");
        }
        assert_eq!(
            at_most_one_each(plant).await.values().sum::<u64>(),
            before,
            "{what}: looking sends nothing"
        );
    }
    agree(console, plant).await;
}

/// The journal and SAP's books say the same: as many orders as requests that succeeded, each with its number.
async fn agree(console: &Console, plant: &Plant) {
    let booked = at_most_one_each(plant).await;
    let all: BTreeMap<String, Value> = console.all().await;
    let succeeded: Vec<&Value> = all.values().filter(|item| item["state"] == "succeeded").collect();
    for item in &succeeded {
        assert!(
            is_booked(plant, item["reference"].as_str().unwrap()).await,
            "{item}"
        );
    }
    assert_eq!(succeeded.len(), booked.len(), "{booked:?} {all:?}");
    assert!(
        all.values()
            .all(|item| ["succeeded", "failed"].contains(&item["state"].as_str().unwrap())),
        "{all:?}"
    );
}

#[tokio::test]
async fn crash_at_random_moments_first_lane() {
    kills(0).await;
}

#[tokio::test]
async fn crash_at_random_moments_second_lane() {
    kills(1).await;
}

#[tokio::test]
async fn crash_at_random_moments_third_lane() {
    kills(2).await;
}

#[tokio::test]
async fn crash_at_random_moments_fourth_lane() {
    kills(3).await;
}
