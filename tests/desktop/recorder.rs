//! The notification recorder of `tests/peers` as a test sees it: started, asked what it heard, told to press a button.
//! It owns the bus's notification name, so one test at a time runs it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::process::Guarded;
use crate::webdriver::until;

/// A running recorder. Dropping it ends the program; its file stays until the folder goes.
pub(crate) struct Recorder {
    file: PathBuf,
    process: Guarded,
}

impl Recorder {
    /// Starts the recorder and waits until programs can reach it.
    pub(crate) async fn start(folder: &std::path::Path) -> anyhow::Result<Self> {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/notification_recorder.py");
        let file = folder.join("notifications.jsonl");
        let process = Guarded::spawn(program, |command| {
            command.arg(&file);
        })?;
        let mut recorder = Self { file, process };
        recorder
            .wait_for("the name on the bus", Duration::from_secs(10), |event| {
                event["event"] == "ready"
            })
            .await?;
        Ok(recorder)
    }

    /// Everything heard so far, oldest first.
    pub(crate) fn heard(&self) -> anyhow::Result<Vec<Value>> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        // The last line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).context("a broken line"))
            .collect()
    }

    /// The first event that fits, as soon as it is there.
    pub(crate) async fn wait_for(
        &mut self,
        what: &str,
        at_most: Duration,
        fits: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        until(at_most, what, async || {
            self.process.still_running()?;
            Ok(self.heard()?.into_iter().find(|event| fits(event)))
        })
        .await
    }

    /// Presses a button of a notification that is showing, as a person would.
    pub(crate) fn press(&self, notification: &Value, action: &str) -> anyhow::Result<()> {
        let called = Command::new("gdbus")
            .args(["call", "--session", "--dest", "org.freedesktop.Notifications"])
            .args(["--object-path", "/org/freedesktop/Notifications"])
            .args(["--method", "org.andon.NotificationRecorder.Press"])
            .args([notification["id"].to_string().as_str(), action])
            .output()?;
        let complaint = String::from_utf8_lossy(&called.stderr);
        anyhow::ensure!(
            called.status.success(),
            "the button could not be pressed: {complaint}"
        );
        Ok(())
    }
}
