//! `andonctl` as a process, each with a folder, a home and a bus of its own. Nothing of the surroundings leaks in.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_andonctl");

/// Where one test's files are, and what its programs find in their environment.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) environment: BTreeMap<String, String>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Ended {
    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless the exit code is this and standard error says all of these.
    pub(crate) fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for part in words {
            assert!(self.err.contains(part), "{part} is missing: {self:?}");
        }
    }
}

impl Place {
    /// Without a session bus, so without a keyring.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut environment: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", path("home")),
            ("XDG_CONFIG_HOME", path("home/config")),
            ("XDG_DATA_HOME", path("home/share")),
            ("XDG_RUNTIME_DIR", path("run")),
            (
                "DBUS_SESSION_BUS_ADDRESS",
                format!("unix:path={}", path("no-bus")),
            ),
            ("USER", "erika".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for name in ["home/config", "home/share", "run"] {
            builder.create(folder.path().join(name)).unwrap();
        }
        Self { folder, environment }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file and gives its path as text.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A program in this place's environment that ends with its test.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs `andonctl` with exactly these arguments.
    pub(crate) async fn bare(&self, arguments: &[&str]) -> Ended {
        self.with_input(arguments, "").await
    }

    /// Runs `andonctl` on this place's data folder.
    pub(crate) async fn ctl(&self, arguments: &[&str]) -> Ended {
        let data = self.data().display().to_string();
        self.bare(&[arguments, &["--data-dir", &data]].concat()).await
    }

    pub(crate) async fn with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let began = Instant::now();
        let mut child = self
            .command(PROGRAM)
            .args(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let written = async {
            // A program that reads nothing has ended before.
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        };
        let limit = Duration::from_secs(30);
        let ((), output) = tokio::join!(written, tokio::time::timeout(limit, child.wait_with_output()));
        let output = output
            .unwrap_or_else(|_| panic!("andonctl {arguments:?} did not end"))
            .unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            took: began.elapsed(),
        }
    }

    fn serving(&self, more: &[&str]) -> Child {
        let mut command = self.command(PROGRAM);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--gateway-listen",
            "127.0.0.1:0",
        ]);
        command.arg("--data-dir").arg(self.data()).args(more);
        let said = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("said"))
            .unwrap();
        command.stderr(said).spawn().unwrap()
    }

    /// Starts a console that must come up.
    pub(crate) async fn serve(&self, more: &[&str]) -> Console {
        let began = Instant::now();
        let mut child = self.serving(more);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = tokio::time::timeout(Duration::from_secs(30), out.read_line(&mut line)).await;
        read.expect("it says something within 30 s").unwrap();
        let ready =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}: {}", self.said()));
        let took = began.elapsed();
        let file = std::fs::read_to_string(self.data().join("console.json")).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        Console {
            child,
            out,
            ready,
            file,
            took,
        }
    }

    /// Starts a console that must not come up.
    pub(crate) async fn serve_fails(&self, more: &[&str]) -> Ended {
        let data = self.data().display().to_string();
        let fixed = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--gateway-listen",
            "127.0.0.1:0",
            "--data-dir",
            &data,
        ];
        self.bare(&[fixed.as_slice(), more].concat()).await
    }

    /// What consoles of this place said on standard error.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.path("said")).unwrap_or_default()
    }
}

/// A running console.
pub(crate) struct Console {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Its one line.
    pub(crate) ready: Value,
    /// Its `console.json`.
    pub(crate) file: Value,
    /// From the start to the line.
    pub(crate) took: Duration,
}

impl Console {
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// `127.0.0.1:port` of the host.
    pub(crate) fn address(&self) -> &str {
        self.file["url"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap()
    }

    pub(crate) fn control(&self) -> &str {
        self.file["control_token"].as_str().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// SIGKILL, as a power cut would.
    pub(crate) async fn killed(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end; exit code, how long it took, and what came on standard output after the first line.
    pub(crate) async fn ended(mut self, signal: Signal) -> (i32, Duration, String) {
        let began = Instant::now();
        self.signal(signal);
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        let status = status.expect("it ends within 20 s").unwrap();
        let took = began.elapsed();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).await.unwrap();
        (status.code().unwrap_or(-1), took, rest)
    }

    /// Sends bytes as they are and gives what comes back until the other side closes.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        read.expect("it answers within 10 s").unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Runs a command of the table: status and body.
    pub(crate) async fn call(&self, name: &str, body: &str) -> (u16, Value) {
        let (address, token, length) = (self.address(), self.control(), body.len());
        let request = format!(
            "POST /api/{name} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let answer = self.raw(&request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")),
        )
    }
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

/// Every file and folder below, with its mode.
pub(crate) fn modes(folder: &Path) -> Vec<(PathBuf, bool, u32)> {
    let mut found = vec![(
        folder.to_owned(),
        true,
        std::fs::metadata(folder).unwrap().permissions().mode() & 0o777,
    )];
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, meta) = entry
            .map(|entry| (entry.path(), entry.metadata().unwrap()))
            .unwrap();
        if meta.is_dir() {
            found.extend(modes(&path));
        } else {
            found.push((path, false, meta.permissions().mode() & 0o777));
        }
    }
    found
}
