//! Programs under test as child processes. None outlives its test: dropped or panicked, the test takes it along, and the
//! kernel ends it when the test itself is killed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// A running program.
pub(crate) struct Process {
    child: Child,
    name: String,
    said: PathBuf,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program; what it says on standard error goes to a file that is shown when something goes wrong.
    pub(crate) fn start(program: &Path, said: &Path, set_up: impl FnOnce(&mut Command)) -> Self {
        let errors = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(said)
            .unwrap();
        let mut command = command(program);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .process_group(0);
        set_up(&mut command);
        let mut child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()));
        let output = child.stdout.take().map(BufReader::new);
        Self {
            child,
            name: program.display().to_string(),
            said: said.to_owned(),
            output,
        }
    }

    /// The first line of its standard output, as JSON. Fails with what it said instead.
    pub(crate) async fn first_line(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let output = self.output.as_mut().expect("standard output is piped");
        let read = tokio::time::timeout(Duration::from_secs(30), output.read_line(&mut line)).await;
        match read {
            Ok(Ok(_)) if !line.is_empty() => Ok(serde_json::from_str(&line).unwrap()),
            Ok(_) => Err(format!(
                "{} ended before it was ready: {}",
                self.name,
                self.said()
            )),
            Err(_) => Err(format!("{} said nothing for 30 s: {}", self.name, self.said())),
        }
    }

    /// Its standard error so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// SIGKILL: nothing in the program gets to run any more.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, as a service manager would, and waits.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap();
        self.ended(Duration::from_secs(15)).await
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self, limit: Duration) -> ExitStatus {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => status.unwrap(),
            Err(_) => panic!("{} did not end within {limit:?}: {}", self.name, self.said()),
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its files are removed next; it must be gone by then, with what it started. A group is named by its first
        // process, which was not reaped while there is an id.
        let Some(id) = self.child.id() else { return };
        let _ = std::process::Command::new("kill")
            .args(["-KILL", "--", &format!("-{id}")])
            .status();
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A command that ends with the thread that starts it.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A program that the caller built beside this test.
pub(crate) fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        path.exists(),
        "{} is not built: cargo build -p andon-app -p andon-demo-plant",
        path.display()
    );
    path
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Looks again and again until there is something; fails when the limit passes first.
pub(crate) async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
