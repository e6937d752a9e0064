//! The demo plant: a process of its own that speaks real protocols. The console learns its addresses and made-up
//! credentials from its first line and hands the agent its token on standard input.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use andon_domain::{Role, UserId};
use andon_engine::people::NewPerson;
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Addresses and made-up credentials of the demo plant.
#[derive(Deserialize)]
pub(crate) struct Announcement {
    /// SAP.
    pub(crate) sap: DemoSap,
    /// MES.
    pub(crate) mes: DemoMes,
}

/// The demo's SAP.
#[derive(Deserialize)]
pub(crate) struct DemoSap {
    /// Base of its services.
    pub(crate) endpoint: String,
    /// SAP client.
    pub(crate) client: String,
    /// User.
    pub(crate) username: String,
    /// Made-up password.
    pub(crate) password: String,
}

/// The demo's MES.
#[derive(Deserialize)]
pub(crate) struct DemoMes {
    /// Base address.
    pub(crate) endpoint: String,
    /// Made-up token.
    pub(crate) token: String,
}

/// The running plant. It ends with the console.
pub(crate) struct DemoPlant {
    /// What it said.
    pub(crate) announcement: Announcement,
    input: ChildStdin,
    child: Child,
}

impl DemoPlant {
    /// Starts the plant beside this program and waits for its first line.
    ///
    /// # Errors
    /// When it cannot be started or says nothing usable within 20 s.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let program = program()?;
        let mut child = Command::new(&program)
            .arg("--exit-with-parent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("the demo plant could not be started: {}", program.display()))?;
        let input = child
            .stdin
            .take()
            .context("the demo plant has no standard input")?;
        let output = child
            .stdout
            .take()
            .context("the demo plant has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line())
            .await
            .context("the demo plant said nothing within 20 s")??
            .context("the demo plant ended before it was ready")?;
        let announcement =
            serde_json::from_str(&line).context("the demo plant's first line cannot be read")?;
        Ok(Self {
            announcement,
            input,
            child,
        })
    }

    /// Gives the plant's agent its access.
    ///
    /// # Errors
    /// When the plant has ended.
    pub(crate) async fn hand_over(&mut self, gateway_url: &str, token: &str) -> anyhow::Result<()> {
        let line = format!("{}\n", json!({ "gateway_url": gateway_url, "token": token }));
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        Ok(())
    }

    /// Waits until the plant ends by itself and says so in the log.
    pub(crate) async fn watch(mut self) {
        match self.child.wait().await {
            Ok(status) => tracing::error!(
                "the demo plant has ended: {status}; SAP and MES are gone until the next start"
            ),
            Err(error) => tracing::error!("the demo plant cannot be watched: {error}"),
        }
    }
}

fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("ANDON_DEMO_PLANT") {
        return Ok(path.into());
    }
    let beside = std::env::current_exe()?.with_file_name("andon-demo-plant");
    if !beside.exists() {
        bail!(
            "the demo plant is not beside this program: {}; build it, or start without --demo",
            beside.display()
        );
    }
    Ok(beside)
}

/// People of the demo beside the one who started it.
#[must_use]
pub(crate) fn people() -> Vec<NewPerson> {
    [
        ("m.ito", "M. Ito", Role::Admin),
        ("k.lindqvist", "K. Lindqvist", Role::Operator),
        ("s.okafor", "S. Okafor", Role::Viewer),
    ]
    .into_iter()
    .map(|(id, name, role)| NewPerson {
        id: UserId::from(id),
        name: name.to_owned(),
        role,
        is_demo: true,
    })
    .collect()
}
