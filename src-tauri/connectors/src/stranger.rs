//! For tests: a server on loopback that answers each request as told, also with bytes that no decent server would send.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use andon_domain::ports::PortError;
use andon_domain::time::Moment;
use andon_domain::{Clock, Secret, Timestamp};
use async_trait::async_trait;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::transport::CredentialSource;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What to answer.
pub(crate) enum Reply {
    /// Bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing, then the connection is closed.
    Cut,
    /// Nothing, and the connection stays open.
    Hang,
    /// Bytes, and the connection stays open.
    BytesThenHang(Vec<u8>),
    /// A body that never ends.
    Endless,
    /// Closes the connection and stops listening.
    Leave(Vec<u8>),
}

impl Reply {
    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with(status, &[("content-type", "application/json")], body.to_string())
    }

    pub(crate) fn leave(self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Leave(bytes),
            other => other,
        }
    }
}

/// The server.
#[derive(Clone)]
pub(crate) struct Stranger {
    pub(crate) url: Url,
    log: Arc<Mutex<Vec<Seen>>>,
}

impl Stranger {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let (log, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let server = Self {
            url,
            log: Arc::clone(&log),
        };
        let (leave, mut left) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = left.changed() => return,
                };
                let (socket, _) = accepted.unwrap();
                let (log, answer, leave) = (Arc::clone(&log), Arc::clone(&answer), leave.clone());
                tokio::spawn(async move {
                    let _ = serve(socket, &log, &*answer, &leave).await;
                });
            }
        });
        server
    }

    /// Everything asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method).count()
    }
}

async fn serve(
    mut socket: TcpStream,
    log: &Mutex<Vec<Seen>>,
    answer: &(dyn Fn(&Seen) -> Reply + Send + Sync),
    leave: &tokio::sync::watch::Sender<bool>,
) -> std::io::Result<()> {
    let Some(seen) = read(&mut socket).await? else {
        return Ok(());
    };
    log.lock().unwrap().push(seen.clone());
    match answer(&seen) {
        Reply::Bytes(bytes) => socket.write_all(&bytes).await?,
        Reply::Cut => {}
        Reply::Hang => std::future::pending().await,
        Reply::BytesThenHang(bytes) => {
            socket.write_all(&bytes).await?;
            std::future::pending::<()>().await;
        }
        Reply::Endless => {
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
                .await?;
            loop {
                socket.write_all(&[b' '; 65_536]).await?;
            }
        }
        Reply::Leave(bytes) => {
            leave.send_replace(true);
            tokio::task::yield_now().await;
            socket.write_all(&bytes).await?;
        }
    }
    socket.shutdown().await
}

async fn read(socket: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap());
    let url: Url = format!("http://h{target}").parse().unwrap();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(n, v)| (n.to_lowercase(), v.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse::<usize>().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length && socket.read_buf(&mut body).await? > 0 {}
    Ok(Some(Seen {
        method,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body: String::from_utf8(body).unwrap(),
    }))
}

/// What was logged by this thread while it is kept.
pub(crate) struct Logged {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Logged {
    pub(crate) fn start() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let log = Log(Arc::clone(&text));
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        Self { text, _guard: guard }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }
}

#[derive(Clone)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A fixed secret that counts how often it was asked for.
pub(crate) struct Fixed {
    secret: Option<&'static str>,
    pub(crate) asked: AtomicU32,
}

impl Fixed {
    pub(crate) fn new(secret: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self {
            secret,
            asked: AtomicU32::new(0),
        })
    }
}

#[async_trait]
impl CredentialSource for Fixed {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.secret.map(|text| Secret::new(text.to_owned())))
    }
}

/// A clock that stands.
pub(crate) struct Standing(pub(crate) Timestamp);

impl Clock for Standing {
    fn moment(&self) -> Moment {
        Moment {
            utc: self.0,
            boot_ms: 0,
            boot_id: "b".to_owned(),
        }
    }
}

/// A clock that is moved by hand; both clocks of the machine go together.
pub(crate) struct Moved(AtomicU64);

impl Moved {
    /// From noon on.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(0)))
    }

    pub(crate) fn by(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn moment(&self) -> Moment {
        let boot_ms = self.0.load(Ordering::SeqCst);
        Moment {
            utc: noon().0.plus(Duration::from_millis(boot_ms)),
            boot_ms,
            boot_id: "b".to_owned(),
        }
    }
}

/// `2026-06-22T12:00:00Z`, which is [`DATE`] as a header.
pub(crate) fn noon() -> Arc<Standing> {
    Arc::new(Standing(Timestamp::parse("2026-06-22T12:00:00Z").unwrap()))
}

/// The `Date` header of [`noon`].
pub(crate) const DATE: (&str, &str) = ("date", "Mon, 22 Jun 2026 12:00:00 GMT");
