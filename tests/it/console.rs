//! The console as a process, and its commands as a screen or `andonctl` calls them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::plant::{Plant, http};
use crate::process::{Process, built, command, until};

/// How a console is started.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Everything of this console lies below it.
    pub(crate) folder: PathBuf,
    /// Arguments after `serve`.
    pub(crate) arguments: Vec<String>,
    /// Its environment; nothing is inherited but what `new` puts in.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Setup {
    /// A console with an empty data folder, no system, and this test's bus.
    pub(crate) fn new(folder: &Path) -> Self {
        let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_else(|_| {
            panic!("no session bus: run by scripts/with-session --throw-away, as make test does (DBUS_SESSION_BUS_ADDRESS)")
        });
        let mut environment = BTreeMap::new();
        let home = folder.join("home");
        std::fs::create_dir_all(home.join("config")).unwrap();
        for name in ["PATH", "XDG_RUNTIME_DIR"] {
            environment.extend(std::env::var(name).ok().map(|value| (name.to_owned(), value)));
        }
        for (name, value) in [
            ("DBUS_SESSION_BUS_ADDRESS", bus.as_str()),
            ("HOME", home.to_str().unwrap()),
            ("XDG_CONFIG_HOME", home.join("config").to_str().unwrap()),
            ("USER", "erika"),
            ("LANG", "C.UTF-8"),
            (
                "ANDON_LOG",
                "debug,hyper=info,hyper_util=info,reqwest=info,rmcp=info,rustls=info,zbus=warn,tracing=warn",
            ),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        Self {
            folder: folder.to_owned(),
            arguments: Vec::new(),
            environment,
        }
    }

    /// Points it at a plant by the documented names.
    pub(crate) fn plant(self, plant: &Plant) -> Self {
        self.set("SAP_ODATA_ENDPOINT", plant.text("sap", "endpoint"))
            .set("SAP_USERNAME", plant.text("sap", "username"))
            .set("SAP_PASSWORD", plant.text("sap", "password"))
            .set("SAP_CLIENT", plant.text("sap", "client"))
            .set("MES_REST_ENDPOINT", plant.text("mes", "endpoint"))
            .set("MES_API_TOKEN", plant.text("mes", "token"))
    }

    /// The demo with its people, on a plant that lives apart: the program that the console starts as its plant only
    /// repeats the real one's first line.
    pub(crate) fn demo(mut self, plant: &Plant) -> Self {
        let (line, program) = (self.folder.join("plant.json"), self.folder.join("plant.sh"));
        std::fs::write(&line, format!("{}\n", plant.ready)).unwrap();
        std::fs::write(
            &program,
            format!("#!/bin/sh\ncat '{}'\nexec cat >/dev/null\n", line.display()),
        )
        .unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&program, mode).unwrap();
        self.arguments.push("--demo".to_owned());
        self.set("ANDON_DEMO_PLANT", program.to_str().unwrap())
    }

    /// Sets a name of the environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(self) -> Console {
        self.try_start()
            .await
            .unwrap_or_else(|(_, said)| panic!("{said}"))
    }

    /// Starts it; gives the process and what it said when it ends instead.
    pub(crate) async fn try_start(self) -> Result<Console, (Process, String)> {
        self.try_start_in(&[]).await
    }

    /// Starts it inside another program, such as `dbus-run-session`.
    pub(crate) async fn try_start_in(self, wrapper: &[&str]) -> Result<Console, (Process, String)> {
        let started = Instant::now();
        let said = self.folder.join("console.err");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let program = wrapper.first().map_or_else(|| built("andonctl"), PathBuf::from);
        let mut process = Process::start(&program, &said, |command| {
            if !wrapper.is_empty() {
                command.args(&wrapper[1..]).arg(built("andonctl"));
            }
            command
                .arg("serve")
                .args(&self.arguments)
                .arg("--data-dir")
                .arg(self.data());
            command.args(["--listen", &any.to_string(), "--gateway-listen", &any.to_string()]);
            command
                .env_clear()
                .envs(&self.environment)
                .current_dir(&self.folder);
        });
        match process.first_line().await {
            Err(words) => Err((process, words)),
            Ok(_) => Ok(Console::new(process, self, started)),
        }
    }
}

/// What a command refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Refusal {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Message and hint, as a person reads them.
    pub(crate) fn words(&self) -> String {
        format!(
            "{} {}",
            self.body["message"].as_str().unwrap_or_default(),
            self.body["hint"].as_str().unwrap_or_default()
        )
    }
}

/// A running console.
pub(crate) struct Console {
    pub(crate) process: Process,
    pub(crate) setup: Setup,
    /// When it was started.
    pub(crate) started: Instant,
    /// Where commands go.
    pub(crate) url: String,
    /// Where agents connect.
    pub(crate) gateway: String,
    /// The token of `andonctl`.
    pub(crate) control_token: String,
    pub(crate) http: reqwest::Client,
}

impl Console {
    fn new(process: Process, setup: Setup, started: Instant) -> Self {
        let file = std::fs::read_to_string(setup.data().join("console.json")).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        let (url, gateway, control_token) = (text("url"), text("gateway_url"), text("control_token"));
        Self {
            process,
            setup,
            started,
            url,
            gateway,
            control_token,
            http: http(),
        }
    }

    /// Runs a command. `None` when the console did not answer.
    pub(crate) async fn reach(&self, name: &str, body: &Value) -> Option<Result<Value, Refusal>> {
        let request = self
            .http
            .post(format!("{}/api/{name}", self.url))
            .bearer_auth(&self.control_token)
            .json(body);
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let body: Value = answer.json().await.ok()?;
        Some(if status.is_success() {
            Ok(body)
        } else {
            Err(Refusal {
                status: status.as_u16(),
                body,
            })
        })
    }

