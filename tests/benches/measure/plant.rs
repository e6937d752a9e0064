//! The demo plant as a process of its own, and which of its addresses a connector asks for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use andon_connectors::transport::CredentialSource;
use andon_domain::{PortError, Secret};
use async_trait::async_trait;
use reqwest::Url;
use serde_json::Value;

/// The demo plant; it ends with us.
pub(crate) struct Plant {
    child: Child,
    ready: Value,
}

impl Plant {
    /// Starts it and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let this = std::env::current_exe().unwrap();
        let beside = this.ancestors().nth(2).unwrap().join("andon-demo-plant");
        let path = std::env::var_os("ANDON_DEMO_PLANT").map_or(beside, PathBuf::from);
        let mut child = Command::new(&path)
            .args(["--quiet-agent", "--exit-with-parent"])
            .args(arguments)
            .env("RUST_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start, build it first: {e}", path.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    /// What it said of one of its sides when it was ready.
    pub(crate) fn said(&self, side: &str, name: &str) -> String {
        self.ready[side][name].as_str().unwrap().to_owned()
    }

    /// Where one of its sides listens.
    pub(crate) fn endpoint(&self, side: &str) -> Url {
        self.said(side, "endpoint").parse().unwrap()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A credential of the plant.
pub(crate) struct Credential(pub(crate) String);

#[async_trait]
impl CredentialSource for Credential {
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        Ok(Some(Secret::new(self.0.clone())))
    }
}

/// Stands between a connector and the plant for one read and notes what the connector asks for, so that the baseline can ask
/// for exactly the same.
pub(crate) struct Listener {
    /// The address to give to the connector in place of the plant's.
    pub(crate) endpoint: Url,
    plant: Url,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// Listens in front of this address of the plant.
    pub(crate) fn before(plant: Url) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut endpoint = plant.clone();
        endpoint
            .set_port(Some(socket.local_addr().unwrap().port()))
            .unwrap();
        let heard = Arc::default();
        let (notes, target) = (Arc::clone(&heard), plant.socket_addrs(|| None).unwrap()[0]);
        std::thread::spawn(move || {
            for client in socket.incoming().flatten() {
                let notes = Arc::clone(&notes);
                let upstream = TcpStream::connect(target).unwrap();
                upstream.set_nodelay(true).unwrap();
                std::thread::spawn(move || pass_on(client, upstream, &notes));
            }
        });
        Self {
            endpoint,
            plant,
            heard,
        }
    }

    /// The addresses at the plant that were asked for, in their order.
    pub(crate) fn heard(&self) -> Vec<Url> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|path| self.plant.join(path).unwrap()).collect()
    }
}

/// Reads have no body, so that every line from the client is of the head of a request.
fn pass_on(client: TcpStream, upstream: TcpStream, notes: &Mutex<Vec<String>>) {
    let (mut answers, mut back) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
    let (mut requests, mut upstream) = (BufReader::new(client), upstream);
    let mut line = String::new();
    while requests.read_line(&mut line).is_ok_and(|read| read > 0) {
        if let Some(path) = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()) {
            notes.lock().unwrap().push(path.to_owned());
        }
        if upstream.write_all(line.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}
