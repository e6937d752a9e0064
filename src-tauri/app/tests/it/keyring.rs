//! A start without a keyring is a start: limited, with words, and whole as soon as the keyring is there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Console, Place, until};
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;

/// A bus that starts nothing by itself.
async fn empty_bus(place: &mut Place) -> Child {
    let listen = place.path("run").display().to_string();
    let config = place.file(
        "bus.conf",
        &format!(
            "<busconfig><type>session</type><listen>unix:tmpdir={listen}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>"
        ),
    );
    let mut command = place.command("dbus-daemon");
    command
        .args([&format!("--config-file={config}"), "--nofork", "--print-address"])
        .stderr(Stdio::null());
    let mut bus = command.spawn().expect("dbus-daemon is installed (package dbus)");
    let mut address = String::new();
    BufReader::new(bus.stdout.take().unwrap())
        .read_line(&mut address)
        .await
        .unwrap();
    place.set("DBUS_SESSION_BUS_ADDRESS", address.trim());
    bus
}

/// A keyring on the place's bus, unlocked and empty.
async fn keyring(place: &Place) -> Child {
    let mut command = place.command("gnome-keyring-daemon");
    command
        .args(["--unlock", "--foreground", "--components=secrets"])
        .stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = command
        .spawn()
        .expect("gnome-keyring-daemon is installed (package gnome-keyring)");
    let mut input = daemon.stdin.take().unwrap();
    input.write_all(b"test-password").await.unwrap();
    daemon
}

async fn is_limited(console: &Console, place: &Place) {
    assert!(
        console.took < Duration::from_secs(3),
        "limited mode starts at once: {:?}",
        console.took
    );
    until("the status says so", Duration::from_secs(10), async || {
        let (_, status) = console.call("status_get", "{}").await;
        (status["keyring"] == "absent").then_some(())
    })
    .await;
    let (_, session) = console.call("session_get", "{}").await;
    assert_eq!(
        (&session["limited"], &session["user"]["id"]),
        (&"absent".into(), &"erika".into()),
        "{session}"
    );
    // What is there can be looked at.
    assert_eq!(console.call("plant_board", "{}").await.0, 200);
    assert_eq!(
        console.call("approval_list", "{\"view\":\"waiting\"}").await.0,
        200
    );
    // Deciding and administering wait for the keyring, and say so.
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let decide = format!("{{\"id\":\"{id}\",\"digest\":\"{}\"}}", "0".repeat(64));
    for (name, body) in [
        ("approval_approve", decide.as_str()),
        (
            "agent_add",
            "{\"agent\":\"a\",\"scopes\":[\"sap.get_inventory\"],\"clearance\":\"class_ii\"}",
        ),
        ("credential_set", "{\"system\":\"sap\",\"secret\":\"x\"}"),
    ] {
        let (status, error) = console.call(name, body).await;
        assert_eq!(
            (status, &error["code"]),
            (503, &Value::from("keyring_unavailable")),
            "{name}: {error}"
        );
        let words = format!(
            "{} {}",
            error["message"].as_str().unwrap(),
            error["hint"].as_str().unwrap()
        );
        assert!(words.contains("keyring"), "{words}");
    }
    let refused = place.ctl(&["agent", "list"]).await;
    refused.says(1, &["you have no signing key yet", "gnome-keyring", "reference"]);
    assert!(
        place
            .ctl(&["status"])
            .await
            .out
            .contains("keyring of the console: absent")
    );
}

#[tokio::test]
async fn without_a_bus_the_console_starts_limited() {
    let place = Place::new();
    let console = place.serve(&[]).await;
    is_limited(&console, &place).await;
}

#[tokio::test]
async fn a_keyring_that_comes_later_makes_it_whole_and_the_audit_holds_it() {
    let mut place = Place::new();
    let mut bus = empty_bus(&mut place).await;
    let console = place.serve(&[]).await;
    is_limited(&console, &place).await;
    let mut daemon = keyring(&place).await;
    until("the first admin has a key", Duration::from_secs(20), async || {
        let (_, session) = console.call("session_get", "{}").await;
        (session["limited"].is_null() && session["user"]["role"] == "admin").then_some(())
    })
    .await;
    let added = place
        .ctl(&["agent", "add", "buyer", "--scope", "sap.get_*", "--json"])
        .await;
    added.says(0, &[]);
    let token = added.json()["token"].as_str().unwrap().to_owned();
    let agents = place.ctl(&["agent", "list", "--json"]).await;
    assert_eq!(agents.json()[0]["grant"]["agent"], "buyer", "{agents:?}");
    assert!(!agents.out.contains(&token), "a token is shown once");
    place.ctl(&["agent", "revoke", "buyer"]).await.says(0, &[]);
    place
        .ctl(&["approval", "show", "nothing"])
        .await
        .says(1, &["reference"]);
    let tail = place.ctl(&["audit", "tail", "--json"]).await;
    let actions: Vec<String> = tail
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|entry| {
            entry["action"]
                .as_str()
                .or(entry["event"]["action"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        actions.iter().any(|action| action == "roster.person_added"),
        "{actions:?}"
    );
    let (code, _, _) = console.ended(Signal::TERM).await;
    assert_eq!(code, 0, "{}", place.said());
    daemon.kill().await.unwrap();
    bus.kill().await.unwrap();
    verify(&place).await;
}

/// The chain holds, and no longer when one letter of it is another.
async fn verify(place: &Place) {
    let intact = place.ctl(&["audit", "verify"]).await;
    intact.says(0, &[]);
    assert_eq!(intact.json()["is_intact"], true);
    let journal = place.data().join("journal.sqlite");
    tamper(&journal, b"roster.person_added", b"roster.person_adder");
    let broken = place.ctl(&["audit", "verify"]).await;
    assert_eq!(
        (broken.code, &broken.json()["is_intact"]),
        (1, &Value::Bool(false)),
        "{broken:?}"
    );
    assert!(!broken.err.trim().is_empty());
}

/// Changes bytes of a file behind everybody's back.
fn tamper(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let mut changed = 0;
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        bytes[at..at + from.len()].copy_from_slice(to);
        changed += 1;
    }
    assert!(changed > 0, "the journal holds it as text");
    std::fs::write(path, bytes).unwrap();
}
