//! The desk of an operator: the window on the demo plant, the notifications it sends and, behind its back, the plant's
//! own word for what happened. Which steps are taken is the tests' business.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Guarded;
use crate::recorder::Recorder;
use crate::webdriver::{Launch, Window, until};

/// How long a start may take on a machine that builds at the same time.
pub(crate) const START: Duration = Duration::from_secs(40);
/// How long anything else may take.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The folder of one test: data, what the plant says, and a recorder that hears notifications.
pub(crate) struct Desk {
    pub(crate) recorder: Recorder,
    folder: TempDir,
    http: reqwest::Client,
}

impl Desk {
    /// Prepares a folder; nothing of the console runs yet.
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let plant = program("andon-demo-plant")?;
        // Takes the program's place, so that its process id stays and ending the parent still ends it.
        let script = format!(
            "#!/bin/bash\ncd {dir}\necho $$ >plant.pid\nexec {plant} \"$@\" --seed 7 --first-request-after-s 1 > >(tee plant.json) 2>>plant.log\n",
            dir = folder.path().display(),
            plant = plant.display(),
        );
        let wrapper = folder.path().join("plant");
        fs::write(&wrapper, script)?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o700))?;
        let recorder = Recorder::start(folder.path()).await?;
        let http = crate::webdriver::http_client()?;
        Ok(Self {
            recorder,
            folder,
            http,
        })
    }

    /// Opens the window under a driver.
    pub(crate) async fn open(&self) -> anyhow::Result<Window> {
        let args = self.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let plant = self.plant_program();
        let launch = Launch {
            binary: &program("andon")?,
            args: &args,
            env: &[("ANDON_DEMO_PLANT", &plant)],
        };
        let window = Window::open(&launch).await?;
        window.wait_for("main", START).await?;
        Ok(window)
    }

    /// Opens the window as a person does, without a driver.
    pub(crate) fn start(&self) -> anyhow::Result<Guarded> {
        let program = program("andon")?;
        Guarded::spawn(&program.display().to_string(), |command| {
            command
                .args(self.args())
                .env("ANDON_DEMO_PLANT", self.plant_program());
        })
    }

    /// The arguments of every start on this folder.
    pub(crate) fn args(&self) -> Vec<String> {
        let data = self.data().display().to_string();
        ["--demo", "--data-dir", &data, "--gateway-listen", "127.0.0.1:0"]
            .map(str::to_owned)
            .to_vec()
    }

    /// The console's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn plant_program(&self) -> String {
        self.folder.path().join("plant").display().to_string()
    }

    /// The plant's process, once it runs.
    pub(crate) fn plant_pid(&self) -> anyhow::Result<u32> {
        let pid = fs::read_to_string(self.folder.path().join("plant.pid"))?;
        Ok(pid.trim().parse()?)
    }

    /// The plant's log so far.
    pub(crate) fn plant_log(&self) -> String {
        fs::read_to_string(self.folder.path().join("plant.log")).unwrap_or_default()
    }

    /// The console's log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data().join("log/andon.log")).unwrap_or_default()
    }

    /// What the plant's control door answers.
    pub(crate) async fn plant(&self, path: &str) -> anyhow::Result<Value> {
        let said = fs::read_to_string(self.folder.path().join("plant.json"))?;
        let said: Value = serde_json::from_str(&said).context("the plant's first line")?;
        let base = said["control"]["endpoint"]
            .as_str()
            .context("the plant names no control door")?;
        let answer = self.http.get(format!("{base}{path}")).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Waits for a notification about a request of this risk.
    pub(crate) async fn notified(&mut self, risk: &str) -> anyhow::Result<Value> {
        let summary = format!("{risk}, waits for a decision");
        self.recorder
            .wait_for(&summary, START, |event| {
                event["event"] == "notify" && event["summary"] == json!(summary)
            })
            .await
    }
}

/// The list of requests as the page shows it.
impl Window {
    /// The id of the list's line with these words, as soon as it is there.
    pub(crate) async fn line_of(&self, title: &str) -> anyhow::Result<String> {
        const SCRIPT: &str = "for (const line of document.querySelectorAll('[data-id]')) \
                              if (line.textContent.includes(arguments[0])) return line.dataset.id; return null;";
        until(SOON, &format!("a line with: {title}"), async || {
            let found = self.script(SCRIPT, json!([title])).await?;
            Ok(found.as_str().map(str::to_owned))
        })
        .await
    }

    /// The request in view, by the list's chosen line.
    pub(crate) async fn chosen(&self) -> anyhow::Result<Option<String>> {
        const SCRIPT: &str =
            "return document.querySelector('[data-id][aria-selected=true]')?.dataset.id ?? null;";
        let found = self.script(SCRIPT, json!([])).await?;
        Ok(found.as_str().map(str::to_owned))
    }

    /// Where the page is.
    pub(crate) async fn address(&self) -> anyhow::Result<String> {
        let address = self.script("return location.href", json!([])).await?;
        Ok(address.as_str().unwrap_or_default().to_owned())
    }
}

/// A program that was built beside these tests.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let folder = tests
        .parent()
        .and_then(Path::parent)
        .context("the tests lie in no folder")?;
    let program = folder.join(name);
    anyhow::ensure!(
        program.exists(),
        "scripts/test-desktop builds it first: {}",
        program.display()
    );
    Ok(program)
}
