//! Secrets never leave the backend: after a day's work, with failures, none of them is in any file, answer or log.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::console::approval;
use crate::world::World;

/// A secret and where it is allowed: nowhere, or in the one file that exists to hand it to its owner.
struct Canary {
    name: &'static str,
    secret: String,
    allowed: Option<PathBuf>,
}

/// The forms in which a secret could leak.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf16 = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // Base64 inside a longer text has three shapes; the middle of each is enough to find it.
    let shifted = (0..3).map(|shift| {
        let coded = STANDARD.encode(format!("{}{secret}", "x".repeat(shift)));
        coded.as_bytes()[4..coded.len() - 4].to_vec()
    });
    let mut forms = vec![
        secret.as_bytes().to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        utf16,
    ];
    forms.push(URL_SAFE_NO_PAD.encode(secret).into_bytes());
    forms.extend(shifted);
    forms
}

fn holds(content: &[u8], form: &[u8]) -> bool {
    content.windows(form.len()).any(|window| window == form)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn secrets_are_in_no_file_answer_or_log() {
    let world = World::open().await;
    let agent = world.buyer().await;
    let set_secret = "Canary-9f2d77c1-set-by-a-person-and-refused";
    let mut answers = work(&world, &agent, set_secret).await;
    let canaries = canaries(&world, &agent.token, set_secret);
    answers.push(world.process.said());

    // Where a person may look: everything that this console wrote, its journal's log and free pages included.
    let folder = world.folder().to_owned();
    let mut console = world.into_parts();
    assert!(
        files(&folder)
            .iter()
            .any(|path| path.ends_with("journal.sqlite-wal")),
        "the write-ahead log is looked at too"
    );
    check(&folder, &answers, &canaries);
    console.0.process.terminate().await;
    check(&folder, &answers, &canaries);
    // The search finds what is there: the plant's password stands in the plant's own first line.
    let line = console.1.ready.to_string();
    assert!(
        forms(&canaries[0].secret)
            .iter()
            .any(|form| holds(line.as_bytes(), form))
    );
}

fn canaries(world: &World, agent_token: &str, set_secret: &str) -> Vec<Canary> {
    let canary = |name, secret: &str| Canary {
        name,
        secret: secret.to_owned(),
        allowed: None,
    };
    vec![
        canary("SAP password", world.plant.text("sap", "password")),
        canary("MES token", world.plant.text("mes", "token")),
        canary("agent token", agent_token),
        canary("credential that a person typed", set_secret),
        Canary {
            allowed: Some(world.setup.data().join("console.json")),
            ..canary("control token", &world.control_token)
        },
    ]
}

/// Reads, a write, a denial, a query, refused logons and broken answers. Gives every answer a screen got.
async fn work(world: &World, agent: &crate::agent::Agent, set_secret: &str) -> Vec<String> {
    let mut answers = Vec::new();
    let asked = agent.ask(100, "canary");
    let card = world.arrived(100).await;
    answers.push(world.approve(&card).await.to_string());
    answers.push(asked.await.unwrap().data.to_string());
    agent.ask_and_leave(120, "denied").await;
    let denied = world.arrived(120).await;
    answers.push(world.call("approval_deny", approval(&denied)).await.to_string());
    for fault in ["html_login", "down", "ok"] {
        world.plant.sap(fault).await;
        for name in [
            "sap.get_purchase_orders",
            "sap.get_inventory",
            "mes.get_machine_status",
        ] {
            answers.push(format!(
                "{:?}",
                world
                    .reach("operation_run", &json!({ "name": name, "parameters": {} }))
                    .await
            ));
        }
        answers.push(format!(
            "{:?}",
            world.reach("connection_test", &json!({ "system": "sap" })).await
        ));
    }
    // Set, asked for, refused for its size, removed: it can be set and never read.
    for body in [
        json!({ "system": "sap", "secret": set_secret }),
        json!({ "system": "sap", "secret": set_secret.repeat(100) }),
        json!({ "system": "sap", "secret": set_secret, "colour": set_secret }),
        json!({ "system": "sap", "secret": "" }),
    ] {
        answers.push(format!("{:?}", world.reach("credential_set", &body).await));
    }
    for (name, body) in [
        ("session_get", json!({})),
        ("status_get", json!({})),
        ("approval_list", json!({ "view": "decided" })),
        ("agent_list", json!({})),
        ("operation_list", json!({})),
        ("query_desk", json!({})),
        ("audit_tail", json!({ "limit": 500 })),
        ("query_run", json!({ "sql": "SELECT * FROM machines" })),
    ] {
        answers.push(world.call(name, body).await.to_string());
    }
    for wrong in ["not-the-token", &format!("{}x", agent.token)] {
        let stranger = world.known_agent(wrong);
        answers.push(format!("{:?}", stranger.post("tools/list", json!({}), &[]).await));
    }
    answers
}

fn check(folder: &Path, answers: &[String], canaries: &[Canary]) {
    let files: Vec<_> = files(folder)
        .into_iter()
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .collect();
    assert!(
        files.iter().any(|(_, path)| path.ends_with("log/andon.log")),
        "the log is looked at"
    );
    for Canary {
        name,
        secret,
        allowed,
    } in canaries
    {
        for form in forms(secret) {
            for (content, path) in &files {
                assert!(
                    allowed.as_ref() == Some(path) || !holds(content, &form),
                    "the {name} is in {}",
                    path.display()
                );
            }
            let told = answers.iter().find(|answer| holds(answer.as_bytes(), &form));
            assert!(told.is_none(), "the {name} is in an answer: {told:?}");
        }
    }
}
