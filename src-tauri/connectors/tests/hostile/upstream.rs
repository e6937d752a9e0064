//! A server that keeps no rule: it writes whatever bytes it is told, when it is told, and counts who calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// One thing the server does with a connection.
#[derive(Clone)]
pub(crate) enum Step {
    /// Writes these bytes.
    Say(Vec<u8>),
    /// Does nothing for so long.
    Wait(Duration),
    /// Writes these bytes again and again until the other side leaves.
    Repeat(Vec<u8>),
    /// Keeps the connection open and never says another word.
    Stall,
}

/// What is asked: path with query, headers, and which request of the case it is.
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) number: usize,
}

/// How a case answers.
pub(crate) type Script = Arc<dyn Fn(&Asked) -> Vec<Step> + Send + Sync>;

/// The server.
pub(crate) struct Upstream {
    pub(crate) url: Url,
    script: Arc<Mutex<(Script, usize)>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Asked {
    /// A header; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value)
}

impl Upstream {
    /// Listens on loopback.
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let script = Arc::new(Mutex::new((script, 0)));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (shared, kept) = (Arc::clone(&script), Arc::clone(&heads));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared), Arc::clone(&kept)));
            }
        });
        Self { url, script, heads }
    }

    /// Answers otherwise from now on.
    pub(crate) fn become_this(&self, script: Script) {
        *self.script.lock().unwrap() = (script, 0);
    }

    /// Requests so far.
    pub(crate) fn calls(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    /// Requests so far that carried a logon.
    pub(crate) fn asked_with_credentials(&self) -> usize {
        let heads = self.heads.lock().unwrap();
        let logons = heads
            .iter()
            .filter(|head| !header(head, "authorization").is_empty());
        logons.count()
    }

    /// Whether this was in a request, as it is or as the password of a logon.
    pub(crate) fn heard(&self, text: &str) -> bool {
        let heads = self.heads.lock().unwrap();
        heads.iter().any(|head| {
            let logon = header(head, "authorization").strip_prefix("Basic ");
            let decoded = logon.and_then(|pair| STANDARD.decode(pair).ok());
            head.contains(text) || decoded.is_some_and(|pair| String::from_utf8_lossy(&pair).contains(text))
        })
    }
}

async fn serve(mut socket: TcpStream, script: Arc<Mutex<(Script, usize)>>, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) => head.extend_from_slice(&piece[..length]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    heads.lock().unwrap().push(head.clone());
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let steps = {
        let mut held = script.lock().unwrap();
        held.1 += 1;
        let number = held.1;
        let script = Arc::clone(&held.0);
        drop(held);
        script(&Asked { target, head, number })
    };
    for step in steps {
        match step {
            Step::Say(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Repeat(bytes) => while socket.write_all(&bytes).await.is_ok() {},
            // Until the other side has had enough.
            Step::Stall => while matches!(socket.read(&mut piece).await, Ok(1..)) {},
        }
    }
    let _ = socket.shutdown().await;
}

/// An answer with a status, headers and a body whose length is told rightly.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<Step> {
    let length = body.len().to_string();
    let mut all = vec![("content-length", length.as_str())];
    all.extend_from_slice(headers);
    vec![Step::Say([head(status, &all).as_bytes(), body].concat())]
}

/// Status line and headers of an answer, after which the connection is closed.
pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

/// A JSON answer.
pub(crate) fn json(body: &str) -> Vec<Step> {
    answer(200, &[("content-type", "application/json")], body.as_bytes())
}
