//! A process killed while it writes: what was answered is there, and the chain holds.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use andon_store::Store;
use tokio::runtime::Runtime;

use crate::arrange::{Folder, event, tenant};

const FOLDER: &str = "ANDON_STORE_CRASH_FOLDER";
const HELPER: &str = "crash::the_process_that_is_killed";

/// Not a check of its own: the process that the test below starts and kills. Without its folder there is nothing to do.
#[test]
fn the_process_that_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    Runtime::new().unwrap().block_on(async {
        let store = Store::open(Path::new(&folder)).unwrap();
        let audit = store.audit(&tenant());
        for number in 1.. {
            audit.append_read(event("operation.read", "x")).await.unwrap();
            audit
                .append(event("approval.approved", &number.to_string()))
                .await
                .unwrap();
            println!("answered {number}");
        }
    });
}

#[test]
fn what_was_answered_before_a_kill_is_on_disk_and_the_folder_is_free() {
    let folder = Folder::new();
    let mut answered_in_all = 0;
    for kill_after in [1, 7, 40] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", HELPER, "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let mut answers = lines.filter(|line| line.contains("answered "));
        for _ in 0..kill_after {
            answers.next().expect("the process answers until it is killed");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        answered_in_all += kill_after + answers.count();
        let store = folder.open();
        let verdict = Runtime::new()
            .unwrap()
            .block_on(store.audit(&tenant()).verify())
            .unwrap();
        assert!(verdict.is_intact, "{}", verdict.message);
        assert!(
            verdict.events >= i64::try_from(answered_in_all).unwrap(),
            "{} of {answered_in_all}",
            verdict.events
        );
    }
}
