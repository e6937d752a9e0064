//! A start that cannot be: another instance, a folder that is none, a setting that is wrong.

use std::time::{Duration, Instant};

use crate::console::Setup;
use crate::process::Process;
use crate::world::World;

/// Starts a console that must not come up: its exit code and words.
async fn fails(setup: Setup) -> (i32, String) {
    let Err((mut process, _)) = setup.try_start().await else {
        panic!("it started")
    };
    ended(&mut process).await
}

async fn ended(process: &mut Process) -> (i32, String) {
    let status = process.ended(Duration::from_secs(10)).await;
    (status.code().unwrap_or(-1), process.said())
}

#[tokio::test]
async fn a_second_console_on_the_folder_ends_with_3() {
    let world = World::open().await;
    let mut second = world.setup.clone();
    second.folder = world.folder().join("second");
    std::fs::create_dir(&second.folder).unwrap();
    std::os::unix::fs::symlink(world.setup.data(), second.folder.join("data")).unwrap();
    let began = Instant::now();
    let (code, words) = fails(second).await;
    assert_eq!(code, 3, "{words}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(
        words.contains("another instance holds the data folder"),
        "{words}"
    );
    world.call("session_get", serde_json::json!({})).await;
}

#[tokio::test]
async fn of_many_starts_at_once_one_lives() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    let starts: Vec<_> = (0..6).map(|_| tokio::spawn(setup.clone().try_start())).collect();
    let (mut alive, mut refused) = (Vec::new(), 0);
    for start in starts {
        match start.await.unwrap() {
            Ok(console) => alive.push(console),
            Err((mut process, _)) => {
                assert_eq!(ended(&mut process).await.0, 3);
                refused += 1;
            }
        }
    }
    assert_eq!((alive.len(), refused), (1, 5));
    // After the hardest end the folder is free again.
    for console in &mut alive {
        console.process.kill().await;
    }
    setup.start().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path());
    std::fs::write(setup.data(), "a file stands where the folder should be").unwrap();
    let data = setup.data().display().to_string();
    let (code, words) = fails(setup).await;
    assert_eq!(code, 1, "{words}");
    assert!(
        words.contains("the data folder cannot be used") && words.contains(&data),
        "{words}"
    );
    assert!(
        words.contains("Check that the folder"),
        "the hint says what to do: {words}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    // Permissions stop nobody who is root: there the kernel's own read-only folder does it.
    let folder = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(folder.path());
    let is_root = std::fs::metadata("/proc/self")
        .map(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
        .unwrap();
    let locked = if is_root {
        "/proc/sys".into()
    } else {
        folder.path().join("locked")
    };
    if !is_root {
        std::fs::create_dir(&locked).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o500);
        std::fs::set_permissions(&locked, mode).unwrap();
    }
    setup.folder = folder.path().join("start");
    std::fs::create_dir(&setup.folder).unwrap();
    std::os::unix::fs::symlink(locked, setup.folder.join("data")).unwrap();
    let (code, words) = fails(setup).await;
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("the data folder cannot be used"), "{words}");
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_with_place_value_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("andon.toml");
    std::fs::write(&file, "[sap]\nendpoint = \"http://sap.example.org\"\nusername = \"TECH\"\n\n[cache]\nttl_seconds = \"soon\"\n").unwrap();
    let mut setup = Setup::new(folder.path()).set("APPROVAL_DEFAULT_TIMEOUT_SECONDS", "5m");
    setup
        .arguments
        .extend(["--config".to_owned(), file.display().to_string()]);
    let (code, words) = fails(setup).await;
    assert_eq!(code, 2, "{words}");
    for part in [
        ":2: sap.endpoint",
        "Use https",
        ":6: cache.ttl_seconds = \"soon\"",
        "APPROVAL_DEFAULT_TIMEOUT_SECONDS",
        "\"5m\"",
    ] {
        assert!(words.contains(part), "{part} is missing: {words}");
    }
}

#[tokio::test]
async fn the_host_and_the_gateway_listen_on_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ANDON_LISTEN", "ANDON_GATEWAY_LISTEN"] {
        let (code, words) = fails(Setup::new(folder.path()).set(name, "0.0.0.0:0")).await;
        assert_eq!(code, 2, "{words}");
        assert!(words.contains("is not a loopback address"), "{words}");
    }
}
