//! Starting the plant and talking to it.

use std::process::Stdio;
use std::sync::Once;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) const SERVICE: &str = "API_PURCHASEORDER_PROCESS_SRV";

/// A running plant; it ends with this value.
pub(crate) struct Plant {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub(crate) ready: Value,
    pub(crate) http: reqwest::Client,
}

impl Plant {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        static TLS: Once = Once::new();
        TLS.call_once(|| _ = rustls::crypto::ring::default_provider().install_default());
        let mut child = Command::new(env!("CARGO_BIN_EXE_andon-demo-plant"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("the plant starts");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        let reading = stdout.read_line(&mut line);
        tokio::time::timeout(Duration::from_secs(120), reading)
            .await
            .expect("ready in time")
            .expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("the line is JSON");
        assert_eq!(ready["ready"], json!(true));
        assert_eq!(ready["simulated"], json!(true));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self {
            child,
            stdin,
            stdout,
            ready,
            http,
        }
    }

    pub(crate) fn text(&self, side: &str, field: &str) -> &str {
        self.ready[side][field]
            .as_str()
            .unwrap_or_else(|| panic!("{side}.{field} in {}", self.ready))
    }

    /// A request to SAP with the right logon.
    pub(crate) fn sap(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}/{path}", self.text("sap", "endpoint"))
        };
        let (user, password) = (self.text("sap", "username"), self.text("sap", "password"));
        self.http
            .request(method, url)
            .basic_auth(user, Some(password))
            .query(&[("sap-client", "100")])
    }

    pub(crate) async fn sap_json(&self, path: &str) -> Value {
        let answer = self
            .sap(reqwest::Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    pub(crate) fn mes(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.text("mes", "endpoint"));
        self.http
            .request(method, url)
            .bearer_auth(self.text("mes", "token"))
    }

    pub(crate) async fn mes_json(&self, path: &str) -> Value {
        let answer = self
            .mes(reqwest::Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Every record of a list, page by page.
    pub(crate) async fn mes_all(&self, path: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.mes_json(&format!("{path}{cursor}")).await;
            records.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return records,
            }
        }
    }

    pub(crate) async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.text("control", "endpoint"));
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Fetches a token and gives the headers that a post needs.
    pub(crate) async fn token(&self) -> (String, String) {
        let answer = self
            .sap(reqwest::Method::GET, &format!("{SERVICE}/"))
            .header("x-csrf-token", "Fetch")
            .send()
            .await
            .expect("an answer");
        let token = answer.headers()["x-csrf-token"]
            .to_str()
            .expect("text")
            .to_owned();
        let cookies: Vec<String> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned))
            .collect();
        (token, cookies.join("; "))
    }

    pub(crate) async fn post_order(&self, body: &Value) -> reqwest::Result<reqwest::Response> {
        let (token, cookies) = self.token().await;
        self.sap(reqwest::Method::POST, &format!("{SERVICE}/A_PurchaseOrder"))
            .header("x-csrf-token", token)
            .header("cookie", cookies)
            .json(body)
            .send()
            .await
    }

    pub(crate) async fn tell(&mut self, line: &Value) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the plant listens");
        stdin.flush().await.expect("the plant listens");
    }

    /// Ends the plant and gives what else it printed.
    pub(crate) async fn end(mut self) -> String {
        self.child.kill().await.expect("it can be ended");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).await.expect("text");
        rest
    }
}

pub(crate) fn order(reference: &str) -> Value {
    json!({
        "CompanyCode": "1000", "PurchaseOrderType": "NB", "Supplier": "0000100482",
        "PurchasingOrganization": "1000", "PurchasingGroup": "001", "DocumentCurrency": "EUR",
        "CorrespncExternalReference": reference,
        "to_PurchaseOrderItem": [{
            "PurchaseOrderItem": "10", "Plant": "1010", "Material": "HX-220", "OrderQuantity": "10.000",
            "PurchaseOrderQuantityUnit": "PC", "NetPriceAmount": "42.80", "NetPriceQuantity": "1",
        }],
    })
}