    /// Runs a command that must work.
    pub(crate) async fn call(&self, name: &str, body: Value) -> Value {
        match self.reach(name, &body).await {
            Some(Ok(answer)) => answer,
            Some(Err(refusal)) => panic!("{name} {body}: {refusal:?}"),
            None => panic!("{name}: the console does not answer: {}", self.process.said()),
        }
    }

    /// Runs a command that must be refused.
    pub(crate) async fn refused(&self, name: &str, body: Value) -> Refusal {
        match self.reach(name, &body).await {
            Some(Err(refusal)) => refusal,
            Some(Ok(answer)) => panic!("{name} {body} was not refused: {answer}"),
            None => panic!("{name}: the console does not answer: {}", self.process.said()),
        }
    }

    /// Waits until people can decide: the keyring has their keys.
    pub(crate) async fn enrolled(&self) {
        until(
            "people have their signing keys",
            Duration::from_secs(20),
            async || {
                let session = self.call("session_get", json!({})).await;
                let is_admin = session["limited"].is_null() && session["user"]["role"] == "admin";
                let roster = session["roster"].as_array().map_or(0, Vec::len);
                (is_admin && (session["is_demo"] == false || roster == 4)).then_some(())
            },
        )
        .await;
    }

    /// Becomes another person of the demo.
    pub(crate) async fn be(&self, user: &str) {
        let session = self.call("session_switch", json!({ "user": user })).await;
        assert_eq!(session["user"]["id"], user);
    }

    /// A new agent with these scopes.
    pub(crate) async fn agent(&self, name: &str, scopes: &[&str]) -> Agent {
        let request = json!({ "agent": name, "scopes": scopes, "clearance": "class_iii" });
        let added = self.call("agent_add", request).await;
        self.known_agent(added["token"].as_str().unwrap())
    }

    /// An agent that has a token already.
    pub(crate) fn known_agent(&self, token: &str) -> Agent {
        Agent::new(&self.gateway, token)
    }

    /// The usual agent: it reads everything and asks for purchase orders.
    pub(crate) async fn buyer(&self) -> Agent {
        self.agent("buyer", &["sap.get_*", "mes.get_*", "sap.create_purchase_order"])
            .await
    }

    /// Requests of a list.
    pub(crate) async fn list(&self, view: &str) -> Vec<Value> {
        let list = self.call("approval_list", json!({ "view": view })).await;
        list["items"].as_array().unwrap().clone()
    }

    /// Every request there is, by its id.
    pub(crate) async fn all(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for view in ["waiting", "decided", "expired"] {
            all.extend(
                self.list(view)
                    .await
                    .into_iter()
                    .map(|item| (item["id"].as_str().unwrap().to_owned(), item)),
            );
        }
        all
    }

    /// The card of a request.
    pub(crate) async fn card(&self, id: &str) -> Value {
        self.call("approval_get", json!({ "id": id })).await
    }

    /// Waits for the card of the request for this many pieces; a test asks for each number once.
    pub(crate) async fn arrived(&self, pieces: u32) -> Value {
        let title = format!("Order {pieces} PC of HX-220");
        let id = until(&title, Duration::from_secs(20), async || {
            let items = self.list("waiting").await;
            items
                .into_iter()
                .find(|item| item["title"] == title.as_str())
                .map(|item| item["id"].clone())
        });
        let id = id.await;
        self.card(id.as_str().unwrap()).await
    }

    /// Waits until the request for this many pieces is on disk, wherever it stands.
    pub(crate) async fn arrived_or_done(&self, pieces: u32) {
        let title = format!("Order {pieces} PC of HX-220");
        until(&title, Duration::from_secs(20), async || {
            self.all()
                .await
                .values()
                .any(|item| item["title"] == title.as_str())
                .then_some(())
        })
        .await;
    }

    /// Approves what the card shows.
    pub(crate) async fn approve(&self, card: &Value) -> Value {
        self.call("approval_approve", approval(card)).await
    }

    /// Waits until a request is in one of these states, and gives its card.
    pub(crate) async fn settled(&self, id: &str, states: &[&str]) -> Value {
        until(
            &format!("{id} is one of {states:?}"),
            Duration::from_secs(30),
            async || {
                let card = self.card(id).await;
                states
                    .iter()
                    .any(|state| card["item"]["state"] == *state)
                    .then_some(card)
            },
        )
        .await
    }

    /// Runs `andonctl` on this console's folder: exit code, standard output, standard error.
    pub(crate) async fn ctl(&self, arguments: &[&str]) -> (i32, String, String) {
        ctl(&self.setup, arguments).await
    }
}

/// Runs `andonctl` on a folder.
pub(crate) async fn ctl(setup: &Setup, arguments: &[&str]) -> (i32, String, String) {
    let mut command = command(built("andonctl"));
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(setup.data())
        .env_clear()
        .envs(&setup.environment);
    let output = tokio::time::timeout(Duration::from_secs(30), command.output())
        .await
        .unwrap()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The approval of what a card shows, with a reason good for every risk.
pub(crate) fn approval(card: &Value) -> Value {
    json!({
        "id": card["item"]["id"], "digest": card["item"]["digest"], "typed_target": card["typed_target"],
        "reason": "stock is below its reorder point",
    })
}

/// Parameters of an order of hydraulic units at 42.80 euro: below 24 pieces MEDIUM, above 2336 CRITICAL, else HIGH.
pub(crate) fn order(pieces: u32) -> Value {
    json!({
        "company_code": "1000", "purchasing_organization": "1000", "purchasing_group": "001",
        "supplier": "0000100482", "currency": "EUR",
        "items": [{
            "material": "HX-220", "plant": "1010", "quantity": pieces.to_string(), "unit": "PC", "net_price": "42.80",
        }],
    })
}
