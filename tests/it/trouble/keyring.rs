//! A keyring that is locked or absent: limited mode. Reading works, nobody decides, and the words say why.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::console::{Console, Setup, approval};
use crate::plant::Plant;
use crate::process::until;

/// A bus on which no service is started: no keyring.
const EMPTY_BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=FOLDER</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// Opens a session whose keyring is unlocked by a password, made at the first time, and runs a program in it.
const UNLOCKED: [&str; 5] = [
    "dbus-run-session",
    "--",
    "bash",
    "-c",
    "printf test-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec \"$0\" \"$@\"",
];

/// The same console in a session whose keyring is another one.
fn elsewhere(setup: &Setup, home: &Path) -> Setup {
    setup
        .clone()
        .set("HOME", home.to_str().unwrap())
        .set("XDG_DATA_HOME", home.join("share").to_str().unwrap())
        .set("XDG_RUNTIME_DIR", home.join("run").to_str().unwrap())
}

fn make_home(home: &Path) {
    std::fs::create_dir_all(home.join("share")).unwrap();
    std::fs::create_dir_all(home.join("run")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(home.join("run"), mode).unwrap();
}

/// Starts a console, which must come up within seconds whatever its keyring is like.
async fn started(setup: Setup, wrapper: &[&str]) -> Console {
    let began = std::time::Instant::now();
    match setup.try_start_in(wrapper).await {
        Ok(console) => {
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "limited mode starts at once: {:?}",
                began.elapsed()
            );
            console
        }
        Err((_, said)) => panic!("limited mode is a start too: {said}"),
    }
}

/// A console that worked once with its keyring unlocked, and has an agent; both ended.
async fn used_before(folder: &Path, plant: &Plant) -> (Setup, String) {
    let home = folder.join("session");
    make_home(&home);
    let console = started(elsewhere(&Setup::new(folder).plant(plant), &home), &UNLOCKED).await;
    console.enrolled().await;
    let token = console.buyer().await.token;
    assert!(std::fs::metadata(home.join("share/keyrings/login.keyring")).is_ok_and(|file| file.len() > 0));
    (console.setup.clone(), token)
}

/// Reading works, deciding does not, and the words name the keyring.
async fn is_limited(console: &Console, token: &str, state: &str) {
    until(
        &format!("the keyring is {state}"),
        Duration::from_secs(20),
        async || {
            let status = console.call("status_get", json!({})).await;
            (status["keyring"] == state).then_some(())
        },
    )
    .await;
    assert_eq!(console.call("session_get", json!({})).await["limited"], state);
    let read = console
        .call(
            "operation_run",
            json!({ "name": "sap.get_inventory", "parameters": {} }),
        )
        .await;
    assert!(!read["records"].as_array().unwrap().is_empty());
    assert_eq!(
        console
            .call("query_run", json!({ "sql": "SELECT 1 AS one" }))
            .await["verdict"],
        "allowed"
    );
    console.known_agent(token).ask_and_leave(100, "limited").await;
    let card = console.arrived(100).await;
    let refused = console.refused("approval_approve", approval(&card)).await;
    assert_eq!(
        (refused.code(), refused.status),
        ("keyring_unavailable", 503),
        "{refused:?}"
    );
    assert!(
        refused.words().contains("keyring") && refused.words().contains("Reading still works"),
        "{}",
        refused.words()
    );
    assert_eq!(
        console.card(card["item"]["id"].as_str().unwrap()).await["item"]["state"],
        "pending"
    );
    let set = console
        .refused("credential_set", json!({ "system": "sap", "secret": "x" }))
        .await;
    assert_eq!(
        set.code(),
        "keyring_unavailable",
        "no secret ever goes to a file instead"
    );
}

#[tokio::test]
async fn with_a_locked_keyring_reading_works_and_nobody_decides() {
    let folder = tempfile::tempdir().unwrap();
    let plant = Plant::start(folder.path()).await;
    let (setup, token) = used_before(folder.path(), &plant).await;
    // The same home in a new session: the service starts by itself, and locked.
    let console = started(setup.clone(), &["dbus-run-session", "--"]).await;
    is_limited(&console, &token, "locked").await;
    assert_eq!(plant.count("purchase_order_posts").await, 0);
    drop(console);
    // With the keyring open again, the same request is decided.
    let console = started(setup, &UNLOCKED).await;
    console.enrolled().await;
    let card = console.arrived(100).await;
    console.approve(&card).await;
    console
        .settled(card["item"]["id"].as_str().unwrap(), &["succeeded"])
        .await;
}

#[tokio::test]
async fn without_a_keyring_reading_works_and_nobody_decides() {
    let folder = tempfile::tempdir().unwrap();
    let plant = Plant::start(folder.path()).await;
    let (setup, token) = used_before(folder.path(), &plant).await;
    let bus = folder.path().join("bus.conf");
    std::fs::write(&bus, EMPTY_BUS.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
    let config = format!("--config-file={}", bus.display());
    let console = started(setup, &["dbus-run-session", &config, "--"]).await;
    is_limited(&console, &token, "absent").await;
    assert_eq!(plant.count("purchase_order_posts").await, 0);
}

#[tokio::test]
async fn a_first_start_without_a_keyring_shows_the_plant_and_says_why_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let plant = Plant::start(folder.path()).await;
    let home = folder.path().join("absent");
    make_home(&home);
    let bus = home.join("bus.conf");
    std::fs::write(&bus, EMPTY_BUS.replace("FOLDER", home.to_str().unwrap())).unwrap();
    let config = format!("--config-file={}", bus.display());
    let setup = elsewhere(&Setup::new(folder.path()).plant(&plant), &home);
    let console = started(setup, &["dbus-run-session", &config, "--"]).await;
    until("the machines", Duration::from_secs(20), async || {
        let board = console.call("plant_board", json!({})).await;
        (board["machines"].as_array().unwrap().len() == 24).then_some(())
    })
    .await;
    let session = console.call("session_get", json!({})).await;
    assert_eq!(
        (&session["limited"], &session["user"]["role"]),
        (&json!("absent"), &json!("viewer"))
    );
}
