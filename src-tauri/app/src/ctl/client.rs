//! Talks to the running console through its control door. The token is read from a file that only its owner can read.

use std::path::Path;
use std::time::Duration;

use andon_domain::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Failure;

/// Where the running console is.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    pub(crate) gateway_url: String,
    token: Secret,
}

#[derive(Deserialize)]
struct AddressFile {
    url: String,
    gateway_url: String,
    control_token: String,
}

impl Client {
    /// Finds the console that holds this folder.
    pub(crate) fn connect(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("console.json");
        let not_running = || {
            Failure::not_running(format!(
                "no console runs on this folder: {}. Start one with andonctl serve, or name its folder with --data-dir",
                folder.display()
            ))
        };
        let text = std::fs::read_to_string(&path).map_err(|_| not_running())?;
        let file: AddressFile = serde_json::from_str(&text).map_err(|_| not_running())?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(Duration::from_secs(120)).build();
        let http = http.map_err(|e| Failure::refused(format!("no HTTP client: {e}")))?;
        let AddressFile {
            url,
            gateway_url,
            control_token,
        } = file;
        Ok(Self {
            http,
            url,
            gateway_url,
            token: Secret::new(control_token),
        })
    }

    /// Runs a command of the table.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        command: &str,
        request: &Value,
    ) -> Result<T, Failure> {
        let answer = self.post(&format!("/api/{command}"), request).await?;
        serde_json::from_value(answer)
            .map_err(|e| Failure::refused(format!("the answer is not of this version's form: {e}")))
    }

    /// One request to the control door.
    pub(crate) async fn post(&self, path: &str, request: &Value) -> Result<Value, Failure> {
        let sent = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(self.token.expose())
            .json(request);
        let response = sent.send().await.map_err(|error| {
            if error.is_connect() {
                Failure::not_running(
                    "the console does not answer; it may have ended. Start it with andonctl serve",
                )
            } else {
                Failure::refused(format!("the console did not answer: {error}"))
            }
        })?;
        let is_success = response.status().is_success();
        let answer: Value = response
            .json()
            .await
            .map_err(|e| Failure::refused(format!("the answer cannot be read: {e}")))?;
        if is_success {
            Ok(answer)
        } else {
            Err(refusal(&answer))
        }
    }
}

/// The console's refusal in words: what, what to do, and the reference.
fn refusal(answer: &Value) -> Failure {
    let text = |name: &str| andon_domain::text::visible(answer[name].as_str().unwrap_or_default(), 2_000);
    let mut words = format!(
        "{}. {} (reference {})",
        text("message"),
        text("hint"),
        text("request_id")
    );
    for reason in answer["reasons"].as_array().into_iter().flatten() {
        let part = |name: &str| andon_domain::text::visible(reason[name].as_str().unwrap_or_default(), 500);
        words.push_str(&format!(
            "\n  {}: {}. {}",
            part("code"),
            part("message"),
            part("hint")
        ));
    }
    for parameter in answer["parameters"].as_array().into_iter().flatten() {
        let part =
            |name: &str| andon_domain::text::visible(parameter[name].as_str().unwrap_or_default(), 500);
        words.push_str(&format!(
            "\n  {} {}. {}",
            part("field"),
            part("message"),
            part("hint")
        ));
    }
    Failure::refused(words)
}
