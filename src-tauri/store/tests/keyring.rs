//! The real keyring: gnome-keyring on a session bus of its own, in each state it can be in.
//!
//! Each test starts this same program again under `dbus-run-session`, with a home of its own. Needs the packages `dbus`,
//! `gnome-keyring` and `libglib2.0-bin`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use andon_domain::ports::KeyringState;
use andon_domain::{PortErrorKind, Secret};
use andon_store::keyring;
use tokio::runtime::Runtime;

const CASE: &str = "ANDON_KEYRING_CASE";
const UNLOCK: &str =
    "printf test-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; ";
const EMPTY_BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;
const LOCK: &str = "gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
    -m org.freedesktop.Secret.Service.Lock '[\"/org/freedesktop/secrets/collection/login\"]'";

/// Not a check of its own: what runs inside the session that a test below has made. Without a case there is nothing to do.
#[test]
fn inside_a_session() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    match case.as_str() {
        "unlocked" => runtime.block_on(works_when_unlocked()),
        "fill" => runtime.block_on(fill()),
        "locked" => runtime.block_on(refuses(KeyringState::Locked, PortErrorKind::Locked)),
        "absent" => runtime.block_on(refuses(KeyringState::Absent, PortErrorKind::Unavailable)),
        "never made" => runtime.block_on(never_made()),
        "locked later" => runtime.block_on(locked_while_in_use()),
        other => panic!("unknown case: {other}"),
    }
    println!("the case held");
}

async fn works_when_unlocked() {
    let keyring = keyring();
    assert_eq!(keyring.state().await, KeyringState::Available);
    assert!(keyring.get("default/sap").await.unwrap().is_none());
    for text in ["first", "second \u{20ac}\u{0}", ""] {
        keyring
            .set("default/sap", &Secret::new(text.to_owned()))
            .await
            .unwrap();
        assert_eq!(keyring.get("default/sap").await.unwrap().unwrap().expose(), text);
    }
    assert!(
        keyring.get("second/sap").await.unwrap().is_none(),
        "names do not touch each other"
    );
    keyring.remove("default/sap").await.unwrap();
    keyring.remove("default/sap").await.unwrap();
    assert!(keyring.get("default/sap").await.unwrap().is_none());
}

async fn fill() {
    keyring()
        .set("default/sap", &Secret::new("kept".to_owned()))
        .await
        .unwrap();
}

async fn refuses(state: KeyringState, kind: PortErrorKind) {
    let keyring = keyring();
    assert_eq!(keyring.state().await, state);
    let error = keyring.get("default/sap").await.err();
    assert_eq!(error.as_ref().map(|e| e.kind), Some(kind), "get: {error:?}");
    let error = keyring
        .set("default/new", &Secret::new("x".to_owned()))
        .await
        .err();
    assert_eq!(error.as_ref().map(|e| e.kind), Some(kind), "set: {error:?}");
    assert_eq!(keyring.state().await, state, "asking changed nothing");
}

async fn never_made() {
    let keyring = keyring();
    assert_eq!(keyring.state().await, KeyringState::Locked);
    assert!(
        keyring.get("default/sap").await.unwrap().is_none(),
        "nothing was ever kept, and that is certain"
    );
    let error = keyring
        .set("default/new", &Secret::new("x".to_owned()))
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Locked, "{error:?}");
}

async fn locked_while_in_use() {
    let keyring = keyring();
    keyring
        .set("default/sap", &Secret::new("kept".to_owned()))
        .await
        .unwrap();
    assert!(
        Command::new("bash")
            .args(["-c", LOCK])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(keyring.state().await, KeyringState::Locked);
    assert_eq!(
        keyring.get("default/sap").await.unwrap_err().kind,
        PortErrorKind::Locked
    );
}

/// Runs a case in a session of its own. `before` is shell that prepares the session.
fn session(home: &Path, before: &str, bus: Option<&Path>, case: &str) -> Output {
    let run = home.join("run");
    std::fs::create_dir_all(home.join(".local/share")).unwrap();
    std::fs::create_dir_all(&run).unwrap();
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut command = Command::new("dbus-run-session");
    if let Some(config) = bus {
        command.arg("--config-file").arg(config);
    }
    command
        .args(["--", "bash", "-c"])
        .arg(format!(
            "{before}exec \"$0\" --exact inside_a_session --nocapture"
        ))
        .arg(std::env::current_exe().unwrap())
        .env(CASE, case)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", &run)
        .env("XDG_DATA_HOME", home.join(".local/share"))
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .output()
        .expect("dbus-run-session starts; install the packages dbus and gnome-keyring")
}

fn assert_held(output: &Output) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && out.contains("the case held"),
        "{out}\n{err}"
    );
}

#[test]
fn an_unlocked_keyring_keeps_secrets() {
    let home = tempfile::tempdir().unwrap();
    assert_held(&session(home.path(), UNLOCK, None, "unlocked"));
}

#[test]
fn a_locked_keyring_says_so_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    assert_held(&session(home.path(), UNLOCK, None, "fill"));
    assert_held(&session(home.path(), "", None, "locked"));
}

#[test]
fn a_keyring_that_is_locked_while_in_use_says_so() {
    let home = tempfile::tempdir().unwrap();
    assert_held(&session(home.path(), UNLOCK, None, "locked later"));
}

#[test]
fn a_keyring_that_never_was_made_counts_as_locked() {
    let home = tempfile::tempdir().unwrap();
    assert_held(&session(home.path(), "", None, "never made"));
}

#[test]
fn a_session_without_a_keyring_service_says_absent() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("bus.conf");
    std::fs::write(&config, EMPTY_BUS).unwrap();
    assert_held(&session(home.path(), "", Some(&config), "absent"));
}

#[test]
fn a_program_without_a_session_bus_says_absent() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "inside_a_session", "--nocapture"])
        .env(CASE, "absent")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    assert_held(&output);
}
