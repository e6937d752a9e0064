//! The demo plant, apart from the console, with its own counts: what SAP really got is asked here and nowhere else.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, built};

/// A running plant.
pub(crate) struct Plant {
    _process: Process,
    /// Its addresses and made-up credentials.
    pub(crate) ready: Value,
    http: reqwest::Client,
}

impl Plant {
    /// Starts one on free ports. Machines keep their states so long that a test sees only what it forces.
    pub(crate) async fn start(folder: &Path) -> Self {
        let said = folder.join("plant.err");
        let mut process = Process::start(&built("andon-demo-plant"), &said, |command| {
            command.arg("--quiet-agent").env("RUST_LOG", "warn");
        });
        let ready = process.first_line().await.unwrap();
        Self {
            _process: process,
            ready,
            http: http(),
        }
    }

    /// A text of its first line.
    pub(crate) fn text(&self, system: &str, name: &str) -> &str {
        self.ready[system][name].as_str().unwrap()
    }

    async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.text("control", "endpoint"));
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// What it counted.
    pub(crate) async fn counts(&self) -> Value {
        self.control("/counts", None).await
    }

    /// One of its counts.
    pub(crate) async fn count(&self, name: &str) -> u64 {
        self.counts().await[name].as_u64().unwrap()
    }

    /// Orders with each of our references.
    pub(crate) async fn by_reference(&self) -> Vec<(String, u64)> {
        let counts = self.counts().await;
        let references = counts["by_reference"].as_object().unwrap();
        references
            .iter()
            .map(|(reference, count)| (reference.clone(), count.as_u64().unwrap()))
            .collect()
    }

    /// An order as it stands in its books.
    pub(crate) async fn order(&self, number: &str) -> Value {
        self.control(&format!("/orders/{number}"), None).await
    }

    /// Switches how SAP misbehaves.
    pub(crate) async fn sap(&self, fault: &str) {
        self.control("/faults", Some(json!({ "sap": fault }))).await;
    }

    /// Switches how the MES misbehaves.
    pub(crate) async fn mes(&self, fault: &str) {
        self.control("/faults", Some(json!({ "mes": fault }))).await;
    }

    /// Stops a machine.
    pub(crate) async fn stop(&self, machine: &str, reason: &str) {
        self.control(
            &format!("/machines/{machine}/stop"),
            Some(json!({ "reason": reason })),
        )
        .await;
    }

    /// Lets a machine run again.
    pub(crate) async fn recover(&self, machine: &str) {
        self.control(&format!("/machines/{machine}/recover"), Some(json!({})))
            .await;
    }
}

/// A client for loopback.
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    let _already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(90))
        .build()
        .unwrap()
}
