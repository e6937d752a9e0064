//! A small WebDriver client for WebKitWebDriver, which starts the window's own binary and drives its first web view.
//! Only what the desktop tests need: find, read, click, type, run a script, take a picture. No pooling, no retries:
//! `wait_for` is the one place that asks again, until a deadline.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::process::Guarded;

/// The key under which the protocol wraps an element's reference.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys without a letter, as the protocol writes them.
pub(crate) mod keys {
    pub(crate) const SHIFT: &str = "\u{E008}";
    pub(crate) const ENTER: &str = "\u{E007}";
}

/// The program to open and how.
pub(crate) struct Launch<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) args: &'a [&'a str],
    /// Added to the environment of the driver and so of the program.
    pub(crate) env: &'a [(&'a str, &'a str)],
}

/// One open window with its driver. Dropping it ends both.
pub(crate) struct Window {
    http: reqwest::Client,
    session: String,
    driver: Guarded,
}

/// An element of the page; it goes stale when the page replaces it.
pub(crate) struct Element(String);

impl Window {
    /// Starts a driver on a free port and lets it open the program.
    pub(crate) async fn open(launch: &Launch<'_>) -> anyhow::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut driver = Guarded::spawn("WebKitWebDriver", |command| {
            command.arg(format!("--port={port}")).stdout(Stdio::null());
            command.envs([("TAURI_AUTOMATION", "true"), ("TAURI_WEBVIEW_AUTOMATION", "true")]);
            command.envs(launch.env.iter().copied());
        })?;
        let http = http_client()?;
        let base = format!("http://127.0.0.1:{port}");
        until(Duration::from_secs(10), "the driver to listen", async || {
            driver.still_running()?;
            Ok(http.get(format!("{base}/status")).send().await.ok().map(drop))
        })
        .await?;
        let options = json!({ "binary": launch.binary, "args": launch.args });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let answer = call(http.post(format!("{base}/session")).json(&wanted)).await?;
        let id = answer["sessionId"]
            .as_str()
            .context("the driver named no session")?;
        Ok(Self {
            session: format!("{base}/session/{id}"),
            http,
            driver,
        })
    }

    /// Shows an address. The console's window opens its own; this is for other programs.
    pub(crate) async fn go(&self, url: &str) -> anyhow::Result<()> {
        self.post("url", &json!({ "url": url })).await.map(drop)
    }

    /// Every element the selector matches now, in the order of the page.
    pub(crate) async fn find_all(&self, css: &str) -> anyhow::Result<Vec<Element>> {
        let found = self
            .post("elements", &json!({ "using": "css selector", "value": css }))
            .await?;
        let found = found.as_array().context("the driver sent no list of elements")?;
        found.iter().map(element).collect()
    }

    /// The first element the selector matches now.
    pub(crate) async fn find(&self, css: &str) -> anyhow::Result<Element> {
        let found = self.find_all(css).await?.into_iter().next();
        found.with_context(|| format!("no element matches: {css}"))
    }

    /// The first element the selector matches, as soon as there is one.
    pub(crate) async fn wait_for(&self, css: &str, at_most: Duration) -> anyhow::Result<Element> {
        until(at_most, css, async || {
            Ok(self.find_all(css).await?.into_iter().next())
        })
        .await
    }

    /// Waits until the first element the selector matches contains the words.
    pub(crate) async fn wait_for_text(
        &self,
        css: &str,
        words: &str,
        at_most: Duration,
    ) -> anyhow::Result<Element> {
        until(at_most, &format!("{css} with the text {words:?}"), async || {
            for element in self.find_all(css).await? {
                // An element that went stale between the two calls is simply not it.
                if self.text(&element).await.is_ok_and(|text| text.contains(words)) {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
    }

    /// The text a person sees in the element.
    pub(crate) async fn text(&self, element: &Element) -> anyhow::Result<String> {
        let text = self.get(&format!("element/{}/text", element.0)).await?;
        Ok(text.as_str().context("the driver sent no text")?.to_owned())
    }

    /// Clicks the element's middle with the mouse.
    pub(crate) async fn click(&self, element: &Element) -> anyhow::Result<()> {
        self.post(&format!("element/{}/click", element.0), &json!({}))
            .await
            .map(drop)
    }

    /// Types into the element.
    pub(crate) async fn type_into(&self, element: &Element, text: &str) -> anyhow::Result<()> {
        self.post(&format!("element/{}/value", element.0), &json!({ "text": text }))
            .await
            .map(drop)
    }

    /// Presses keys wherever the keyboard is: all go down in order and come up in reverse, so `[SHIFT, "t"]` is Shift T.
    pub(crate) async fn press(&self, chord: &[&str]) -> anyhow::Result<()> {
        let down = chord.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = chord
            .iter()
            .rev()
            .map(|key| json!({ "type": "keyUp", "value": key }));
        let actions: Vec<Value> = down.chain(up).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("actions", &json!({ "actions": [keyboard] }))
            .await
            .map(drop)
    }

    /// Types wherever the keyboard is, one key after the other.
    pub(crate) async fn type_keys(&self, text: &str) -> anyhow::Result<()> {
        let actions: Vec<Value> = text
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|way| json!({ "type": way, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("actions", &json!({ "actions": [keyboard] }))
            .await
            .map(drop)
    }

    /// Runs a command as a script in the page would: `{"ok": answer}` or `{"refused": error}`.
    pub(crate) async fn invoke(&self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        const SCRIPT: &str = "const done = arguments[arguments.length - 1]; \
                              window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]) \
                              .then((ok) => done({ ok }), (refused) => done({ refused }))";
        self.script_async(SCRIPT, json!([command, arguments])).await
    }

    /// Runs a script's body in the page and gives what it passes to its last argument.
    pub(crate) async fn script_async(&self, body: &str, args: Value) -> anyhow::Result<Value> {
        self.post("execute/async", &json!({ "script": body, "args": args }))
            .await
    }

    /// Runs a script's body in the page and gives what it returns; `arguments[0]` is the first argument.
    pub(crate) async fn script(&self, body: &str, args: Value) -> anyhow::Result<Value> {
        self.post("execute/sync", &json!({ "script": body, "args": args }))
            .await
    }

    /// A PNG of the page.
    pub(crate) async fn screenshot(&self) -> anyhow::Result<Vec<u8>> {
        let encoded = self.get("screenshot").await?;
        let encoded = encoded.as_str().context("the driver sent no picture")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(encoded)?)
    }

    /// Closes the window as a person would, and waits for the driver to say so.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.driver.still_running()?;
        call(self.http.delete(&self.session)).await.map(drop)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        call(self.http.get(format!("{}/{path}", self.session))).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        call(self.http.post(format!("{}/{path}", self.session)).json(body)).await
    }
}

/// Asks again every 50 ms until there is an answer; names what it waited for when there is none in time.
pub(crate) async fn until<T>(
    at_most: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain for: {what}", at_most.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sends one command and unwraps the protocol's `value`; an error names the driver's own words.
async fn call(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.timeout(Duration::from_secs(60)).send().await?;
    let status = answer.status();
    let mut body: Value = answer.json().await?;
    if !status.is_success() {
        let error = &body["value"];
        bail!("the driver refused: {}: {}", error["error"], error["message"]);
    }
    Ok(body["value"].take())
}

fn element(found: &Value) -> anyhow::Result<Element> {
    let reference = found[ELEMENT]
        .as_str()
        .with_context(|| format!("not an element: {found}"))?;
    Ok(Element(reference.to_owned()))
}

/// A client for addresses on this machine.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    // The client insists on a TLS provider even where every address is loopback.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}
